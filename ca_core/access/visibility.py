"""Tenancy: what a principal may see. The one place that decides it, for every road."""

from typing import Final

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.principals import Principal, PrincipalKind

MAX_PAGE: Final = 1000
"""The most that one page of a search holds."""

_SEES_EVERY_CLIENT = frozenset({PrincipalKind.OPERATOR, PrincipalKind.SYSTEM})


def sees_every_client(principal: Principal) -> bool:
    """Whether ``principal`` is the operator at the console, the gateway itself, or a user with a role everywhere."""
    return is_unbound(principal) or bool(principal.everywhere)


def is_unbound(principal: Principal) -> bool:
    """Whether ``principal`` is the operator at the console or the gateway itself, for no Client in particular."""
    return principal.kind in _SEES_EVERY_CLIENT and principal.client_id is None


def clients_of(principal: Principal) -> frozenset[str]:
    """Return the Clients that ``principal`` acts for: the one it belongs to, and those it has permissions for."""
    return frozenset(principal.permissions) | ({principal.client_id} if principal.client_id else frozenset())


def sees(principal: Principal, *, client_id: str, account_id: str | None = None, placed_by: str | None = None) -> bool:
    """Whether ``principal`` may see a row of this Client and, for rows made through ACME, of this account.

    An ACME account sees what it made itself and nothing else of its Client, a certificate's holder the orders that
    were ``placed_by`` it; a user sees the Clients he has a role for, an operator every Client.
    """
    if sees_every_client(principal):
        return True
    if client_id not in clients_of(principal):
        return False
    if principal.kind is PrincipalKind.ACME_ACCOUNT:
        return account_id == principal.id
    if principal.kind is PrincipalKind.CERTIFICATE_HOLDER:
        return placed_by == principal.actor
    return principal.kind is not PrincipalKind.ANONYMOUS


def require_sees(
    principal: Principal, what: str, *, client_id: str, account_id: str | None = None, placed_by: str | None = None
) -> None:
    """Raise NOT_FOUND when ``principal`` may not see the row: the same answer as for an id that does not exist."""
    if not sees(principal, client_id=client_id, account_id=account_id, placed_by=placed_by):
        raise not_found(what)


def not_found(what: str) -> TriviumError:
    """Return the one answer for a missing row and for somebody else's."""
    return TriviumError(ErrorKind.NOT_FOUND, f"There is no such {what} here; check its id or URL.")
