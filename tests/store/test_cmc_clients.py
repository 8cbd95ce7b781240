"""The contract of the repository of CMC clients, on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ca_core.model.cmc_clients import CmcChallenge, CmcClient, CmcRight, CmcTransaction
from ca_core.model.errors import ErrorKind, TriviumError
from store.database import Database
from tests.store.samples import CLIENT, NOW, PRODUCT, add_basics, order

CMC_CLIENT = CmcClient(
    id="cmc-1",
    client_id=CLIENT.id,
    name="gateway-1",
    product_ids=(PRODUCT.id,),
    rights=frozenset({CmcRight.ISSUE, CmcRight.RA}),
    spki_sha256=b"\x01" * 32,
    key_identifier=b"\x02" * 20,
    certificate=b"\x30\x00",
    certificate_id="crt-1",
    sealed_secret=b"sealed",
    sha1=True,
    sha1_used_at=NOW,
    created_at=NOW,
)


@pytest.fixture
async def store(database: Database) -> Database:
    """A store with a Client and a CMC client of it."""
    await database.write(add_basics)
    await database.write(lambda tx: tx.cmc_clients.add(CMC_CLIENT))
    return database


async def test_cmc_clients_are_found_by_all_they_are_known_by(store: Database) -> None:
    """A message would be nobody's, or somebody else's."""
    found = await store.read(
        lambda tx: (
            tx.cmc_clients.get("cmc-1"),
            tx.cmc_clients.by_name("gateway-1"),
            tx.cmc_clients.by_key(b"\x01" * 32),
            tx.cmc_clients.by_key_identifier(b"\x02" * 20),
            *tx.cmc_clients.all(None),
            *tx.cmc_clients.all(frozenset({CLIENT.id})),
        )
    )
    assert found == (CMC_CLIENT,) * 6
    nothing = await store.read(
        lambda tx: (tx.cmc_clients.by_name("other"), tx.cmc_clients.by_key(b""), tx.cmc_clients.all(frozenset()))
    )
    assert nothing == (None, None, [])


@pytest.mark.parametrize(
    "same", [{"name": "gateway-1"}, {"spki_sha256": b"\x01" * 32}, {"key_identifier": b"\x02" * 20}]
)
async def test_names_and_keys_are_one_clients(store: Database, same: dict[str, object]) -> None:
    """Two clients could be meant by one name or key, and one would act as the other."""
    other = replace(CMC_CLIENT, id="cmc-2", name="other", spki_sha256=b"\x03" * 32, key_identifier=b"\x04" * 20)
    with pytest.raises(TriviumError) as error:
        await store.write(lambda tx: tx.cmc_clients.add(replace(other, **same)))  # type: ignore[arg-type]
    assert error.value.kind is ErrorKind.CONFLICT


async def test_clients_are_saved_by_their_revision(store: Database) -> None:
    """Of two operators the one would undo what the other did."""
    saved = await store.write(lambda tx: tx.cmc_clients.save(replace(CMC_CLIENT, disabled=True)))
    assert (saved.disabled, saved.revision) == (True, 1)
    assert await store.read(lambda tx: tx.cmc_clients.get("cmc-1")) == saved
    with pytest.raises(TriviumError) as error:
        await store.write(lambda tx: tx.cmc_clients.save(CMC_CLIENT))
    assert error.value.kind is ErrorKind.CONFLICT


async def test_transactions_find_their_orders(store: Database) -> None:
    """An order that waits would be lost to a client that lost the answer."""
    orders = [order(), order()]
    for placed in orders:
        await store.write(lambda tx, placed=placed: tx.orders.add(placed))  # type: ignore[misc]
    found = [
        CmcTransaction(cmc_client_id="cmc-1", transaction=b"t" * 32, body_part_id=4294967295, order_id=placed.id)
        for placed in orders
    ]
    for one in found:
        await store.write(lambda tx, one=one: tx.cmc_clients.add_transaction(one))  # type: ignore[misc]
    assert await store.read(lambda tx: tx.cmc_clients.of_transaction("cmc-1", b"t" * 32)) == found
    assert await store.read(lambda tx: tx.cmc_clients.of_transaction("cmc-1", b"u" * 32)) == []


async def test_a_challenge_is_met_once(store: Database) -> None:
    """Two answers at once could both show the possession of a key, or one that is long over."""
    key = ("cmc-1", b"transaction", b"\x05" * 32)
    first = CmcChallenge(
        cmc_client_id=key[0], transaction=key[1], request=key[2], sealed=b"first", expires_at=NOW + timedelta(hours=1)
    )
    second = replace(first, sealed=b"second", expires_at=NOW + timedelta(hours=2))
    other = replace(first, request=b"\x06" * 32)
    for challenge in (first, other, second):
        await store.write(lambda tx, challenge=challenge: tx.cmc_challenges.put(challenge))  # type: ignore[misc]
    assert await store.write(lambda tx: tx.cmc_challenges.take("cmc-1", b"another", key[2])) is None
    assert await store.write(lambda tx: tx.cmc_challenges.take(*key)) == second
    assert await store.write(lambda tx: tx.cmc_challenges.take(*key)) is None
    assert await store.write(lambda tx: tx.cmc_challenges.purge(NOW, 10)) == 0
    assert await store.write(lambda tx: tx.cmc_challenges.purge(NOW + timedelta(hours=1), 10)) == 1
    assert await store.write(lambda tx: tx.cmc_challenges.take("cmc-1", b"transaction", other.request)) is None
