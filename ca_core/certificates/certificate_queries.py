"""Read certificates, as far as the principal may: one with its issuer, and what it renews and is renewed by."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ca_core.access.authorisation import clients_searched, permitted, require
from ca_core.access.visibility import MAX_PAGE, not_found, require_sees
from ca_core.core import Core
from ca_core.model.certificates import Certificate
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import Issuer
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.products import Product
from ca_core.model.repositories.certificates import CertificateSearch
from ca_core.model.store import Transaction
from ca_core.model.values import replace

_MOST_RENEWALS = 50
_MAX_TEXT = 200
"""Characters of a text that is searched for."""


@dataclass(frozen=True, kw_only=True)
class IssuedCertificate:
    """A certificate that was signed, with its DER and its issuer."""

    certificate: Certificate
    der: bytes
    issuer: Issuer


@dataclass(frozen=True, kw_only=True)
class Renewals:
    """The certificates that one replaced, the newest first, and those that replaced it, the oldest first."""

    predecessors: tuple[Certificate, ...]
    successors: tuple[Certificate, ...]


async def get(core: Core, certificate_id: str, principal: Principal) -> IssuedCertificate:
    """Return the certificate; raises NOT_FOUND, also for somebody else's, and FORBIDDEN without CERTIFICATE_VIEW."""
    return await core.store.read(lambda tx: _find(tx, certificate_id, principal))


async def search(core: Core, query: CertificateSearch, principal: Principal) -> list[Certificate]:
    """Return the certificates the query finds among those of the Clients the principal may see them of.

    Raises FORBIDDEN, MALFORMED for a text that is too long.
    """
    if query.attribute is not None and len(query.attribute) > _MAX_TEXT:
        raise TriviumError(ErrorKind.MALFORMED, f"A text to search for has at most {_MAX_TEXT} characters.")
    client_ids = clients_searched(principal, Permission.CERTIFICATE_VIEW, query.client_ids)
    allowed = replace(query, client_ids=client_ids, limit=max(1, min(query.limit, MAX_PAGE)))
    return await core.store.read(lambda tx: tx.certificates.search(allowed))


async def renewals(core: Core, certificate_id: str, principal: Principal) -> Renewals:
    """Return what came before the certificate and after it; raises as :func:`get`."""

    def read(tx: Transaction) -> Renewals:
        certificate = _find(tx, certificate_id, principal).certificate
        return Renewals(predecessors=_predecessors(tx, certificate), successors=_successors(tx, certificate))

    return await core.store.read(read)


async def products_of(core: Core, certificates: Iterable[Certificate], principal: Principal) -> Mapping[str, Product]:
    """Return the version of the product that each certificate was ordered by, by the certificates' ids.

    Certificates that the principal may not see are left out.
    """

    def read(tx: Transaction) -> Mapping[str, Product]:
        products: dict[str, Product] = {}
        for one in certificates:
            order = tx.orders.get(one.order_id)
            product = tx.products.version(order.product_id, order.product_version) if order else None
            if product is not None and permitted(principal, Permission.CERTIFICATE_VIEW, one.client_id):
                products[one.id] = product
        return products

    return await core.store.read(read)


def _predecessors(tx: Transaction, certificate: Certificate) -> tuple[Certificate, ...]:
    found: list[Certificate] = []
    order = tx.orders.get(certificate.order_id)
    while order is not None and order.replaces is not None and len(found) < _MOST_RENEWALS:
        before = tx.certificates.get(order.replaces)
        if before is None:
            break
        found.append(before)
        order = tx.orders.get(before.order_id)
    return tuple(found)


def _successors(tx: Transaction, certificate: Certificate) -> tuple[Certificate, ...]:
    found: list[Certificate] = []
    order = tx.orders.replacing(certificate.id)
    while order is not None and order.certificate_id is not None and len(found) < _MOST_RENEWALS:
        after = tx.certificates.get(order.certificate_id)
        if after is None:
            break
        found.append(after)
        order = tx.orders.replacing(after.id)
    return tuple(found)


def _find(tx: Transaction, certificate_id: str, principal: Principal) -> IssuedCertificate:
    found = tx.certificates.get(certificate_id)
    issuer = tx.issuers.get(found.issuer_id) if found else None
    if found is None or found.der is None or issuer is None:
        raise not_found("certificate")
    order = tx.orders.get(found.order_id)
    require_sees(
        principal,
        "certificate",
        client_id=found.client_id,
        account_id=order.account_id if order else None,
        placed_by=order.placed_by if order else None,
    )
    require(principal, Permission.CERTIFICATE_VIEW, found.client_id, "certificate")
    return IssuedCertificate(certificate=found, der=found.der, issuer=issuer)
