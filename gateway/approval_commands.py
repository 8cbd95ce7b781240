"""``trivium approve | reject | cancel | retry``: what an operator does to orders that wait."""

# ruff: noqa: PLC0415 - each command imports what it needs, so that `--help` is quick

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.command_options import AsJson, Directory, operator, reading, with_keys

if TYPE_CHECKING:
    from ca_core.core import Core
    from ca_core.model.jobs import Job
    from ca_core.model.orders import Order

OrderId = Annotated[str, typer.Argument(metavar="ORD-ID")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept with the order.")]


def approve(directory: Directory, order_id: OrderId, *, reason: Why = "", as_json: AsJson = False) -> None:
    """Approve what an order waits for: its issuance, or the revocation of its certificate."""
    from ca_core.orders import approvals

    _show(with_keys(directory, lambda core: approvals.approve(core, order_id, operator(), reason)), as_json=as_json)


def reject(
    directory: Directory,
    order_id: OrderId,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why; the requester reads it.")],
    as_json: AsJson = False,
) -> None:
    """Reject what an order waits for: it ends, or its certificate stays."""
    from ca_core.orders import approvals

    _show(reading(directory, lambda core: approvals.reject(core, order_id, operator(), reason)), as_json=as_json)


def cancel(directory: Directory, order_id: OrderId, *, reason: Why = "", as_json: AsJson = False) -> None:
    """End an order that waits; it is FAILED and says who cancelled it."""
    from ca_core.orders.cancel import cancel as cancel_in_core

    _show(reading(directory, lambda core: cancel_in_core(core, order_id, operator(), reason)), as_json=as_json)


def retry(
    directory: Directory,
    order_id: OrderId,
    *,
    job: Annotated[str | None, typer.Option("--job", help="This job of it alone.")] = None,
    as_json: AsJson = False,
) -> None:
    """Try again now what waits for its next try, or failed beside the order: a mail, a publication."""
    from ca_core.orders.retry import retry as retry_in_core
    from gateway.console import print_json, print_table

    async def act(core: "Core") -> "list[Job]":
        return await retry_in_core(core, order_id, operator(), job)

    jobs = reading(directory, act)
    if as_json:
        print_json([{"job": one.id, "type": one.type, "state": one.state} for one in jobs])
        return
    print_table("Jobs that are due now", ("job", "type", "state"), [(one.id, one.type, one.state) for one in jobs])


def add_to(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (approve, reject, cancel, retry):
        app.command()(command)


def _show(order: "Order", *, as_json: bool) -> None:
    from gateway.console import print_json, print_table

    row = {"order": order.id, "state": order.state, "error": order.error.detail if order.error else ""}
    if as_json:
        print_json(row)
        return
    print_table("Order", tuple(row), [tuple(row.values())])
