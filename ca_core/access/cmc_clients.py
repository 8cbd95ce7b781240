"""CMC clients: who signed a message, whether he may now, and that no message counts twice (rules 74, 75, 78)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from ca_core.access.authorisation import clients_searched, permitted, require
from ca_core.access.cmc_certificates import (
    dedicated_product,
    renewal_in,
    require_good,
    take_over,
    unauthenticated,
)
from ca_core.access.networks import within
from ca_core.access.visibility import not_found
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.keys.policy import refuse_blocked, spki_sha256
from ca_core.model.certificates import Certificate
from ca_core.model.clients import Client
from ca_core.model.cmc_clients import CmcClient, CmcRight
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.products import Product
from ca_core.model.store import Transaction
from ca_core.model.values import replace

WINDOW: Final = timedelta(minutes=5)
"""How far a signingTime may lie from our clock (rule 75)."""

RELAY: Final = timedelta(days=90)
"""How old a message may be that a registration authority sends on. So long each is remembered, however it came: a copy
of what was sent here at once could come through an authority later."""

_UNTIMED: Final = timedelta(days=3650)
"""How long a message without a signingTime is remembered: nothing else makes a copy of it too old."""

_ONCE_KIND: Final = "cmc"
_ONCE_BARE: Final = "cmc-bare"
_DER: Final = Encoding.DER


@dataclass(frozen=True, kw_only=True)
class Message:
    """What makes a message one of its kind: who sent it and, by digest, its transaction, its nonce and its bytes.

    ``relayed``: a registration authority has sent it on, and may have taken its time.
    """

    sender: str
    transaction: bytes
    nonce: bytes
    digest: bytes
    signing_time: datetime | None
    relayed: bool = False


def principal_of(cmc_client: CmcClient, address: str) -> Principal:
    """Return the principal that a CMC client's requests act as; raises UNAUTHENTICATED outside its networks."""
    if not within(cmc_client.networks, address):
        raise unauthenticated(f"The CMC client {cmc_client.name} may not send from this address")
    return _principal(cmc_client, address)


def _principal(cmc_client: CmcClient, address: str) -> Principal:
    return Principal(
        kind=PrincipalKind.CMC_CLIENT,
        id=cmc_client.id,
        client_id=cmc_client.client_id,
        address=address,
        permissions={cmc_client.client_id: cmc_client.permissions},
    )


async def by_key(core: Core, key: PublicKeyTypes, certificate: x509.Certificate | None) -> CmcClient | None:
    """Return the CMC client whose key this is and who may use it now; None when it is nobody's.

    ``certificate`` is the one the message came with; one that renews the dedicated one takes its place. Raises
    UNAUTHENTICATED when client, certificate or key is no longer good: disabled, expired, revoked, blocked, or another
    certificate than the dedicated one (rule 74).
    """
    digest = spki_sha256(key)
    der = None if certificate is None else certificate.public_bytes(_DER)

    def find(tx: Transaction) -> tuple[CmcClient | None, Certificate | None]:
        known = tx.cmc_clients.by_key(digest)
        another = der is not None and (known is None or der != known.certificate)
        cmc_client, renewed = (renewal_in(tx, der or b"") if another else None) or (known, None)
        if cmc_client is not None:
            refuse_blocked(tx, digest)
            _require_enabled(tx, cmc_client)
            require_good(tx, cmc_client, der or cmc_client.certificate or b"", core.sources.now())
        return cmc_client, renewed

    def replace_certificate(tx: Transaction) -> CmcClient | None:
        cmc_client, renewed = find(tx)
        if cmc_client is None or renewed is None:
            return cmc_client  # another message with it was first
        return take_over(core, tx, cmc_client, renewed, _principal(cmc_client, ""))

    cmc_client, renewed = await core.store.read(find)
    if renewed is None:
        return cmc_client
    try:
        return await core.store.write(replace_certificate)
    except TriviumError as error:
        cmc_client, renewed = await core.store.read(find)
        if error.kind is not ErrorKind.CONFLICT or renewed is not None:
            raise
        return cmc_client  # another worker's message with it was first


async def by_key_identifier(core: Core, key_identifier: bytes) -> CmcClient | None:
    """Return the CMC client whose key has the identifier, unchecked: :func:`by_key` checks it."""
    return await core.store.read(lambda tx: tx.cmc_clients.by_key_identifier(key_identifier))


async def by_identification(core: Core, name: str) -> tuple[CmcClient, bytes]:
    """Return the CMC client of a name with the secret that is shared with it; raises UNAUTHENTICATED.

    A client without a secret, one that is disabled and one that is not there get the same answer: nothing is proved
    yet.
    """

    def find(tx: Transaction) -> CmcClient | None:
        cmc_client = tx.cmc_clients.by_name(name)
        enabled = cmc_client is not None and _is_enabled(tx.clients.get(cmc_client.client_id), cmc_client)
        return cmc_client if enabled else None

    cmc_client = await core.store.read(find)
    if cmc_client is None or cmc_client.sealed_secret is None:
        raise unauthenticated("No secret is shared with a client of this identification")
    return cmc_client, core.sealer.unseal(secret_purpose(cmc_client.id), cmc_client.sealed_secret)


def secret_purpose(cmc_client_id: str) -> str:
    """Return what a client's secret is sealed for."""
    return f"cmc-secret:{cmc_client_id}"


async def use_up(core: Core, message: Message) -> None:
    """Use a message up, so that no copy of it counts; raises REPLAYED, and CLOCK outside the window (rule 75).

    It is committed without waiting for the disk: whatever is done for the message is committed later, and a power cut
    that takes this takes that too.
    """
    now, signed_at = core.sources.now(), message.signing_time
    oldest = RELAY if message.relayed else WINDOW
    if signed_at is not None and not -WINDOW <= now - signed_at <= oldest:
        raise TriviumError(
            ErrorKind.CLOCK,
            f"The message was signed at {signed_at:%Y-%m-%dT%H:%M:%SZ}, and it is {now:%Y-%m-%dT%H:%M:%SZ} here; set "
            "your clock.",
        )
    until = now + _UNTIMED if signed_at is None else signed_at + RELAY
    # A client that sends no nonce may send the same transactionId again, to ask how far its order is.
    unique = message.nonce or message.digest
    value = hashlib.sha256(b"\0".join((message.sender.encode(), message.transaction, unique))).hexdigest()
    if not await core.store.write(lambda tx: tx.once.consume(_ONCE_KIND, value, until), lasting=False):
        raise TriviumError(
            ErrorKind.REPLAYED,
            "This is a replay: a message with this transactionId and senderNonce was taken already. Make a new one.",
        )


def use_up_bare(core: Core, tx: Transaction, cmc_client: CmcClient, transaction: bytes) -> None:
    """Use a bare request up in the transaction that places its order, so that of any number of copies one does.

    ``transaction`` is the digest of what its key has signed. Raises CONFLICT for a copy (rule 75).
    """
    value = hashlib.sha256(b"\0".join((cmc_client.id.encode(), transaction))).hexdigest()
    if not tx.once.consume(_ONCE_BARE, value, core.sources.now() + _UNTIMED):
        raise TriviumError(ErrorKind.CONFLICT, "A copy of this request has placed its order already.")


async def note_sha1(core: Core, cmc_client: CmcClient, principal: Principal) -> None:
    """Note that the client still uses SHA-1, once a day: the operator sees who has to move on."""
    now = core.sources.now()
    record = entry(core.sources, principal, "cmc-client.sha1", cmc_client.id)

    def is_news(known: CmcClient) -> bool:
        return known.sha1_used_at is None or now - known.sha1_used_at >= timedelta(days=1)

    def note(tx: Transaction) -> None:
        current = tx.cmc_clients.get(cmc_client.id)
        if current is not None and is_news(current):
            tx.cmc_clients.save(replace(current, sha1_used_at=now))
            tx.audit.append([record])

    if is_news(cmc_client):
        await core.store.write(note)


async def disable(core: Core, name: str, principal: Principal) -> CmcClient:
    """End a CMC client; raises NOT_FOUND."""
    return await _set_disabled(core, name, principal, disabled=True)


async def enable(core: Core, name: str, principal: Principal) -> CmcClient:
    """Let a CMC client that was disabled go on; raises NOT_FOUND."""
    return await _set_disabled(core, name, principal, disabled=False)


async def _set_disabled(core: Core, name: str, principal: Principal, *, disabled: bool) -> CmcClient:
    action = "cmc-client.disable" if disabled else "cmc-client.enable"

    def act(tx: Transaction) -> CmcClient:
        cmc_client = by_name(tx, name, principal, Permission.CMC_CLIENT_UPDATE)
        tx.audit.append([entry(core.sources, principal, action, cmc_client.id, client_id=cmc_client.client_id)])
        if disabled:
            tx.jobs.wake_orders(core.sources.now(), placed_by=f"{PrincipalKind.CMC_CLIENT}:{cmc_client.id}")
        return tx.cmc_clients.save(replace(cmc_client, disabled=disabled))

    return await core.store.write(act)


def by_name(tx: Transaction, name: str, principal: Principal, permission: Permission) -> CmcClient:
    """Return the CMC client of a name, whatever became of it, for who holds ``permission``; raises NOT_FOUND."""
    cmc_client = tx.cmc_clients.by_name(name)
    if cmc_client is None:
        raise not_found("CMC client")
    require(principal, permission, cmc_client.client_id, "CMC client")
    return cmc_client


async def get(core: Core, name: str, principal: Principal) -> CmcClient:
    """Return the CMC client of a name; raises NOT_FOUND, FORBIDDEN."""
    return await core.store.read(lambda tx: by_name(tx, name, principal, Permission.CMC_CLIENT_VIEW))


async def listing(core: Core, principal: Principal) -> list[CmcClient]:
    """Return the CMC clients of the Clients that the principal may see them of, by name; raises FORBIDDEN."""
    visible = clients_searched(principal, Permission.CMC_CLIENT_VIEW, None)
    return await core.store.read(lambda tx: tx.cmc_clients.all(visible))


def require_may_order(tx: Transaction, principal: Principal, product: Product) -> None:
    """Raise FORBIDDEN unless the CMC client that ``principal`` is may order the product (rule 74)."""
    cmc_client = _of(tx, principal)
    if product.id not in cmc_client.product_ids:
        raise TriviumError(
            ErrorKind.FORBIDDEN, f"The CMC client {cmc_client.name} may not order the product {product.name}."
        )


def require_may_renew(tx: Transaction, principal: Principal, product: Product) -> None:
    """Raise FORBIDDEN unless the CMC client that ``principal`` is renews its dedicated certificate by ``product``."""
    own = dedicated_product(tx, _of(tx, principal))
    if own is None or own.id != product.id:
        raise TriviumError(
            ErrorKind.FORBIDDEN, "This is not the product of your dedicated certificate; ask the operator for another."
        )


def may_revoke(tx: Transaction, principal: Principal, certificate: Certificate) -> bool:
    """Whether the CMC client that ``principal`` is may revoke: what it ordered or, as RA, what its Client has."""
    cmc_client = tx.cmc_clients.get(principal.id)
    if cmc_client is None or not permitted(principal, Permission.CERTIFICATE_DELETE, certificate.client_id):
        return False
    _require_enabled(tx, cmc_client)
    order = tx.orders.get(certificate.order_id)
    return CmcRight.RA in cmc_client.rights or (order is not None and order.placed_by == principal.actor)


def may_speak_for(tx: Transaction, principal: Principal, client_id: str) -> bool:
    """Whether the CMC client that ``principal`` is is a registration authority of this Client."""
    cmc_client = tx.cmc_clients.get(principal.id)
    return cmc_client is not None and cmc_client.client_id == client_id and CmcRight.RA in cmc_client.rights


def _of(tx: Transaction, principal: Principal) -> CmcClient:
    cmc_client = tx.cmc_clients.get(principal.id)
    if cmc_client is None:
        raise unauthenticated("The CMC client is gone")
    _require_enabled(tx, cmc_client)
    return cmc_client


def _is_enabled(client: Client | None, cmc_client: CmcClient) -> bool:
    return not cmc_client.disabled and client is not None and not client.suspended and client.settings.cmc


def require_cmc(client: Client) -> None:
    """Raise FORBIDDEN unless the road is open to the Client: CMC is off until its operator enables it."""
    if not client.settings.cmc:
        raise TriviumError(
            ErrorKind.FORBIDDEN,
            f"CMC is off for the Client {client.name}; its operator enables it with `cmc = true` in the Client's "
            "settings in catalogue.toml and `trivium apply`.",
        )


def _require_enabled(tx: Transaction, cmc_client: CmcClient) -> None:
    client = tx.clients.get(cmc_client.client_id)
    if client is not None and not cmc_client.disabled and not client.suspended:
        require_cmc(client)
    if not _is_enabled(client, cmc_client):
        raise unauthenticated(f"The CMC client {cmc_client.name} is disabled")
