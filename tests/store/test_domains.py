"""Pre-validated domains in the store, on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ca_core.model.authorizations import AuthorizationStatus
from ca_core.model.domains import ClientDomain, DomainToken
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.orders import OrderState
from store.database import Database
from tests.store.samples import ADDRESS, CLIENT, NOW, authorization, new_id, order

DAY = timedelta(days=1)


def domain(name: str) -> ClientDomain:
    """A domain with every field set."""
    return ClientDomain(
        id=new_id("cld"),
        client_id=CLIENT.id,
        name=name,
        created_at=NOW,
        created_by="api-user:usr-1",
        token=DomainToken(value="t" * 32, created_at=NOW, expires_at=NOW + 30 * DAY),
        validated_at=NOW + DAY,
        valid_until=NOW + 200 * DAY,
        dnssec=True,
        checked_at=NOW + DAY,
        result="TXT example.test, DNSSEC validated",
    )


async def test_a_domain_comes_back_as_it_was(store: Database) -> None:
    """A field that is not stored is lost without a word; and of two changes at once one must not undo the other."""
    first, second = domain("b.test"), domain("a.test")
    await store.write(lambda tx: tx.domains.add([first, second]))
    assert await store.read(lambda tx: tx.domains.get(first.id)) == first
    assert await store.read(lambda tx: tx.domains.of_client(CLIENT.id)) == [second, first]
    assert await store.read(lambda tx: tx.domains.named(CLIENT.id, ["c.test", "b.test", "test"])) == [first]
    assert await store.read(lambda tx: tx.domains.named("cli-2", ["b.test"])) == []
    assert await store.read(lambda tx: tx.domains.named(CLIENT.id, [])) == []
    changed = replace(first, token=None, validated_at=None, valid_until=None, dnssec=False, result="")
    saved = await store.write(lambda tx: tx.domains.save(changed))
    assert saved == replace(changed, revision=1)
    assert await store.read(lambda tx: tx.domains.get(first.id)) == saved
    with pytest.raises(TriviumError) as late:
        await store.write(lambda tx: tx.domains.save(changed))
    assert late.value.kind is ErrorKind.CONFLICT
    with pytest.raises(TriviumError) as late:
        await store.write(lambda tx: tx.domains.delete(first))
    assert late.value.kind is ErrorKind.CONFLICT
    await store.write(lambda tx: tx.domains.delete(saved))
    assert await store.read(lambda tx: tx.domains.of_client(CLIENT.id)) == [second]


async def test_a_client_has_a_name_once(store: Database) -> None:
    """Two tokens for one domain: a look for the one would not find the other."""
    first, second = domain("a.test"), domain("a.test")
    await store.write(lambda tx: tx.domains.add([first]))
    with pytest.raises(TriviumError) as twice:
        await store.write(lambda tx: tx.domains.add([second]))
    assert twice.value.kind is ErrorKind.CONFLICT


async def test_the_hourly_check_finds_what_its_token_may_still_show(store: Database) -> None:
    """A domain would wait for ever, or be looked up for ever."""
    shown, again, fresh, without = domain("a.test"), domain("b.test"), domain("c.test"), domain("d.test")
    again = replace(again, token=DomainToken(value="n", created_at=NOW + 2 * DAY, expires_at=NOW + 32 * DAY))
    fresh = replace(fresh, validated_at=None)
    without = replace(without, token=None, validated_at=None)
    await store.write(lambda tx: tx.domains.add([shown, again, fresh, without]))
    now = NOW + 3 * DAY
    found = await store.read(lambda tx: tx.domains.awaiting_check(now, after="", limit=10))
    assert found == [again, fresh]
    assert all(one.awaits_check_at(now) for one in found)
    assert await store.read(lambda tx: tx.domains.awaiting_check(now, after=again.id, limit=10)) == [fresh]
    assert await store.read(lambda tx: tx.domains.awaiting_check(now, after="", limit=1)) == [again]
    late = NOW + 31 * DAY
    assert await store.read(lambda tx: tx.domains.awaiting_check(late, after="", limit=10)) == [again]


async def test_what_waits_below_a_domain(store: Database) -> None:
    """A domain would show control of another Client's names, of an account's, or of what only ends alike."""
    own = {
        name: authorization(Identifier(type=IdentifierType.DNS, value=name), account_id=None)
        for name in ("a.test", "www.a.test", "*.a.test", "ba.test", "test")
    }
    others = (
        authorization(Identifier(type=IdentifierType.DNS, value="www.a.test")),
        authorization(ADDRESS, account_id=None),
        replace(own["www.a.test"], **_anew("old"), expires_at=NOW),
        replace(own["www.a.test"], **_anew("valid"), status=AuthorizationStatus.VALID),
    )
    await store.write(lambda tx: tx.authorizations.add([*own.values(), *others]))
    found = await store.read(lambda tx: tx.authorizations.waiting_below(CLIENT.id, "a.test", NOW))
    assert found == [own["a.test"], own["www.a.test"], own["*.a.test"]]
    assert await store.read(lambda tx: tx.authorizations.waiting_below("cli-2", "a.test", NOW)) == []


async def test_authorizations_end_with_their_domain(store: Database) -> None:
    """What a deleted domain has shown would go on to serve; and a status that was decided must stay."""
    by_domain, pending, by_another = (authorization() for _ in range(3))
    by_domain = replace(by_domain, status=AuthorizationStatus.VALID, domain_id="cld-1")
    pending = replace(pending, domain_id="cld-1")
    by_another = replace(by_another, status=AuthorizationStatus.VALID, domain_id="cld-2")
    await store.write(lambda tx: tx.authorizations.add([by_domain, pending, by_another]))
    assert await store.write(lambda tx: tx.authorizations.revoke_of_domain("cld-1")) == [by_domain.id]
    assert await store.write(lambda tx: tx.authorizations.revoke_of_domain("cld-1")) == []
    ids = (by_domain.id, pending.id, by_another.id)
    now = await store.read(lambda tx: tx.authorizations.get_many(ids))
    assert [one.status for one in now] == [
        AuthorizationStatus.REVOKED,
        AuthorizationStatus.PENDING,
        AuthorizationStatus.VALID,
    ]
    with pytest.raises(TriviumError) as late:
        await store.write(lambda tx: tx.authorizations.save(by_domain))
    assert late.value.kind is ErrorKind.CONFLICT
    shown = replace(pending, status=AuthorizationStatus.VALID, domain_id="cld-3")
    await store.write(lambda tx: tx.authorizations.save(shown))
    assert await store.read(lambda tx: tx.authorizations.get(pending.id)) == replace(shown, revision=1)


async def test_the_orders_that_wait_of_a_client(store: Database) -> None:
    """An order without its CSR waits for its requester, and one that is over for nothing."""
    first, second, without, over = (
        order(csr=b"\x30\x01"),
        order(csr=b"\x30\x02"),
        order(),
        order(csr=b"\x30\x03", state=OrderState.FAILED),
    )
    for one in (first, second, without, over):
        await store.write(lambda tx, one=one: tx.orders.add(one))  # type: ignore[misc]
    assert await store.read(lambda tx: tx.orders.waiting(frozenset({CLIENT.id}), limit=10)) == [first, second]
    assert await store.read(lambda tx: tx.orders.waiting(None, limit=1)) == [first]
    assert await store.read(lambda tx: tx.orders.waiting(frozenset({"cli-2"}), limit=10)) == []


def _anew(name: str) -> dict[str, Any]:
    return {"id": f"azn-{name}", "challenges": ()}
