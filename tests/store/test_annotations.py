"""What people attach to orders, on SQLite and PostgreSQL."""

import pytest

from ca_core.model.annotations import (
    AdditionalRecipient,
    Comment,
    DocumentType,
    RecipientLanguage,
    RecipientType,
    RegistrationDocument,
)
from ca_core.model.certificates import CertificateStatus
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from store.database import Database
from tests.store.samples import CLIENT, HOUR, NOW, add_basics, certificate, order

ORDER = order(tags=("a", "b"))
RECIPIENT = AdditionalRecipient(
    email="a@example.com", recipient_type=RecipientType.RENEWAL, language=RecipientLanguage.DE
)
COMMENT = Comment(id="cmt-1", order_id=ORDER.id, client_id=CLIENT.id, author="x", created_at=NOW, text="é\n\u202e")
DOCUMENT = RegistrationDocument(
    id="doc-1",
    order_id=ORDER.id,
    client_id=CLIENT.id,
    name="a.pdf",
    type=DocumentType.PDF,
    size=3,
    digest="d" * 64,
    added_by="x",
    created_at=NOW,
)


@pytest.fixture
async def store(database: Database) -> Database:
    """A store with an order."""

    def add(tx: Transaction) -> None:
        add_basics(tx)
        tx.orders.add(ORDER)

    await database.write(add)
    return database


async def test_annotations_come_back_as_they_were_stored(store: Database) -> None:
    """Who reads an order would see another text, digest or address than was attached to it."""
    other = replace(RECIPIENT, recipient_type=RecipientType.ISSUANCE)
    french = replace(RECIPIENT, language=RecipientLanguage.FR)

    def add(tx: Transaction) -> None:
        tx.recipients.put(ORDER.id, [RECIPIENT, other])
        tx.recipients.put(ORDER.id, [french])
        tx.comments.add(COMMENT)
        tx.documents.add(DOCUMENT, b"\x00\xff\x01")

    await store.write(add)
    assert await store.read(lambda tx: tx.recipients.of_order(ORDER.id)) == [other, french]
    assert await store.read(lambda tx: tx.comments.of_order(ORDER.id)) == [COMMENT]
    assert await store.read(lambda tx: tx.documents.of_order(ORDER.id)) == [DOCUMENT]
    assert await store.read(lambda tx: tx.documents.get("doc-1")) == DOCUMENT
    assert await store.read(lambda tx: tx.documents.content("doc-1")) == b"\x00\xff\x01"
    assert await store.read(lambda tx: (tx.documents.get("doc-2"), tx.documents.content("doc-2"))) == (None, None)
    await store.write(lambda tx: tx.recipients.remove(ORDER.id, [RECIPIENT]))
    assert await store.read(lambda tx: tx.recipients.of_order(ORDER.id)) == [other]


async def test_a_saved_order_keeps_the_tags_it_has_by_then(store: Database) -> None:
    """A pipeline that read the order before would bring old tags back."""
    await store.write(lambda tx: tx.orders.replace_tags(ORDER, ["c"]))
    await store.write(lambda tx: tx.orders.save(ORDER))
    stored = await store.read(lambda tx: tx.orders.get(ORDER.id))
    assert stored == replace(ORDER, tags=("c",), revision=1)


async def test_what_ends_is_found_by_its_recipients_page_by_page(store: Database) -> None:
    """Somebody would not be reminded of a certificate, or the search would never come to its end."""
    placed = sorted((order() for _ in range(6)), key=lambda one: one.id)
    ends = (NOW + HOUR, NOW + HOUR, NOW, NOW + 3 * HOUR, NOW + HOUR, NOW + HOUR)
    issued = [
        certificate(one.id, serial, status=CertificateStatus.ISSUED, not_after=end)
        for serial, (one, end) in enumerate(zip(placed, ends, strict=True))
    ]
    issued[4] = replace(issued[4], status=CertificateStatus.REVOKED)
    other = replace(RECIPIENT, recipient_type=RecipientType.ISSUANCE)
    second = replace(RECIPIENT, email="b@example.com")

    def add(tx: Transaction) -> None:
        for one, its in zip(placed, issued, strict=True):
            tx.orders.add(one)
            tx.certificates.add(its)
            tx.recipients.put(one.id, [other] if one is placed[5] else [RECIPIENT, second, other])

    await store.write(add)

    async def page(after: str) -> list[str]:
        found = await store.read(
            lambda tx: tx.certificates.ending_for(RecipientType.RENEWAL, NOW, NOW + 2 * HOUR, after=after, limit=1)
        )
        return [one.order_id for one in found]

    assert await page("") == [placed[0].id]
    assert await page(placed[0].id) == [placed[1].id]
    assert await page(placed[1].id) == []
