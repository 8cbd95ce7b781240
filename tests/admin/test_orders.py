"""The list of orders and certificates: what a row shows, what it is searched by, and how it goes on."""

import re

import pytest
from starlette.types import ASGIApp

from store.statements import Executor
from tests.access.people import Office
from tests.admin.orders_made import HOSTILE, SHORT_HOSTILE, Desk
from tests.admin.visitor import Shown, Visitor
from tests.rest.shop import Shop


def orders_in(page: Shown) -> list[str]:
    """Return the orders of the rows, in their sequence."""
    return re.findall(r'<a class="mono" href="/admin/orders/(ord-[0-9a-f-]{36})"', page.html)


async def test_a_row_says_what_is_known_of_an_order(alice: Visitor, desk: Desk) -> None:
    """An operator could not tell which certificate a row is about, or where it came from."""
    found = await desk.issued("www.example.com", "xyz.example.com")
    certificate = found.certificate
    page = await alice.see("/admin/orders")
    assert page.status == 200, page.text
    assert orders_in(page) == [certificate.order_id]
    for text in (f"{certificate.serial:x}", "ISSUED", "rest", "default", found.issuer.name, "www.example.com"):
        assert text in page.text, text
    assert "and 1 other name" in page.text
    assert desk.shop.product.name in page.text
    assert f"{certificate.not_after:%Y-%m-%d}" in page.text
    path = f"/admin/certificates/{certificate.id}"
    assert {f"/admin/orders/{certificate.order_id}#jobs", path, f"{path}/pem", f"{path}/revoke"} <= {*page.links}
    assert f"{path}/publish" not in page.links  # the product publishes nothing


async def test_an_order_without_a_certificate_has_no_buttons_for_one(alice: Visitor, desk: Desk) -> None:
    """A button that can only be refused makes its reader think that something is broken."""
    waiting = await desk.order("unknown.example.net", controlled=False)
    page = await alice.see("/admin/orders")
    assert orders_in(page) == [waiting.id]
    assert "NEW" in page.text
    assert not [one for one in page.links if "/certificates/" in one]


async def test_the_list_is_searched_by_everything(alice: Visitor, desk: Desk) -> None:
    """Somebody with a name, a serial number or a tag in hand would have to leaf through 100,000 orders."""
    first = await desk.issued("www.example.com", tags=("web shop",), comment="for the summer sale")
    other = await desk.issued("mail.example.org")
    serial = f"{first.certificate.serial:x}"
    for query in (
        "q=www.example",
        "q=WEB+SHOP",
        "q=summer",
        f"q={first.certificate.order_id}",
        f"q={serial}",
        f"q={serial.upper()}",
        "tag=web+shop",
        "q=w*.example.com",
    ):
        assert orders_in(await alice.see(f"/admin/orders?{query}")) == [first.certificate.order_id], query
    everything = [other.certificate.order_id, first.certificate.order_id]
    product, client = desk.shop.product.id, desk.shop.product.client_id
    day = f"{first.certificate.not_before:%Y-%m-%d}"
    for query in (
        "status=ISSUED",
        "road=rest",
        f"product={product}",
        f"client={client}",
        f"from={day}&until={day}",
        "q=example&status=&road=&tag=&from=",
    ):
        assert orders_in(await alice.see(f"/admin/orders?{query}")) == everything, query
    for query in ("status=FAILED", "road=acme", "q=nobody", "from=2100-01-01", "until=2000-01-01", "q=' OR 1=1 --"):
        page = await alice.see(f"/admin/orders?{query.replace(' ', '+')}")
        assert "No order matches the search" in page.text, query


@pytest.mark.parametrize("query", ["status=LOST", "road=sea", "from=yesterday", f"q={'x' * 201}"])
async def test_a_filter_that_is_none_is_refused(alice: Visitor, desk: Desk, query: str) -> None:
    """Somebody would take the answer to another question for the answer to his own."""
    await desk.issued()
    page = await alice.see(f"/admin/orders?{query}")
    assert page.status == 400
    assert re.search(r"err-[0-9a-f-]{36}", page.text)


async def test_pages_lead_on_and_back(alice: Visitor, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The orders behind the first page could not be reached, or the filter would be lost on the way."""
    monkeypatch.setattr("gateway.admin.order_filters.PAGE", 2)
    orders = [(await desk.order(f"w{index}.example.net", controlled=False)).id for index in range(5)][::-1]

    def link(page: Shown, relation: str) -> str:
        found = re.search(rf'rel="{relation}" href="([^"]+)"', page.html)
        return found[1].replace("&amp;", "&") if found else ""

    first = await alice.see("/admin/orders?status=NEW")
    assert orders_in(first) == orders[:2]
    assert link(first, "prev") == ""
    second = await alice.see(link(first, "next"))
    assert orders_in(second) == orders[2:4]
    last = await alice.see(link(second, "next"))
    assert (orders_in(last), link(last, "next")) == (orders[4:], "")
    assert "status=NEW" in link(last, "prev")
    assert orders_in(await alice.see(link(last, "prev"))) == orders[2:4]
    assert orders_in(await alice.see(link(second, "prev"))) == orders[:2]


async def test_the_live_search_gets_the_rows_alone(alice: Visitor, desk: Desk) -> None:
    """The whole page inside of itself would be shown while somebody types; on the way back he needs it whole."""
    found = await desk.issued()
    part = await alice.see("/admin/orders?q=www", HX_Request="true", HX_Request_Type="partial")
    assert orders_in(part) == [found.certificate.order_id]
    assert "<html" not in part.html
    assert part.html.strip().startswith('<section id="found"')
    assert part.headers["hx-replace-url"] == "/admin/orders?q=www"
    whole = await alice.see("/admin/orders?q=www", HX_Request="true", HX_Request_Type="full")
    assert "<html" in whole.html
    assert 'hx-get="/admin/orders"' in whole.html
    assert '<form class="card" role="search" method="get" action="/admin/orders"' in whole.html


async def test_an_empty_list_says_what_would_fill_it(alice: Visitor, shop: Shop) -> None:
    """A blank page would look broken on the first day."""
    assert "There are no orders yet" in (await alice.see("/admin/orders")).text


async def test_another_client_s_orders_are_not_there(alice: Visitor, bob: Visitor, chief: Visitor, desk: Desk) -> None:
    """One tenant would see what another one orders (abuse 46)."""
    found = await desk.issued()
    assert orders_in(await bob.see("/admin/orders")) == []
    assert orders_in(await bob.see(f"/admin/orders?q={found.certificate.order_id}")) == []
    assert orders_in(await bob.see(f"/admin/orders?client={found.certificate.client_id}")) == []
    assert orders_in(await chief.see("/admin/orders")) == [found.certificate.order_id]


async def test_a_viewer_has_no_buttons_that_change(admin: ASGIApp, desk: Desk, office: Office) -> None:
    """A button that its reader may not use would be refused with 403."""
    found = await desk.issued()
    viewer = await Visitor.of(admin, await office.person("viewer", "ra-viewer", office.client_id))
    page = await viewer.see("/admin/orders")
    path = f"/admin/certificates/{found.certificate.id}"
    assert f"{path}/pem" in page.links
    assert f"{path}/revoke" not in page.links


async def test_hostile_text_is_shown_for_what_it_is(alice: Visitor, desk: Desk) -> None:
    """Abuse 55: a comment, a tag or a search would run as a script, or turn the text around it."""
    await desk.issued(comment=HOSTILE, tags=(SHORT_HOSTILE.replace("\u202e", ""),))
    for target in ("/admin/orders", "/admin/orders?q=%3Cscript%3Ealert(1)%E2%80%AE", "/admin/orders?tag=%3Cb%3E"):
        page = await alice.see(target)
        assert page.status == 200
        assert "<script>alert" not in page.html
        assert "<b>" not in page.html
        assert "\u202e" not in page.html


async def test_a_page_costs_the_same_number_of_queries_however_many_rows(
    alice: Visitor, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query for each row makes a list of 50 rows slow, and one over a network slower."""
    ran: list[str] = []

    for method in ("all", "value", "values", "search"):
        original = getattr(Executor, method)

        def counted(self: Executor, *args: object, _of: object = original, **more: object) -> object:
            ran.append("one")
            return _of(self, *args, **more)  # type: ignore[operator]

        monkeypatch.setattr(Executor, method, counted)

    async def cost() -> int:
        await alice.see("/admin/orders")
        ran.clear()
        await alice.see("/admin/orders")
        return len(ran)

    await desk.issued("w0.example.com")
    of_one = await cost()
    for index in range(1, 5):
        await desk.issued(f"w{index}.example.com")
    assert await cost() == of_one
