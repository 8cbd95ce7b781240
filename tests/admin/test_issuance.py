"""Issuance on the admin page: what can be ordered, the form, the check of a CSR, and the order."""

import html
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ca_core.core import Core
from ca_core.model.fields import FieldName, FieldPolicy
from ca_core.model.orders import Order, OrderState
from ca_core.model.products import ApprovalPolicy, Product, Road
from ca_core.model.repositories.orders import OrderSearch
from ca_core.model.values import replace
from gateway.admin.page import COOKIE
from tests.access.people import Office
from tests.admin.visitor import Shown, Visitor
from tests.orders.test_fields import new_csr
from tests.rest.shop import Shop, pem_request
from tests.status.asgi import call

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\nstartxref\n9\n%%EOF\n"
HOSTILE = '<script>alert(1)</script>"=cmd|\u202e'
NOBODYS = "pma-0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"


async def offer(shop: Shop, *fields: FieldPolicy, version: str = "form", **policy: object) -> Product:
    """Let the product have other fields and rules."""
    changed = replace(shop.product.policy, fields=fields, **policy)
    product = replace(shop.product, version=version, policy=changed)
    await shop.core.store.write(lambda tx: tx.products.put(product))
    return product


async def found(core: Core) -> list[Order]:
    """Return all orders that came by the page."""
    query = OrderSearch(client_ids=None, roads=frozenset({Road.PAGE}))
    return await core.store.read(lambda tx: tx.orders.search(query))


def value(page: Shown, name: str) -> str:
    """Return what an input shows."""
    area = re.search(rf'<textarea id="{name}"[^>]*>([^<]*)</textarea>', page.html)
    field = re.search(rf'<input id="{name}"[^>]* value="([^"]*)"', page.html)
    match = area or field
    assert match is not None, name
    return html.unescape(match[1])


def hidden(page: Shown) -> dict[str, str]:
    """Return what the form carries along of what it has filled in."""
    inputs = re.findall(r'<input type="hidden" name="(prefilled-[^"]*)" value="([^"]*)"', page.html)
    return {name: html.unescape(text) for name, text in inputs}


async def test_the_products_that_can_be_ordered(alice: Visitor, bob: Visitor, shop: Shop) -> None:
    """An operator would not find what he may order, or find what he may not."""
    page = await alice.see("/admin/issuance")
    assert page.status == 200
    assert f"/admin/issuance/{shop.product.id}" in page.links
    for text in ("tls", "smime", "tls-server", "General", "issuing", "TLS server certificates"):
        assert text in page.text, text
    assert "gateway-tls" not in page.text
    only = await alice.see("/admin/issuance?text=mailboxes", hx_request_type="partial")
    assert ("smime" in only.text, "tls-server" in only.text, "<html" in only.html) == (True, False, False)
    nothing = await alice.see("/admin/issuance?text=unknown")
    assert "No product matches." in nothing.text
    assert "No product matches." in (await bob.see("/admin/issuance")).text
    product = replace(shop.product, version="closed", roads=frozenset({Road.REST}))
    await shop.core.store.write(lambda tx: tx.products.put(product))
    assert f"/admin/issuance/{product.id}" not in (await alice.see("/admin/issuance")).links
    assert (await alice.see(f"/admin/issuance/{product.id}")).status == 403


async def test_products_that_need_approvals_say_so(alice: Visitor, shop: Shop) -> None:
    """An operator would wait for a certificate, and not know that somebody must agree first."""
    product = await offer(shop, approval=ApprovalPolicy(issuance=2, revocation=1))
    page = await alice.see("/admin/issuance")
    assert "issuance: 2 · revocation: 1" in page.text
    assert "Others must approve before it is issued: 2." in (await alice.see(f"/admin/issuance/{product.id}")).text


async def test_the_form_is_made_of_the_products_fields(alice: Visitor, shop: Shop) -> None:
    """A field that is fixed, hidden or mandatory would look like any other."""
    product = await offer(
        shop,
        FieldPolicy(name=FieldName.ORGANIZATION_NAME, editable=False, default="Example AG"),
        FieldPolicy(name=FieldName.LOCALITY_NAME, mandatory=True, default="Zug", pattern="[A-Z][a-z]+"),
        FieldPolicy(name=FieldName.COUNTRY_NAME, visible=False, editable=False, default="CH"),
    )
    page = await alice.see(f"/admin/issuance/{product.id}")
    assert re.search(r'<input id="organizationName"[^>]* value="Example AG"[^>]* disabled', page.html)
    assert re.search(r'<input id="localityName"[^>]* value="Zug"[^>]* pattern="\[A-Z\]\[a-z\]\+"', page.html)
    assert 'localityName <span class="mandatory"' in page.html
    assert "countryName" not in page.html
    assert value(page, "dNSName") == value(page, "iPAddress") == ""
    assert "Publish the certificate" not in page.text
    assert "Validity in" not in page.text


async def test_a_csr_is_decoded_and_fills_in_the_form(alice: Visitor, shop: Shop) -> None:
    """Whoever pastes a CSR would see neither what it contains nor what is wrong with it."""
    product = await offer(shop, FieldPolicy(name=FieldName.ORGANIZATION_NAME))
    path = f"/admin/issuance/{product.id}"
    pem = new_csr(x509.DNSName("www.example.com"), subject=[(NameOID.ORGANIZATION_NAME, "Shop AG")])
    text = x509.load_der_x509_csr(pem).public_bytes(Encoding.PEM).decode()
    page = await alice.send(f"{path}/check", {"csr": text})
    assert (page.status, "<html" in page.html) == (200, True)
    assert (value(page, "dNSName"), value(page, "organizationName")) == ("www.example.com", "Shop AG")
    for shown in ("P-256", "The request is in order.", "dns www.example.com"):
        assert shown in page.text, shown
    assert value(page, "csr").strip() == text.strip()
    typed = {"csr": pem_request("new.example.com"), "dNSName": "www.example.com", "organizationName": "Own AG"}
    again = await alice.send(f"{path}/check", {**typed, **hidden(page)})
    assert (value(again, "dNSName"), value(again, "organizationName")) == ("new.example.com", "Own AG")


async def test_a_part_of_the_page_is_enough_for_the_check(alice: Visitor, shop: Shop) -> None:
    """Each CSR that is pasted would load the whole page, and lose what was typed beside it."""
    path = f"/admin/issuance/{shop.product.id}"
    seen = await alice.see(path)
    token = re.search(r'name="csrf_token" value="([^"]+)"', seen.html)
    assert token is not None
    body = f"csrf_token={token[1]}&csr=no!".encode()
    sent = {
        "Cookie": f"{COOKIE}={alice.cookie}",
        "Content-Type": "application/x-www-form-urlencoded",
        "HX-Request-Type": "partial",
    }
    answer = await call(alice.app, "POST", f"{path}/check", body=[body], headers=sent)
    assert answer.body.lstrip().startswith(b'<div id="check">')
    assert b"neither PEM nor base64" in answer.body


@pytest.mark.parametrize("csr", ["", "no!", "AAAA", pem_request("*.example.com")])
async def test_what_is_wrong_with_a_csr_is_said(alice: Visitor, shop: Shop, csr: str) -> None:
    """A CSR that cannot be ordered would look like one that can, or end in an error page."""
    page = await alice.send(f"/admin/issuance/{shop.product.id}/check", {"csr": csr})
    assert page.status == 200
    assert "This keeps it from being ordered:" in page.text
    assert "The request is in order." not in page.text


async def test_an_order_from_the_form(alice: Visitor, shop: Shop) -> None:
    """An order of the page would lack what was typed, or not say which road it came by."""
    await shop.show_control("www.example.com", "shop.example.com")
    product = await offer(shop, FieldPolicy(name=FieldName.ORGANIZATION_NAME), requested_validity=True)
    path = f"/admin/issuance/{product.id}"
    fields: dict[str, str | list[str]] = {
        "csr": pem_request("www.example.com"),
        "dNSName": "www.example.com\r\nshop.example.com\r\n",
        "organizationName": "Own AG",
        "validity": "30",
        "comment": "For the shop",
        "tags": "shop\nweb",
        "recipients": "it@example.com",
        "mails": ["ISSUANCE"],
        "language": "DE",
    }
    answer = await alice.send(path, fields, seen=await alice.see(path))
    [order] = await found(shop.core)
    assert answer.location == f"/admin/orders/{order.id}?notice=ordered"
    assert (order.road, order.state, order.comment, order.tags) == (
        Road.PAGE,
        OrderState.ISSUED,
        "For the shop",
        ("shop", "web"),
    )
    assert order.placed_by == f"api-user:{alice.person.user.id}"
    assert {one.value for one in order.identifiers} == {"www.example.com", "shop.example.com"}
    certificate = await shop.core.store.read(lambda tx: tx.certificates.get(order.certificate_id or ""))
    assert certificate is not None
    assert (certificate.not_after - certificate.not_before).days == 29  # it counts inclusively
    issued = x509.load_der_x509_certificate(certificate.der or b"")
    assert [one.value for one in issued.subject] == ["Own AG"]
    [recipient] = await shop.core.store.read(lambda tx: tx.recipients.of_order(order.id))
    assert (recipient.email, recipient.recipient_type, recipient.language) == ("it@example.com", "ISSUANCE", "DE")


async def test_a_document_comes_with_the_order(alice: Visitor, shop: Shop) -> None:
    """A registration document would be lost on its way, also where the first try is refused."""
    path = f"/admin/issuance/{shop.product.id}"
    good = await upload(alice, path, {"csr": pem_request("www.example.com")}, "register.pdf", PDF)
    [order] = await found(shop.core)
    assert good.location.startswith(f"/admin/orders/{order.id}")
    [document] = await shop.core.store.read(lambda tx: tx.documents.of_order(order.id))
    assert (document.name, document.size) == ("register.pdf", len(PDF))
    refused = await upload(alice, path, {"csr": pem_request("*.example.com")}, "register.pdf", PDF)
    assert (refused.status, "choose them again" in refused.text) == (400, True)
    assert "register.pdf" not in refused.text, "only the name is wrong"
    bad = await upload(alice, path, {"csr": pem_request("www.example.com")}, "run.exe", b"MZ")
    assert (bad.status, "run.exe" in bad.text) == (400, True)


async def test_what_was_typed_stays_when_an_order_is_refused(alice: Visitor, shop: Shop) -> None:
    """Whoever mistypes one field would type all of them again."""
    product = await offer(shop, FieldPolicy(name=FieldName.COUNTRY_NAME, mandatory=True))
    fields = {
        "csr": pem_request("www.example.com"),
        "dNSName": "www.example.com",
        "countryName": "ch",
        "comment": HOSTILE,
        "tags": "one\ntwo",
        "recipients": "it@example.com",
    }
    page = await alice.send(f"/admin/issuance/{product.id}", fields)
    assert page.status == 400
    assert "err-" in page.text
    assert "two capital letters" in page.text
    assert re.search(r'<input id="countryName"[^>]* aria-invalid="true"', page.html)
    for name in ("csr", "dNSName", "countryName", "tags", "recipients"):
        assert value(page, name).strip() == fields[name].strip(), name
    assert "<script>alert" not in page.html
    assert "&lt;script&gt;alert(1)" in page.html
    assert "\u202e" not in page.html
    assert await found(shop.core) == []


async def test_a_fixed_field_stays_fixed(alice: Visitor, shop: Shop) -> None:
    """Whoever sends a form of his own would write into the certificate what the CA fixed (abuse 23)."""
    await shop.show_control("www.example.com")
    product = await offer(shop, FieldPolicy(name=FieldName.ORGANIZATION_NAME, editable=False, default="Example AG"))
    fields = {"csr": pem_request("www.example.com"), "organizationName": "Mallory AG"}
    assert (await alice.send(f"/admin/issuance/{product.id}", fields)).status == 303
    [order] = await found(shop.core)
    assert [one.value for one in order.fields] == ["Example AG"]


async def test_an_order_that_needs_approval_waits(alice: Visitor, shop: Shop) -> None:
    """The page would be a way around four eyes (abuse 57)."""
    await shop.show_control("www.example.com")
    product = await offer(shop, approval=ApprovalPolicy(issuance=1))
    await alice.send(f"/admin/issuance/{product.id}", {"csr": pem_request("www.example.com")})
    [order] = await found(shop.core)
    assert order.state is OrderState.PENDING_AUTH


async def test_mail_certificates_can_be_published(alice: Visitor, office: Office) -> None:
    """A certificate would be in the directory although who ordered it said no, or cannot be kept out."""
    products = await office.core.store.read(lambda tx: tx.products.all(frozenset({office.client_id})))
    [smime] = [one for one in products if one.name == "smime"]
    path = f"/admin/issuance/{smime.id}"
    assert re.search(r'name="publish" value="yes" checked', (await alice.see(path)).html)
    csr = x509.load_der_x509_csr(new_csr(x509.RFC822Name("ann@example.com"))).public_bytes(Encoding.PEM).decode()
    assert (await alice.send(path, {"csr": csr, "rfc822Name": "ann@example.com"})).status == 303
    [order] = await found(office.core)
    assert (order.publish, [one.value for one in order.identifiers]) == (False, ["ann@example.com"])


async def test_who_may_not_order(alice: Visitor, bob: Visitor, office: Office, shop: Shop) -> None:
    """Who only looks, or is of another Client, would order here what he cannot over REST (abuse 46)."""
    viewer = await Visitor.of(alice.app, await office.person("viewer", "ra-viewer", office.client_id))
    path, fields = f"/admin/issuance/{shop.product.id}", {"csr": pem_request("www.example.com")}
    for target in ("/admin/issuance", path):
        refused = await viewer.see(target)
        assert (refused.status, "ORDER_CREATE" in refused.text) == (403, True)
    assert "/admin/issuance" not in (await viewer.see("/admin/")).links
    for target in (path, f"{path}/check"):
        assert (await viewer.send(target, fields)).status == 403
        assert (await bob.send(target, fields)).status == 404
    assert (await bob.see(path)).status == 404
    nobodys = await bob.see(f"/admin/issuance/{NOBODYS}")
    assert nobodys.status == 404
    assert await found(office.core) == []


async def upload(visitor: Visitor, path: str, fields: dict[str, str], name: str, content: bytes) -> Shown:
    """Send the form as a browser does where it has a file."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', (await visitor.see(path)).html)
    assert token is not None
    parts = [
        f'--cut\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{text}\r\n'.encode()
        for key, text in {"csrf_token": token[1], **fields}.items()
    ]
    head = f'--cut\r\nContent-Disposition: form-data; name="documents"; filename="{name}"\r\n\r\n'.encode()
    sent = {"Cookie": f"{COOKIE}={visitor.cookie}", "Content-Type": "multipart/form-data; boundary=cut"}
    body = [*parts, head + content + b"\r\n--cut--\r\n"]
    answer = await call(visitor.app, "POST", path, body=body, headers=sent)
    return Shown(answer.status, answer.headers, answer.body)
