"""What a product may promise: its policy is checked when the catalogue is loaded, not when somebody orders."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ca_core.certificates.field_policies import contradictions, unfit_for_kind
from ca_core.certificates.validity import maximum_tls_validity
from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.products import AcceptedFinding, LintMode, LintPolicy, LintSet, Policy, ProfileKind

_MIN_CONFIRMATION: Final = 60
_MAX_BACKDATE: Final = 48 * 3600
LONGEST_NOTICE: Final = 366 * 86400
"""Seconds before their end from which on certificates can be reminded of."""
_OID: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]*)){2,}")
_DOMAIN: Final = re.compile(r"[a-z0-9]+(-+[a-z0-9]+)*(\.[a-z0-9]+(-+[a-z0-9]+)*)+")
_LINT_SETS: Final = {
    ProfileKind.TLS_SERVER: frozenset({LintSet.CABF_DV, LintSet.CABF_OV, LintSet.PKIX}),
    ProfileKind.SMIME: frozenset(
        {
            LintSet.CABF_SMIME_MAILBOX,
            LintSet.CABF_SMIME_ORGANIZATION,
            LintSet.CABF_SMIME_SPONSORED,
            LintSet.CABF_SMIME_INDIVIDUAL,
            LintSet.PKIX,
        }
    ),
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


def default_mail_lint(*, algorithm: KeyAlgorithm = KeyAlgorithm.P256) -> LintPolicy:
    """Return the lint policy of a private S/MIME product: the mailbox-validated set, for single-label domains too."""
    accepted = [
        AcceptedFinding(
            code="cabf.internal_domain_name", reason="A private product is for mailboxes of the private network."
        )
    ]
    return LintPolicy(lint_set=LintSet.CABF_SMIME_MAILBOX, accepted=(*accepted, *_signature_algorithm(algorithm)))


def _signature_algorithm(algorithm: KeyAlgorithm) -> tuple[AcceptedFinding, ...]:
    return () if algorithm in _BR_ALGORITHMS else (_SIGNATURE_ALGORITHM,)


@dataclass(frozen=True, kw_only=True)
class PolicyFault:
    """What is wrong with a policy, and the settings (``profile.kind``) that cannot stand beside each other."""

    settings: tuple[str, ...]
    detail: str

    def __str__(self) -> str:
        return f"{' and '.join(self.settings)}: {self.detail}"


def check_policy(policy: Policy, *, at: datetime) -> None:
    """Raise MALFORMED, naming every contradiction in the policy, unless a product can have it at ``at`` (UTC)."""
    faults = [str(fault) for fault in policy_faults(policy, at=at)]
    if faults:
        raise TriviumError(ErrorKind.MALFORMED, f"The product's policy cannot be kept: {'; '.join(faults)}.")


def policy_faults(policy: Policy, *, at: datetime) -> list[PolicyFault]:
    """Return what keeps a product from having the policy at ``at`` (UTC) (rule 94)."""
    faults = [
        *_profile_faults(policy),
        *_kind_faults(policy),
        *_name_faults(policy),
        *_key_faults(policy),
        *_field_faults(policy),
        *_caa_faults(policy),
        *_lint_faults(policy),
    ]
    if policy.public:
        faults += _public_faults(policy, at)
    return faults


def _fault(detail: str, *settings: str) -> PolicyFault:
    return PolicyFault(settings=settings, detail=detail)


def _profile_faults(policy: Policy) -> Iterator[PolicyFault]:
    profile = policy.profile
    if not 0 <= profile.backdate <= _MAX_BACKDATE:
        yield _fault(
            "backdate must be 0 to 172800 seconds (BR 7.1.2.7: notBefore within 48 hours of signing)",
            "profile.backdate",
        )
    if profile.validity <= profile.backdate:
        yield _fault(
            "validity must be longer than backdate, which is part of it", "profile.validity", "profile.backdate"
        )
    if policy.confirmation_time and not _MIN_CONFIRMATION <= policy.confirmation_time < profile.validity:
        yield _fault(
            "confirmation_time must be 0, or at least 60 seconds and shorter than the validity",
            "confirmation_time",
            "profile.validity",
        )
    if not 0 <= policy.renewal_notice <= LONGEST_NOTICE:
        yield _fault(f"renewal_notice must be 0 to {LONGEST_NOTICE} seconds", "renewal_notice")
    if not all(_OID.fullmatch(oid) for oid in profile.policy_oids):
        yield _fault("policy_oids must be object identifiers in dotted form", "profile.policy_oids")


def _kind_faults(policy: Policy) -> Iterator[PolicyFault]:
    """What only certificates of some kinds can have."""
    profile, kind = policy.profile, policy.profile.kind
    if not kind.names_hosts and profile.must_staple:
        yield _fault("must_staple is for TLS certificates only", "profile.must_staple", "profile.kind")
    if not kind.names_hosts and profile.key_encipherment:
        yield _fault(
            "key_encipherment is for TLS certificates only; other kinds have their key usage",
            "profile.key_encipherment",
            "profile.kind",
        )
    if policy.publish_ldap and kind is not ProfileKind.SMIME:
        yield _fault("only S/MIME certificates are published in the directory", "publish_ldap", "profile.kind")
    if not kind.names_hosts and profile.common_name:
        yield _fault(
            "common_name is for TLS certificates only; others have the field commonName",
            "profile.common_name",
            "profile.kind",
        )
    if min(policy.approval.issuance, policy.approval.revocation) < 0:
        yield _fault("a number of approvals is 0 or more", "approval")
    if not kind.identifier_types and (policy.approval.issuance or policy.approval.revocation):
        yield _fault("the gateway's own certificates wait for nobody's approval", "approval", "profile.kind")


def _name_faults(policy: Policy) -> Iterator[PolicyFault]:
    names = policy.names
    if names.max_identifiers < 1:
        yield _fault("max_identifiers must be at least 1", "names.max_identifiers")
    if names.single_labels and not names.internal_names:
        yield _fault(
            "single_labels needs internal_names, since every single label is an internal name",
            "names.single_labels",
            "names.internal_names",
        )


def _key_faults(policy: Policy) -> Iterator[PolicyFault]:
    keys = policy.keys
    taken = {f"RSA_{bits}" for bits in keys.rsa_bits} | {f"EC_{curve}" for curve in keys.curves}
    if keys.key_type is not None and keys.key_type not in taken:
        sizes = "keys.rsa_bits" if keys.key_type.startswith("RSA") else "keys.curves"
        yield _fault(f"the product takes no {keys.key_type} keys", "keys.key_type", sizes)


def _field_faults(policy: Policy) -> Iterator[PolicyFault]:
    kind = policy.profile.kind
    for name, count in Counter(field.name for field in policy.fields).items():
        if count > 1:
            yield _fault(f"the field {name} is there twice", "fields")
    for field in policy.fields:
        for detail in unfit_for_kind(field, kind):
            yield _fault(f"the field {field.name} {detail}", "fields", "profile.kind")
        for detail in contradictions(field):
            yield _fault(f"the field {field.name} {detail}", "fields")
    subject = [field.name for field in policy.fields if not (field.name.identifies or field.name.extends)]
    if subject and kind.names_hosts and policy.lint.lint_set is LintSet.CABF_DV:
        yield _fault(
            f"a certificate of the set {LintSet.CABF_DV} has no {subject[0]} (BR 7.1.2.7.2)", "fields", "lint.lint_set"
        )


def _caa_faults(policy: Policy) -> Iterator[PolicyFault]:
    identities = policy.caa_identities
    if not all(_DOMAIN.fullmatch(identity) for identity in identities):
        yield _fault(
            "caa_identities must be domain names in lower case, such as ca.example (RFC 8659 section 4.2)",
            "caa_identities",
        )
    if len(set(identities)) != len(identities):
        yield _fault("a name of caa_identities is there twice", "caa_identities")


def _lint_faults(policy: Policy) -> Iterator[PolicyFault]:
    lint = policy.lint
    codes = [finding.code for finding in lint.accepted]
    if lint.lint_set not in _LINT_SETS[policy.profile.kind]:
        yield _fault(
            f"lint_set {lint.lint_set} is not for certificates of kind {policy.profile.kind}",
            "lint.lint_set",
            "profile.kind",
        )
    if len(set(codes)) != len(codes):
        yield _fault("a finding is accepted twice", "lint.accepted")
    if any(not finding.code or not finding.reason.strip() for finding in lint.accepted):
        yield _fault("every accepted finding needs its code and a reason", "lint.accepted")


def _public_faults(policy: Policy, at: datetime) -> Iterator[PolicyFault]:
    """What only a private product may do: rules 11, 15, 63 and 64."""
    names, lint = policy.names, policy.lint
    private = [name for name in ("internal_names", "single_labels", "private_addresses") if getattr(names, name)]
    if private:
        detail = "a public product takes no internal names, single labels or private addresses"
        yield _fault(detail, "public", *(f"names.{name}" for name in private))
    shown = "a public product needs control of every name shown, "
    if policy.ra_vouches:
        yield _fault(f"{shown}whoever vouches for it (BR 3.2.2.4)", "public", "ra_vouches")
    if policy.certificate_linking:
        yield _fault(f"{shown}whoever holds a certificate (BR 3.2.2.4)", "public", "certificate_linking")
    if not policy.dns_owner_rule:
        yield _fault(f"{shown}whoever orders (BR 3.2.2.4)", "public", "dns_owner_rule")
    if lint.mode is LintMode.OFF or lint.accepted:
        setting = "lint.mode" if lint.mode is LintMode.OFF else "lint.accepted"
        yield _fault("a public product lints and accepts no finding (BR 4.3.1.2)", "public", setting)
    if policy.fields:
        yield _fault("a public product has no fields: nobody validates what they say (BR 3.2.2.1)", "public", "fields")
    if policy.profile.kind is ProfileKind.SMIME:
        yield _fault("S/MIME products are private: CAA for mail (RFC 9495) is not checked", "public", "profile.kind")
    if policy.profile.kind is ProfileKind.TLS_SERVER:
        yield from _public_tls_faults(policy, at)


def _public_tls_faults(policy: Policy, at: datetime) -> Iterator[PolicyFault]:
    if policy.lint.lint_set is not LintSet.CABF_DV:
        yield _fault(f"a public TLS product uses the lint set {LintSet.CABF_DV}", "public", "lint.lint_set")
    if not policy.profile.policy_oids:
        yield _fault(
            "a public TLS product names its certificate policy (BR 7.1.2.7.9)", "public", "profile.policy_oids"
        )
    if not policy.caa_identities:
        yield _fault(
            "a public TLS product checks CAA: name the CA's issuer domain names in caa_identities",
            "public",
            "caa_identities",
        )
    limit = maximum_tls_validity(at)
    if policy.profile.validity > limit:
        yield _fault(
            f"a public TLS certificate is valid for at most {limit // 86400} days at this time (BR 6.3.2)",
            "public",
            "profile.validity",
        )
