"""API keys: make, renew, delete; and which of a user's keys made something (rule 52)."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Final

from ca_core.access.authorisation import permitted, require
from ca_core.access.networks import narrower, networks_of
from ca_core.access.user_rights import found_user, require_over
from ca_core.access.visibility import not_found
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.keys.sealing import Sealer
from ca_core.model.audit import AuditRecord
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.sources import Entropy
from ca_core.model.store import Transaction
from ca_core.model.users import ApiKey, User
from ca_core.model.values import replace

LENGTH: Final = 64
OVERLAP: Final = timedelta(days=7)
"""How long a key works on that has been renewed."""
MAX_KEYS: Final = 8
"""How many keys a user may have that work: each is tried for every token of his, and as many for nobody's."""

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_UNBIASED: Final = 256 - 256 % len(_ALPHABET)
_WHAT: Final = "API key"
_NOBODYS: Final = "key-00000000-0000-0000-0000-00000000000"
"""What the ids of NOBODY's keys begin with; the last digit tells them apart."""


@dataclass(frozen=True, kw_only=True)
class MadeKey:
    """A new key with its secret: 64 letters and digits, shown once."""

    key: ApiKey
    secret: str


async def create(
    core: Core, user_name: str, client_id: str | None, principal: Principal, *, networks: tuple[str, ...] = ()
) -> MadeKey:
    """Make a key of a user for a Client; None is every Client, for a user who has a role for all of them.

    Whoever holds more than the user may make him a key also where the user lacks ACCOUNT_API_KEY_CREATE. Raises
    NOT_FOUND, FORBIDDEN, CONFLICT when the user has MAX_KEYS, MALFORMED for networks that are none.
    """
    made = new_key(core, principal, client_id=client_id, networks=networks)

    def act(tx: Transaction) -> MadeKey:
        user = found_user(tx, user_name, principal)
        require_over(tx, principal, user, client_id, Permission.ACCOUNT_API_KEY_CREATE)
        if client_id is not None and tx.clients.get(client_id) is None:
            raise not_found("Client")
        shown = tx.api_keys.get(principal.credential_id) if principal.credential_id else None
        if user.id == principal.id and shown is not None:
            _require_narrower(principal, made.key.networks, shown)
        return add(core, tx, user, made, principal)

    return await core.store.write(act)


async def renew(core: Core, key_id: str, principal: Principal) -> MadeKey:
    """Make a key in the place of one, which works for OVERLAP on; raises NOT_FOUND, FORBIDDEN, CONFLICT."""
    made = new_key(core, principal)
    now = core.sources.now()

    def act(tx: Transaction) -> MadeKey:
        user, old = found(tx, key_id, principal, Permission.ACCOUNT_API_KEY_UPDATE)
        require_over(tx, principal, user, old.client_id, Permission.ACCOUNT_API_KEY_UPDATE)
        if old.renewed_at is not None:
            raise TriviumError(ErrorKind.CONFLICT, "The key was renewed already; use or renew the one that was made.")
        tx.api_keys.save(replace(old, renewed_at=now, expires_at=now + OVERLAP))
        tx.audit.append([_record(core, principal, "api-key.renew", old, by=made.key.id)])
        key = replace(made.key, client_id=old.client_id, networks=old.networks, suspended=old.suspended)
        return add(core, tx, user, replace(made, key=key), principal)

    return await core.store.write(act)


async def delete(core: Core, key_id: str, principal: Principal) -> None:
    """Delete a key, which stops working at once; raises NOT_FOUND, FORBIDDEN."""

    def act(tx: Transaction) -> None:
        _, key = found(tx, key_id, principal, Permission.ACCOUNT_API_KEY_DELETE)
        tx.api_keys.delete(key.id)
        tx.audit.append([_record(core, principal, "api-key.delete", key)])

    await core.store.write(act)


async def restrict(core: Core, key_id: str, networks: tuple[str, ...], principal: Principal) -> ApiKey:
    """Say from which addresses a key may be used, from anywhere when there is none.

    Its user may take some away; only who may change users adds any. Raises NOT_FOUND, FORBIDDEN, MALFORMED.
    """
    wanted = networks_of(networks)

    def act(tx: Transaction) -> ApiKey:
        user, key = found(tx, key_id, principal, Permission.ACCOUNT_API_KEY_UPDATE)
        if user.id == principal.id:
            _require_narrower(principal, wanted, key)
        tx.audit.append([_record(core, principal, "api-key.restrict", key, networks=list(wanted))])
        return tx.api_keys.save(replace(key, networks=wanted))

    return await core.store.write(act)


async def get(core: Core, key_id: str, principal: Principal) -> ApiKey:
    """Return a key without its secret; raises NOT_FOUND, FORBIDDEN."""
    return await core.store.read(lambda tx: found(tx, key_id, principal, Permission.ACCOUNT_API_KEY_VIEW)[1])


async def listing(core: Core, user_name: str, principal: Principal) -> list[ApiKey]:
    """Return the keys of a user for the Clients the principal may see them of, newest first; raises NOT_FOUND."""

    def read(tx: Transaction) -> list[ApiKey]:
        user = found_user(tx, user_name, principal)
        keys = tx.api_keys.of_user(user.id)
        return [key for key in keys if permitted(principal, Permission.ACCOUNT_API_KEY_VIEW, key.client_id)]

    return await core.store.read(read)


def new_key(
    core: Core, principal: Principal, *, client_id: str | None = None, networks: tuple[str, ...] = ()
) -> MadeKey:
    """Return a key that is nobody's yet, for :func:`add`."""
    key = ApiKey(
        id=core.sources.new_id("key"),
        user_id="",
        client_id=client_id,
        networks=networks_of(networks),
        created_by=principal.actor,
        created_at=core.sources.now(),
    )
    return MadeKey(key=key, secret=_secret(core.sources.entropy))


def add(core: Core, tx: Transaction, user: User, made: MadeKey, principal: Principal) -> MadeKey:
    """Store a new key as the user's; raises CONFLICT when he has MAX_KEYS, MALFORMED without a role for the Client."""
    now = core.sources.now()
    if sum(key.expires_at is None or key.expires_at > now for key in tx.api_keys.of_user(user.id)) >= MAX_KEYS:
        raise TriviumError(
            ErrorKind.CONFLICT, f"{user.name} has {MAX_KEYS} keys, which is the most; delete one that nobody uses."
        )
    _require_role(tx, user, made.key.client_id)
    key = replace(made.key, user_id=user.id)
    tx.api_keys.add(key, core.sealer.seal(_purpose(key.id), made.secret.encode()))
    tx.audit.append([_record(core, principal, "api-key.create", key, user=user.name, networks=list(key.networks))])
    return replace(made, key=key)


def matching(core: Core, tx: Transaction, user_name: str, matches: Callable[[bytes], bool]) -> tuple[str | None, bytes]:
    """Return the id and secret of the key of this user for whose secret ``matches`` holds, None and another otherwise.

    The same work is done for every user and for nobody: MAX_KEYS secrets are opened and tried, those of nobody where
    the user has fewer (rule 52).
    """
    decoy = _decoy(core.sealer)
    matched: str | None = None
    secret = b""
    for key_id, sealed in tx.api_keys.sealed_of(user_name, core.sources.now(), MAX_KEYS):
        is_somebodys = not key_id.startswith(_NOBODYS)
        opened = core.sealer.unseal(_purpose(key_id), sealed if is_somebodys else decoy[key_id])
        is_it = matches(opened) and is_somebodys
        matched, secret = (key_id, opened) if is_it else (matched, secret or opened)
    return matched, secret


def same_secret(given: str) -> Callable[[bytes], bool]:
    """Return what tells whether a secret is ``given``, in a time that says nothing about either (rule 52)."""
    digest = hashlib.sha256(given.encode("utf-8", "backslashreplace")).digest()
    return lambda secret: hmac.compare_digest(hashlib.sha256(secret).digest(), digest)


def found(tx: Transaction, key_id: str, principal: Principal, permission: Permission) -> tuple[User, ApiKey]:
    """Return a key with its user; raises NOT_FOUND, FORBIDDEN."""
    key = tx.api_keys.get(key_id)
    user = tx.users.get(key.user_id) if key is not None else None
    if key is None or user is None:
        raise not_found(_WHAT)
    if user.id != principal.id and not permitted(principal, Permission.USER_VIEW, key.client_id):
        raise not_found(_WHAT)
    require(principal, permission, key.client_id, _WHAT)
    return user, key


def _require_narrower(principal: Principal, wanted: tuple[str, ...], key: ApiKey) -> None:
    """Let nobody free himself of the networks that his key is bound to."""
    if not narrower(wanted, key.networks):
        require(principal, Permission.USER_UPDATE, key.client_id, _WHAT)


def _require_role(tx: Transaction, user: User, client_id: str | None) -> None:
    clients = {assignment.client_id for assignment in tx.users.assignments(user.id)}
    if clients.isdisjoint({client_id, None}):
        detail = (
            f"{user.name} has no role for {'this' if client_id is not None else 'every'} Client; give him one first."
        )
        raise TriviumError(ErrorKind.MALFORMED, detail)


def _record(core: Core, principal: Principal, action: str, key: ApiKey, **details: Any) -> AuditRecord:
    return entry(core.sources, principal, action, key.id, client_id=key.client_id, **details)


def _purpose(key_id: str) -> str:
    return f"api-key:{key_id}"


@cache
def _decoy(sealer: Sealer) -> dict[str, bytes]:
    """Return the sealed secrets of NOBODY's keys, by id: their rows hold none, for no key sealed it."""
    ids = [f"{_NOBODYS}{number}" for number in range(MAX_KEYS)]
    return {key_id: sealer.seal(_purpose(key_id), b"-" * LENGTH) for key_id in ids}


def _secret(entropy: Entropy) -> str:
    """Return 64 letters and digits, each as probable as the others: 381 bits."""
    letters = ""
    while len(letters) < LENGTH:
        usable = (byte for byte in entropy.token(LENGTH) if byte < _UNBIASED)
        letters += "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in usable)
    return letters[:LENGTH]
