"""One certificate: decoded, downloaded, published and taken back, with what goes with it."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import pkcs7
from starlette.types import ASGIApp

from ca_core.certificates.renewal import identifier_of
from ca_core.model.fields import FieldName, FieldPolicy
from ca_core.model.jobs import JobType
from ca_core.model.permissions import Permission
from ca_core.orders import queries
from gateway.admin.downloads import file_name
from tests.access.people import Office
from tests.admin.orders_made import HOSTILE, Desk
from tests.admin.visitor import Visitor
from tests.orders.test_fields import new_csr, values
from tests.orders.workshop import CONSOLE, csr

NOBODYS = "crt-0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"


async def test_a_certificate_is_shown_decoded(alice: Visitor, desk: Desk) -> None:
    """An operator would need another program to know what a certificate says."""
    found = await desk.issued("www.example.com", comment="for the shop")
    parsed = x509.load_der_x509_certificate(found.der)
    page = await alice.see(f"/admin/certificates/{found.certificate.id}")
    assert page.status == 200, page.text
    for text in (
        f"{parsed.serial_number:x}",
        "dNSName: www.example.com",
        "EC secp256r1",
        parsed.fingerprint(hashes.SHA256()).hex(":").upper(),
        parsed.fingerprint(hashes.SHA1()).hex(":").upper(),  # noqa: S303 - people compare it
        "keyUsage",
        "digitalSignature",
        "serverAuth",
        "for the shop",
        "neither its issuance nor its revocation needs an approval",
        "Certificates of this product are not published",
        "It has replaced no certificate",
    ):
        assert text in page.text, text
    for extension in parsed.extensions:
        assert extension.oid.dotted_string in page.text
    issuer = x509.load_der_x509_certificate(found.issuer.certificate)
    assert issuer.fingerprint(hashes.SHA256()).hex(":").upper() in page.text  # of the chain


async def test_a_certificate_is_downloaded_in_every_form(alice: Visitor, desk: Desk) -> None:
    """A web server that reads PEM and a Windows that reads PKCS #7 would need another program in between."""
    found = await desk.issued("www.example.com")
    path, serial = f"/admin/certificates/{found.certificate.id}", found.certificate.serial
    pem, der = await alice.see(f"{path}/pem"), await alice.see(f"{path}/der")
    assert x509.load_pem_x509_certificate(pem.body).serial_number == serial
    assert x509.load_der_x509_certificate(der.body).serial_number == serial
    chain = x509.load_pem_x509_certificates((await alice.see(f"{path}/chain")).body)
    assert [chain[0].serial_number, chain[0].issuer] == [serial, chain[1].subject]
    bundle = pkcs7.load_der_pkcs7_certificates((await alice.see(f"{path}/pkcs7")).body)
    assert {one.serial_number for one in bundle} == {one.serial_number for one in chain}
    for answer, extension, media_type in (
        (pem, "pem", "application/x-pem-file"),
        (der, "cer", "application/pkix-cert"),
    ):
        name = f"www.example.com-{f'{serial:x}'[-8:]}.{extension}"
        assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{name}"
        assert answer.headers["content-type"] == media_type
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("name", "harmless"),
    [
        ("*.example.com", "example.com-89abcdef.pem"),
        ("../../etc/passwd", "etc_passwd-89abcdef.pem"),
        (HOSTILE, f"{'script_alert_1_script_gpj.exe_cmd_C_calc_A0_' + 'x' * 60}"[:59] + "-89abcdef.pem"),
        ('a"\r\nSet-Cookie: x=y', "a_Set-Cookie_x_y-89abcdef.pem"),
        ("\u202e🎉", "certificate-89abcdef.pem"),
        ("", "certificate-89abcdef.pem"),
    ],
)
def test_names_of_files_are_harmless(name: str, harmless: str) -> None:
    """Abuse 59: a name out of a certificate would be a path, another header, or another kind of file."""
    assert file_name(name, 0x123456789ABCDEF, "pem") == harmless


async def test_a_certificate_is_published_and_taken_back(alice: Visitor, desk: Desk) -> None:
    """Whether a certificate is in the directory would be known to nobody."""
    request = new_csr(x509.RFC822Name("jo@example.com"))
    order = await desk.order_with(await desk.mail_product(), request, publish=False)
    path = f"/admin/certificates/{order.certificate_id}"
    page = await alice.see(path)
    assert f"{path}/publish" in page.links
    for page_with_a_list in ("/admin/orders", "/admin/?days=9999"):
        assert f"{path}/publish" in (await alice.see(page_with_a_list)).links
    assert "It was never published" in page.text
    sent = await alice.send(f"{path}/publish", {}, seen=page)
    assert sent.location == f"{path}?notice=published"
    after = await alice.see(sent.location)
    assert "publish" in after.text
    assert "pending" in after.text
    assert f">{alice.person.user.name}</span>" in after.html
    assert f"{path}/unpublish" in after.links
    back = await alice.send(f"{path}/unpublish", {}, seen=after)
    assert back.location == f"{path}?notice=unpublished"
    jobs = await queries.jobs(desk.core, order.id, CONSOLE)
    assert {one.type for one in jobs} >= {
        JobType.MANUAL_PUBLISH_CERTIFICATE_JOB,
        JobType.MANUAL_UNPUBLISH_CERTIFICATE_JOB,
    }


async def test_what_it_replaced_and_what_replaced_it(alice: Visitor, desk: Desk) -> None:
    """Whoever finds an old certificate would look for the new one by hand."""
    old = await desk.issued("www.example.com")
    new = await desk.issued("www.example.com", replaces=identifier_of(old.certificate))
    of_old = await alice.see(f"/admin/certificates/{old.certificate.id}")
    assert "Successors" in of_old.text
    assert f"/admin/certificates/{new.certificate.id}" in of_old.links
    of_new = await alice.see(f"/admin/certificates/{new.certificate.id}")
    assert "Predecessors" in of_new.text
    assert f"/admin/certificates/{old.certificate.id}" in of_new.links
    assert (
        f"/admin/certificates/{old.certificate.id}"
        in (await alice.see(f"/admin/orders/{new.certificate.order_id}")).links
    )


async def test_rules_that_apply_are_said(alice: Visitor, desk: Desk) -> None:
    """Nobody would know that a revocation waits for somebody else."""
    found = await desk.issued()
    await desk.need_approvals(issuance=1, revocation=2)
    waiting = await desk.order("w2.example.com")
    assert waiting.certificate_id is None
    page = await alice.see(f"/admin/certificates/{found.certificate.id}")
    assert "needs an approval" in page.text  # of the version that it was ordered under, not of today's
    await desk.need_approvals(revocation=2)
    other = await desk.issued("w3.example.com")
    ruled = await alice.see(f"/admin/certificates/{other.certificate.id}")
    assert "Revocation needs the approval of 2 other users" in ruled.text


async def test_another_client_s_certificate_is_not_there(bob: Visitor, desk: Desk) -> None:
    """One tenant would read, publish or revoke another's certificates (abuse 46)."""
    found = await desk.issued()
    seen = await bob.see("/admin/orders")
    for certificate_id in (found.certificate.id, NOBODYS):
        path = f"/admin/certificates/{certificate_id}"
        for suffix in ("", "/pem", "/der", "/pkcs7", "/chain", "/revoke"):
            assert (await bob.see(path + suffix)).status == 404, suffix
        for act in ("publish", "unpublish", "revoke"):
            assert (await bob.send(f"{path}/{act}", {"reason": "unspecified"}, seen=seen)).status == 404, act


async def test_whoever_may_see_certificates_alone_sees_them(admin: ASGIApp, desk: Desk, office: Office) -> None:
    """A page for several permissions would be closed to whoever has the one that it needs."""
    found = await desk.issued(comment="not for everybody")
    viewer = await Visitor.of(admin, await desk.person_who("ann", Permission.CERTIFICATE_VIEW))
    path = f"/admin/certificates/{found.certificate.id}"
    page = await viewer.see(path)
    assert page.status == 200, page.text
    assert "not for everybody" not in page.text
    assert f"{path}/revoke" not in page.links
    assert f"/admin/orders/{found.certificate.order_id}" not in page.links
    assert (await viewer.see("/admin/orders")).status == 403
    assert "/admin/orders" not in page.links
    orders = await Visitor.of(admin, await desk.person_who("ben", Permission.ORDER_VIEW))
    assert (await orders.see(path)).status == 403
    shown = await orders.see("/admin/orders")
    assert found.certificate.order_id in shown.text
    assert f"{found.certificate.serial:x}" not in shown.text


async def test_a_hostile_subject_is_shown_for_what_it_is(alice: Visitor, desk: Desk) -> None:
    """Abuse 55: a certificate whose subject is markup would run in the browser of whoever looks at it."""
    product = await desk.change_product(fields=(FieldPolicy(name=FieldName.ORGANIZATION_NAME),))
    await desk.shop.show_control("www.example.com")
    subject = values(organizationName="<script>alert(1)</script> 🎉")
    order = await desk.order_with(product, csr("www.example.com"), fields=subject)
    assert order.certificate_id is not None, order.error
    for target in (f"/admin/certificates/{order.certificate_id}", "/admin/orders", f"/admin/orders/{order.id}"):
        page = await alice.see(target)
        assert page.status == 200
        assert "<script>alert" not in page.html
        assert ("&lt;script&gt;alert(1)&lt;/script&gt; 🎉" in page.html) == (target != "/admin/orders")
