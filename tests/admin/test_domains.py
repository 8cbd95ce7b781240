"""Domain validation on the admin page: pre-validated domains, and the names that orders wait for."""

import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from ca_core.model.domains import ClientDomain, DomainStatus
from ca_core.model.orders import OrderState
from ca_core.orders import worker
from ca_core.validation import domains
from ca_core.validation.methods import build_validators
from ca_core.validation.validator import ValidationSettings
from conformance.loopback_dns import LoopbackDns
from tests.access.people import Office
from tests.admin.orders_made import Desk
from tests.admin.visitor import Shown, Visitor
from tests.orders.workshop import Workshop
from tests.rest.shop import Shop

NOBODYS = "0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"
_RECORD = re.compile(r'<pre[^>]*>([^<\s]+)\. IN TXT "([^<]+)"</pre>')


@pytest.fixture
async def dns() -> AsyncIterator[LoopbackDns]:
    """A DNS whose records the test sets."""
    async with LoopbackDns() as server:
        yield server


@pytest.fixture
async def workshop(workshop: Workshop, dns: LoopbackDns) -> AsyncIterator[Workshop]:
    """Let the core ask that DNS."""
    settings = ValidationSettings(resolver=dns.dns, allow_private_addresses=True, timeout=30.0)
    validators = build_validators(settings, workshop.core.sources)
    yield replace(workshop, core=replace(workshop.core, validators=validators.by_method, caa=validators.caa))
    await validators.close()


@pytest.fixture
def desk(shop: Shop, office: Office) -> Desk:
    """What alice orders."""
    return Desk(shop, office)


def records(page: Shown) -> list[tuple[str, str]]:
    """Return the names and values of the TXT records that a page shows to copy."""
    return _RECORD.findall(html.unescape(page.html))


async def registered(visitor: Visitor, office: Office, *names: str) -> list[ClientDomain]:
    """Register domains of the first Client by the form."""
    await visitor.send("/admin/domains", {"client": office.client_id, "names": "\r\n".join(names)})
    return await domains.listing(office.core, office.client_id, await office.alice.principal())


async def test_a_domain_from_its_registration_to_its_end(alice: Visitor, office: Office, dns: LoopbackDns) -> None:
    """An operator could not show control of a domain without a program."""
    empty = await alice.see("/admin/domains")
    assert "No domain matches." in empty.text
    answer = await alice.send("/admin/domains", {"client": office.client_id, "names": "bücher.example.com"}, seen=empty)
    [domain] = await domains.listing(office.core, office.client_id, await office.alice.principal())
    path = f"/admin/domains/{domain.id}"
    assert answer.location == f"{path}?notice=domains-registered"
    page = await alice.see(path)
    for text in ("bücher.example.com", "xn--bcher-kva.example.com", "PENDING", "Validate now"):
        assert text in page.text, text
    assert domain.token is not None
    assert records(page) == [
        ("_trivium-challenge.xn--bcher-kva.example.com", domain.token.value),
        ("xn--bcher-kva.example.com", domain.token.value),
    ]
    missed = await alice.send(f"{path}/validate", {}, seen=page)
    assert missed.location == f"{path}?notice=domain-not-shown"
    assert "has no TXT record" in (await alice.see(path)).text
    dns.set_txt(*records(page)[0])
    assert (await alice.send(f"{path}/validate", {})).location == f"{path}?notice=domain-shown"
    assert "VALID" in (await alice.see("/admin/domains")).text
    await alice.send(f"{path}/token", {})
    renewed = await domains.get(office.core, domain.id, await office.alice.principal())
    assert renewed.token is not None
    assert renewed.token.value != domain.token.value
    assert renewed.status_at(office.clock.now()) is DomainStatus.VALID
    await alice.send(f"{path}/delete-token", {})
    page = await alice.see(path)
    assert ("There is no token that is valid now." in page.text, records(page)) == (True, [])
    assert (await alice.send(f"{path}/delete", {})).location == "/admin/domains?notice=domain-deleted"
    assert (await alice.see(path)).status == 404


async def test_many_domains_are_registered_and_searched(alice: Visitor, chief: Visitor, office: Office) -> None:
    """A Client with many domains would register them one by one, and leaf through all of them."""
    names = [f"d{number:02}.example.com" for number in range(55)]
    assert len(await registered(alice, office, *names, "example.org")) == 56
    first = await alice.see("/admin/domains")
    assert ("d00.example.com" in first.text, "d54.example.com" in first.text) == (True, False)
    [following] = [html.unescape(link) for link in first.links if "after=" in link]
    assert "example.org" in (await alice.see(following)).text
    part = await alice.see("/admin/domains?text=*.org", hx_request_type="partial")
    assert ("example.org" in part.text, "d00" in part.text, "<html" in part.html) == (True, False, False)
    assert "example.org" not in (await chief.see(f"/admin/domains?client={office.other_id}")).text


async def test_bad_domains_are_said_and_kept(alice: Visitor, office: Office) -> None:
    """Whoever mistypes one of many domains would type all of them again."""
    typed = "good.example.com\n*.example.com\n<b>x</b>"
    page = await alice.send("/admin/domains", {"client": office.client_id, "names": typed})
    assert (page.status, "err-" in page.text, "<b>x</b>" in page.html) == (400, True, False)
    assert "good.example.com\n*.example.com\n&lt;b&gt;x&lt;/b&gt;</textarea>" in page.html
    assert await domains.listing(office.core, office.client_id, await office.alice.principal()) == []


async def test_an_order_that_waits_is_shown_and_goes_on(alice: Visitor, desk: Desk, dns: LoopbackDns) -> None:
    """Whoever waits for a certificate would not learn what is missing, or where to put it."""
    assert "No order waits for domain validation." in (await alice.see("/admin/domains/pending")).text
    order = await desk.order("new.example.com", controlled=False)
    page = await alice.see("/admin/domains/pending")
    for text in (order.id, "new.example.com", "ca-dns-change", "ca-website-change", "/.well-known/pki-validation/"):
        assert text in page.text, text
    [(name, value)] = records(page)
    assert name == "_trivium-challenge.new.example.com"
    path = f"/admin/domains/pending/{order.id}/validate"
    missed = await alice.send(path, {}, seen=page)
    assert missed.location == f"/admin/domains/pending?order={order.id}&notice=order-not-shown"
    assert "no TXT record" in (await alice.see(missed.location)).text
    assert "new.example.com" not in (await alice.see("/admin/domains/pending?text=other")).text
    dns.set_txt(name, value)
    shown = await alice.send(path, {})
    assert shown.location == f"/admin/orders/{order.id}?notice=order-shown"
    while await worker.run_due(desk.core):
        pass
    assert (await desk.now(order)).state is OrderState.ISSUED


async def test_who_may_not_touch_domains(alice: Visitor, bob: Visitor, desk: Desk, office: Office) -> None:
    """Who only looks, or is of another Client, would change here what he cannot over REST (abuse 46)."""
    [domain] = await registered(alice, office, "ours.example.com")
    order = await desk.order("new.example.com", controlled=False)
    viewer = await Visitor.of(alice.app, await office.person("viewer", "ra-viewer", office.client_id))
    path = f"/admin/domains/{domain.id}"
    seen = await viewer.see(path)
    assert (seen.status, "ours.example.com" in seen.text) == (200, True)
    assert not [link for link in seen.links if link.startswith(f"{path}/")]
    assert "Register domains" not in (await viewer.see("/admin/domains")).text
    pending = f"/admin/domains/pending/{order.id}/validate"
    assert pending not in (await viewer.see("/admin/domains/pending")).links
    acts = [f"{path}/{act}" for act in ("validate", "token", "delete-token", "delete")]
    for target in (*acts, pending):
        assert (await viewer.send(target, {})).status == 403, target
        assert (await bob.send(target, {})).status == 404, target
    for target in (path, f"/admin/domains/cld-{NOBODYS}", f"/admin/domains/pending?order={order.id}"):
        assert (await bob.see(target)).status == 404, target
    assert (await bob.see(f"/admin/domains?client={office.client_id}")).status == 404
    assert "ours.example.com" not in (await bob.see("/admin/domains")).text
    assert order.id not in (await bob.see("/admin/domains/pending")).text
    wanted = {"client": office.client_id, "names": "stolen.example.com"}
    assert (await bob.send("/admin/domains", wanted)).status == 404
    assert (await viewer.send("/admin/domains", wanted)).status == 403
    assert await domains.listing(office.core, office.client_id, await office.alice.principal()) == [domain]
