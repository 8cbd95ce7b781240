"""What orders are found by over version 2."""

from typing import Any

import pytest

from tests.rest.caller import csr_pem
from tests.rest.desk import Desk

NOWHERE = "ord-0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"
LONG_AGO = "2001-01-01T00:00:00Z"


@pytest.fixture
async def placed(desk: Desk) -> list[Any]:
    """Three orders of alice's Client, a second after each other: one revoked, one issued, one that waits."""
    await desk.control("example.com")
    first = await desk.issue("www.example.com", tags=["web", "blue"])
    certificate: Any = first["certificate"]
    revocation = {
        "serialNumber": certificate["serial"],
        "issuerName": certificate["issuer"],
        "revocationReason": "SUPERSEDED",
    }
    await desk.alice.json("/v2/revoke", [revocation], status=204)
    desk.clock.advance(seconds=1)
    second = await desk.issue("mail.example.com", tags=["web"])
    desk.clock.advance(seconds=1)
    third = await desk.alice.json("/v2/issue", {"productReference": desk.product.id, "csr": csr_pem("other.example")})
    return [first, second, third]


async def found(desk: Desk, **query: Any) -> list[str]:
    """Return the references of what is found."""
    return [order["uuid"] for order in await desk.alice.json("/v2/orders", query)]


async def test_each_member_of_the_search_narrows_it(desk: Desk, placed: list[Any]) -> None:
    """A member that is not looked at shows a script orders that it did not ask for."""
    first, second, third = (order["uuid"] for order in placed)
    serial = placed[1]["certificate"]["serial"]
    expected: list[tuple[dict[str, Any], list[str]]] = [
        ({}, [third, second, first]),
        ({"orderReference": second}, [second]),
        ({"orderReference": NOWHERE}, []),
        ({"serialNumber": f"00{serial.lower()}"}, [second]),
        ({"serialNumber": "no serial"}, []),
        ({"orderStatus": ["ISSUED", "revoked"]}, [second, first]),
        ({"orderStatus": ["NEW"]}, [third]),
        ({"revocationReason": ["superseded"]}, [first]),
        ({"revocationReason": ["KEY_COMPROMISE"]}, []),
        ({"clientReferences": [desk.office.client_id]}, [third, second, first]),
        ({"clientReferences": [desk.office.other_id]}, []),
        ({"startAfter": LONG_AGO, "orderStatus": ["ISSUED"]}, [second]),
        ({"startBefore": LONG_AGO}, []),
        ({"attribute": "mail.*"}, [second]),
        ({"attribute": "???.example.com"}, [first]),
        ({"tags": ["web"]}, [second, first]),
        ({"tags": ["web", "blue"]}, [first]),
        ({"tags": ["green"]}, []),
    ]
    for query, references in expected:
        assert await found(desk, **query) == references, query


async def test_chain_comes_where_it_is_asked_for(desk: Desk, placed: list[Any]) -> None:
    """Lists would carry a chain for every order, or scripts that ask for it would not get it."""
    reference = placed[1]["uuid"]
    [bare] = await desk.alice.json("/v2/orders", {"orderReference": reference})
    assert "certificateChain" not in bare
    [full] = await desk.alice.json("/v2/orders", {"orderReference": reference, "includeCertificateChain": True})
    assert full["certificateChain"][0] == full["certificate"]["certificate"]


async def test_pages_have_the_right_totals(desk: Desk, placed: list[Any]) -> None:
    """Point 9: a table that pages through the orders shows how many there are, past the last page too."""
    first, second, third = (order["uuid"] for order in placed)
    for query, references in (("length=2&start=0", [third, second]), ("length=2&start=2", [first]), ("start=9", [])):
        page = await desk.alice.json(f"/v2/orders/paged?{query}", {})
        assert [order["uuid"] for order in page["data"]] == references
        assert (page["draw"], page["recordsTotal"], page["recordsFiltered"]) == (0, 3, 3)
    page = await desk.alice.json("/v2/orders/paged?length=1", {"tags": ["web"]})
    assert (page["recordsTotal"], page["recordsFiltered"], len(page["data"])) == (3, 2, 1)


async def test_others_orders_are_not_found(desk: Desk, placed: list[Any]) -> None:
    """Abuse 46: a search without a Client would be one over every Client."""
    assert placed
    assert await desk.bob.json("/v2/orders", {}) == []
    for query in ({"clientReferences": [desk.office.client_id]}, {"orderReference": placed[0]["uuid"]}):
        assert await desk.bob.json("/v2/orders", query) == []
    page = await desk.bob.json("/v2/orders/paged", {})
    assert (page["recordsTotal"], page["recordsFiltered"], page["data"]) == (0, 0, [])
