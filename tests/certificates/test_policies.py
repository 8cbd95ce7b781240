"""Contradictions in product policies (rules 11, 14, 15, 63, 64)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ca_core.certificates.policies import check_policy, default_private_lint, default_responder_lint
from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.products import (
    AcceptedFinding,
    LintMode,
    LintPolicy,
    LintSet,
    NamePolicy,
    Policy,
    Profile,
    ProfileKind,
)

AT = datetime(2026, 12, 1, tzinfo=UTC)
TLS = Profile(kind=ProfileKind.TLS_SERVER, validity=90 * 86400)
PUBLIC = Policy(public=True, profile=TLS, caa_identities=("ca.example",))
PRIVATE = Policy(
    public=False,
    profile=replace(TLS, validity=398 * 86400),
    names=NamePolicy(wildcards=True, internal_names=True, single_labels=True, private_addresses=True),
    lint=default_private_lint(single_labels=True),
)
RESPONDER = Policy(
    public=False,
    profile=Profile(kind=ProfileKind.OCSP_RESPONDER, validity=14 * 86400),
    lint=default_responder_lint(),
)


@pytest.mark.parametrize("policy", [PUBLIC, PRIVATE, RESPONDER], ids=["public", "private", "responder"])
def test_the_policies_we_ship_can_be_kept(policy: Policy) -> None:
    """``trivium init`` writes a product that the catalogue refuses."""
    check_policy(policy, at=AT)


CONTRADICTIONS = {
    "public with internal names": replace(PUBLIC, names=NamePolicy(internal_names=True)),
    "public with private addresses": replace(PUBLIC, names=NamePolicy(private_addresses=True)),
    "public with single labels": replace(PUBLIC, names=NamePolicy(internal_names=True, single_labels=True)),
    "public without lint": replace(PUBLIC, lint=LintPolicy(mode=LintMode.OFF)),
    "public with an accepted finding": replace(
        PUBLIC, lint=LintPolicy(accepted=(AcceptedFinding(code="a.b", reason="because"),))
    ),
    "public with the bare set": replace(PUBLIC, lint=LintPolicy(lint_set=LintSet.PKIX)),
    "public without policy": replace(PUBLIC, profile=replace(TLS, policy_oids=())),
    "public without CAA": replace(PUBLIC, caa_identities=()),
    "a CAA identity that is no name": replace(PRIVATE, caa_identities=("ca.example; accounturi=x",)),
    "a CAA identity twice": replace(PRIVATE, caa_identities=("ca.example", "ca.example")),
    "public for 201 days": replace(PUBLIC, profile=replace(TLS, validity=200 * 86400 + 1)),
    "single labels alone": replace(PRIVATE, names=NamePolicy(single_labels=True)),
    "no identifiers": replace(PRIVATE, names=NamePolicy(max_identifiers=0)),
    "finding without a reason": replace(PRIVATE, lint=LintPolicy(accepted=(AcceptedFinding(code="a.b", reason=" "),))),
    "finding twice": replace(PRIVATE, lint=LintPolicy(accepted=(AcceptedFinding(code="a.b", reason="x"),) * 2)),
    "responder's set for TLS": replace(PRIVATE, lint=LintPolicy(lint_set=LintSet.OCSP_RESPONDER)),
    "TLS set for a responder": replace(RESPONDER, lint=LintPolicy(lint_set=LintSet.CABF_DV)),
    "responder with must-staple": replace(RESPONDER, profile=replace(RESPONDER.profile, must_staple=True)),
    "back-dated by 3 days": replace(PRIVATE, profile=replace(TLS, backdate=3 * 86400)),
    "notBefore in the future": replace(PRIVATE, profile=replace(TLS, backdate=-1)),
    "shorter than its back-dating": replace(PRIVATE, profile=replace(TLS, validity=3600, backdate=3600)),
    "public and vouched for": replace(PUBLIC, ra_vouches=True),
    "public and linked": replace(PUBLIC, certificate_linking=True),
    "bad object identifier": replace(PRIVATE, profile=replace(TLS, policy_oids=("2.23.x",))),
}


@pytest.mark.parametrize("policy", CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_contradictions_are_refused(policy: Policy) -> None:
    """A product that cannot be kept is found out by the customer who orders, or mis-issues."""
    with pytest.raises(TriviumError) as refused:
        check_policy(policy, at=AT)
    assert refused.value.kind is ErrorKind.MALFORMED


@pytest.mark.parametrize(("at", "days"), [(AT, 200), (datetime(2027, 3, 15, tzinfo=UTC), 100)])
def test_the_longest_public_validity(at: datetime, days: int) -> None:
    """A product of the allowed length is refused, or a longer one taken, from a date on (rule 15)."""
    check_policy(replace(PUBLIC, profile=replace(TLS, validity=days * 86400)), at=at)
    with pytest.raises(TriviumError, match=f"{days} days"):
        check_policy(replace(PUBLIC, profile=replace(TLS, validity=days * 86400 + 1)), at=at)


def test_every_contradiction_is_named() -> None:
    """The operator corrects one fault only to meet the next."""
    policy = replace(PUBLIC, names=NamePolicy(internal_names=True), lint=LintPolicy(mode=LintMode.OFF))
    with pytest.raises(TriviumError, match=r"internal names.*lints"):
        check_policy(policy, at=AT)


def test_what_the_private_default_accepts() -> None:
    """The default accepts more than what a private network needs."""
    assert {finding.code for finding in default_private_lint(single_labels=False).accepted} == {
        "cabf.internal_domain_name",
        "cabf.internal_ip_address",
    }
    extra = {
        finding.code for finding in default_private_lint(single_labels=True, algorithm=KeyAlgorithm.ED25519).accepted
    }
    assert extra == {
        "cabf.internal_domain_name",
        "cabf.internal_ip_address",
        "pkix.invalid_domain_name_syntax",
        "cabf.serverauth.prohibited_signature_algorithm_encoding",
    }
