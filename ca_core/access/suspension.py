"""Suspension: a Client, user, API key or CMC client may do nothing from now on, and what waits for it is stopped.

Whoever is suspended is refused where he is authenticated. His orders that wait are woken, and the pipeline ends them
with the reason before it does anything else (:func:`reason_to_stop`); one that is under way is stopped at the last look
before its intent. An ACME account that has ended stops its orders in the same way.
"""

from typing import Any, Final

from ca_core.access import api_keys
from ca_core.access.authorisation import require
from ca_core.access.user_rights import found_user, require_over, require_over_all
from ca_core.access.visibility import not_found
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.accounts import AccountStatus
from ca_core.model.clients import Client
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.orders import Order
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.store import Transaction
from ca_core.model.users import ApiKey, User
from ca_core.model.values import replace

_MAX_REASON: Final = 200


async def suspend_client(core: Core, client_id: str, reason: str, principal: Principal) -> Client:
    """Suspend a Client: nothing is ordered, and nobody acts, for it; raises NOT_FOUND, FORBIDDEN, MALFORMED."""
    _check(reason)

    def act(tx: Transaction) -> Client:
        suspended = _saved_client(core, tx, client_id, principal, "client.suspend", suspended=True, reason=reason)
        tx.jobs.wake_orders(core.sources.now(), client_id=client_id)
        return suspended

    return await core.store.write(act)


async def resume_client(core: Core, client_id: str, principal: Principal) -> Client:
    """Let a Client go on; the orders that were stopped stay so. Raises NOT_FOUND, FORBIDDEN."""
    return await core.store.write(
        lambda tx: _saved_client(core, tx, client_id, principal, "client.resume", suspended=False)
    )


async def suspend_user(core: Core, name: str, reason: str, principal: Principal) -> User:
    """Suspend a user: his sessions end, his keys and tokens do not count; raises NOT_FOUND, FORBIDDEN, MALFORMED."""
    _check(reason)

    def act(tx: Transaction) -> User:
        user = found_user(tx, name, principal)
        require_over_all(tx, principal, user, Permission.USER_UPDATE)
        tx.audit.append([entry(core.sources, principal, "user.suspend", user.id, reason=reason)])
        tx.jobs.wake_orders(core.sources.now(), placed_by=f"{PrincipalKind.API_USER}:{user.id}")
        tx.sessions.end_all(user.id)
        return tx.users.save(replace(user, suspended=reason))

    return await core.store.write(act)


async def resume_user(core: Core, name: str, principal: Principal) -> User:
    """Let a user go on; raises NOT_FOUND, FORBIDDEN."""

    def act(tx: Transaction) -> User:
        user = found_user(tx, name, principal)
        require_over_all(tx, principal, user, Permission.USER_UPDATE)
        tx.audit.append([entry(core.sources, principal, "user.resume", user.id)])
        return tx.users.save(replace(user, suspended=None))

    return await core.store.write(act)


async def suspend_key(core: Core, key_id: str, reason: str, principal: Principal) -> ApiKey:
    """Suspend an API key: tokens signed with it do not count; raises NOT_FOUND, FORBIDDEN, MALFORMED."""
    _check(reason)

    def act(tx: Transaction) -> ApiKey:
        _, key = api_keys.found(tx, key_id, principal, Permission.ACCOUNT_API_KEY_UPDATE)
        record = entry(core.sources, principal, "api-key.suspend", key.id, client_id=key.client_id, reason=reason)
        tx.audit.append([record])
        tx.jobs.wake_orders(core.sources.now(), credential_id=key.id)
        return tx.api_keys.save(replace(key, suspended=reason))

    return await core.store.write(act)


async def resume_key(core: Core, key_id: str, principal: Principal) -> ApiKey:
    """Let an API key count again, which its user may not do himself; raises NOT_FOUND, FORBIDDEN."""

    def act(tx: Transaction) -> ApiKey:
        user, key = api_keys.found(tx, key_id, principal, Permission.ACCOUNT_API_KEY_UPDATE)
        require_over(tx, principal, user, key.client_id, Permission.USER_UPDATE)
        tx.audit.append([entry(core.sources, principal, "api-key.resume", key.id, client_id=key.client_id)])
        return tx.api_keys.save(replace(key, suspended=None))

    return await core.store.write(act)


def reason_to_stop(tx: Transaction, order: Order) -> Problem | None:
    """Return why an order goes no further: its Client, or whoever or whatever ordered it, is suspended or gone."""
    client = tx.clients.get(order.client_id)
    if client is None or client.suspended:
        return _stopped("The Client is suspended; ask its operator.")
    kind, _, requester_id = order.placed_by.partition(":")
    if kind == PrincipalKind.API_USER:
        user = tx.users.get(requester_id)
        if user is None or user.suspended is not None:
            return _stopped(f"The user who ordered is suspended: {user.suspended if user else 'he is gone'}.")
    elif kind == PrincipalKind.CMC_CLIENT:
        cmc_client = tx.cmc_clients.get(requester_id)
        if cmc_client is None or cmc_client.disabled:
            return _stopped("The CMC client that ordered is disabled; ask its operator.")
    account = tx.accounts.get(order.account_id) if order.account_id else None
    if order.account_id and (account is None or account.status is not AccountStatus.VALID):
        return _stopped(f"The ACME account that ordered is {account.status if account else 'gone'}.")
    key = tx.api_keys.get(order.credential_id) if order.credential_id else None
    if key is not None and key.suspended is not None:
        return _stopped(f"The API key that this was ordered with is suspended: {key.suspended}.")
    return None


def require_not_stopped(tx: Transaction, order: Order) -> None:
    """Raise FORBIDDEN with the reason when there is one to stop the order."""
    problem = reason_to_stop(tx, order)
    if problem is not None:
        raise TriviumError.of(problem)


def _saved_client(
    core: Core, tx: Transaction, client_id: str, principal: Principal, action: str, *, suspended: bool, **details: Any
) -> Client:
    require(principal, Permission.CLIENT_UPDATE, client_id, "Client")
    client = tx.clients.get(client_id)
    if client is None:
        raise not_found("Client")
    changed = replace(client, suspended=suspended)
    tx.clients.save(changed)
    tx.audit.append([entry(core.sources, principal, action, client_id, client_id=client_id, **details)])
    return changed


def _stopped(detail: str) -> Problem:
    return Problem(kind=ErrorKind.FORBIDDEN, detail=detail)


def _check(reason: str) -> None:
    if not reason.strip() or len(reason) > _MAX_REASON or not reason.isprintable():
        raise TriviumError(
            ErrorKind.MALFORMED, f"Say why, in at most {_MAX_REASON} printable characters: whoever is stopped reads it."
        )
