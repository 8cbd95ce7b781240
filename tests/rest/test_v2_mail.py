"""S/MIME certificates over version 2: names and subject beside the CSR, synchronous, published and revoked."""

import base64
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from ca_core.model.products import Product, ProfileKind
from ca_core.model.repositories.orders import OrderSearch
from ca_core.publish.publications import events
from tests.rest.caller import csr_pem
from tests.rest.desk import Desk

ADA = "ada@example.com"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\nstartxref\n9\n%%EOF\n"


@pytest.fixture
async def mail(desk: Desk) -> Product:
    """The product for mailboxes."""
    products = await desk.core.store.read(lambda tx: tx.products.of_client(desk.office.client_id))
    return next(one for one in products if one.policy.profile.kind is ProfileKind.SMIME)


def wanted(product: Product, **more: object) -> dict[str, object]:
    """Return an order for a mailbox."""
    extensions = {"requestRFC822": {"values": [ADA]}}
    overrides = {"subjectDN": f"CN={ADA}", "requestExtensions": extensions}
    return {"productReference": product.id, "csr": csr_pem(), "overrides": overrides, "synchrone": True, **more}


async def test_mailbox_gets_its_certificate(desk: Desk, mail: Product) -> None:
    """What the overrides say would not reach the certificate, or what else comes with an order would be lost."""
    document = {"documentName": "form.pdf", "document": base64.b64encode(PDF).decode()}
    recipient = {"email": ADA, "recipientType": "ISSUANCE", "language": "EN"}
    order = await desk.alice.json(
        "/v2/issue",
        wanted(
            mail,
            includeCertificateChain=True,
            additionalRecipients=[recipient],
            registrationDocuments=[document],
            tags=["mail"],
            note="For Ada.",
            publishCertificate=False,
        ),
    )
    assert order["status"] == "ISSUED"
    assert order["additionalRecipients"] == [recipient]
    leaf = x509.load_der_x509_certificate(base64.b64decode(order["certificateChain"][0]))
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.RFC822Name) == [ADA]
    assert leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == ADA
    stored = await desk.core.store.read(lambda tx: tx.orders.get(order["uuid"]))
    assert stored is not None
    assert (stored.comment, stored.tags, stored.publish) == ("For Ada.", ("mail",), False)
    assert len(await desk.core.store.read(lambda tx: tx.documents.of_order(order["uuid"]))) == 1


async def test_certificate_is_published_and_taken_back(desk: Desk, mail: Product) -> None:
    """The directory would go without the certificate, or keep it."""
    order = await desk.alice.json("/v2/issue", wanted(mail, publishCertificate=False))
    await desk.alice.json(f"/v2/order/{order['uuid']}/publish", status=204)
    assert len(await events(desk.core, order["uuid"], await desk.office.alice.principal())) == 1
    await desk.alice.json(f"/v2/order/{order['uuid']}/unpublish", status=204)
    body = {"productReference": desk.product.id, "csr": csr_pem("www.example.com")}
    waiting = await desk.alice.json("/v2/issue", body)
    await desk.alice.json(f"/v2/order/{waiting['uuid']}/publish", status=400)


async def test_validity_counts_in_the_unit_of_the_product(desk: Desk, mail: Product) -> None:
    """A client that asks for 30 days would get 30 seconds, or 30 years."""
    takes = replace(mail, version="takes", policy=replace(mail.policy, requested_validity=True))
    await desk.core.store.write(lambda tx: tx.products.put(takes))
    body = wanted(mail)
    body["overrides"] = {**body["overrides"], "validity": 30}  # type: ignore[dict-item]
    order = await desk.alice.json("/v2/issue", body)
    leaf = x509.load_der_x509_certificate(base64.b64decode(order["certificate"]["certificate"]))
    days = (leaf.not_valid_after_utc - leaf.not_valid_before_utc).total_seconds() / 86400
    assert 29 < days <= 30


async def test_what_cannot_be_in_a_certificate_is_refused(desk: Desk, mail: Product) -> None:
    """A client would believe that its certificate says what it asked for."""
    for overrides in (
        {"subjectDN": "nonsense"},
        {"subjectDN": "UID=ada"},
        {"subjectDN": "O=Example"},
        {"requestExtensions": {"requestRole": {"value": "admin"}}},
        {"requestExtensions": {"requestScope": {"value": "all"}}},
        {"requestExtensions": {"requestRFC822": {"values": ["no address"]}}},
    ):
        await desk.alice.json("/v2/issue", {**wanted(mail), "overrides": overrides}, status=400)
    await desk.alice.json("/v2/issue", wanted(mail, acceptTandC=False), status=400)
    await desk.alice.json("/v2/issue", wanted(mail, csr=None), status=400)
    await desk.alice.json("/v2/issue", wanted(mail, csr="nonsense"), status=400)
    bad = {"documentName": "x.exe", "document": "TVo="}
    await desk.alice.json("/v2/issue", wanted(mail, registrationDocuments=[bad]), status=400)
    assert await desk.core.store.read(lambda tx: tx.orders.expired(desk.clock.now(), 10)) == []
    await desk.bob.json("/v2/issue", wanted(mail), status=404)


async def test_request_is_validated_without_an_order(desk: Desk, mail: Product) -> None:
    """A form that says "this will do" before it is sent would order, or say so of what will be refused."""
    await desk.alice.json("/v2/validate", wanted(mail), status=204)
    refused = await desk.alice.json(
        "/v2/validate", {**wanted(mail), "overrides": {"subjectDN": "O=Example"}}, status=400
    )
    assert refused["errorMessages"]
    await desk.bob.json("/v2/validate", wanted(mail), status=404)
    query = OrderSearch(client_ids=None)
    placed = await desk.core.store.read(lambda tx: tx.orders.search(query))
    assert [order for order in placed if order.road == "rest"] == []
