"""Links by which a user signs in once: for the first time, and where nothing else is configured (abuse 44)."""

from datetime import timedelta
from typing import Final

from ca_core.access.random_tokens import new_token, sha256_of
from ca_core.access.sessions import require_may_sign_in
from ca_core.access.user_rights import found_user, principal_of, require_over_all
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.sessions import SignInLink
from ca_core.model.store import Transaction
from ca_core.model.users import User

AT_THE_CONSOLE: Final = timedelta(minutes=15)
"""How long a link lasts that is opened by whoever made it."""
INVITATION: Final = timedelta(days=7)
"""How long one lasts that is sent to somebody."""


async def create(core: Core, user_name: str, principal: Principal, *, valid_for: timedelta = AT_THE_CONSOLE) -> str:
    """Return the token of a new link for a user, which ends an older one; it is told once.

    Whoever has it is the user, so it takes no less than all that he may do. Raises NOT_FOUND, FORBIDDEN.
    """
    token, token_sha256 = new_token(core.sources.entropy)
    until = core.sources.now() + valid_for

    def act(tx: Transaction) -> None:
        user = require_may_sign_in(found_user(tx, user_name, principal))
        require_over_all(tx, principal, user, Permission.USER_UPDATE)
        link = SignInLink(user_id=user.id, token_sha256=token_sha256, created_by=principal.actor, expires_at=until)
        tx.sign_in_links.put(link)
        record = entry(core.sources, principal, "sign-in-link.create", user.id, expires_at=until.isoformat())
        tx.audit.append([record])

    await core.store.write(act)
    return token


async def redeem(core: Core, token: str) -> User:
    """Use a link up and return its user; raises UNAUTHENTICATED, FORBIDDEN for a user who may not sign in.

    It counts as long as whoever made it could make it now: what he has lost, or the user has got since, ends it.
    """
    token_sha256, now = sha256_of(token), core.sources.now()

    def act(tx: Transaction) -> User:
        link = tx.sign_in_links.take(token_sha256, now) if token_sha256 is not None else None
        if link is None:
            raise _does_not_hold()
        user = require_may_sign_in(tx.users.get(link.user_id))
        _require_maker(tx, link.created_by, user)
        return user

    return await core.store.write(act)


def _require_maker(tx: Transaction, actor: str, user: User) -> None:
    """Raise UNAUTHENTICATED unless whoever made a link of the user may still do so; the console always may."""
    kind, _, user_id = actor.partition(":")
    if kind != PrincipalKind.API_USER:
        return
    maker = tx.users.get(user_id)
    if maker is None or maker.suspended is not None:
        raise _does_not_hold()
    try:
        require_over_all(tx, principal_of(tx, maker, ""), user, Permission.USER_UPDATE)
    except TriviumError:
        raise _does_not_hold() from None


def _does_not_hold() -> TriviumError:
    return TriviumError(
        ErrorKind.UNAUTHENTICATED,
        "The link does not hold: it was used, has expired, or a newer one took its place. Ask for another.",
    )
