"""How long an order that waits can still become a certificate."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from ca_core.certificates.validity import NOT_BEFORE_DISTANCE
from ca_core.model.authorizations import Authorization, AuthorizationStatus
from ca_core.model.orders import Order, OrderRequest
from ca_core.model.products import Policy, Road
from ca_core.validation.tokens import TOKEN_LIFETIME

_STILL_USEFUL = frozenset({AuthorizationStatus.PENDING, AuthorizationStatus.VALID})


def expiry(policy: Policy, request: OrderRequest, authorizations: Sequence[Authorization], now: datetime) -> datetime:
    """Return when an order placed at ``now`` expires: no later than what it is placed for can still be had.

    An order of ACME waits as long as its product says, one that waits for no requester as long as its tokens are good.

    That ends with the first of the authorizations that serve it already, with a requested notAfter, and two days
    behind a requested notBefore, when that would be too far from the signature (rule 14).
    """
    shown_for = timedelta(seconds=policy.authorization_lifetime)
    own = request.road in {Road.ACME, Road.SYSTEM}
    ends = [
        now + (timedelta(seconds=policy.order_lifetime) if own else TOKEN_LIFETIME),
        *(
            one.expires_at if one.domain_id is not None else min(one.expires_at, one.shown_at + shown_for)
            for one in authorizations
        ),
    ]
    if request.not_before is not None:
        ends.append(request.not_before + NOT_BEFORE_DISTANCE)
    if request.not_after is not None:
        ends.append(request.not_after)
    return min(ends)


def is_lost(order: Order, authorizations: Sequence[Authorization], now: datetime) -> bool:
    """Whether an order in state NEW can no longer be finalized: it expired, or an authorization cannot become valid."""
    return now >= order.expires_at or any(one.status_at(now) not in _STILL_USEFUL for one in authorizations)
