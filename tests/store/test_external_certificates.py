"""Certificates of other CAs in the store, on SQLite and PostgreSQL."""

from dataclasses import replace

import pytest

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.external_certificates import ExternalCertificate
from ca_core.model.store import Transaction
from store.database import Database
from tests.store.samples import CLIENT, HOUR, NOW, add_basics, new_id
from tests.store.test_order_search import SECOND


def external(number: int, **changes: object) -> ExternalCertificate:
    """A certificate that ends so many hours from now."""
    made = ExternalCertificate(
        id=new_id("ext"),
        client_id=CLIENT.id,
        fingerprint=f"{number:064x}",
        serial="-1f",
        subject="CN=\u202e\\00\n",
        issuer="CN=Earlier CA",
        names=("dNSName: a\0b", "rfc822Name: é@example.com"),
        not_before=NOW - HOUR,
        not_after=NOW + number * HOUR,
        der=b"\x30\x00",
        imported_at=NOW,
        imported_by="operator:root",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


async def test_external_certificates_are_kept_and_listed(database: Database) -> None:
    """A certificate would come back otherwise than it went in, or stand on no page, or on another Client's."""
    two, three, one, same = external(2), external(3), external(1), external(2, fingerprint="f" * 64)
    theirs = external(2, client_id=SECOND.id)
    ours = frozenset({CLIENT.id})

    def add(tx: Transaction) -> None:
        add_basics(tx)
        tx.clients.add(SECOND)
        tx.external_certificates.add([two, three, one, same, theirs])

    await database.write(add)

    def check(tx: Transaction) -> None:
        table = tx.external_certificates
        assert table.get(two.id) == two
        assert table.search(ours, limit=9) == [one, two, same, three]
        assert table.search(None, limit=2, after=one) == [two, same]
        assert table.search(ours, limit=9, after=two) == [same, three]
        assert table.search(frozenset(), limit=9) == []
        assert table.search(None, limit=9, expires_after=NOW + 2 * HOUR, expires_before=NOW + 3 * HOUR) == [
            two,
            same,
            theirs,
        ]
        assert {found.id for found in table.known(CLIENT.id, [one.fingerprint, two.fingerprint, "0"])} == {
            one.id,
            two.id,
        }
        assert table.known(CLIENT.id, []) == []

    await database.read(check)
    with pytest.raises(TriviumError) as error:
        await database.write(lambda tx: tx.external_certificates.add([external(1)]))
    assert error.value.kind is ErrorKind.CONFLICT
    await database.write(lambda tx: tx.external_certificates.delete(one.id))
    assert await database.read(lambda tx: tx.external_certificates.get(one.id)) is None
