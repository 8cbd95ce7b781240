"""What ``trivium init`` puts into the first ``catalogue.toml``: the Client ``default`` and the gateway's own."""

from dataclasses import replace
from typing import Final

from ca_core.catalogue.entries import Catalogue, ClientEntry, IssuerEntry, ProductEntry
from ca_core.certificates.policies import default_mail_lint, default_private_lint, default_responder_lint
from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.clients import ClientSettings
from ca_core.model.fields import FieldName, FieldPolicy
from ca_core.model.issuers import IssuerKind
from ca_core.model.products import LintMode, LintPolicy, LintSet, NamePolicy, Policy, Profile, ProfileKind, Road
from gateway.first_roles import first_roles
from gateway.settings.defaults import Defaults

DEFAULT_CLIENT: Final = "default"
DEFAULT_PRODUCT: Final = "tls"
MAIL_PRODUCT: Final = "smime"
OWN_CLIENT: Final = "gateway"
_DAY: Final = 86400


def first_catalogue(issuers: tuple[IssuerEntry, ...], defaults: Defaults, algorithm: KeyAlgorithm) -> Catalogue:
    """Return the catalogue of a new, private installation; ``algorithm`` is that of the issuing key."""
    issuing = next(issuer.name for issuer in issuers if issuer.kind is IssuerKind.ISSUING)
    lint = default_private_lint(single_labels=True, algorithm=algorithm)
    mail_lint = default_mail_lint(algorithm=algorithm)
    return Catalogue(
        issuers=issuers,
        clients=(
            ClientEntry(
                name=DEFAULT_CLIENT,
                description="Whoever comes by without a Client of their own.",
                settings=ClientSettings(
                    plain_get=defaults.acme.plain_get,
                    require_eab=defaults.acme.require_eab,
                    cmc=True,
                ),
            ),
            ClientEntry(
                name=OWN_CLIENT,
                description="The gateway itself, for its own certificates.",
                service_account=False,
            ),
        ),
        products=(
            ProductEntry(
                name=DEFAULT_PRODUCT,
                client=DEFAULT_CLIENT,
                issuer=issuing,
                description="TLS server certificates for public and internal names.",
                roads=(Road.ACME, Road.CMC, Road.REST, Road.PAGE),
                policy=Policy(
                    public=False,
                    profile=Profile(kind=ProfileKind.TLS_SERVER, validity=90 * _DAY),
                    names=_private_names(wildcards=defaults.acme.wildcards),
                    lint=replace(lint, mode=LintMode(defaults.lint)),
                    caa_identities=defaults.acme.caa_identities,
                    # Whoever orders over CMC has been given a certificate for it by the operator.
                    ra_vouches=True,
                ),
            ),
            ProductEntry(
                name=MAIL_PRODUCT,
                client=DEFAULT_CLIENT,
                issuer=issuing,
                description="S/MIME certificates for mailboxes.",
                roads=(Road.REST, Road.PAGE),
                policy=Policy(
                    public=False,
                    profile=Profile(kind=ProfileKind.SMIME, validity=365 * _DAY, policy_oids=("2.23.140.1.5.1.2",)),
                    names=NamePolicy(max_identifiers=10, internal_names=True, single_labels=True),
                    lint=replace(mail_lint, mode=LintMode(defaults.lint)),
                    fields=(FieldPolicy(name=FieldName.COMMON_NAME, pattern=r"[^@\s]+@[^@\s]+"),),
                    publish_ldap=True,
                    # Whoever orders knows the people; their mailboxes are not asked.
                    dns_owner_rule=False,
                ),
            ),
            ProductEntry(
                name="gateway-tls",
                client=OWN_CLIENT,
                issuer=issuing,
                description="The certificate of the gateway's TLS listener.",
                roads=(Road.SYSTEM,),
                policy=Policy(
                    public=False,
                    profile=Profile(kind=ProfileKind.TLS_SERVER, validity=90 * _DAY),
                    names=_private_names(wildcards=False),
                    lint=lint,
                ),
            ),
            ProductEntry(
                name="gateway-ocsp",
                client=OWN_CLIENT,
                issuer=issuing,
                description="The certificate of the OCSP responder.",
                roads=(Road.SYSTEM,),
                policy=Policy(
                    public=False,
                    profile=Profile(kind=ProfileKind.OCSP_RESPONDER, validity=30 * _DAY, policy_oids=()),
                    lint=default_responder_lint(algorithm=algorithm),
                ),
            ),
            _own_role("gateway-cmc", "The certificate that signs CMC answers.", ProfileKind.CMC_RESPONDER, issuing),
            _own_role(
                "gateway-cmc-recipient", "The certificate CMC is encrypted for.", ProfileKind.CMC_RECIPIENT, issuing
            ),
            _own_role(
                "gateway-cmc-client",
                "The dedicated certificates of CMC clients, which renew them over CMC.",
                ProfileKind.CMC_CLIENT,
                issuing,
                roads=(Road.SYSTEM, Road.CMC),
            ),
        ),
        roles=first_roles(),
    )


def _own_role(
    name: str, description: str, kind: ProfileKind, issuing: str, roads: tuple[Road, ...] = (Road.SYSTEM,)
) -> ProductEntry:
    return ProductEntry(
        name=name,
        client=OWN_CLIENT,
        issuer=issuing,
        description=description,
        roads=roads,
        policy=Policy(
            public=False,
            profile=Profile(kind=kind, validity=365 * _DAY, policy_oids=()),
            lint=LintPolicy(lint_set=LintSet.PKIX),
        ),
    )


def _private_names(*, wildcards: bool) -> NamePolicy:
    return NamePolicy(wildcards=wildcards, internal_names=True, single_labels=True, private_addresses=True)
