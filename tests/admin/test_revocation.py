"""The revocation page: each reason explained, once, and with the approval that the product asks for."""

import re

import pytest
from starlette.types import ASGIApp

from ca_core.certificates import certificate_queries
from ca_core.model.certificates import Certificate, CertificateStatus, RevocationReason
from ca_core.orders import approvals
from ca_core.revocation.reasons import USABLE, reason_name
from gateway.admin.revocation import EXPLANATIONS
from tests.access.people import Office
from tests.admin.orders_made import HOSTILE, Desk
from tests.admin.visitor import Visitor
from tests.orders.workshop import CONSOLE


async def now(desk: Desk, certificate: Certificate) -> Certificate:
    """Return the certificate as it is now."""
    return (await certificate_queries.get(desk.core, certificate.id, CONSOLE)).certificate


def test_every_reason_is_explained() -> None:
    """Somebody would have to guess which reason is meant, and choose the wrong one."""
    assert {*EXPLANATIONS} == {*USABLE}
    assert len({*EXPLANATIONS.values()}) == len(USABLE)


async def test_a_certificate_is_revoked_once(alice: Visitor, desk: Desk) -> None:
    """A revocation could be lost, made twice, or have another reason than was chosen."""
    certificate = (await desk.issued()).certificate
    path = f"/admin/certificates/{certificate.id}"
    page = await alice.see(f"{path}/revoke")
    assert page.status == 200, page.text
    for reason in USABLE:
        assert reason_name(reason) in page.text
        assert EXPLANATIONS[reason] in page.text
    assert re.findall(r'value="(\w+)"[^>]* checked', page.html) == ["unspecified"]
    fields: dict[str, str | list[str]] = {"reason": "superseded", "requestor": "Jo of the shop", "comment": "new key"}
    sent = await alice.send(f"{path}/revoke", fields, seen=page)
    assert sent.location == f"{path}?notice=revoked"
    revoked = await now(desk, certificate)
    assert revoked.revocation is not None
    assert (revoked.revocation.reason, revoked.revocation.requestor) == (RevocationReason.SUPERSEDED, "Jo of the shop")
    after = await alice.see(sent.location)
    for text in ("The certificate is revoked.", "superseded", "Jo of the shop"):
        assert text in after.text
    assert f"{path}/revoke" not in after.links
    assert f"{path}/revoke" not in (await alice.see("/admin/orders")).links
    assert f"{path}/revoke" not in (await alice.see(f"/admin/orders/{certificate.order_id}")).links
    assert (await alice.see(f"{path}/revoke")).status == 409
    again = await alice.send(f"{path}/revoke", fields, seen=page)
    assert again.status == 409
    assert "has been revoked already" in again.text


@pytest.mark.parametrize("reason", ["", "boredom", "certificateHold"])
async def test_a_reason_that_is_none_is_refused_with_what_was_typed(alice: Visitor, desk: Desk, reason: str) -> None:
    """What somebody has typed would be lost, or the certificate revoked for a reason that nobody gave."""
    certificate = (await desk.issued()).certificate
    fields: dict[str, str | list[str]] = {"reason": reason, "requestor": "Jo of the shop", "comment": HOSTILE}
    refused = await alice.send(f"/admin/certificates/{certificate.id}/revoke", fields, seen=await alice.see("/admin/"))
    assert refused.status == 400
    assert "Choose one of the reasons" in refused.text
    assert 'value="Jo of the shop"' in refused.html
    assert "<script>alert" not in refused.html
    assert re.search(r"err-[0-9a-f-]{36}", refused.text)
    assert (await now(desk, certificate)).status is CertificateStatus.ISSUED


async def test_a_revocation_that_needs_an_approval_says_so_and_waits(
    alice: Visitor, desk: Desk, office: Office
) -> None:
    """Whoever revokes would believe that it is done."""
    await desk.need_approvals(revocation=1)
    certificate = (await desk.issued()).certificate
    path = f"/admin/certificates/{certificate.id}"
    page = await alice.see(f"{path}/revoke")
    assert "The product asks for an approval" in page.text
    assert "Ask for the revocation" in page.text
    sent = await alice.send(f"{path}/revoke", {"reason": "superseded"}, seen=page)
    assert sent.location == f"{path}?notice=revocation-asked"
    assert (await now(desk, certificate)).status is CertificateStatus.ISSUED
    order = await alice.see(f"/admin/orders/{certificate.order_id}")
    assert "the approval of the revocation" in order.text
    carol = await office.person("carol", "ra-operator", office.client_id)
    await approvals.approve(desk.core, certificate.order_id, await carol.principal())
    assert (await now(desk, certificate)).status is CertificateStatus.REVOKED


async def test_a_viewer_does_not_revoke(admin: ASGIApp, desk: Desk, office: Office) -> None:
    """Rights on the page would differ from those over REST."""
    certificate = (await desk.issued()).certificate
    viewer = await Visitor.of(admin, await office.person("viewer", "ra-viewer", office.client_id))
    path = f"/admin/certificates/{certificate.id}"
    seen = await viewer.see(path)
    assert f"{path}/revoke" not in seen.links
    for refused in (
        await viewer.see(f"{path}/revoke"),
        await viewer.send(f"{path}/revoke", {"reason": "unspecified"}, seen=seen),
    ):
        assert refused.status == 403
        assert "CERTIFICATE_DELETE" in refused.text
    for act in ("publish", "unpublish"):
        assert (await viewer.send(f"{path}/{act}", {}, seen=seen)).status == 403
    assert (await now(desk, certificate)).status is CertificateStatus.ISSUED
