"""CMC clients as the operator registers and changes them: certificate (ordered here or not), secret, rights."""

import base64
from dataclasses import dataclass
from typing import Any, Final

from cryptography import x509

from ca_core.access.authorisation import require
from ca_core.access.cmc_clients import by_name, require_cmc, secret_purpose
from ca_core.access.networks import networks_of
from ca_core.access.user_rights import require_no_less
from ca_core.access.visibility import not_found
from ca_core.audit.log import entry
from ca_core.certificates.key_identifier import key_identifier
from ca_core.core import Core
from ca_core.keys.policy import ACCOUNT_KEYS, check_public_key, refuse_blocked, spki_sha256
from ca_core.model.audit import AuditRecord
from ca_core.model.certificates import Certificate
from ca_core.model.cmc_clients import CmcClient, CmcRight, permissions_of
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import Issuer
from ca_core.model.orders import OrderRequest, OrderState
from ca_core.model.permissions import Permission
from ca_core.model.principals import SYSTEM, Principal
from ca_core.model.products import ProfileKind, Road
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.orders.enrol import enrol
from ca_core.orders.queries import get

_SECRET_BYTES: Final = 20
"""160 random bits, 32 characters of base32: RFC 10002 section 6.2.1 wants 16 at least."""
_MAX_NAME: Final = 64
"""Characters."""


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
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CmcChange:
    """What is to become different of a CMC client; None leaves a thing as it is.

    A ``csr`` or a ``certificate`` (DER) takes the place of its dedicated certificate; an empty ``secret`` ends the one
    that is shared with it.
    """

    product_ids: tuple[str, ...] | None = None
    rights: frozenset[CmcRight] | None = None
    csr: bytes | None = None
    certificate: bytes | None = None
    secret: str | None = None
    sha1: bool | None = None
    networks: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class RegisteredCmcClient:
    """The client, and the certificates (DER) above its own where that was issued here."""

    cmc_client: CmcClient
    chain: tuple[bytes, ...]


def new_secret(core: Core) -> str:
    """Return a new secret to be shared with a CMC client."""
    return base64.b32encode(core.sources.entropy.token(_SECRET_BYTES)).decode()


async def register(core: Core, registration: CmcRegistration, principal: Principal) -> RegisteredCmcClient:
    """Register a CMC client; its certificate is ordered first where it brings a CSR.

    Raises MALFORMED when nothing could authenticate it, or for its name or networks; BAD_KEY and BAD_CSR as an order
    does, CONFLICT when its name or key is another's, FORBIDDEN when CMC is off for its Client or the principal may not
    do himself what it may, UNAVAILABLE when no certificate could be had.
    """
    require(principal, Permission.CMC_CLIENT_CREATE, registration.client_id, "Client")
    _require_within(registration.rights, registration.client_id, principal)
    _check_name(registration.name)
    networks = networks_of(registration.networks)
    if registration.csr is None and registration.certificate is None and registration.secret is None:
        raise TriviumError(ErrorKind.MALFORMED, "A CMC client needs a CSR, a certificate or a secret.")
    _require_one_certificate(registration.csr, registration.certificate)
    if await core.store.read(lambda tx: tx.cmc_clients.by_name(registration.name)) is not None:
        raise TriviumError(
            ErrorKind.CONFLICT, f"There is a CMC client {registration.name} already; choose another name."
        )
    client = await core.store.read(lambda tx: tx.clients.get(registration.client_id))
    if client is not None:
        require_cmc(client)
    await core.store.read(lambda tx: _require_products(tx, registration.client_id, registration.product_ids))
    dedicated = await _dedicated(core, registration.name, registration.csr, registration.certificate)
    cmc_client_id = core.sources.new_id("cmc")
    cmc_client = CmcClient(
        id=cmc_client_id,
        client_id=registration.client_id,
        name=registration.name,
        product_ids=registration.product_ids,
        rights=registration.rights,
        sealed_secret=_sealed(core, cmc_client_id, registration.secret),
        sha1=registration.sha1,
        networks=networks,
        created_at=core.sources.now(),
    )
    cmc_client = dedicated.given_to(cmc_client) if dedicated else cmc_client

    def add(tx: Transaction) -> None:
        _require_usable(tx, cmc_client)
        tx.cmc_clients.add(cmc_client)
        tx.audit.append([_record(core, principal, "cmc-client.add", cmc_client)])

    await core.store.write(add)
    return RegisteredCmcClient(cmc_client=cmc_client, chain=dedicated.chain if dedicated else ())


async def change(core: Core, name: str, wanted: CmcChange, principal: Principal) -> RegisteredCmcClient:
    """Change a CMC client; a certificate is ordered first where there is a CSR.

    Raises NOT_FOUND, MALFORMED when nothing would be left that authenticates it, else as :func:`register`.
    """
    _require_one_certificate(wanted.csr, wanted.certificate)
    networks = None if wanted.networks is None else networks_of(wanted.networks)

    def check(tx: Transaction) -> CmcClient:
        known = by_name(tx, name, principal, Permission.CMC_CLIENT_UPDATE)
        rights = known.rights if wanted.rights is None else wanted.rights
        _require_within(rights, known.client_id, principal)
        _require_products(tx, known.client_id, wanted.product_ids or ())
        return known

    await core.store.read(check)
    dedicated = await _dedicated(core, name, wanted.csr, wanted.certificate)

    def act(tx: Transaction) -> CmcClient:
        before = check(tx)
        changed = _changed(core, before, wanted, networks)
        changed = dedicated.given_to(changed) if dedicated else changed
        _require_usable(tx, changed)
        different = [what for what in _CHANGEABLE if getattr(before, what) != getattr(changed, what)]
        tx.audit.append([_record(core, principal, "cmc-client.change", changed, changed=different)])
        return tx.cmc_clients.save(changed)

    changed = await core.store.write(act)
    return RegisteredCmcClient(cmc_client=changed, chain=dedicated.chain if dedicated else ())


_CHANGEABLE: Final = ("certificate", "product_ids", "rights", "sealed_secret", "sha1", "networks")


def _changed(core: Core, before: CmcClient, wanted: CmcChange, networks: tuple[str, ...] | None) -> CmcClient:
    return replace(
        before,
        product_ids=before.product_ids if wanted.product_ids is None else wanted.product_ids,
        rights=before.rights if wanted.rights is None else wanted.rights,
        sha1=before.sha1 if wanted.sha1 is None else wanted.sha1,
        networks=before.networks if networks is None else networks,
        sealed_secret=(
            before.sealed_secret if wanted.secret is None else _sealed(core, before.id, wanted.secret or None)
        ),
    )


def _require_within(rights: frozenset[CmcRight], client_id: str, principal: Principal) -> None:
    """Require that the principal may do for the Client all that a CMC client with these rights may."""
    require_no_less(principal, permissions_of(rights), client_id, "The CMC client")


def _check_name(name: str) -> None:
    """Raise MALFORMED for a name that no URL can hold or that forges a line of a log."""
    bounded = 0 < len(name) <= _MAX_NAME and name == name.strip()
    if not bounded or "/" in name or name in {".", ".."} or not name.isprintable():
        raise TriviumError(
            ErrorKind.MALFORMED,
            f"{name[:_MAX_NAME]!r} is no name of a CMC client; use up to {_MAX_NAME} printable characters without /.",
        )


def _require_one_certificate(csr: bytes | None, certificate: bytes | None) -> None:
    if csr is not None and certificate is not None:
        raise TriviumError(ErrorKind.MALFORMED, "Send a CSR or a certificate, not both: a CMC client has one of them.")


def _require_products(tx: Transaction, client_id: str, product_ids: tuple[str, ...]) -> None:
    """Raise NOT_FOUND unless all are products of the Client."""
    for product in (tx.products.get(product_id) for product_id in product_ids):
        if product is None or product.client_id != client_id:
            raise not_found("product")


def _require_usable(tx: Transaction, cmc_client: CmcClient) -> None:
    if cmc_client.spki_sha256 is not None:
        refuse_blocked(tx, cmc_client.spki_sha256)
    elif cmc_client.sealed_secret is None:
        raise TriviumError(ErrorKind.MALFORMED, "Without a certificate, a CMC client needs its secret.")


def _record(core: Core, principal: Principal, action: str, cmc_client: CmcClient, **details: Any) -> AuditRecord:
    """Record what the client is now; of its secret, only whether there is one."""
    return entry(
        core.sources,
        principal,
        action,
        cmc_client.id,
        client_id=cmc_client.client_id,
        name=cmc_client.name,
        rights=sorted(cmc_client.rights),
        products=list(cmc_client.product_ids),
        certificate=cmc_client.certificate_id or "",
        secret=cmc_client.sealed_secret is not None,
        sha1=cmc_client.sha1,
        networks=list(cmc_client.networks),
        **details,
    )


def _sealed(core: Core, cmc_client_id: str, secret: str | None) -> bytes | None:
    return None if secret is None else core.sealer.seal(secret_purpose(cmc_client_id), secret.encode())


@dataclass(frozen=True, kw_only=True)
class _Dedicated:
    """A dedicated certificate (DER), what names its key, its id and the chain above it where it was issued here."""

    certificate: bytes
    spki_sha256: bytes
    key_identifier: bytes
    certificate_id: str | None
    chain: tuple[bytes, ...]

    def given_to(self, cmc_client: CmcClient) -> CmcClient:
        """Return the client with this certificate."""
        return replace(
            cmc_client,
            certificate=self.certificate,
            certificate_id=self.certificate_id,
            spki_sha256=self.spki_sha256,
            key_identifier=self.key_identifier,
            warned_days=None,
        )


async def _dedicated(core: Core, name: str, csr: bytes | None, certificate: bytes | None) -> _Dedicated | None:
    """Return the dedicated certificate, ordered where there is a CSR; None where there is neither."""
    certificate_id: str | None = None
    chain: tuple[bytes, ...] = ()
    if csr is not None:
        issued, issuer = await _order(core, name, csr)
        certificate_id, certificate, chain = issued.id, issued.der, (issuer.certificate, *issuer.chain)
    if certificate is None:
        return None
    spki, identifier = _key_of(certificate)
    return _Dedicated(
        certificate=certificate,
        spki_sha256=spki,
        key_identifier=identifier,
        certificate_id=certificate_id,
        chain=chain,
    )


async def _order(core: Core, name: str, csr: bytes) -> tuple[Certificate, Issuer]:
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
        csr=csr,
        comment=f"CMC client {name}",
    )
    order = await enrol(core, request, SYSTEM)
    view = await get(core, order.id, SYSTEM)
    issuer = await core.store.read(lambda tx: tx.issuers.get(product.issuer_id))
    if order.state is not OrderState.ISSUED or view.certificate is None or issuer is None:
        detail = order.error.detail if order.error else f"its order {order.id} is {order.state}"
        kind = order.error.kind if order.error else ErrorKind.UNAVAILABLE
        raise TriviumError(kind, f"The CMC client got no certificate: {detail}")
    return view.certificate, issuer


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
