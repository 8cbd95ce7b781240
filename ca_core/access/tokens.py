"""Tokens of the REST API: who presents one, and one for whoever shows his API key."""

import hashlib
import hmac
from datetime import timedelta
from typing import Final

from ca_core.access import api_keys, token_claims
from ca_core.access.networks import within
from ca_core.access.user_rights import found_user, principal_of, require_over_all
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.store import Transaction
from ca_core.model.users import ApiKey, User
from ca_core.model.values import replace

_REVOKED: Final = "jwt-revoked"


async def authenticate(core: Core, token: str, address: str) -> Principal:
    """Return the user who presents a token from the peer's ``address``; raises UNAUTHENTICATED.

    The token is a JWT signed with one of his API keys by HMAC-SHA256; what else makes it good, see
    :mod:`ca_core.access.token_claims`. What it takes to refuse one says nothing about whether there is such a user.
    """
    presented = token_claims.read(token)

    def signed(secret: bytes) -> bool:
        return hmac.compare_digest(hmac.digest(secret, presented.signing_input, "sha256"), presented.signature)

    def find(tx: Transaction) -> Principal:
        key_id, secret = api_keys.matching(core, tx, presented.subject, signed)
        claims = token_claims.verified(presented, secret, core.tokens, core.sources.now())
        if key_id is None or claims is None:
            raise _refused()
        user, key = _holder(tx, key_id, address)
        if claims.token_id is not None and tx.once.used(_REVOKED, _revocation(user, claims.token_id)):
            raise token_claims.refused("it was revoked; make a new one")
        return principal_of(tx, user, address, key)

    return await core.store.read(find)


async def issue_token(core: Core, user_name: str, secret: str, address: str, *, exposed: bool = False) -> str:
    """Return a token for whoever shows an API key of the user; raises UNAUTHENTICATED, at the same cost for everybody.

    ``exposed`` marks the key as one that was sent in a URL, where others may have seen it (abuse 50).
    """
    name = user_name if token_claims.is_user_name(user_name) else ""
    same = api_keys.same_secret(secret)

    def find(tx: Transaction) -> tuple[User, ApiKey, bytes]:
        key_id, found = api_keys.matching(core, tx, name, same)
        if key_id is None:
            raise _refused()
        return *_holder(tx, key_id, address), found

    user, key, found = await core.store.read(find)
    now, token_id = core.sources.now(), core.sources.new_id("jwt")
    principal = Principal(kind=PrincipalKind.API_USER, id=user.id, address=address)
    record = entry(
        core.sources, principal, "token.issue", token_id, client_id=key.client_id, key=key.id, exposed=exposed
    )

    def note(tx: Transaction) -> None:
        current = tx.api_keys.get(key.id)
        if current is None:
            raise _refused()
        if exposed:
            tx.api_keys.save(replace(current, exposed_at=now))
        tx.audit.append([record])

    await core.store.write(note)
    return token_claims.signed(user.name, token_id, found, core.tokens, now)


async def revoke_token(core: Core, user_name: str, token_id: str, principal: Principal) -> None:
    """Let the token of the user with this ``jti`` count no more (abuse 21); raises NOT_FOUND, FORBIDDEN.

    A user may revoke his own; others' whoever may change them.
    """
    until = core.sources.now() + timedelta(seconds=core.tokens.lifetime + 2 * core.tokens.skew)

    def act(tx: Transaction) -> None:
        user = found_user(tx, user_name, principal)
        if user.id != principal.id:
            require_over_all(tx, principal, user, Permission.USER_UPDATE)
        tx.once.consume(_REVOKED, _revocation(user, token_id), until)
        tx.audit.append([entry(core.sources, principal, "token.revoke", token_id, user=user.name)])

    await core.store.write(act)


def _holder(tx: Transaction, key_id: str, address: str) -> tuple[User, ApiKey]:
    """Return who has shown a key, and the key; raises UNAUTHENTICATED when either may not act now, or from here."""
    key = tx.api_keys.get(key_id)
    user = tx.users.get(key.user_id) if key is not None else None
    if key is None or user is None or not within(key.networks, address):
        raise _refused()
    client = tx.clients.get(key.client_id) if key.client_id is not None else None
    for what, reason in (("key", key.suspended), ("user", user.suspended)):
        if reason is not None:
            raise TriviumError(ErrorKind.UNAUTHENTICATED, f"The {what} is suspended: {reason}.")
    if client is not None and client.suspended:
        raise TriviumError(ErrorKind.UNAUTHENTICATED, f"The Client {client.name} is suspended; ask its operator.")
    return user, key


def _revocation(user: User, token_id: str) -> str:
    return hashlib.sha256(f"{user.id}:{token_id}".encode("utf-8", "backslashreplace")).hexdigest()


def _refused() -> TriviumError:
    return TriviumError(
        ErrorKind.UNAUTHENTICATED,
        "There is no such user with such a key here, or the key may not be used from this address. Compare user name "
        "and API key with what the operator gave you; a renewed key works for 7 days.",
    )
