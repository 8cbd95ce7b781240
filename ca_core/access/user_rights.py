"""What a user's roles give him, and what others may do with him."""

from ca_core.access.authorisation import held, permitted, require
from ca_core.access.visibility import not_found
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.store import Transaction
from ca_core.model.users import ApiKey, User

_WHAT = "user"


def permissions_of(tx: Transaction, user: User, client_id: str | None) -> frozenset[Permission]:
    """Return what the user's roles give him for the Client; None: for every one and the installation itself."""
    given: set[Permission] = set()
    for assignment in tx.users.assignments(user.id):
        role = tx.roles.get(assignment.role)
        if role is not None and assignment.client_id in {None, client_id}:
            given |= role.permissions
    return frozenset(given)


def principal_of(tx: Transaction, user: User, address: str, key: ApiKey | None = None) -> Principal:
    """Return the user as a requester: with ``key``, for its Client; without, or where it is for every one, for all.

    A Client of his that is suspended is left out, for which nobody acts but who may do so for every one.
    """
    only = key.client_id if key is not None else None
    clients = {only} if only is not None else {one.client_id for one in tx.users.assignments(user.id)}
    found = (tx.clients.get(client_id) for client_id in clients if client_id is not None)
    active = [client.id for client in found if client is not None and not client.suspended]
    return Principal(
        kind=PrincipalKind.API_USER,
        id=user.id,
        address=address,
        permissions={client_id: permissions_of(tx, user, client_id) for client_id in active},
        everywhere=permissions_of(tx, user, None) if only is None else frozenset(),
        credential_id=key.id if key is not None else None,
    )


def found_user(tx: Transaction, name: str, principal: Principal) -> User:
    """Return the user of this name, if the principal may know of him; raises NOT_FOUND."""
    user = tx.users.by_name(name)
    if user is None or not knows_of(tx, principal, user):
        raise not_found(_WHAT)
    return user


def knows_of(tx: Transaction, principal: Principal, user: User) -> bool:
    """Whether the principal may know of a user: himself, or one with a role for a Client whose users he may see."""
    if user.id == principal.id or permitted(principal, Permission.USER_VIEW, None):
        return True
    clients = {assignment.client_id for assignment in tx.users.assignments(user.id)} - {None}
    return any(permitted(principal, Permission.USER_VIEW, client_id) for client_id in clients)


def require_over(
    tx: Transaction, principal: Principal, user: User, client_id: str | None, permission: Permission
) -> None:
    """Require ``permission`` for the Client and, over another user, all that this one may do for the Client.

    Nobody makes himself a key, or a role, of somebody who may do more than he. Raises NOT_FOUND, FORBIDDEN.
    """
    require(principal, permission, client_id, _WHAT)
    if user.id == principal.id:
        return
    require_no_less(principal, permissions_of(tx, user, client_id), client_id, f"The user {user.name}")


def require_over_all(tx: Transaction, principal: Principal, user: User, permission: Permission) -> None:
    """Do what :func:`require_over` does for every Client that the user has a role for."""
    clients = {assignment.client_id for assignment in tx.users.assignments(user.id)}
    for client_id in clients or {None}:
        require_over(tx, principal, user, client_id, permission)


def require_no_less(principal: Principal, permissions: frozenset[Permission], client_id: str | None, who: str) -> None:
    """Raise FORBIDDEN when ``permissions`` holds what the principal lacks for the Client; ``who`` begins the words."""
    more = permissions - held(principal, client_id)
    if more:
        raise TriviumError(
            ErrorKind.FORBIDDEN, f"{who} may do what you may not ({', '.join(sorted(more))}); ask somebody who may."
        )
