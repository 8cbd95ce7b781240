"""Sessions of the admin page: begun by a sign-in, ended by signing out, by time, or with the user's rights.

A cookie is 256 random bits that are looked up by their SHA-256. Every request looks the user and his roles up again, so
that what is taken back is gone at once. The times are those of abuse 56.
"""

import hashlib
import hmac
from datetime import timedelta
from typing import Final

from ca_core.access.random_tokens import new_token, sha256_of
from ca_core.access.user_rights import principal_of
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.sessions import Session, SignInMethod, StoredSession
from ca_core.model.store import Transaction
from ca_core.model.users import User, UserKind

IDLE: Final = timedelta(minutes=15)
"""How long a session lasts that nobody uses."""
LIFETIME: Final = timedelta(hours=8)
"""How long one lasts at most."""
_SEEN_EVERY: Final = timedelta(minutes=1)
"""How far behind the time of its last use may be, so that not every page is a write; it idles so much earlier."""


async def begin(core: Core, user: User, method: SignInMethod, address: str) -> str:
    """Begin a session of a user who has shown who he is; return the value of its cookie, which is always a new one.

    Raises FORBIDDEN for a service account and a user who is suspended.
    """
    now, (cookie, cookie_sha256) = core.sources.now(), new_token(core.sources.entropy)
    session = StoredSession(
        id=core.sources.new_id("ses"),
        user_id=user.id,
        cookie_sha256=cookie_sha256,
        method=method,
        address=address,
        began_at=now,
        seen_at=now,
    )
    who = Principal(kind=PrincipalKind.API_USER, id=user.id, address=address)

    def act(tx: Transaction) -> None:
        require_may_sign_in(tx.users.get(user.id))
        tx.sessions.add(session)
        tx.audit.append([entry(core.sources, who, "session.begin", session.id, method=method)])

    await core.store.write(act)
    return cookie


async def resume(core: Core, cookie: str, address: str, *, used: bool = True) -> Session | None:
    """Return the session of a cookie, None when there is none that counts now. ``address`` is the peer's.

    ``used``: somebody uses it. A page that refreshes itself does not keep alone what its reader has left.
    """
    cookie_sha256, now = sha256_of(cookie), core.sources.now()
    if cookie_sha256 is None:
        return None

    def find(tx: Transaction) -> Session | None:
        stored = tx.sessions.by_cookie(cookie_sha256)
        if stored is None or now - stored.seen_at > IDLE or now - stored.began_at > LIFETIME:
            return None
        user = tx.users.get(stored.user_id)
        if user is None or user.suspended is not None or user.kind is not UserKind.OPERATOR:
            return None
        return Session(
            id=stored.id,
            user=user,
            principal=principal_of(tx, user, address),
            csrf_token=hmac.new(cookie.encode(), b"csrf-token", hashlib.sha256).hexdigest(),
            method=stored.method,
            began_at=stored.began_at,
            seen_at=stored.seen_at,
        )

    session = await core.store.read(find)
    if used and session is not None and now - session.seen_at >= _SEEN_EVERY:
        session_id = session.id
        await core.store.write(lambda tx: tx.sessions.see(session_id, now), lasting=False)
    return session


async def end(core: Core, session: Session) -> None:
    """End a session: its cookie counts no more, whoever else has it."""

    def act(tx: Transaction) -> None:
        if tx.sessions.end(session.id):
            tx.audit.append([entry(core.sources, session.principal, "session.end", session.id)])

    await core.store.write(act)


async def end_all(core: Core, user_id: str, *, but: str | None = None) -> None:
    """End the sessions of a user, save the one of this id."""
    await core.store.write(lambda tx: tx.sessions.end_all(user_id, but=but))


def require_may_sign_in(user: User | None) -> User:
    """Return the user, if he may have a session; raises FORBIDDEN."""
    if user is None:
        raise TriviumError(ErrorKind.FORBIDDEN, "The user is gone; ask the operator of the CA.")
    if user.kind is not UserKind.OPERATOR:
        raise TriviumError(
            ErrorKind.FORBIDDEN,
            f"{user.name} is a service account, which uses the API and cannot sign in; sign in as yourself.",
        )
    if user.suspended is not None:
        raise TriviumError(ErrorKind.FORBIDDEN, f"The user {user.name} is suspended: {user.suspended}.")
    return user
