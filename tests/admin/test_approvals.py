"""Approvals on the admin page: what waits, who decides, and what one decided (abuse 57)."""

import re

import pytest

from ca_core.model.certificates import CertificateStatus, RevocationReason
from ca_core.model.orders import Order, OrderState
from ca_core.revocation.revoke import revoke_by_id
from tests.access.people import Office
from tests.admin.orders_made import HOSTILE, Desk
from tests.admin.visitor import Shown, Visitor
from tests.rest.shop import Shop

NOBODYS = "ord-0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"


@pytest.fixture
def desk(shop: Shop, office: Office) -> Desk:
    """What alice orders."""
    return Desk(shop, office)


async def colleague(alice: Visitor, office: Office, name: str = "colleague", role: str = "ra-operator") -> Visitor:
    """Return another user of alice's Client, signed in."""
    return await Visitor.of(alice.app, await office.person(name, role, office.client_id))


async def decide(
    visitor: Visitor, order: Order, act: str, reason: str = "", seen: Shown | None = None, target: str | None = None
) -> Shown:
    """Send the form that a page showed, or that of the page as it is now."""
    page = seen or await visitor.see("/admin/approvals")
    job = re.search(r'name="job" value="([^"]+)"', page.html)
    fields = {"job": job[1] if job else "", "reason": reason}
    return await visitor.send(target or f"/admin/approvals/{order.id}/{act}", fields, seen=seen)


async def test_two_others_approve(alice: Visitor, desk: Desk, office: Office) -> None:
    """An order would wait for ever, or be issued although only one has agreed."""
    await desk.need_approvals(issuance=2)
    order = await desk.order("www.example.com", comment=HOSTILE[:3000])
    first, second = await colleague(alice, office, "first"), await colleague(alice, office, "second")
    page = await first.see("/admin/approvals")
    for text in ("Issuance", "www.example.com", "tls", "alice", "0 of 2", order.id):
        assert text in page.text, text
    assert "<script>alert" not in page.html
    assert "\u202e" not in page.html
    assert (await decide(first, order, "approve", "Known")).location == "/admin/approvals?notice=approved"
    page = await first.see("/admin/approvals?notice=approved")
    assert "Your approval is recorded." in page.text
    assert ("1 of 2" in page.text, "You have decided about it already" in page.text) == (True, True)
    assert f"/admin/approvals/{order.id}/approve" not in page.links
    await decide(second, order, "approve")
    assert (await desk.now(order)).state is OrderState.ISSUED
    assert "Nothing waits for an approval." in (await second.see("/admin/approvals")).text
    decided = await first.see("/admin/approvals/decided")
    for text in ("approved", "Issuance", "Known", order.id):
        assert text in decided.text, text
    assert "You have decided about nothing yet." in (await alice.see("/admin/approvals/decided")).text


async def test_nobody_approves_his_own(alice: Visitor, desk: Desk) -> None:
    """One person would issue alone what two should agree on, with a form of his own if need be (abuse 57)."""
    await desk.need_approvals(issuance=1)
    order = await desk.order("www.example.com")
    page = await alice.see("/admin/approvals")
    assert "four eyes" in page.text
    assert not [link for link in page.links if order.id in link and link.startswith("/admin/approvals")]
    refused = await alice.send(f"/admin/approvals/{order.id}/approve", {"job": await job_of(desk, order)})
    assert (refused.status, "four eyes" in refused.text, "err-" in refused.text) == (403, True, True)
    assert (await desk.now(order)).state is OrderState.PENDING_AUTH


async def test_a_rejection_says_why(alice: Visitor, desk: Desk, office: Office) -> None:
    """The requester would not learn why; or what somebody rejects would be issued all the same."""
    await desk.need_approvals(issuance=1)
    order = await desk.order("www.example.com")
    other = await colleague(alice, office)
    silent = await decide(other, order, "reject", "  ")
    assert (silent.status, "A rejection needs a reason" in silent.text) == (400, True)
    assert re.search(r'<details class="confirm" open>\s*<summary class="danger">', silent.html)
    answer = await decide(other, order, "reject", "Unknown name")
    assert answer.location == "/admin/approvals?notice=rejected"
    now = await desk.now(order)
    assert (now.state, "Unknown name" in (now.error.detail if now.error else "")) == (OrderState.REJECTED, True)
    assert "rejected" in (await other.see("/admin/approvals/decided")).text


async def test_revocations_wait_here_too(alice: Visitor, desk: Desk, office: Office) -> None:
    """A revocation that others must agree to would be found by nobody."""
    await desk.need_approvals(revocation=1)
    issued = await desk.issued("www.example.com")
    principal = await office.alice.principal()
    certificate_id = issued.certificate.id
    await revoke_by_id(desk.core, certificate_id, RevocationReason.SUPERSEDED, principal)
    [order] = [await desk.now(one) for one in [await order_of(desk, issued.certificate.order_id)]]
    other = await colleague(alice, office)
    page = await other.see("/admin/approvals")
    assert ("Revocation" in page.text, "superseded" in page.text, "0 of 1" in page.text) == (True, True, True)
    kept = await decide(other, order, "reject", "Still in use", seen=page)
    assert kept.location == "/admin/approvals?notice=revocation-rejected"
    office.clock.advance(minutes=1)
    await revoke_by_id(desk.core, certificate_id, RevocationReason.SUPERSEDED, principal)
    stale = await decide(other, order, "approve", seen=page)
    assert (stale.status, "waits no more" in stale.text) == (409, True)
    await decide(other, order, "approve")
    certificate = await desk.core.store.read(lambda tx: tx.certificates.get(certificate_id))
    assert certificate is not None
    assert certificate.status is CertificateStatus.REVOKED


async def test_who_may_not_approve(alice: Visitor, bob: Visitor, desk: Desk, office: Office) -> None:
    """Who only looks, or is of another Client, would decide here (abuse 46)."""
    await desk.need_approvals(issuance=1)
    order = await desk.order("www.example.com")
    viewer = await colleague(alice, office, "viewer", "ra-viewer")
    page = await viewer.see("/admin/approvals")
    assert ("www.example.com" in page.text, "APPROVAL_CREATE" in page.text) == (True, True)
    assert "www.example.com" not in (await bob.see("/admin/approvals")).text
    assert "www.example.com" not in (await bob.see(f"/admin/approvals?client={office.client_id}")).text
    for act in ("approve", "reject"):
        fields = {"job": await job_of(desk, order), "reason": "no"}
        assert (await viewer.send(f"/admin/approvals/{order.id}/{act}", fields)).status == 403
        theirs = await bob.send(f"/admin/approvals/{order.id}/{act}", fields)
        nobodys = await bob.send(f"/admin/approvals/{NOBODYS}/{act}", fields)
        assert (theirs.status, nobodys.status) == (404, 404)
    assert (await desk.now(order)).state is OrderState.PENDING_AUTH


async def order_of(desk: Desk, order_id: str) -> Order:
    """Return the order of this id."""
    order = await desk.core.store.read(lambda tx: tx.orders.get(order_id))
    assert order is not None
    return order


async def job_of(desk: Desk, order: Order) -> str:
    """Return the job that waits for approvals of the order."""
    jobs = await desk.core.store.read(lambda tx: tx.jobs.awaiting_approval(None, after="", limit=10))
    [job] = [one for one in jobs if one.order_id == order.id]
    return job.id
