"""Forms that change something: one that was shown before somebody else's change does not undo that unseen."""

import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from ca_core.access import api_keys, clients, roles, users
from ca_core.model.cmc_clients import CmcRight
from ca_core.model.permissions import Permission
from ca_core.model.users import PersonalData, Role
from ca_core.orders import cmc_registration, tags
from ca_core.orders.cmc_registration import CmcChange, CmcRegistration
from tests.admin.orders_made import Desk
from tests.admin.visitor import Visitor
from tests.orders.workshop import CONSOLE

MINE, THEIRS = "198.51.100.7", "203.0.113.9"
"""What the form wants to be stored, and what somebody else has stored meanwhile: addresses, which networks are too."""


@dataclass(frozen=True)
class Open:
    """A page with a form that is open: what is typed, where it goes, and what somebody else does before it is sent."""

    page: str
    typed: dict[str, str | list[str]]
    meanwhile: Callable[[], Awaitable[object]]
    target: str = ""


async def user(desk: Desk) -> Open:
    """Open a user."""
    return Open(
        "/admin/users/alice",
        {"title": MINE, "language": "en"},
        lambda: users.change(desk.core, "alice", CONSOLE, personal=PersonalData(title=THEIRS)),
    )


async def own_account(desk: Desk) -> Open:
    """Open one's own account."""
    return Open(
        "/admin/account",
        {"title": MINE, "language": "en"},
        lambda: users.change(desk.core, "chief", CONSOLE, personal=PersonalData(title=THEIRS)),
    )


async def client(desk: Desk) -> Open:
    """Open a Client."""
    client_id = desk.office.client_id
    return Open(
        f"/admin/clients/{client_id}",
        {"description": MINE},
        lambda: clients.change(desk.core, client_id, CONSOLE, description=THEIRS),
    )


async def role(desk: Desk) -> Open:
    """Open a role."""
    made = Role(name="helpdesk", permissions=frozenset({Permission.ORDER_VIEW}))
    await roles.create(desk.core, made, CONSOLE)
    theirs = Role(name="helpdesk", description=THEIRS, permissions=frozenset({Permission.AUDIT_VIEW}))
    return Open(
        "/admin/roles/helpdesk",
        {"description": MINE, "permission": ["ORDER_VIEW"]},
        lambda: roles.change(desk.core, theirs, CONSOLE),
    )


async def api_key(desk: Desk) -> Open:
    """Open an API key."""
    key_id = desk.office.alice.key.key.id
    page = f"/admin/api-keys/alice/{key_id}"
    return Open(
        page,
        {"networks": MINE},
        lambda: api_keys.restrict(desk.core, key_id, (THEIRS,), CONSOLE),
        f"{page}/networks",
    )


async def cmc_client(desk: Desk) -> Open:
    """Open a CMC client."""
    product_id = desk.shop.product.id
    registration = CmcRegistration(
        name="mail",
        client_id=desk.office.client_id,
        product_ids=(product_id,),
        rights=frozenset({CmcRight.ISSUE}),
        secret=cmc_registration.new_secret(desk.core),
    )
    await cmc_registration.register(desk.core, registration, CONSOLE)
    return Open(
        "/admin/cmc-clients/mail",
        {"networks": MINE, "product": product_id, "right": "issue"},
        lambda: cmc_registration.change(desk.core, "mail", CmcChange(networks=(THEIRS,)), CONSOLE),
    )


async def order(desk: Desk) -> Open:
    """Open an order, whose tags can be changed."""
    order_id = (await desk.issued()).certificate.order_id
    return Open(
        f"/admin/orders/{order_id}",
        {"tags": MINE},
        lambda: tags.replace_tags(desk.core, order_id, [THEIRS], CONSOLE),
        f"/admin/orders/{order_id}/tags",
    )


@pytest.mark.parametrize("subject", [user, own_account, client, role, api_key, cmc_client, order])
async def test_somebody_elses_change_is_shown_and_not_undone(
    chief: Visitor, desk: Desk, subject: Callable[[Desk], Awaitable[Open]]
) -> None:
    """The later writer would undo, without having seen it, what the earlier one has just saved."""
    form = await subject(desk)
    target = form.target or form.page
    seen = await chief.see(form.page)
    await form.meanwhile()
    refused = await chief.send(target, form.typed, seen=seen)
    assert (refused.status, "Somebody has changed this" in refused.text) == (412, True), refused.text
    assert (THEIRS in refused.html, MINE in refused.html) == (True, False)
    assert MINE not in (await chief.see(form.page)).html
    saved = await chief.send(target, form.typed, seen=refused)
    assert saved.location == f"{form.page}?notice=saved"
    assert MINE in (await chief.see(form.page)).html


async def test_a_form_that_was_refused_is_no_newer_for_it(chief: Visitor, desk: Desk) -> None:
    """Who mistypes an address and puts it right would undo what he has not seen: the form still shows what he typed."""
    form = await user(desk)
    seen = await chief.see(form.page)
    await form.meanwhile()
    mistyped = await chief.send(form.page, form.typed | {"email": "nowhere"}, seen=seen)
    assert (mistyped.status, MINE in mistyped.html) == (400, True)
    assert (await chief.send(form.page, form.typed, seen=mistyped)).status == 412


async def test_a_form_without_its_version_changes_nothing(chief: Visitor, desk: Desk) -> None:
    """Whatever sends a form without saying what it changes would change whatever it is."""
    assert (await chief.send("/admin/users/alice", {"title": MINE, "language": "en", "version": ""})).status == 412


def test_a_version_is_the_same_in_every_process() -> None:
    """A form that one process has shown would be refused by the next, in which sets have another order."""
    text = (
        "from ca_core.model.permissions import Permission\n"
        "from ca_core.model.users import Role\n"
        "from gateway.admin.versions import version_of\n"
        "print(version_of(Role(name='all', permissions=frozenset(Permission))))\n"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", text],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1
