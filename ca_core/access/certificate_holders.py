"""Holders of certificates: who signs with a certificate issued here may renew it, and do nothing else.

RFC 10002 section 6.3.3 calls it existing certificate linking. It is for products that say ``certificate_linking``: a
stolen key would otherwise get certificates for as long as nobody notices.
"""

import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca_core.access.cmc_clients import require_cmc
from ca_core.core import Core
from ca_core.keys.policy import refuse_blocked
from ca_core.model.certificates import Certificate, CertificateStatus
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.products import Product, Road
from ca_core.model.store import Transaction


@dataclass(frozen=True, kw_only=True)
class CertificateHolder:
    """Whoever has shown that he holds the key of ``certificate``, and the product that it is renewed by."""

    certificate: Certificate
    product: Product

    def principal(self, address: str) -> Principal:
        """Return the principal that his requests act as."""
        return Principal(
            kind=PrincipalKind.CERTIFICATE_HOLDER,
            id=self.certificate.id,
            client_id=self.certificate.client_id,
            address=address,
        )


async def by_certificate(core: Core, certificate: x509.Certificate) -> CertificateHolder | None:
    """Return the holder of a certificate whose key has signed; None when it was not issued here for host names.

    Raises UNAUTHENTICATED when the certificate is revoked, ended or not yet good, or its Client suspended; BAD_KEY for
    a blocked key; FORBIDDEN when its product does not let it be renewed so, or CMC is off for its Client.
    """
    fingerprint = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()

    def find(tx: Transaction) -> CertificateHolder | None:
        stored = tx.certificates.by_fingerprint(fingerprint)
        product = None if stored is None else _product(tx, stored)
        if stored is None or product is None or not product.policy.profile.kind.names_hosts:
            return None
        refuse_blocked(tx, stored.spki_sha256)
        client = tx.clients.get(stored.client_id)
        good = stored.not_before <= core.sources.now() <= stored.not_after and stored.status is CertificateStatus.ISSUED
        if not good or client is None or client.suspended:
            raise TriviumError(
                ErrorKind.UNAUTHENTICATED,
                "The signer's certificate is revoked or ended, or its Client is suspended; it renews nothing.",
            )
        require_cmc(client)
        _require_linking(product)
        return CertificateHolder(certificate=stored, product=product)

    return await core.store.read(find)


def require_may_renew(tx: Transaction, principal: Principal, product: Product) -> None:
    """Raise FORBIDDEN unless ``product`` is the one by which the holder that ``principal`` is renews."""
    certificate = _of(tx, principal)
    own = _product(tx, certificate)
    if own is None or own.id != product.id or certificate.status is not CertificateStatus.ISSUED:
        raise TriviumError(ErrorKind.FORBIDDEN, "A certificate is renewed by the product it was ordered by, no other.")
    _require_linking(product)


def require_own_names(tx: Transaction, principal: Principal, identifiers: tuple[Identifier, ...]) -> None:
    """Raise IDENTIFIER_REJECTED unless the names are exactly those of the certificate that is renewed."""
    held = _of(tx, principal).identifiers
    if set(identifiers) != set(held):
        names = ", ".join(sorted(name.value for name in held))
        raise TriviumError(
            ErrorKind.IDENTIFIER_REJECTED,
            f"The holder of a certificate renews it for exactly its names: {names}. Ask for these.",
        )


def _of(tx: Transaction, principal: Principal) -> Certificate:
    certificate = tx.certificates.get(principal.id)
    if certificate is None:
        raise TriviumError(ErrorKind.UNAUTHENTICATED, "The signer's certificate was not issued here.")
    return certificate


def _product(tx: Transaction, certificate: Certificate) -> Product | None:
    order = tx.orders.get(certificate.order_id)
    return tx.products.get(order.product_id) if order else None


def _require_linking(product: Product) -> None:
    if not product.policy.certificate_linking or Road.CMC not in product.roads:
        raise TriviumError(
            ErrorKind.FORBIDDEN,
            f"A certificate of the product {product.name} is not renewed by its holder's signature: sign with the "
            "dedicated certificate of a CMC client.",
        )
