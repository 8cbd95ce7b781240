"""Authorisation: whether a principal may do something for a Client. Every road's commands ask here and nowhere else."""

from typing import Final

from ca_core.access.visibility import clients_of, not_found, sees_every_client
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


def permitted(principal: Principal, permission: Permission, client_id: str) -> bool:
    """Whether ``principal`` holds ``permission`` for the Client."""
    return permission in _held(principal, client_id)


def require(principal: Principal, permission: Permission, client_id: str, what: str) -> None:
    """Raise NOT_FOUND of ``what`` when the Client is not the principal's, FORBIDDEN when the permission is lacking."""
    held = _held(principal, client_id)
    if permission in held:
        return
    if not held:
        raise not_found(what)
    raise TriviumError(
        ErrorKind.FORBIDDEN, f"This needs the permission {permission}, which you do not have for the Client."
    )


def clients_with(principal: Principal, permission: Permission) -> frozenset[str] | None:
    """Return the Clients for which ``principal`` holds ``permission``, for searches; None is every Client."""
    if sees_every_client(principal):
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


def _held(principal: Principal, client_id: str) -> frozenset[Permission]:
    if sees_every_client(principal):
        return _ALL
    own = _OF_KIND.get(principal.kind, frozenset()) if principal.client_id == client_id else frozenset()
    return own | principal.permissions.get(client_id, frozenset())


_ALL: Final = frozenset(Permission)
