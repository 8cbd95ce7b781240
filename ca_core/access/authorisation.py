"""Authorisation: whether a principal may do something for a Client. Every road's commands ask here and nowhere else."""

from dataclasses import replace
from typing import Final, TypeVar

from ca_core.access.visibility import MAX_PAGE, clients_of, is_unbound, not_found, require_sees
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.repositories.accounts import AccountSearch
from ca_core.model.repositories.authorizations import ChallengeSearch
from ca_core.model.repositories.orders import OrderSearch

Search = TypeVar("Search", AccountSearch, ChallengeSearch, OrderSearch)

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
            Permission.ACME_ACCOUNT_VIEW,
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


def require_on(
    principal: Principal,
    permission: Permission,
    what: str,
    *,
    client_id: str,
    account_id: str | None = None,
    placed_by: str | None = None,
) -> None:
    """Do what :func:`require` does for a row of the Client that may be its account's or its holder's alone."""
    require_sees(principal, what, client_id=client_id, account_id=account_id, placed_by=placed_by)
    require(principal, permission, client_id, what)


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


def restricted(query: Search, principal: Principal, permission: Permission) -> Search:
    """Return the search over the Clients that ``permission`` is held for, no page larger than MAX_PAGE.

    Raises FORBIDDEN when it is held for none. An ACME account searches nothing: what it made, it lists. Nor does the
    holder of a certificate.
    """
    lists = principal.kind in {PrincipalKind.ACME_ACCOUNT, PrincipalKind.CERTIFICATE_HOLDER}
    client_ids = frozenset[str]() if lists else clients_searched(principal, permission, query.client_ids)
    return replace(query, client_ids=client_ids, limit=max(1, min(query.limit, MAX_PAGE)))


def held(principal: Principal, client_id: str | None) -> frozenset[Permission]:
    """Return what ``principal`` may do for the Client; None: for every one and the installation itself."""
    if is_unbound(principal):
        return _ALL
    if client_id is None:
        return principal.everywhere
    own = _OF_KIND.get(principal.kind, frozenset()) if principal.client_id == client_id else frozenset()
    return own | principal.everywhere | principal.permissions.get(client_id, frozenset())


_ALL: Final = frozenset(Permission)
