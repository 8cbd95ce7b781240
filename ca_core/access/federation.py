"""Signing in at an identity provider: the user is found by his verified address once, and by his subject ever after."""

import base64

from ca_core.access import ceremonies
from ca_core.access.identity_provider import Identity, Returned
from ca_core.access.sessions import require_may_sign_in
from ca_core.access.user_rights import found_user, require_over_all
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import ANONYMOUS, Principal, PrincipalKind
from ca_core.model.sessions import Ceremony, CeremonyKind
from ca_core.model.store import Transaction
from ca_core.model.users import User, UserKind
from ca_core.model.values import replace


async def begin(core: Core, address: str) -> tuple[str, str]:
    """Return the value of the cookie that binds the browser, and the URL of the provider to send it to.

    ``address`` is the peer's. Raises RATE_LIMITED.
    """
    stranger = replace(ANONYMOUS, address=address)
    handle, ceremony = await ceremonies.begin(core, CeremonyKind.OPENID_CONNECT, stranger)
    url = await core.identity_provider.authorization_url(
        state=ceremonies.state_of(ceremony), nonce=_nonce(ceremony), verifier=ceremony.verifier
    )
    return handle, url


async def finish(core: Core, handle: str, returned: Returned, address: str) -> User:
    """Return the user who has signed in at the provider; raises UNAUTHENTICATED, FORBIDDEN when he is none of ours."""
    ceremony = await ceremonies.take(core, CeremonyKind.OPENID_CONNECT, handle)
    ceremonies.require_state(ceremony, returned.state)
    identity = await core.identity_provider.identity(returned, nonce=_nonce(ceremony), verifier=ceremony.verifier)
    user = await core.store.read(lambda tx: tx.users.by_subject(identity.subject))
    return user if user is not None else await core.store.write(lambda tx: _linked(core, tx, identity, address))


async def unlink(core: Core, name: str, principal: Principal) -> User:
    """Let the next sign-in at the provider find the user by his address again; his sessions end.

    Raises NOT_FOUND, FORBIDDEN.
    """

    def act(tx: Transaction) -> User:
        user = found_user(tx, name, principal)
        require_over_all(tx, principal, user, Permission.USER_UPDATE)
        tx.sessions.end_all(user.id)
        tx.audit.append([entry(core.sources, principal, "user.unlink", user.id)])
        return tx.users.save(replace(user, subject=None))

    return await core.store.write(act)


def _linked(core: Core, tx: Transaction, identity: Identity, address: str) -> User:
    """Pin the user of the identity's address to its subject."""
    if not identity.email:
        raise TriviumError(
            ErrorKind.FORBIDDEN,
            "The identity provider does not say that it has verified your e-mail address; let it, and sign in again.",
        )
    users = tx.users.by_email(identity.email)
    people = [user for user in users if user.kind is UserKind.OPERATOR]
    if len(people) > 1:
        raise _refused(f"Several users have the address {identity.email}; ask the operator of the CA to give you one")
    if not users:
        raise _refused(f"No user here has the address {identity.email}; ask the operator of the CA for an account")
    user = require_may_sign_in(people[0] if people else users[0])
    if user.subject is not None:
        raise _refused(
            f"The user with the address {identity.email} is linked to somebody else at the identity provider; if that "
            f"was you, ask the operator of the CA to unlink it"
        )
    who = Principal(kind=PrincipalKind.API_USER, id=user.id, address=address)
    record = entry(
        core.sources, who, "user.link", user.id, issuer=identity.subject.issuer, subject=identity.subject.subject
    )
    tx.audit.append([record])
    return tx.users.save(replace(user, subject=identity.subject))


def _nonce(ceremony: Ceremony) -> str:
    return base64.urlsafe_b64encode(ceremony.challenge).rstrip(b"=").decode()


def _refused(detail: str) -> TriviumError:
    return TriviumError(ErrorKind.FORBIDDEN, f"{detail}.")
