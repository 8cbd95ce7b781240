"""Version 3: searching orders and certificates."""

from tests.rest.conversation import Conversation
from tests.rest.shop import Shop
from tests.rest.test_v3_orders import issued


async def test_orders_are_found_by_what_is_known_of_them(alice: Conversation, shop: Shop) -> None:
    """An operator could not find an order among a hundred thousand; nor may he find another Client's (abuse 46, 48)."""
    made = []
    for name in ("one", "two", "three"):
        made.append((await issued(alice, shop, f"{name}.example.com")).json)
        alice.office.clock.advance(seconds=1)
    ids = [one["id"] for one in made][::-1]

    async def found(query: str, asker: Conversation = alice) -> list[str]:
        answer = await asker.get(f"/v3/orders?{query}")
        assert answer.status == 200, answer.body
        return [one["id"] for one in answer.json["items"]]

    assert await found("") == ids
    assert await found("sort=oldest") == ids[::-1]
    assert await found("name=two.example.com&status=ISSUED&road=rest") == [ids[1]]
    assert await found("text=t*.example.com&status=NEW") == []
    assert await found(f"product={shop.product.id}&client={alice.office.client_id}") == ids
    serial = (await alice.get(f"/v3/certificates/{made[0]['certificate']}")).json["serial"]
    assert await found(f"serial={serial.upper()}") == [made[0]["id"]]
    assert await found("", alice.by(alice.office.bob)) == []
    assert await found(f"client={alice.office.client_id}", alice.by(alice.office.bob)) == []
    for bad in ("sort=id", "order_by=id", "status=LOST", "serial=xyz", "start_after=soon"):
        (await alice.get(f"/v3/orders?{bad}")).refused(400, "malformed")


async def test_pages_of_orders_lead_both_ways(alice: Conversation, shop: Shop) -> None:
    """A list that can only be read forwards makes every way back a way from the beginning."""
    for name in ("one", "two", "three"):
        await issued(alice, shop, f"{name}.example.com")
        alice.office.clock.advance(seconds=1)
    first = await alice.get("/v3/orders?limit=2")
    assert 'rel="prev"' not in first.headers["link"]
    second = await alice.get(f"/v3/orders?limit=2&cursor={first.json['next']}")
    assert (len(second.json["items"]), second.json["next"]) == (1, None)
    [before] = [link for link in second.headers["link"].split(", ") if link.endswith('rel="prev"')]
    back = await alice.get(before[1 : before.index(">")].partition("ra.example.com")[2])
    assert back.json["items"] == first.json["items"]


async def test_certificates_that_end_soon(alice: Conversation, shop: Shop) -> None:
    """Whoever renews by hand would learn of the end when it is there."""
    certificate = (await issued(alice, shop)).json["certificate"]

    async def found(target: str) -> list[str]:
        answer = await alice.get(f"/v3/certificates{target}")
        assert answer.status == 200, answer.body
        return [one["id"] for one in answer.json["items"]]

    assert await found("?attribute=www.*&status=issued") == [certificate]
    assert await found("/expiring?days=30") == []
    assert await found("/expiring?days=100") == [certificate]
    bob = alice.by(alice.office.bob)
    assert (await bob.get("/v3/certificates")).json["items"] == []
    (await alice.get("/v3/certificates/expiring?days=0")).refused(400, "malformed")
