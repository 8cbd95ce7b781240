"""The pages of Clients: searched, made with a service account, changed, suspended and resumed."""

import re

from starlette.types import ASGIApp

from ca_core.access import client_queries
from ca_core.access.tokens import authenticate
from ca_core.model.clients import Client, ClientSettings
from ca_core.model.permissions import Permission
from ca_core.model.store import Transaction
from ca_core.model.users import Role
from gateway.admin.paging import PAGE
from tests.access.people import ADDRESS, Office, claims, signed
from tests.admin.visitor import Visitor
from tests.orders.workshop import CONSOLE

HOSTILE = "=HYPERLINK(1)<script>alert(1)</script>\u202e"


async def test_the_list_has_the_clients_one_acts_for(alice: Visitor, chief: Visitor, office: Office) -> None:
    """A reader of another Client would learn who else is a customer (rule 45)."""
    seen = await chief.see("/admin/clients")
    assert {f"/admin/clients/{one}" for one in (office.client_id, office.other_id)} <= {*seen.links}
    assert f"/admin/clients/{office.other_id}" not in (await alice.see("/admin/clients")).links
    found = await chief.see("/admin/clients?text=OTH*")
    assert f"/admin/clients/{office.other_id}" in found.links
    assert f"/admin/clients/{office.client_id}" not in found.links
    assert "No Client matches" in (await chief.see("/admin/clients?text=nowhere")).text


async def test_a_long_list_goes_on(chief: Visitor, office: Office) -> None:
    """The 51st Client could be reached by nobody."""
    core = office.core
    now = core.sources.now()
    more = [Client(id=core.sources.new_id("cli"), name=f"c{number}", created_at=now) for number in range(PAGE)]

    def add(tx: Transaction) -> None:
        for one in more:
            tx.clients.add(one)

    await core.store.write(add)
    first = await chief.see("/admin/clients")
    following = re.search(r'rel="next" href="([^"]+)"', first.html)
    assert following is not None
    second = await chief.see(following[1].replace("&amp;", "&"))
    pages = [{one for one in page.links if "/admin/clients/cli-" in one} for page in (first, second)]
    assert len(pages[0]) == PAGE
    assert not pages[0] & pages[1]
    assert {f"/admin/clients/{one.id}" for one in more} <= pages[0] | pages[1]
    assert 'rel="next"' not in second.html


async def test_a_client_is_made_and_its_key_shown_once(chief: Visitor, office: Office) -> None:
    """Whoever onboards a customer needs the account that the customer's programs use, and nobody else its key."""
    fields = {"name": "acme-inc", "description": HOSTILE, "cmc": "yes"}
    refused = await chief.send("/admin/clients", fields | {"name": "acme inc"})
    assert (refused.status, 'value="acme inc"' in refused.html) == (400, True)
    assert "<script>alert" not in refused.html
    made = await chief.send("/admin/clients", fields)
    assert (made.status, "service-acme-inc" in made.text) == (201, True)
    secret = re.search(r">([0-9A-Za-z]{64})<", made.html)
    assert secret is not None
    token = signed(claims(office.core, "service-acme-inc"), secret[1])
    [client_id] = (await authenticate(office.core, token, ADDRESS)).permissions
    page = await chief.see(f"/admin/clients/{client_id}")
    assert secret[1] not in page.html
    assert "[U+202E]" in page.text
    assert "<script>alert" not in page.html
    kept = await client_queries.get(office.core, client_id, CONSOLE)
    assert (kept.description, kept.settings) == (HOSTILE, ClientSettings(cmc=True))
    taken = await chief.send("/admin/clients", fields)
    assert (taken.status, "choose another name" in taken.text) == (409, True)


async def test_a_client_is_changed(chief: Visitor, office: Office) -> None:
    """A setting that is taken off must be off, and not stay because an empty box is not sent."""
    path = f"/admin/clients/{office.client_id}"
    assert (await chief.change(path, {"description": "new", "require_eab": "yes"})).location == f"{path}?notice=saved"
    kept = await client_queries.get(office.core, office.client_id, CONSOLE)
    assert (kept.description, kept.settings) == ("new", ClientSettings(require_eab=True))
    refused = await chief.change(path, {"description": "x" * 1001})
    assert (refused.status, "x" * 1001 in refused.html) == (400, True)


async def test_a_suspended_client_is_let_go_on(chief: Visitor, office: Office) -> None:
    """A customer who does not pay, or whose programs run wild, is stopped by who looks after Clients, with a reason."""
    path = f"/admin/clients/{office.client_id}"
    refused = await chief.send(f"{path}/suspend", {"reason": ""})
    assert (refused.status, "Say why" in refused.text) == (400, True)
    assert (await chief.send(f"{path}/suspend", {"reason": "unpaid"})).location == f"{path}?notice=client-suspended"
    page = await chief.see(path)
    assert ("suspended" in page.text, f"{path}/resume" in page.links, f"{path}/suspend" in page.links) == (
        True,
        True,
        False,
    )
    assert (await chief.send(f"{path}/resume", {})).location == f"{path}?notice=client-resumed"
    assert not (await client_queries.get(office.core, office.client_id, CONSOLE)).suspended


async def test_who_may_only_look_has_no_buttons(alice: Visitor, office: Office) -> None:
    """A button that is refused when it is pressed is a promise that is not kept."""
    path = f"/admin/clients/{office.client_id}"
    page = await alice.see(path)
    assert page.status == 200
    assert not {path, f"{path}/suspend"} & {*page.links}
    assert "/admin/clients/-/new" not in (await alice.see("/admin/clients")).links
    for target in ("/admin/clients", path, f"{path}/suspend", f"{path}/resume"):
        answer = await alice.send(target, {"name": "mine", "description": "", "reason": "x"})
        assert answer.status == 403, target


async def test_another_client_is_not_there(alice: Visitor, office: Office) -> None:
    """Abuse 46: what is another's answers like what does not exist."""
    path = f"/admin/clients/{office.other_id}"
    assert (await alice.see(path)).status == 404
    for target in (path, f"{path}/suspend", f"{path}/resume"):
        assert (await alice.send(target, {"description": "", "reason": "x"})).status == 404, target


async def test_who_may_not_see_clients_is_refused(admin: ASGIApp, office: Office) -> None:
    """The menu must not lead where one may not go."""
    alone = Role(name="orders-alone", permissions=frozenset({Permission.ORDER_VIEW}))
    await office.core.store.write(lambda tx: tx.roles.put(alone))
    nobody = await Visitor.of(admin, await office.person("nobody", "orders-alone", office.client_id))
    assert "/admin/clients" not in (await nobody.see("/admin/clients")).links
    assert (await nobody.see("/admin/clients")).status == 403
