"""New authorizations: with the challenges that can show control, or valid at once where it is shown already."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ca_core.model.authorizations import (
    Authorization,
    AuthorizationStatus,
    Challenge,
    ChallengeStatus,
    ValidationMethod,
)
from ca_core.model.domains import ClientDomain
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.products import Product, Road
from ca_core.model.sources import Sources
from ca_core.validation.tokens import TOKEN_LIFETIME, new_token

_TRUSTED: Final = frozenset({PrincipalKind.API_USER, PrincipalKind.OPERATOR, PrincipalKind.CMC_CLIENT})
"""Whose word a product without the DNS owner rule takes for the names."""


@dataclass(frozen=True, kw_only=True)
class _Given:
    """By what control counts as shown with the order itself, since when and until when."""

    method: ValidationMethod
    shown_at: datetime
    until: datetime


def new_authorization(
    sources: Sources,
    product: Product,
    principal: Principal,
    identifier: Identifier,
    road: Road,
    domain: ClientDomain | None = None,
) -> Authorization:
    """Return a pending authorization with its challenges, or one that is valid already.

    Valid are those that ``domain``, a pre-validated one, serves; those of the gateway's own orders, whose names stand
    in its configuration, which only the operator of the machine can write; and those a registration authority vouches
    for, or whose holder renews them, where the product says that it may. A pending one of ACME lasts as long as an
    order of the product, another as long as its random values are good (rule 65).
    """
    now = sources.now()
    given = _given(product, road, principal, domain, now)
    acme = principal.kind is PrincipalKind.ACME_ACCOUNT
    waits = timedelta(seconds=product.policy.order_lifetime) if acme else TOKEN_LIFETIME
    authorization_id = sources.new_id("azn")
    methods = (given.method,) if given else (_acme_methods(identifier) if acme else _methods(identifier))
    return Authorization(
        id=authorization_id,
        client_id=product.client_id,
        account_id=principal.id if acme else None,
        identifier=identifier.base,
        wildcard=identifier.wildcard,
        status=AuthorizationStatus.VALID if given else AuthorizationStatus.PENDING,
        created_at=now,
        expires_at=given.until if given else now + waits,
        challenges=tuple(
            Challenge(
                id=sources.new_id("chl"),
                authorization_id=authorization_id,
                method=method,
                token=new_token(sources),
                status=ChallengeStatus.VALID if given else ChallengeStatus.PENDING,
                validated_at=given.shown_at if given else None,
            )
            for method in methods
        ),
        product_id=product.id,
        product_version=product.version,
        domain_id=domain.id if domain is not None else None,
    )


def _given(
    product: Product, road: Road, principal: Principal, domain: ClientDomain | None, now: datetime
) -> _Given | None:
    """Return by what control counts as shown with the order itself; None where it must be shown first."""
    if domain is not None and domain.validated_at is not None and domain.valid_until is not None:
        return _Given(method=ValidationMethod.CA_DNS_CHANGE, shown_at=domain.validated_at, until=domain.valid_until)
    trusted = _taken_on_trust(product, road, principal)
    if trusted is None:
        return None
    return _Given(method=trusted, shown_at=now, until=now + timedelta(seconds=product.policy.authorization_lifetime))


def _taken_on_trust(product: Product, road: Road, principal: Principal) -> ValidationMethod | None:
    if road is Road.SYSTEM:
        return ValidationMethod.CONFIGURED
    policy = product.policy
    if policy.public:
        return None
    if not policy.dns_owner_rule and principal.kind in _TRUSTED:
        return ValidationMethod.RA_VOUCHED
    if road is not Road.CMC:
        return None
    if principal.kind is PrincipalKind.CERTIFICATE_HOLDER:
        return ValidationMethod.CERTIFICATE_LINKED if policy.certificate_linking else None
    return ValidationMethod.RA_VOUCHED if policy.ra_vouches else None


def _acme_methods(identifier: Identifier) -> tuple[ValidationMethod, ...]:
    """Return the challenges of ACME: DNS alone for a wildcard (rule 66), never DNS for an address."""
    if identifier.type is IdentifierType.IP:
        return (ValidationMethod.HTTP_01, ValidationMethod.TLS_ALPN_01)
    if identifier.wildcard:
        return (ValidationMethod.DNS_01,)
    return (ValidationMethod.HTTP_01, ValidationMethod.DNS_01, ValidationMethod.TLS_ALPN_01)


def _methods(identifier: Identifier) -> tuple[ValidationMethod, ...]:
    """Return how control is shown without an account key, whose place a random value of ours takes (rule 66 too)."""
    if identifier.type is IdentifierType.IP:
        return (ValidationMethod.CA_WEBSITE_CHANGE,)
    if identifier.wildcard:
        return (ValidationMethod.CA_DNS_CHANGE,)
    return (ValidationMethod.CA_DNS_CHANGE, ValidationMethod.CA_WEBSITE_CHANGE)
