"""Pages of orders as users ask for them: cursors both ways, numbered pages, tenancy."""

from typing import Any

import pytest

from ca_core.certificates.serials import parse_serial
from ca_core.model.annotations import AdditionalRecipient, RecipientType
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.orders import Order, OrderRequest
from ca_core.model.permissions import Permission
from ca_core.model.principals import SYSTEM, Principal, PrincipalKind
from ca_core.model.products import Road
from ca_core.model.repositories.orders import OrderSearch, OrderSort
from ca_core.orders.place import place
from ca_core.orders.search import MAX_OFFSET, MAX_TEXT, OrderPage, numbered_page, page
from ca_core.orders.submit import submit_csr
from tests.orders.workshop import CONSOLE, Workshop, csr

TAGGED = OrderSearch(client_ids=None, tags=("mine",), limit=2)
RECIPIENT = AdditionalRecipient(email="a@example.com", recipient_type=RecipientType.RENEWAL)


@pytest.fixture
async def orders(workshop: Workshop) -> list[Order]:
    """Place five orders, newest first."""
    placed = []
    for number in range(5):
        name = Identifier(type=IdentifierType.DNS, value=f"host-{number}.test")
        request = OrderRequest(
            product_id=workshop.product.id,
            road=Road.SYSTEM,
            identifiers=(name,),
            tags=("mine",),
            recipients=(RECIPIENT,) if number == 4 else (),
        )
        workshop.clock.advance(seconds=1)  # ids are sorted by their time
        placed.append((await place(workshop.core, request, SYSTEM)).order)
    return placed[::-1]


def ids(found: OrderPage) -> list[str]:
    """The ids of a page."""
    return [one.order.id for one in found.orders]


def user(client_id: str, *permissions: Permission) -> Principal:
    """A user with these permissions for one Client."""
    return Principal(kind=PrincipalKind.API_USER, id="usr-1", permissions={client_id: frozenset(permissions)})


async def test_pages_lead_forwards_and_backwards(workshop: Workshop, orders: list[Order]) -> None:
    """Who pages through a list would miss an order, see one twice, or not come to the end."""
    core, everything = workshop.core, [order.id for order in orders]
    for sort, expected in ((OrderSort.NEWEST, everything), (OrderSort.OLDEST, everything[::-1])):
        query = OrderSearch(client_ids=None, tags=("mine",), limit=2, sort=sort)
        first = await page(core, query, CONSOLE)
        second = await page(core, _behind(query, first.next), CONSOLE)
        last = await page(core, _behind(query, second.next), CONSOLE)
        assert ids(first) + ids(second) + ids(last) == expected
        assert (first.previous, last.next) == (None, None)
        assert ids(await page(core, _behind(query, last.previous), CONSOLE, backwards=True)) == ids(second)
        assert await page(core, _behind(query, second.previous), CONSOLE, backwards=True) == first
        from_the_end = await page(core, query, CONSOLE, backwards=True)
        assert ids(from_the_end) == expected[-2:]
        assert (from_the_end.next, from_the_end.previous) == (None, expected[-2])


def _behind(query: OrderSearch, place: str | None) -> OrderSearch:
    assert place is not None
    return OrderSearch(**{**vars(query), "after": place})


async def test_numbered_pages_have_the_totals(workshop: Workshop, orders: list[Order]) -> None:
    """A generated client would show wrong totals, or fail on a start past the end."""
    expected = [order.id for order in orders]
    for start, length, wanted in (
        (0, 2, expected[:2]),
        (1, 3, expected[1:4]),
        (3, 10, expected[3:]),
        (5, 10, []),
        (10**30, 10, []),
        (-4, 2, expected[:2]),
        (MAX_OFFSET, 10**30, []),
        (0, 10**30, expected),
        (0, -1, expected[:1]),
    ):
        found = await numbered_page(workshop.core, TAGGED, CONSOLE, start=start, length=length)
        assert [one.order.id for one in found.orders] == wanted
        assert found.found == len(expected)
        assert found.total >= found.found
    everything = await numbered_page(workshop.core, OrderSearch(client_ids=None), CONSOLE)
    assert everything.found == everything.total == found.total == len(everything.orders)
    nothing = await numbered_page(workshop.core, OrderSearch(client_ids=None, tags=("none",)), CONSOLE)
    assert (nothing.orders, nothing.found, nothing.total) == ((), 0, everything.total)


async def test_a_found_order_comes_with_its_certificate_and_recipients(workshop: Workshop, orders: list[Order]) -> None:
    """A list would have to ask for each of its orders again."""
    issued = await submit_csr(workshop.core, orders[1].id, csr("host-3.test"), SYSTEM)
    first = await page(workshop.core, TAGGED, CONSOLE)
    newest, second = first.orders
    assert (newest.certificate, newest.recipients) == (None, (RECIPIENT,))
    assert second.order == issued
    assert second.certificate is not None
    assert (second.certificate.id, second.recipients) == (issued.certificate_id, ())
    by_serial = OrderSearch(client_ids=None, serial=parse_serial(f"00{second.certificate.serial:X}"))
    assert ids(await page(workshop.core, by_serial, CONSOLE)) == [issued.id]


async def test_a_user_finds_the_orders_of_his_clients_only(workshop: Workshop, orders: list[Order]) -> None:
    """A user would find, or count, the orders of a Client he has no role for (rule 45, abuse 45, 46)."""
    core, client_id = workshop.core, orders[0].client_id
    reader = user(client_id, Permission.ORDER_VIEW)
    assert ids(await page(core, TAGGED, reader)) == [order.id for order in orders[:2]]
    stranger = user("cli-other", Permission.ORDER_VIEW)
    for asked in (None, frozenset({client_id}), frozenset({client_id, "cli-other"})):
        query = OrderSearch(client_ids=asked)
        assert ids(await page(core, query, stranger)) == []
        found = await numbered_page(core, query, stranger)
        assert (found.orders, found.total, found.found) == ((), 0, 0)
    assert ids(await page(core, OrderSearch(client_ids=None, order_id=orders[0].id), stranger)) == []
    for principal in (user(client_id, Permission.ORDER_CREATE), Principal(kind=PrincipalKind.ANONYMOUS, id="x")):
        with pytest.raises(TriviumError) as error:
            await page(core, TAGGED, principal)
        assert error.value.kind is ErrorKind.FORBIDDEN
    account = Principal(kind=PrincipalKind.ACME_ACCOUNT, id="acc-1", client_id=client_id)
    assert ids(await page(core, TAGGED, account)) == []


@pytest.mark.parametrize(
    "asked",
    [{"text": "*" * MAX_TEXT}, {"attribute": "*a" * (MAX_TEXT // 2)}, {"text": "\x00"}, {"tags": ("'; --",)}],
)
async def test_strange_texts_find_nothing_and_harm_nothing(workshop: Workshop, asked: dict[str, Any]) -> None:
    """A text of a stranger would be SQL, or keep the database busy (abuse 63, 71)."""
    await page(workshop.core, OrderSearch(client_ids=None, **asked), CONSOLE)
    with pytest.raises(TriviumError) as error:
        await page(workshop.core, OrderSearch(client_ids=None, text="x" * (MAX_TEXT + 1)), CONSOLE)
    assert error.value.kind is ErrorKind.MALFORMED


@pytest.mark.parametrize("text", ["1a2b", "1A2B", "0x1a2b", "00:1A:2b", "0000001a2b", " 1a 2b "])
def test_a_serial_is_read_however_it_is_written(text: str) -> None:
    """A serial copied from another program would not be found."""
    assert parse_serial(text) == 0x1A2B


@pytest.mark.parametrize("text", ["", "xyz", "-1", "0x", "1" * 65, "\u0661"])
def test_what_is_no_serial_is_refused(text: str) -> None:
    """A typing error would look like a certificate that does not exist."""
    with pytest.raises(TriviumError):
        parse_serial(text)
