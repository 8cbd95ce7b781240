"""What is attached to an order: tags, additional recipients, comments, registration documents."""

import hashlib
import zlib
from dataclasses import replace
from typing import Any

import pytest

from ca_core.model.annotations import (
    AdditionalRecipient,
    DocumentType,
    OfferedDocument,
    RecipientLanguage,
    RecipientType,
)
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.orders import Order, OrderRequest
from ca_core.model.permissions import Permission
from ca_core.model.principals import SYSTEM, Principal, PrincipalKind
from ca_core.model.products import Road
from ca_core.model.repositories.orders import OrderSearch
from ca_core.orders import comments, documents, queries, recipients
from ca_core.orders.place import place
from ca_core.orders.search import page
from ca_core.orders.submit import submit_csr
from ca_core.orders.tags import MAX_TAGS, replace_tags
from tests.orders.workshop import CONSOLE, Workshop, csr


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)


PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\nstartxref\n9\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9"
PNG = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", b"\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00")
    + chunk(b"IDAT", zlib.compress(b"\x00\x00"))
    + chunk(b"IEND", b"")
)
ISSUANCE = AdditionalRecipient(email="web@example.com", recipient_type=RecipientType.ISSUANCE)
RENEWAL = AdditionalRecipient(email="web@example.com", recipient_type=RecipientType.RENEWAL)


def user(client_id: str, *permissions: Permission) -> Principal:
    """A user with these permissions for one Client."""
    return Principal(
        kind=PrincipalKind.API_USER, id="usr-1", permissions={client_id: frozenset(permissions)}, address="192.0.2.1"
    )


async def placed(workshop: Workshop, **attached: Any) -> Order:
    """Place an order that brings something to be attached."""
    name = Identifier(type=IdentifierType.DNS, value="a.test")
    request = OrderRequest(product_id=workshop.product.id, road=Road.SYSTEM, identifiers=(name,), **attached)
    return (await place(workshop.core, request, SYSTEM)).order


async def test_what_an_order_brings_is_there_once_it_is_placed(workshop: Workshop) -> None:
    """Mail would miss its recipients, and an approver the documents, of an order that is placed and issued at once."""
    core = workshop.core
    order = await placed(
        workshop,
        comment=" for the shop ",
        tags=("web", "shop", "web "),
        recipients=(replace(ISSUANCE, email="web@Example.COM"), RENEWAL),
        documents=(OfferedDocument(name="contract.pdf", content=PDF),),
    )
    assert (order.comment, order.tags) == ("for the shop", ("web", "shop"))
    assert await recipients.listing(core, order.id, CONSOLE) == [ISSUANCE, RENEWAL]
    (document,) = await documents.listing(core, order.id, CONSOLE)
    assert (document.name, document.type, document.size) == ("contract.pdf", DocumentType.PDF, len(PDF))
    assert document.digest == hashlib.sha256(PDF).hexdigest()
    assert await documents.download(core, document.id, CONSOLE) == (document, PDF)
    (comment,) = await comments.listing(core, order.id, CONSOLE)
    assert (comment.text, comment.author, comment.created_at) == ("for the shop", SYSTEM.actor, order.created_at)
    audited = await core.store.read(lambda tx: tx.audit.of_object(order.id, 10))
    assert {record.action for record in audited} == {"order.place", "order.add-document"}


@pytest.mark.parametrize(
    "attached",
    [
        {"tags": ("",)},
        {"tags": ("a\nb",)},
        {"tags": ("x" * 101,)},
        {"tags": tuple(str(number) for number in range(MAX_TAGS + 1))},
        {"comment": "x" * 4001},
        {"comment": "a\x00b"},
        {"comment": "\ud800"},
        {"recipients": (replace(ISSUANCE, email="no address"),)},
        {"recipients": (replace(ISSUANCE, email="a@example.com\r\nBcc: b@example.com"),)},
        {"recipients": (replace(ISSUANCE, email='"Web" <web@example.com>'),)},
        {"recipients": (replace(ISSUANCE, email="@example.com"),)},
        {"recipients": (replace(ISSUANCE, email="a@" + "b" * 260),)},
        {"recipients": tuple(replace(ISSUANCE, email=f"a{number}@example.com") for number in range(51))},
        {"documents": (OfferedDocument(name="a.pdf", content=PDF),) * 11},
        {"documents": (OfferedDocument(name="../a.pdf", content=PDF),)},
        {"documents": (OfferedDocument(name=".profile", content=PDF),)},
        {"documents": (OfferedDocument(name='a".pdf', content=PDF),)},
        {"documents": (OfferedDocument(name="a.pdf", content=b"<html>"),)},
    ],
)
async def test_what_cannot_be_attached_leaves_no_order(workshop: Workshop, attached: dict[str, Any]) -> None:
    """An order would lack what was sent with it, or a mail header or file name have anything in it (abuse 44, 59)."""
    with pytest.raises(TriviumError) as error:
        await placed(workshop, **attached)
    assert error.value.kind is ErrorKind.MALFORMED
    assert await workshop.core.store.read(lambda tx: tx.orders.of_account("", after=None, limit=1)) == []
    found = await page(workshop.core, OrderSearch(client_ids=None, identifier="a.test"), CONSOLE)
    assert found.orders == ()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, DocumentType.PDF),
        (PDF.replace(b"1.7", b"2.0").replace(b"\n", b"\r\n"), DocumentType.PDF),
        (JPEG, DocumentType.JPEG),
        (PNG, DocumentType.PNG),
        (b"", None),
        (PDF.replace(b"%%EOF", b""), None),
        (b"<script>" + PDF, None),
        (PDF + b"<script>", None),
        (PDF.replace(b"1.7", b"9.9"), None),
        (JPEG[:-1], None),
        (JPEG + b"<?php", None),
        (b"GIF89a" + JPEG, None),
        (PNG[:-1], None),
        (PNG + b"x", None),
        (PNG.replace(b"IHDR", b"IDAT"), None),
        (PNG[:40] + b"\x00" + PNG[41:], None),
        (PNG[:8], None),
        (b"PK\x03\x04" + PDF, None),
    ],
)
async def test_a_document_is_what_its_content_says(
    workshop: Workshop, content: bytes, kind: DocumentType | None
) -> None:
    """A page with a script would be served as a PDF because its name says so."""
    order = await placed(workshop)
    offered = OfferedDocument(name="evidence.pdf", content=content)
    if kind is not None:
        [added] = await documents.add(workshop.core, order.id, [offered], CONSOLE)
        assert added.type is kind
        return
    with pytest.raises(TriviumError) as error:
        await documents.add(workshop.core, order.id, [offered], CONSOLE)
    assert error.value.kind is ErrorKind.MALFORMED
    assert await documents.listing(workshop.core, order.id, CONSOLE) == []


async def test_documents_are_limited_in_size_and_number(workshop: Workshop) -> None:
    """One order could fill the disk (abuse 70)."""
    order = await placed(workshop)
    large = PDF.replace(b"<<>>", b"x" * documents.MAX_SIZE)
    with pytest.raises(TriviumError) as error:
        await documents.add(workshop.core, order.id, [OfferedDocument(name="large.pdf", content=large)], CONSOLE)
    assert error.value.kind is ErrorKind.TOO_LARGE
    small = OfferedDocument(name="small.png", content=PNG)
    for _ in range(documents.MAX_DOCUMENTS):
        await documents.add(workshop.core, order.id, [small], CONSOLE)
    with pytest.raises(TriviumError):
        await documents.add(workshop.core, order.id, [small], CONSOLE)
    assert len(await documents.listing(workshop.core, order.id, CONSOLE)) == documents.MAX_DOCUMENTS


async def test_documents_are_added_together_or_not_at_all(workshop: Workshop) -> None:
    """Whoever is refused the third file would not know that two are there, and add these again."""
    order = await placed(workshop)
    good, bad = OfferedDocument(name="a.png", content=PNG), OfferedDocument(name="b.png", content=b"<script>")
    added = await documents.add(workshop.core, order.id, [good] * (documents.MAX_DOCUMENTS - 1), CONSOLE)
    for refused in ([good, bad], [good, good]):
        with pytest.raises(TriviumError):
            await documents.add(workshop.core, order.id, refused, CONSOLE)
        assert len(await documents.listing(workshop.core, order.id, CONSOLE)) == len(added)


async def test_recipients_are_added_and_deleted(workshop: Workshop) -> None:
    """Mail would go on to somebody who has left, or twice to one who is there."""
    core, order = workshop.core, await placed(workshop)
    assert await recipients.add(core, order.id, [ISSUANCE, RENEWAL], CONSOLE) == [ISSUANCE, RENEWAL]
    french = replace(ISSUANCE, language=RecipientLanguage.FR)
    assert await recipients.add(core, order.id, [french], CONSOLE) == [french, RENEWAL]
    unknown = replace(ISSUANCE, email="other@example.com")
    assert await recipients.delete(core, order.id, [ISSUANCE, unknown], CONSOLE) == [RENEWAL]
    assert await recipients.listing(core, order.id, CONSOLE) == [RENEWAL]
    many = [replace(ISSUANCE, email=f"a{number}@example.com") for number in range(recipients.MAX_RECIPIENTS)]
    with pytest.raises(TriviumError):
        await recipients.add(core, order.id, many, CONSOLE)
    assert await recipients.listing(core, order.id, CONSOLE) == [RENEWAL]


async def test_comments_are_added_with_author_and_time(workshop: Workshop) -> None:
    """An operator would not know who said what, when."""
    core, order = workshop.core, await placed(workshop, comment="first")
    workshop.clock.advance(hours=1)
    editor = user(order.client_id, Permission.ORDER_UPDATE, Permission.ORDER_VIEW)
    added = await comments.add(core, order.id, "second\nline", editor)
    assert (added.author, added.created_at, added.text) == ("api-user:usr-1", workshop.clock.now(), "second\nline")
    first, second = await comments.listing(core, order.id, editor)
    assert (first.text, second) == ("first", added)
    with pytest.raises(TriviumError):
        await comments.add(core, order.id, "  ", editor)


async def test_tags_change_while_the_order_runs(workshop: Workshop) -> None:
    """A user who tags an order would make its issuance lose a compare-and-set, or the issuance would undo the tags."""
    core, order = workshop.core, await placed(workshop, tags=("a",))
    tagged = await replace_tags(core, order.id, ["b", " c "], CONSOLE)
    assert (tagged.tags, tagged.revision) == (("b", "c"), order.revision)
    issued = await submit_csr(core, order.id, csr("a.test"), SYSTEM)
    assert issued.certificate_id
    assert (await queries.get(core, order.id, CONSOLE)).order.tags == ("b", "c")
    await replace_tags(core, order.id, [], CONSOLE)
    assert (await queries.get(core, order.id, CONSOLE)).order.tags == ()


@pytest.mark.parametrize(
    ("permissions", "kind"),
    [(None, ErrorKind.NOT_FOUND), ((Permission.PRODUCT_VIEW,), ErrorKind.FORBIDDEN)],
)
async def test_nothing_attached_is_reached_without_permission(
    workshop: Workshop, permissions: tuple[Permission, ...] | None, kind: ErrorKind
) -> None:
    """A user would read or change what is attached to the orders of a Client he has no role for (rule 45, abuse 46)."""
    core = workshop.core
    order = await placed(workshop, documents=(OfferedDocument(name="a.png", content=PNG),), recipients=(ISSUANCE,))
    (document,) = await documents.listing(core, order.id, CONSOLE)
    other = user("cli-other", *Permission) if permissions is None else user(order.client_id, *permissions)
    reader = user(order.client_id, Permission.ORDER_VIEW)
    offered = OfferedDocument(name="b.png", content=PNG)
    reads = (
        lambda who: recipients.listing(core, order.id, who),
        lambda who: comments.listing(core, order.id, who),
        lambda who: documents.listing(core, order.id, who),
        lambda who: documents.download(core, document.id, who),
    )
    writes = (
        lambda who: recipients.add(core, order.id, [RENEWAL], who),
        lambda who: recipients.delete(core, order.id, [ISSUANCE], who),
        lambda who: comments.add(core, order.id, "mine", who),
        lambda who: documents.add(core, order.id, [offered], who),
        lambda who: replace_tags(core, order.id, ["mine"], who),
    )
    for read in reads:
        assert await read(reader) is not None
    for act, who, expected in [
        *((act, other, kind) for act in reads + writes),
        *((act, reader, ErrorKind.FORBIDDEN) for act in writes),
    ]:
        with pytest.raises(TriviumError) as error:
            await act(who)
        assert error.value.kind is expected
    assert await recipients.listing(core, order.id, CONSOLE) == [ISSUANCE]
    assert (await queries.get(core, order.id, CONSOLE)).order.tags == ()
