"""What a product may promise: its policy is checked when the catalogue is loaded, not when somebody orders."""

import re
from datetime import datetime
from typing import Final

from ca_core.certificates.validity import maximum_tls_validity
from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.products import AcceptedFinding, LintMode, LintPolicy, LintSet, Policy, ProfileKind

_MIN_CONFIRMATION: Final = 60
_MAX_BACKDATE: Final = 48 * 3600
_OID: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]*)){2,}")
_DOMAIN: Final = re.compile(r"[a-z0-9]+(-+[a-z0-9]+)*(\.[a-z0-9]+(-+[a-z0-9]+)*)+")
_LINT_SETS: Final = {
    ProfileKind.TLS_SERVER: frozenset({LintSet.CABF_DV, LintSet.PKIX}),
    ProfileKind.OCSP_RESPONDER: frozenset({LintSet.OCSP_RESPONDER, LintSet.PKIX}),
    ProfileKind.CMC_RESPONDER: frozenset({LintSet.PKIX}),
    ProfileKind.CMC_RECIPIENT: frozenset({LintSet.PKIX}),
    ProfileKind.CMC_CLIENT: frozenset({LintSet.PKIX}),
}
_BR_ALGORITHMS: Final = frozenset({KeyAlgorithm.P256, KeyAlgorithm.P384, KeyAlgorithm.RSA3072})
"""Issuer key algorithms the Baseline Requirements know (BR 7.1.3.2); certificates under others are private ones."""

_SIGNATURE_ALGORITHM: Final = AcceptedFinding(
    code="cabf.serverauth.prohibited_signature_algorithm_encoding",
    reason="The issuer's key is Ed25519 or ML-DSA, which the Baseline Requirements do not know yet.",
)


def default_private_lint(single_labels: bool, *, algorithm: KeyAlgorithm = KeyAlgorithm.P256) -> LintPolicy:
    """Return the lint policy of a private TLS product: the CABF DV set without what forbids a private network's names.

    ``algorithm`` is that of the issuer's key.
    """
    accepted = [
        AcceptedFinding(
            code="cabf.internal_domain_name", reason="A private product is for names of the private network."
        ),
        AcceptedFinding(
            code="cabf.internal_ip_address", reason="A private product is for addresses of the private network."
        ),
    ]
    if single_labels:
        accepted.append(
            AcceptedFinding(
                code="pkix.invalid_domain_name_syntax",
                reason="The product takes names of one label, such as localhost.",
            )
        )
    return LintPolicy(lint_set=LintSet.CABF_DV, accepted=(*accepted, *_signature_algorithm(algorithm)))


def default_responder_lint(*, algorithm: KeyAlgorithm = KeyAlgorithm.P256) -> LintPolicy:
    """Return the lint policy of a private CA's OCSP responders, whose name is as short as the CA's own."""
    reason = "The responder has the issuing CA's country and organization, and a private CA may have none."
    codes = ("cabf.serverauth.ca.country_attribute_absent", "cabf.serverauth.ca.organization_name_attribute_absent")
    accepted = tuple(AcceptedFinding(code=code, reason=reason) for code in codes)
    return LintPolicy(lint_set=LintSet.OCSP_RESPONDER, accepted=(*accepted, *_signature_algorithm(algorithm)))


def _signature_algorithm(algorithm: KeyAlgorithm) -> tuple[AcceptedFinding, ...]:
    return () if algorithm in _BR_ALGORITHMS else (_SIGNATURE_ALGORITHM,)


def check_policy(policy: Policy, *, at: datetime) -> None:
    """Raise MALFORMED, naming every contradiction in the policy, unless a product can have it at ``at`` (UTC)."""
    faults = [*_profile_faults(policy), *_name_faults(policy), *_caa_faults(policy), *_lint_faults(policy)]
    if policy.public:
        faults += _public_faults(policy, at)
    if faults:
        raise TriviumError(ErrorKind.MALFORMED, f"The product's policy cannot be kept: {'; '.join(faults)}.")


def _profile_faults(policy: Policy) -> list[str]:
    profile = policy.profile
    faults = []
    if not 0 <= profile.backdate <= _MAX_BACKDATE:
        faults.append("backdate must be 0 to 172800 seconds (BR 7.1.2.7: notBefore within 48 hours of signing)")
    if profile.validity <= profile.backdate:
        faults.append("validity must be longer than backdate, which is part of it")
    if policy.confirmation_time and not _MIN_CONFIRMATION <= policy.confirmation_time < profile.validity:
        faults.append("confirmation_time must be 0, or at least 60 seconds and shorter than the validity")
    if not all(_OID.fullmatch(oid) for oid in profile.policy_oids):
        faults.append("policy_oids must be object identifiers in dotted form")
    if not profile.kind.names_hosts and profile.must_staple:
        faults.append("must_staple is for TLS certificates only")
    if not profile.kind.names_hosts and profile.key_encipherment:
        faults.append("key_encipherment is for TLS certificates only; other kinds have their key usage")
    return faults


def _name_faults(policy: Policy) -> list[str]:
    names = policy.names
    faults = []
    if names.max_identifiers < 1:
        faults.append("max_identifiers must be at least 1")
    if names.single_labels and not names.internal_names:
        faults.append("single_labels needs internal_names, since every single label is an internal name")
    return faults


def _caa_faults(policy: Policy) -> list[str]:
    identities = policy.caa_identities
    faults = []
    if not all(_DOMAIN.fullmatch(identity) for identity in identities):
        faults.append("caa_identities must be domain names in lower case, such as ca.example (RFC 8659 section 4.2)")
    if len(set(identities)) != len(identities):
        faults.append("a name of caa_identities is there twice")
    return faults


def _lint_faults(policy: Policy) -> list[str]:
    lint = policy.lint
    codes = [finding.code for finding in lint.accepted]
    faults = []
    if lint.lint_set not in _LINT_SETS[policy.profile.kind]:
        faults.append(f"lint_set {lint.lint_set} is not for certificates of kind {policy.profile.kind}")
    if len(set(codes)) != len(codes):
        faults.append("a finding is accepted twice")
    if any(not finding.code or not finding.reason.strip() for finding in lint.accepted):
        faults.append("every accepted finding needs its code and a reason")
    return faults


def _public_faults(policy: Policy, at: datetime) -> list[str]:
    """What only a private product may do: rules 11, 15, 63 and 64."""
    names, profile, lint = policy.names, policy.profile, policy.lint
    faults = []
    if names.internal_names or names.single_labels or names.private_addresses:
        faults.append("a public product takes no internal names, single labels or private addresses")
    if policy.ra_vouches:
        faults.append("a public product needs control of every name shown, whoever vouches for it (BR 3.2.2.4)")
    if policy.certificate_linking:
        faults.append("a public product needs control of every name shown, whoever holds a certificate (BR 3.2.2.4)")
    if lint.mode is LintMode.OFF or lint.accepted:
        faults.append("a public product lints and accepts no finding (BR 4.3.1.2)")
    if profile.kind is ProfileKind.TLS_SERVER:
        if lint.lint_set is not LintSet.CABF_DV:
            faults.append(f"a public TLS product uses the lint set {LintSet.CABF_DV}")
        if not profile.policy_oids:
            faults.append("a public TLS product names its certificate policy (BR 7.1.2.7.9)")
        if not policy.caa_identities:
            faults.append("a public TLS product checks CAA: name the CA's issuer domain names in caa_identities")
        limit = maximum_tls_validity(at)
        if profile.validity > limit:
            faults.append(
                f"a public TLS certificate is valid for at most {limit // 86400} days at this time (BR 6.3.2)"
            )
    return faults
