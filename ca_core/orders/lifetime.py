"""How long an order that waits can still become a certificate."""

from collections.abc import Sequence
from datetime import datetime

from ca_core.model.authorizations import Authorization, AuthorizationStatus
from ca_core.model.orders import Order

_STILL_USEFUL = frozenset({AuthorizationStatus.PENDING, AuthorizationStatus.VALID})


def is_lost(order: Order, authorizations: Sequence[Authorization], now: datetime) -> bool:
    """Whether an order in state NEW can no longer be finalized: it expired, or an authorization cannot become valid."""
    return now >= order.expires_at or any(one.status_at(now) not in _STILL_USEFUL for one in authorizations)
