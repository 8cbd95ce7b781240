"""Additional recipients of an order's mail. Whoever sends mail reads them from the store when he sends it."""

import re
from collections.abc import Callable, Sequence
from typing import Final

from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.annotations import AdditionalRecipient
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.repositories.annotations import Recipients
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.orders.queries import order_for

MAX_RECIPIENTS: Final = 50
_MAX_LENGTH: Final = 254
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?",
    re.ASCII,
)
"""An addr-spec of RFC 5322 section 3.4.1 without quoted strings, comments and literals: nothing that a mail header
could be ended or continued with (abuse 44)."""

_Change = Callable[[Recipients, str, Sequence[AdditionalRecipient]], None]


async def listing(core: Core, order_id: str, principal: Principal) -> list[AdditionalRecipient]:
    """Return an order's additional recipients, by address; raises NOT_FOUND, FORBIDDEN without ORDER_VIEW."""

    def read(tx: Transaction) -> list[AdditionalRecipient]:
        return tx.recipients.of_order(order_for(tx, order_id, principal, Permission.ORDER_VIEW).id)

    return await core.store.read(read)


async def add(
    core: Core, order_id: str, recipients: Sequence[AdditionalRecipient], principal: Principal
) -> list[AdditionalRecipient]:
    """Add recipients and return all there are then; one that is there already gets the language.

    Raises NOT_FOUND, FORBIDDEN without ORDER_UPDATE, and MALFORMED for what is no address or too many.
    """
    return await _change(core, order_id, recipients, principal, "order.add-recipients", _put)


async def delete(
    core: Core, order_id: str, recipients: Sequence[AdditionalRecipient], principal: Principal
) -> list[AdditionalRecipient]:
    """Delete recipients by address and type and return those that are left; raises as :func:`add`.

    One that is not there changes nothing, so that a request can be sent again.
    """
    return await _change(core, order_id, recipients, principal, "order.delete-recipients", _remove)


def _put(recipients: Recipients, order_id: str, changed: Sequence[AdditionalRecipient]) -> None:
    recipients.put(order_id, changed)


def _remove(recipients: Recipients, order_id: str, changed: Sequence[AdditionalRecipient]) -> None:
    recipients.remove(order_id, changed)


def check_recipients(recipients: Sequence[AdditionalRecipient]) -> tuple[AdditionalRecipient, ...]:
    """Return the recipients, their domains in lower case, the last of those with one address and type.

    Raises MALFORMED, saying which is refused.
    """
    checked = [replace(one, email=_check_address(one.email)) for one in recipients]
    unique = {(one.email, one.recipient_type): one for one in checked}
    _require_few(len(unique))
    return tuple(unique.values())


async def _change(
    core: Core,
    order_id: str,
    recipients: Sequence[AdditionalRecipient],
    principal: Principal,
    action: str,
    change: _Change,
) -> list[AdditionalRecipient]:
    checked = check_recipients(recipients)
    named = [f"{one.recipient_type} {one.email}" for one in checked]

    def act(tx: Transaction) -> list[AdditionalRecipient]:
        order = order_for(tx, order_id, principal, Permission.ORDER_UPDATE)
        change(tx.recipients, order.id, checked)
        changed = tx.recipients.of_order(order.id)
        _require_few(len(changed))
        record = entry(core.sources, principal, action, order.id, client_id=order.client_id, recipients=named)
        tx.audit.append([record])
        return changed

    return await core.store.write(act)


def _require_few(number: int) -> None:
    if number > MAX_RECIPIENTS:
        raise TriviumError(
            ErrorKind.MALFORMED, f"An order has at most {MAX_RECIPIENTS} additional recipients; use a mailing list."
        )


def _check_address(address: str) -> str:
    local, _, domain = address.strip().rpartition("@")
    email = f"{local}@{domain.lower()}"
    if len(email) > _MAX_LENGTH or not _ADDRESS.fullmatch(email):
        raise TriviumError(
            ErrorKind.MALFORMED,
            f"{address[:_MAX_LENGTH]!a} is no e-mail address that mail can be sent to; write it as "
            "name@example.org, without a display name.",
        )
    return email
