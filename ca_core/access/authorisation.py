"""Authorisation: whether a principal may do something for a Client. Every road's commands ask here and nowhere else."""

from typing import Final

from ca_core.access.visibility import clients_of, is_unbound, not_found
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind

_OF_KIND: Final = {
    PrincipalKind.ACME_ACCOUNT: frozenset(
        {
            Permission.ORDER_VIEW,
            Permission.ORDER_CREATE,
            Permission.CERTIFICATE_VIEW,
            Permission.CERTIFICATE_DELETE,
            Permission.DOMAIN_VIEW,
            Permission.DOMAIN_CREATE,
            Permission.DOMAIN_DELETE,
        }
    ),
    PrincipalKind.CERTIFICATE_KEY: frozenset({Permission.CERTIFICATE_DELETE}),
    PrincipalKind.CERTIFICATE_HOLDER: frozenset(
        {Permission.ORDER_VIEW, Permission.ORDER_CREATE, Permission.CERTIFICATE_VIEW}
    ),
}
"""What the kinds may do whose permissions nobody grants one by one: for their own Client, and within it, as
:mod:`ca_core.access.visibility` says, only with what is theirs."""


def permitted(principal: Principal, permission: Permission, client_id: str | None) -> bool:
    """Whether ``principal`` holds ``permission`` for the Client; None: for every one and the installation itself."""
    return permission in held(principal, client_id)


def require(principal: Principal, permission: Permission, client_id: str | None, what: str) -> None:
    """Raise NOT_FOUND of ``what`` when the Client is not the principal's, FORBIDDEN when the permission is lacking.

    ``client_id`` None asks for the permission for every Client and the installation itself: new Clients, roles.
    """
    if permission in (has := held(principal, client_id)):
        return
    if not has and client_id is not None:
        raise not_found(what)
    raise TriviumError(
        ErrorKind.FORBIDDEN,
        f"This needs the permission {permission}, which you do not have for "
        f"{'the Client' if client_id is not None else 'the whole installation'}.",
    )


def clients_with(principal: Principal, permission: Permission) -> frozenset[str] | None:
    """Return the Clients for which ``principal`` holds ``permission``, for searches; None is every Client."""
    if permission in held(principal, None):
        return None
    return frozenset(one for one in clients_of(principal) if permitted(principal, permission, one))


def clients_searched(
    principal: Principal, permission: Permission, asked: frozenset[str] | None
) -> frozenset[str] | None:
    """Return the Clients a search runs over: of those ``asked`` for (None: all) the ones it is permitted for.

    Raises FORBIDDEN when it is permitted for no Client at all: an empty answer would look like there being nothing.
    """
    allowed = clients_with(principal, permission)
    if allowed is None:
        return asked
    if not allowed:
        raise TriviumError(
            ErrorKind.FORBIDDEN, f"This needs the permission {permission}, which you do not have for any Client."
        )
    return allowed if asked is None else asked & allowed


def held(principal: Principal, client_id: str | None) -> frozenset[Permission]:
    """Return what ``principal`` may do for the Client; None: for every one and the installation itself."""
    if is_unbound(principal):
        return _ALL
    if client_id is None:
        return principal.everywhere
    own = _OF_KIND.get(principal.kind, frozenset()) if principal.client_id == client_id else frozenset()
    return own | principal.everywhere | principal.permissions.get(client_id, frozenset())


_ALL: Final = frozenset(Permission)
