"""One order: its facts, its jobs with their data, what it waits for, and what can be done about it."""

import re

from starlette.types import ASGIApp

from ca_core.model.jobs import JobState, JobType
from ca_core.model.orders import OrderState
from ca_core.model.values import replace
from ca_core.orders import approvals, queries
from tests.access.people import Office
from tests.admin.orders_made import HOSTILE, SHORT_HOSTILE, Desk
from tests.admin.visitor import Visitor
from tests.orders.workshop import CONSOLE

NOBODYS = "ord-0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"


async def test_an_order_shows_its_facts_and_jobs(alice: Visitor, desk: Desk) -> None:
    """Whoever looks for why an order took so long would find nothing."""
    found = await desk.issued("www.example.com", comment="for the shop")
    path = f"/admin/orders/{found.certificate.order_id}"
    page = await alice.see(path)
    assert page.status == 200, page.text
    for text in ("ISSUED", "www.example.com", "default", "issuing", "rest", f"{found.certificate.serial:x}"):
        assert text in page.text, text
    jobs = await queries.jobs(desk.core, found.certificate.order_id, CONSOLE)
    assert len(jobs) > 5
    for job in jobs:
        assert job.id in page.text
        assert job.type in page.text
    assert '"placedBy"' in page.text
    assert "for the shop" in page.text
    assert ">alice</span>, " in page.html  # who wrote it, by his name
    assert "What it waits for" not in page.text
    assert "every 2s" not in page.html  # the order has ended
    assert f"{path}/cancel" not in page.links
    assert f"/admin/certificates/{found.certificate.id}" in page.links


async def test_an_order_that_waits_says_for_what_and_is_cancelled(alice: Visitor, desk: Desk) -> None:
    """A requester would wait for something that nobody does."""
    order = await desk.order("unknown.example.net", controlled=False)
    path = f"/admin/orders/{order.id}"
    page = await alice.see(path)
    assert "Control of these names is not shown yet" in page.text
    assert "unknown.example.net" in page.text
    assert "/admin/domains/pending" in {*page.links}
    sent = await alice.send(f"{path}/cancel", {"reason": "ordered twice"}, seen=page)
    assert sent.location == f"{path}?notice=cancelled"
    assert (await desk.now(order)).state is OrderState.FAILED
    after = await alice.see(sent.location)
    assert "The order is cancelled." in after.text
    assert "ordered twice" in after.text
    assert f"{path}/cancel" not in after.links
    refused = await alice.send(f"{path}/cancel", {"reason": "again"}, seen=page)
    assert refused.status == 409


async def test_the_page_follows_an_order_until_it_ends(alice: Visitor, desk: Desk) -> None:
    """A page that stays as it was makes its reader load it again and again; one that flickers loses his place."""
    order = await desk.order("unknown.example.net", controlled=False)
    path = f"/admin/orders/{order.id}"
    page = await alice.see(path)
    found = re.search(rf'hx-get="({path}/progress\?seen=[0-9a-f]+)" hx-trigger="every 2s"', page.html)
    assert found is not None
    assert (await alice.see(found[1])).status == 204
    await alice.send(f"{path}/cancel", {"reason": "x"}, seen=page)
    changed = await alice.see(found[1])
    assert changed.status == 200
    assert changed.html.strip().startswith('<div id="progress">')
    assert "<html" not in changed.html
    assert "FAILED" in changed.text


async def test_a_page_that_follows_an_order_keeps_nobody_signed_in(alice: Visitor, desk: Desk) -> None:
    """Abuse 56: a page that somebody left open would stay usable for whoever comes by, for hours."""
    order = await desk.order("unknown.example.net", controlled=False)
    for _ in range(3):
        desk.office.clock.advance(minutes=6)
        followed = await alice.see(f"/admin/orders/{order.id}/progress", HX_Request="true")
    assert (followed.status, followed.headers.get("hx-redirect")) == (204, "/admin/sign-in")
    assert (await alice.see("/admin/orders")).status == 303


async def test_a_nul_in_an_address_is_refused(alice: Visitor, desk: Desk) -> None:
    """A database that takes no NUL for text would make it an error of ours."""
    for target in ("/admin/orders?q=%00", "/admin/orders/ord-%00", "/admin/certificates/crt-%00/pem"):
        assert (await alice.see(target)).status == 400, target


async def test_what_failed_beside_an_order_is_tried_again(alice: Visitor, desk: Desk) -> None:
    """A mail that was not taken would have to be sent again at the console."""
    found = await desk.issued()
    order_id = found.certificate.order_id
    [job] = [one for one in await queries.jobs(desk.core, order_id, CONSOLE) if one.parent_id is None]
    failed = replace(
        job, id=desk.core.sources.new_id("job"), type=JobType.SEND_EMAIL_JOB, state=JobState.FAILED, parent_id=job.id
    )
    await desk.core.store.write(lambda tx: tx.jobs.add([failed]))
    page = await alice.see(f"/admin/orders/{order_id}")
    assert "Run again" in page.text
    sent = await alice.send(f"/admin/orders/{order_id}/retry", {"job": failed.id}, seen=page)
    assert sent.location.endswith("notice=retried")
    again = await desk.core.store.read(lambda tx: tx.jobs.get(failed.id))
    assert again is not None
    assert again.state is JobState.PENDING
    refused = await alice.send(f"/admin/orders/{order_id}/retry", {}, seen=page)
    assert refused.status == 409
    assert "waits for another try" in refused.text


async def test_an_order_that_failed_says_why(alice: Visitor, desk: Desk) -> None:
    """Whoever ordered would not know what to change."""
    await desk.lint()
    order = await desk.order("www.example.com")
    assert order.state is OrderState.FAILED
    assert order.error is not None
    page = await alice.see(f"/admin/orders/{order.id}")
    assert order.error.detail[:60] in page.text
    assert order.error.id in page.text


async def test_an_approval_is_asked_for_and_shown(alice: Visitor, desk: Desk, office: Office) -> None:
    """An order would wait for an approval that nobody knows of."""
    await desk.need_approvals(issuance=1)
    order = await desk.order("www.example.com")
    page = await alice.see(f"/admin/orders/{order.id}")
    assert "PENDING_AUTH" in page.text
    assert "/admin/approvals" in page.links
    colleague = await office.person("carol", "ra-operator", office.client_id)
    await approvals.approve(desk.core, order.id, await colleague.principal(), "checked by phone")
    after = await alice.see(f"/admin/orders/{order.id}")
    assert "checked by phone" in after.text
    assert "ISSUED" in after.text


async def test_another_client_s_order_is_not_there(bob: Visitor, desk: Desk) -> None:
    """One tenant would read, cancel or comment another's orders (abuse 46)."""
    order = await desk.order("unknown.example.net", controlled=False)
    for order_id in (order.id, NOBODYS):
        path = f"/admin/orders/{order_id}"
        for target in (path, f"{path}/progress", f"{path}/documents/doc-{NOBODYS[4:]}"):
            assert (await bob.see(target)).status == 404, target
        for act in ("cancel", "retry", "comments", "tags", "recipients", "recipients/delete"):
            fields: dict[str, str | list[str]] = {"text": "x", "tags": "x", "email": "a@example.com", "reason": "x"}
            assert (await bob.send(f"{path}/{act}", fields, seen=await bob.see("/admin/orders"))).status == 404, act
    assert (await desk.now(order)).state is OrderState.NEW


async def test_a_viewer_changes_nothing(admin: ASGIApp, desk: Desk, office: Office) -> None:
    """Rights on the page would differ from those over REST."""
    order = await desk.order("unknown.example.net", controlled=False)
    viewer = await Visitor.of(admin, await office.person("viewer", "ra-viewer", office.client_id))
    path = f"/admin/orders/{order.id}"
    page = await viewer.see(path)
    assert page.status == 200
    assert not [one for one in page.links if one.startswith(path)]
    for act in ("cancel", "retry", "comments", "tags", "recipients", "recipients/delete"):
        fields: dict[str, str | list[str]] = {"text": "x", "tags": "x", "email": "a@example.com", "reason": "x"}
        refused = await viewer.send(f"{path}/{act}", fields, seen=page)
        assert refused.status == 403, act
        assert "ORDER_" in refused.text


async def test_hostile_text_is_shown_for_what_it_is(alice: Visitor, desk: Desk) -> None:
    """Abuse 55: a comment or a reason would run as a script, or turn the text around it."""
    order = await desk.order("unknown.example.net", controlled=False, comment=HOSTILE[:3999])
    path = f"/admin/orders/{order.id}"
    page = await alice.see(path)
    await alice.send(f"{path}/cancel", {"reason": SHORT_HOSTILE}, seen=page)
    for shown in (page, await alice.see(path)):
        assert shown.status == 200
        assert "<script>alert" not in shown.html
        assert "<b>" not in shown.html
        assert "\u202e" not in shown.html
        assert "[U+202E]gpj" in shown.text
