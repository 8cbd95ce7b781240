"""Registration of CMC clients: a dedicated certificate ordered here or brought from outside, a secret, rights."""

from dataclasses import dataclass
from typing import Final

from cryptography import x509

from ca_core.access.cmc_clients import secret_purpose
from ca_core.audit.log import entry
from ca_core.certificates.key_identifier import key_identifier
from ca_core.core import Core
from ca_core.keys.policy import ACCOUNT_KEYS, check_public_key, refuse_blocked, spki_sha256
from ca_core.model.certificates import Certificate
from ca_core.model.cmc_clients import CmcClient, CmcRight
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import Issuer
from ca_core.model.orders import OrderRequest, OrderState
from ca_core.model.principals import SYSTEM, Principal
from ca_core.model.products import ProfileKind, Road
from ca_core.model.store import Transaction
from ca_core.orders.enrol import enrol
from ca_core.orders.queries import get

SECRET_BYTES: Final = 20
"""160 random bits, 32 characters of base32: RFC 10002 section 6.2.1 wants 16 at least."""


@dataclass(frozen=True, kw_only=True)
class CmcRegistration:
    """What a CMC client is registered with: a ``csr`` or a ``certificate`` (DER), a secret, or a secret alone."""

    name: str
    client_id: str
    product_ids: tuple[str, ...]
    rights: frozenset[CmcRight]
    csr: bytes | None = None
    certificate: bytes | None = None
    secret: str | None = None
    sha1: bool = False


@dataclass(frozen=True, kw_only=True)
class RegisteredCmcClient:
    """The client, and the certificates (DER) above its own where that was issued here."""

    cmc_client: CmcClient
    chain: tuple[bytes, ...]


async def register(core: Core, registration: CmcRegistration, principal: Principal) -> RegisteredCmcClient:
    """Register a CMC client; its certificate is ordered first where it brings a CSR.

    Raises MALFORMED when nothing could authenticate it, BAD_KEY and BAD_CSR as an order does, CONFLICT when its name
    or key is another's, UNAVAILABLE when no certificate could be had.
    """
    if registration.csr is None and registration.certificate is None and registration.secret is None:
        raise TriviumError(ErrorKind.MALFORMED, "A CMC client needs a CSR, a certificate or a secret.")
    if await core.store.read(lambda tx: tx.cmc_clients.by_name(registration.name)) is not None:
        raise TriviumError(
            ErrorKind.CONFLICT, f"There is a CMC client {registration.name} already; choose another name."
        )
    certificate_id, certificate = None, registration.certificate
    chain: tuple[bytes, ...] = ()
    if registration.csr is not None:
        issued, issuer = await _order(core, registration)
        certificate_id, certificate, chain = issued.id, issued.der, (issuer.certificate, *issuer.chain)
    cmc_client = _cmc_client(core, registration, certificate_id, certificate)
    record = entry(
        core.sources,
        principal,
        "cmc-client.add",
        cmc_client.id,
        client_id=cmc_client.client_id,
        name=cmc_client.name,
        rights=sorted(cmc_client.rights),
        products=list(cmc_client.product_ids),
        certificate=certificate_id or "",
    )

    def add(tx: Transaction) -> None:
        if cmc_client.spki_sha256 is not None:
            refuse_blocked(tx, cmc_client.spki_sha256)
        tx.cmc_clients.add(cmc_client)
        tx.audit.append([record])

    await core.store.write(add)
    return RegisteredCmcClient(cmc_client=cmc_client, chain=chain)


async def _order(core: Core, registration: CmcRegistration) -> tuple[Certificate, Issuer]:
    """Order the dedicated certificate from the gateway's own product for them."""
    products = await core.store.read(lambda tx: tx.products.all(None))
    product = next((one for one in products if one.policy.profile.kind is ProfileKind.CMC_CLIENT), None)
    if product is None:
        raise TriviumError(
            ErrorKind.UNAVAILABLE, "No product issues certificates of CMC clients; see `gateway-cmc-client` in README."
        )
    request = OrderRequest(
        product_id=product.id,
        road=Road.SYSTEM,
        identifiers=(),
        csr=registration.csr,
        comment=f"CMC client {registration.name}",
    )
    order = await enrol(core, request, SYSTEM)
    view = await get(core, order.id, SYSTEM)
    issuer = await core.store.read(lambda tx: tx.issuers.get(product.issuer_id))
    if order.state is not OrderState.ISSUED or view.certificate is None or issuer is None:
        detail = order.error.detail if order.error else f"its order {order.id} is {order.state}"
        raise TriviumError(ErrorKind.UNAVAILABLE, f"The CMC client got no certificate: {detail}")
    return view.certificate, issuer


def _cmc_client(
    core: Core, registration: CmcRegistration, certificate_id: str | None, certificate: bytes | None
) -> CmcClient:
    cmc_client_id = core.sources.new_id("cmc")
    spki, identifier = (None, None) if certificate is None else _key_of(certificate)
    secret = registration.secret
    return CmcClient(
        id=cmc_client_id,
        client_id=registration.client_id,
        name=registration.name,
        product_ids=registration.product_ids,
        rights=registration.rights,
        spki_sha256=spki,
        key_identifier=identifier,
        certificate=certificate,
        certificate_id=certificate_id,
        sealed_secret=(None if secret is None else core.sealer.seal(secret_purpose(cmc_client_id), secret.encode())),
        sha1=registration.sha1,
        created_at=core.sources.now(),
    )


def _key_of(der: bytes) -> tuple[bytes, bytes]:
    """Return SHA-256 and identifier of the certificate's key; the key policy is the same at every door (rule 30)."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key()
        identifier = key_identifier(certificate)
    except (ValueError, TypeError, x509.DuplicateExtension) as error:
        raise TriviumError(ErrorKind.MALFORMED, "The certificate of the CMC client cannot be read.") from error
    check_public_key(key, ACCOUNT_KEYS, document=der)
    return spki_sha256(key), identifier
