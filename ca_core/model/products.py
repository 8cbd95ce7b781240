"""Products: what may be ordered. A policy bound to a Client and an issuer, in immutable versions."""

from dataclasses import dataclass, field
from enum import StrEnum

from ca_core.model.fields import FieldPolicy
from ca_core.model.identifiers import HOSTS, IdentifierType


class Road(StrEnum):
    """The roads an order can come by; a product names those it may be ordered over."""

    ACME = "acme"
    CMC = "cmc"
    REST = "rest"
    PAGE = "page"
    SYSTEM = "system"

    @property
    def overrides_csr(self) -> bool:
        """Whether an order says itself what it is for, and a CSR only fills in what it leaves open."""
        return self in {Road.REST, Road.PAGE}


class ProfileKind(StrEnum):
    """The kinds of end-entity certificate; each has its extensions and its pkilint set."""

    TLS_SERVER = "tls-server"
    SMIME = "smime"
    OCSP_RESPONDER = "ocsp-responder"
    CMC_RESPONDER = "cmc-responder"
    CMC_RECIPIENT = "cmc-recipient"
    CMC_CLIENT = "cmc-client"

    @property
    def names_hosts(self) -> bool:
        """Whether the certificate is for host names and addresses."""
        return self is ProfileKind.TLS_SERVER

    @property
    def identifier_types(self) -> frozenset[IdentifierType]:
        """What the certificates name; those for a role of the gateway's own name nothing."""
        return _IDENTIFIER_TYPES.get(self, frozenset())


_IDENTIFIER_TYPES = {
    ProfileKind.TLS_SERVER: HOSTS,
    ProfileKind.SMIME: frozenset({IdentifierType.EMAIL}),
}


class LintMode(StrEnum):
    """``error``: a finding of severity ERROR or worse that is not accepted stops the order. ``off``: no lint."""

    ERROR = "error"
    OFF = "off"


class LintSet(StrEnum):
    """The pkilint validator sets a product can name; those for S/MIME are of the multipurpose generation."""

    CABF_DV = "cabf-dv"
    CABF_OV = "cabf-ov"
    CABF_SMIME_MAILBOX = "cabf-smime-mailbox"
    CABF_SMIME_ORGANIZATION = "cabf-smime-organization"
    CABF_SMIME_SPONSORED = "cabf-smime-sponsored"
    CABF_SMIME_INDIVIDUAL = "cabf-smime-individual"
    PKIX = "pkix"
    OCSP_RESPONDER = "ocsp-responder"


@dataclass(frozen=True, kw_only=True)
class AcceptedFinding:
    """A pkilint finding code that a product accepts, and why."""

    code: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class LintPolicy:
    """Which findings stop an order (rule 11)."""

    mode: LintMode = LintMode.ERROR
    lint_set: LintSet = LintSet.CABF_DV
    accepted: tuple[AcceptedFinding, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NamePolicy:
    """Which identifiers a product takes (rules 63-64). The last three are for private products only."""

    max_identifiers: int = 100
    wildcards: bool = False
    internal_names: bool = False
    single_labels: bool = False
    private_addresses: bool = False


class KeyGeneration(StrEnum):
    """Who makes the key pair. PKCS10: the requester, who brings a request with the public key."""

    PKCS10 = "PKCS10"


class KeyType(StrEnum):
    """A key algorithm with a size, as the published API calls those that are certified."""

    RSA_2048 = "RSA_2048"
    RSA_3072 = "RSA_3072"
    RSA_4096 = "RSA_4096"
    EC_SECP256R1 = "EC_secp256r1"
    EC_SECP384R1 = "EC_secp384r1"
    EC_SECP521R1 = "EC_secp521r1"


@dataclass(frozen=True, kw_only=True)
class KeyPolicy:
    """Which subject public keys a product takes (rules 22-30).

    ``key_type``: of those, keys of this algorithm and at least this size alone; None takes all of them.
    """

    rsa_bits: tuple[int, ...] = (2048, 3072, 4096)
    curves: tuple[str, ...] = ("secp256r1", "secp384r1", "secp521r1")
    generation: KeyGeneration = KeyGeneration.PKCS10
    key_type: KeyType | None = None

    @property
    def least(self) -> KeyType:
        """The key type of the policy; where it takes several, the smallest, elliptic curves first."""
        if self.key_type is not None:
            return self.key_type
        return KeyType(f"EC_{self.curves[0]}" if self.curves else f"RSA_{min(self.rsa_bits)}")


@dataclass(frozen=True, kw_only=True)
class ApprovalPolicy:
    """How many users besides the requester must approve before a certificate is issued, or revoked; 0: none."""

    issuance: int = 0
    revocation: int = 0


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What the certificate contains. Times in seconds.

    ``validity`` counts inclusively from notBefore to notAfter (rule 14); ``backdate`` is how far notBefore lies
    before the signing time, and is part of the validity. ``key_encipherment``: the certificates are for RSA keys that
    have keys transported to them and sign nothing, in the place of keys that sign.
    """

    kind: ProfileKind
    validity: int
    backdate: int = 3600
    policy_oids: tuple[str, ...] = ("2.23.140.1.2.1",)
    common_name: bool = False
    subject_key_identifier: bool = False
    must_staple: bool = False
    key_encipherment: bool = False


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The content of a product: everything that decides how an order is validated and issued.

    ``authorization_lifetime`` is how long control of an identifier stays shown, ``order_lifetime`` how long an
    order may wait; both in seconds. ``public`` products never take internal names and accept no lint finding.
    ``reuse_authorizations`` lets control that an account has shown serve its further orders while it lasts;
    ``requested_validity`` lets the requester name notBefore and notAfter within the profile's validity.
    ``ra_vouches``: the registration authority that orders vouches for the names, so control of them need not be shown,
    and may vouch for the possession of keys;
    ``certificate_linking``: the holder of a certificate of this product may renew it over CMC, signing with its key
    (both for private products only). ``confirmation_time`` is how long, in seconds, whoever orders over CMC has to
    confirm that he accepts the certificate before it is revoked; 0 asks for none. ``publish_ldap``: certificates can be
    published in the directory, and are as soon as they are issued unless the order says otherwise.
    ``renewal_notice`` is how long before a certificate ends, in seconds and at most a third of its validity, the
    recipients of renewals are reminded of it; 0: never.
    ``fields`` are the subject attributes and extension values that the certificates can have, in the order in which
    requesters are asked for them. ``dns_owner_rule``: control of the names must be shown; without it a private product
    takes the word of the API user or CMC client that orders. ``approval``: how many must agree beside the requester.
    """

    public: bool
    profile: Profile
    names: NamePolicy = field(default_factory=NamePolicy)
    keys: KeyPolicy = field(default_factory=KeyPolicy)
    lint: LintPolicy = field(default_factory=LintPolicy)
    authorization_lifetime: int = 7 * 86400
    order_lifetime: int = 7 * 86400
    caa_identities: tuple[str, ...] = ()
    require_dnssec: bool = False
    reuse_authorizations: bool = False
    ra_vouches: bool = False
    certificate_linking: bool = False
    requested_validity: bool = False
    confirmation_time: int = 0
    publish_ldap: bool = False
    renewal_notice: int = 30 * 86400
    fields: tuple[FieldPolicy, ...] = ()
    dns_owner_rule: bool = True
    approval: ApprovalPolicy = field(default_factory=ApprovalPolicy)


@dataclass(frozen=True, kw_only=True)
class Product:
    """One version of a product (``pma-``): the hash of its content names the version, and versions never change."""

    id: str
    client_id: str
    issuer_id: str
    name: str
    description: str = ""
    version: str
    roads: frozenset[Road]
    policy: Policy
