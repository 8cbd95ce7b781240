"""Comments, tags, recipients and documents of an order: read and added on its page, and on its certificate's."""

from ca_core.model.annotations import AdditionalRecipient, RecipientLanguage, RecipientType
from ca_core.orders import comments, documents, recipients
from tests.admin.orders_made import HOSTILE, SHORT_HOSTILE, Desk
from tests.admin.visitor import Visitor
from tests.orders.workshop import CONSOLE

PDF = b"%PDF-1.7\ntrailer<</Size 0>>\nstartxref\n9\n%%EOF\n"


async def test_comments_are_added_and_read(alice: Visitor, desk: Desk) -> None:
    """What an operator writes for his colleagues would be lost, or run in their browsers."""
    certificate = (await desk.issued()).certificate
    order, shown = f"/admin/orders/{certificate.order_id}", f"/admin/certificates/{certificate.id}"
    sent = await alice.send(f"{order}/comments", {"text": "first\r\nsecond line"}, seen=await alice.see(order))
    assert sent.location == f"{order}?notice=commented"
    desk.office.clock.advance(seconds=1)
    page = await alice.see(shown)
    again = await alice.send(f"{order}/comments", {"text": "<i>third</i>", "page": "certificate"}, seen=page)
    assert again.location == f"{shown}?notice=commented"
    for target in (order, shown):
        page = await alice.see(target)
        assert "first\nsecond line" in page.html
        assert "&lt;i&gt;third" in page.html
        assert f">{alice.person.user.name}</span>, " in page.html
    written = await comments.listing(desk.core, certificate.order_id, CONSOLE)
    assert [one.text for one in written] == ["first\nsecond line", "<i>third</i>"]
    for text in ("", "x" * 4001):
        refused = await alice.send(f"{order}/comments", {"text": text}, seen=page)
        assert refused.status == 400
        assert "comment" in refused.text


async def test_tags_are_replaced(alice: Visitor, desk: Desk) -> None:
    """An order would not be found by what people call it."""
    order_id = (await desk.issued(tags=("old",))).certificate.order_id
    path = f"/admin/orders/{order_id}"
    page = await alice.see(path)
    assert "/admin/orders?tag=old" in page.links
    sent = await alice.send(f"{path}/tags", {"tags": "web shop\r\n\r\n<b>&x=1"}, seen=page)
    assert sent.location == f"{path}?notice=saved"
    after = await alice.see(path)
    assert "/admin/orders?tag=web+shop" in after.links
    assert "/admin/orders?tag=%3Cb%3E%26x%3D1" in after.links
    assert "<b>" not in after.html
    refused = await alice.send(f"{path}/tags", {"tags": "x" * 500}, seen=after)
    assert (refused.status, "x" * 500 in refused.html) == (400, True)
    await alice.send(f"{path}/tags", {"tags": ""}, seen=after)
    assert "No tags" in (await alice.see(path)).text


async def test_recipients_are_added_and_deleted(alice: Visitor, desk: Desk) -> None:
    """Mail about a certificate would go to nobody who looks after it."""
    order_id = (await desk.issued()).certificate.order_id
    path = f"/admin/orders/{order_id}"
    page = await alice.see(path)
    fields: dict[str, str | list[str]] = {"email": "it@example.com", "type": "RENEWAL", "language": "DE"}
    assert (await alice.send(f"{path}/recipients", fields, seen=page)).location == f"{path}?notice=saved"
    there = await recipients.listing(desk.core, order_id, CONSOLE)
    assert there == [
        AdditionalRecipient(email="it@example.com", recipient_type=RecipientType.RENEWAL, language=RecipientLanguage.DE)
    ]
    after = await alice.see(path)
    assert "it@example.com" in after.text
    assert f"{path}/recipients/delete" in after.links
    for wrong in ({"email": "nobody"}, {"email": "a@example.com\nBcc: b@example.com"}, {"type": "GOSSIP"}):
        refused = await alice.send(f"{path}/recipients", {**fields, **wrong}, seen=page)
        assert refused.status == 400, wrong
    gone: dict[str, str | list[str]] = {"email": "it@example.com", "type": "RENEWAL"}
    await alice.send(f"{path}/recipients/delete", gone, seen=page)
    assert await recipients.listing(desk.core, order_id, CONSOLE) == []


async def test_documents_are_uploaded_and_downloaded(alice: Visitor, desk: Desk) -> None:
    """Abuse 59, 65: a document would be lost, run in a browser, or be stored under a name that is a path."""
    order_id = (await desk.issued()).certificate.order_id
    path = f"/admin/orders/{order_id}"
    page = await alice.see(path)
    files = [("document", "register é.pdf", PDF), ("document", "second.pdf", PDF)]
    sent = await alice.upload(f"{path}/documents", {}, files, seen=page)
    assert sent.location == f"{path}?notice=saved"
    [first, second] = await documents.listing(desk.core, order_id, CONSOLE)
    assert {first.name, second.name} == {"register é.pdf", "second.pdf"}
    after = await alice.see(path)
    assert first.digest in after.text
    got = await alice.see(f"{path}/documents/{first.id}")
    assert got.body == PDF
    assert got.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert "sandbox" in got.headers["content-security-policy"]
    for name, content in (("../x.pdf", PDF), ("page.html", b"<script>"), ("x.pdf", PDF + b"<script>"), ("", b"")):
        refused = await alice.upload(f"{path}/documents", {}, [("document", name, content)], seen=page)
        assert refused.status == 400, name
    many = [("document", f"{number}.pdf", PDF) for number in range(documents.MAX_DOCUMENTS - 1)]
    refused = await alice.upload(f"{path}/documents", {}, many, seen=page)
    assert (refused.status, "at most 10" in refused.text) == (400, True)
    assert len(await documents.listing(desk.core, order_id, CONSOLE)) == 2, "none of those that were sent too many"
    other = (await desk.issued("w2.example.com")).certificate.order_id
    assert (await alice.see(f"/admin/orders/{other}/documents/{first.id}")).status == 404


async def test_hostile_text_is_shown_for_what_it_is(alice: Visitor, desk: Desk) -> None:
    """Abuse 55: what one operator writes would run in the browser of another."""
    order_id = (await desk.issued()).certificate.order_id
    path = f"/admin/orders/{order_id}"
    await alice.send(f"{path}/comments", {"text": HOSTILE[:4000]}, seen=await alice.see(path))
    await alice.send(f"{path}/comments", {"text": SHORT_HOSTILE}, seen=await alice.see(path))
    page = await alice.see(path)
    assert page.text.count("[U+202E]gpj") == 2
    for raw in ("<script>alert", "<b>", "\u202e"):
        assert raw not in page.html
