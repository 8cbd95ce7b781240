"""External account keys: make, list, revoke; and what a presented binding must show (RFC 8555 section 7.3.4)."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ca_core.access.authorisation import clients_searched, require
from ca_core.access.visibility import not_found
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.external_accounts import ExternalAccountBinding, ExternalAccountKey, ExternalAccountKeyStatus
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.products import Product, Road
from ca_core.model.sources import Entropy
from ca_core.model.store import Transaction
from ca_core.model.values import replace

HMAC_KEY_BYTES: Final = 32
_DASH: Final = 62
"""The six bits that base64url writes as a dash (RFC 4648 section 5)."""
_WHAT: Final = "external account key"
_MAX_COMMENT: Final = 4096
"""Characters."""


@dataclass(frozen=True, kw_only=True)
class ExternalAccountKeyRequest:
    """What a key is made with. An account bound with it orders the first of ``product_ids``."""

    client_id: str
    product_ids: tuple[str, ...]
    reusable: bool = False
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class PresentedBinding:
    """The inner JWS of a new account, as far as it needs no secret: what the front end has checked.

    ``hash_name`` is that of its HMAC (``sha256``), ``mac`` the HMAC over ``signing_input``.
    """

    binding: ExternalAccountBinding
    hash_name: str
    signing_input: bytes
    mac: bytes


async def create(
    core: Core, request: ExternalAccountKeyRequest, principal: Principal
) -> tuple[ExternalAccountKey, bytes]:
    """Make a key and return it with its HMAC key, 32 bytes that cannot be had again.

    Raises NOT_FOUND for a Client or a product of it that the principal does not see, MALFORMED without a product that
    can be ordered over ACME, or for a comment that is too long.
    """
    if len(request.comment) > _MAX_COMMENT:
        raise TriviumError(ErrorKind.MALFORMED, f"The comment has at most {_MAX_COMMENT} characters; shorten it.")
    key = ExternalAccountKey(
        id=core.sources.new_id("eab"),
        client_id=request.client_id,
        product_ids=request.product_ids,
        reusable=request.reusable,
        comment=request.comment,
        created_by=principal.actor,
        created_at=core.sources.now(),
    )
    secret = _hmac_key(core.sources.entropy)
    sealed = core.sealer.seal(_purpose(key.id), secret)
    record = entry(
        core.sources,
        principal,
        "external-account-key.create",
        key.id,
        client_id=key.client_id,
        products=list(key.product_ids),
        reusable=key.reusable,
        comment=key.comment,
    )

    def add(tx: Transaction) -> None:
        require(principal, Permission.EXTERNAL_ACCOUNT_KEY_CREATE, key.client_id, "Client")
        if tx.clients.get(key.client_id) is None:
            raise not_found("Client")
        _require_orderable([_product(tx, product_id, key.client_id) for product_id in key.product_ids])
        tx.external_account_keys.add(key, sealed)
        tx.audit.append([record])

    await core.store.write(add)
    return key, secret


async def search(
    core: Core, principal: Principal, *, client_ids: frozenset[str] | None = None, before: str | None, limit: int
) -> list[ExternalAccountKey]:
    """Return a page of the keys of the Clients the principal sees (of them ``client_ids`` alone), newest first."""
    visible = clients_searched(principal, Permission.EXTERNAL_ACCOUNT_KEY_VIEW, client_ids)
    return await core.store.read(lambda tx: tx.external_account_keys.search(visible, before=before, limit=limit))


async def revoke(core: Core, key_id: str, principal: Principal) -> ExternalAccountKey:
    """End a key; accounts that it has bound stay as they are. Raises NOT_FOUND; revoking again changes nothing."""
    now = core.sources.now()

    def act(tx: Transaction) -> ExternalAccountKey:
        key = tx.external_account_keys.get(key_id)
        if key is None:
            raise not_found(_WHAT)
        require(principal, Permission.EXTERNAL_ACCOUNT_KEY_DELETE, key.client_id, _WHAT)
        if key.status is ExternalAccountKeyStatus.REVOKED:
            return key
        record = entry(core.sources, principal, "external-account-key.revoke", key.id, client_id=key.client_id)
        tx.audit.append([record])
        return tx.external_account_keys.save(replace(key, revoked_at=now))

    return await core.store.write(act)


async def verified(core: Core, presented: PresentedBinding, *, client_id: str | None) -> ExternalAccountKey:
    """Return the key that made a binding; ``client_id`` is the Client whose keys count, None where all do (rule 47).

    Raises FORBIDDEN with one sentence for an unknown key, another Client's and a wrong MAC; another one, to whoever
    has shown to hold the key, when it is used or revoked.
    """
    key_id = presented.binding.key_id
    key, sealed = await core.store.read(
        lambda tx: (tx.external_account_keys.get(key_id), tx.external_account_keys.sealed(key_id))
    )
    if key is None or sealed is None or client_id not in {None, key.client_id}:
        raise _not_bound()
    expected = hmac.digest(core.sealer.unseal(_purpose(key.id), sealed), presented.signing_input, presented.hash_name)
    if not hmac.compare_digest(expected, presented.mac):
        raise _not_bound()
    return _require_usable(key)


def use(tx: Transaction, key: ExternalAccountKey, account_id: str, core: Core, principal: Principal) -> None:
    """Use a verified key in the transaction that makes the account: of a one-time key, one use comes through.

    Raises FORBIDDEN when it was used or revoked meanwhile, CONFLICT when that happens at this moment.
    """
    current = tx.external_account_keys.get(key.id)
    if current is None:
        raise _not_bound()
    _require_usable(current)
    if not current.reusable:
        tx.external_account_keys.save(replace(current, used_at=core.sources.now()))
    record = entry(
        core.sources, principal, "external-account-key.use", key.id, client_id=key.client_id, account=account_id
    )
    tx.audit.append([record])


def _hmac_key(entropy: Entropy) -> bytes:
    """Return a new HMAC key whose base64url begins with no dash: command lines take such a value for an option."""
    while True:
        secret = entropy.token(HMAC_KEY_BYTES)
        if secret[0] >> 2 != _DASH:
            return secret


def _purpose(key_id: str) -> str:
    return f"external-account-key:{key_id}"


def _product(tx: Transaction, product_id: str, client_id: str) -> Product:
    product = tx.products.get(product_id)
    if product is None or product.client_id != client_id:
        raise not_found("product")
    return product


def _require_orderable(products: Sequence[Product]) -> None:
    for product in products:
        if Road.ACME not in product.roads:
            detail = f"The product {product.name} cannot be ordered over acme; choose another."
            raise TriviumError(ErrorKind.MALFORMED, detail)
    if not products:
        raise TriviumError(ErrorKind.MALFORMED, "Name at least one product: accounts of the key order the first.")


def _require_usable(key: ExternalAccountKey) -> ExternalAccountKey:
    if key.status is not ExternalAccountKeyStatus.USABLE:
        detail = f"The external account key {key.id} is {key.status}; ask the operator for another one."
        raise TriviumError(ErrorKind.FORBIDDEN, detail)
    return key


def _not_bound() -> TriviumError:
    return TriviumError(
        ErrorKind.FORBIDDEN,
        "The external account binding does not hold here: its key identifier or HMAC key is not one of this "
        "directory's. Compare both with what the operator gave you.",
    )
