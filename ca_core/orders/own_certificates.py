"""The certificates the gateway orders for itself, for its listener and its responders. One pipeline for all."""

from datetime import timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ca_core.certificates.tbs import general_name
from ca_core.core import Core
from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.certificates import CertificateStatus
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier
from ca_core.model.issuers import Issuer, OwnCertificate, OwnCertificateRole
from ca_core.model.orders import OrderRequest, OrderState
from ca_core.model.principals import SYSTEM
from ca_core.model.products import Product, ProfileKind, Road
from ca_core.model.store import Transaction
from ca_core.orders.place import place
from ca_core.orders.queries import get
from ca_core.orders.submit import submit_csr

_PROFILE: Final = {
    OwnCertificateRole.TLS_LISTENER: ProfileKind.TLS_SERVER,
    OwnCertificateRole.OCSP_RESPONDER: ProfileKind.OCSP_RESPONDER,
    OwnCertificateRole.CMC_RESPONDER: ProfileKind.CMC_RESPONDER,
    OwnCertificateRole.CMC_RECIPIENT: ProfileKind.CMC_RECIPIENT,
    OwnCertificateRole.CMC_RECIPIENT_EC: ProfileKind.CMC_RECIPIENT,
}
_KEY: Final = {OwnCertificateRole.CMC_RECIPIENT: KeyAlgorithm.RSA3072}
"""P-256, save for what is encrypted by RSA key transport, which every client can (RFC 10004 section 5.1)."""


async def ensure(
    core: Core, role: OwnCertificateRole, issuer_id: str, identifiers: tuple[Identifier, ...] = ()
) -> OwnCertificate:
    """Return the gateway's certificate for ``role`` under this issuer; order a new one when it is due.

    It is due when there is none, when a third of its life or less is left, when it was revoked, or when it does not
    name ``identifiers``. Raises UNAVAILABLE or INTERNAL when no new one could be had.
    """
    current, product, issuer = await core.store.read(lambda tx: _load(tx, role, issuer_id))
    if current is not None and await _is_good(core, current, identifiers):
        return current
    return await _order(core, role, product, issuer, identifiers)


def _load(tx: Transaction, role: OwnCertificateRole, issuer_id: str) -> tuple[OwnCertificate | None, Product, Issuer]:
    issuer = tx.issuers.get(issuer_id)
    products = [
        product
        for product in tx.products.all(None)
        if Road.SYSTEM in product.roads
        and product.issuer_id == issuer_id
        and product.policy.profile.kind is _PROFILE[role]
    ]
    if issuer is None or not products:
        raise TriviumError(ErrorKind.UNAVAILABLE, f"No product gives the gateway its own {role} certificate.")
    return tx.issuers.own_certificate(role, issuer_id), products[0], issuer


async def _is_good(core: Core, own: OwnCertificate, identifiers: tuple[Identifier, ...]) -> bool:
    stored = await core.store.read(lambda tx: tx.certificates.get(own.certificate_id))
    if stored is None or stored.status is not CertificateStatus.ISSUED or set(stored.identifiers) != set(identifiers):
        return False
    life: timedelta = stored.not_after - stored.not_before
    return stored.not_after - core.sources.now() > life / 3


async def _order(
    core: Core, role: OwnCertificateRole, product: Product, issuer: Issuer, identifiers: tuple[Identifier, ...]
) -> OwnCertificate:
    key = await core.keys.new_key(_KEY.get(role, KeyAlgorithm.P256))
    request = OrderRequest(product_id=product.id, road=Road.SYSTEM, identifiers=identifiers, comment=f"own {role}")
    placed = await place(core, request, SYSTEM)
    csr = await _csr(core, key.id, f"{issuer.name} {role}", identifiers)
    order = await submit_csr(core, placed.order.id, csr, SYSTEM)
    view = await get(core, order.id, SYSTEM)
    if order.state is not OrderState.ISSUED or view.certificate is None or view.certificate.der is None:
        detail = order.error.detail if order.error else f"its order {order.id} is {order.state}."
        raise TriviumError(ErrorKind.UNAVAILABLE, f"The gateway got no {role} certificate: {detail}")
    own = OwnCertificate(
        role=role,
        issuer_id=issuer.id,
        certificate_id=view.certificate.id,
        certificate=view.certificate.der,
        chain=(issuer.certificate, *issuer.chain),
        key_id=key.id,
        not_after=view.certificate.not_after,
    )
    await core.store.write(lambda tx: tx.issuers.put_own_certificate(own))
    return own


async def _csr(core: Core, key_id: str, name: str, identifiers: tuple[Identifier, ...]) -> bytes:
    """Return a CSR (DER) by a key of the gateway's own; without identifiers it carries ``name`` as common name."""
    builder = x509.CertificateSigningRequestBuilder()
    if identifiers:
        names = x509.SubjectAlternativeName([general_name(identifier) for identifier in identifiers])
        builder = builder.subject_name(x509.Name([])).add_extension(names, critical=True)
    else:
        builder = builder.subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name[:64])]))
    private_key = await core.keys.private_key(key_id)
    return builder.sign(private_key, hashes.SHA256()).public_bytes(Encoding.DER)
