"""What needs looking after, in figures: what ends when, how the orders are, what waits for somebody, the CRLs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from ca_core.access.authorisation import clients_with
from ca_core.access.visibility import require_sees
from ca_core.certificates.issuer_queries import issuers_seen
from ca_core.core import Core
from ca_core.model.certificates import CrlHead
from ca_core.model.issuers import Issuer
from ca_core.model.orders import OrderState
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction

MAX_WEEKS: Final = 104
_WEEK: Final = timedelta(weeks=1)


@dataclass(frozen=True, kw_only=True)
class Week:
    """A week, its end (UTC) not included, and the certificates that end in it and were not revoked.

    ``external`` are those of other CAs.
    """

    start: datetime
    end: datetime
    certificates: int
    external: int


@dataclass(frozen=True, kw_only=True)
class CrlHealth:
    """An issuer's newest CRL, None where it has published none, and whether it should have another by now."""

    issuer: Issuer
    newest: CrlHead | None
    overdue: bool


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The figures as of ``now`` (UTC); None is one that the principal has no permission for.

    ``validations`` are orders that wait for control of their names alone; ``approvals`` issuances and revocations.
    """

    now: datetime
    ending: tuple[Week, ...] | None
    orders: Mapping[OrderState, int] | None
    validations: int | None
    approvals: int | None
    crls: tuple[CrlHealth, ...] | None


async def overview(core: Core, principal: Principal, *, client_id: str | None = None, weeks: int) -> Overview:
    """Return the figures for the Clients of the principal, or for one of them, and for so many weeks to come.

    Raises NOT_FOUND for another's Client.
    """
    now = core.sources.now()
    times = [now + week * _WEEK for week in range(weeks + 1)]
    if client_id is not None:
        require_sees(principal, "Client", client_id=client_id)

    def read(tx: Transaction) -> Overview:
        def clients(permission: Permission) -> tuple[frozenset[str] | None, bool]:
            """Return the Clients that a figure is of, and whether there are any."""
            allowed = clients_with(principal, permission)
            if client_id is not None:
                allowed = frozenset({client_id}) if allowed is None else allowed & {client_id}
            return allowed, allowed is None or bool(allowed)

        ending, sees_certificates = clients(Permission.CERTIFICATE_VIEW)
        placed, sees_orders = clients(Permission.ORDER_VIEW)
        decided, sees_approvals = clients(Permission.APPROVAL_VIEW)
        _, sees_crls = clients(Permission.CRL_VIEW)
        figures = tx.figures
        return Overview(
            now=now,
            ending=_weeks(tx, ending, times) if sees_certificates else None,
            orders=figures.orders_by_state(placed) if sees_orders else None,
            validations=figures.orders_waiting(placed) if sees_orders else None,
            approvals=figures.approvals_waiting(decided) if sees_approvals else None,
            crls=_crls(tx, principal, now) if sees_crls else None,
        )

    return await core.store.read(read)


def _weeks(tx: Transaction, client_ids: frozenset[str] | None, times: list[datetime]) -> tuple[Week, ...]:
    own = tx.figures.certificates_ending(client_ids, times)
    external = tx.figures.external_certificates_ending(client_ids, times)
    return tuple(
        Week(start=start, end=end, certificates=number, external=others)
        for (start, end), number, others in zip(pairwise(times), own, external, strict=True)
    )


def _crls(tx: Transaction, principal: Principal, now: datetime) -> tuple[CrlHealth, ...]:
    newest = [(one, tx.crls.latest_head(one.id)) for one in issuers_seen(tx, principal, Permission.CRL_VIEW)]
    return tuple(
        CrlHealth(issuer=issuer, newest=head, overdue=head is None or head.next_update <= now)
        for issuer, head in newest
    )
