"""Orders and authorizations in the store, on SQLite and on PostgreSQL."""

# Writes are lambdas of one line here, and what they return does not matter.
# mypy: disable-error-code="func-returns-value"

from dataclasses import replace
from typing import Any

from ca_core.model.authorizations import AuthorizationStatus, CaaPermission, ChallengeStatus
from ca_core.model.errors import ErrorKind
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.orders import OrderState
from ca_core.model.repositories.orders import OrderSearch
from store.database import Database
from tests.store.refused import refused
from tests.store.samples import (
    ACCOUNT,
    ADDRESS,
    CLIENT,
    EXAMPLE,
    HOUR,
    NOW,
    PROBLEM,
    authorization,
    order,
)


async def test_an_order_comes_back_and_is_saved_by_compare_and_set(store: Database) -> None:
    """One order could be taken by two finalizes (rule 5)."""
    placed = order()
    await store.write(lambda tx: tx.orders.add(placed))
    assert await store.read(lambda tx: tx.orders.get(placed.id)) == placed
    failed = replace(placed, state=OrderState.FAILED, csr=b"\x30\x00", error=PROBLEM, certificate_id="crt-1")
    saved = await store.write(lambda tx: tx.orders.save(failed))
    assert await store.read(lambda tx: tx.orders.get(placed.id)) == saved == replace(failed, revision=1)
    assert await refused(store, lambda tx: tx.orders.save(failed)) is ErrorKind.CONFLICT


async def test_orders_of_an_account_are_paged(store: Database) -> None:
    """The orders list would repeat or lose orders (RFC 8555 section 7.1.2.1)."""
    placed = [order() for _ in range(5)] + [order(account_id=None)]
    await store.write(lambda tx: [tx.orders.add(one) for one in placed])
    first = await store.read(lambda tx: tx.orders.of_account(ACCOUNT.id, after=None, limit=3))
    rest = await store.read(lambda tx: tx.orders.of_account(ACCOUNT.id, after=first[-1].id, limit=3))
    assert first + rest == placed[:5]


async def test_orders_are_searched(store: Database) -> None:
    """Operators would see orders of other Clients, or miss their own."""
    other = replace(CLIENT, id="cli-2", name="other")
    second = Identifier(type=IdentifierType.DNS, value="b.example.com")
    placed = [order(), order(state=OrderState.ISSUED, identifiers=(second, second)), order(client_id=other.id)]
    await store.write(lambda tx: (tx.clients.add(other), [tx.orders.add(one) for one in placed]))

    async def found(**query: Any) -> list[str]:
        orders = await store.read(lambda tx: tx.orders.search(OrderSearch(**query)))
        return [one.id for one in orders]

    ids = [one.id for one in placed]
    assert await found(client_ids=None) == ids[::-1]
    assert await found(client_ids=frozenset({CLIENT.id})) == [ids[1], ids[0]]
    assert await found(client_ids=frozenset()) == []
    assert await found(client_ids=None, states=frozenset({OrderState.ISSUED})) == [ids[1]]
    assert await found(client_ids=None, identifier=ADDRESS.value) == [ids[2], ids[0]]
    assert await found(client_ids=frozenset({other.id}), identifier=second.value) == []
    assert await found(client_ids=None, after=ids[2], limit=1) == [ids[1]]
    assert await found(client_ids=None, account_id="acc-none") == []


async def test_new_orders_of_an_authorization_and_expired_ones(store: Database) -> None:
    """An order would wait for ever for an authorization that is there, or beyond its expiry."""
    shown = authorization()
    waiting = order(authorization_ids=(shown.id, shown.id))
    done = order(authorization_ids=(shown.id,), state=OrderState.ISSUED)
    await store.write(lambda tx: (tx.authorizations.add([shown]), tx.orders.add(waiting), tx.orders.add(done)))
    assert await store.read(lambda tx: tx.orders.referring_to(shown.id)) == [waiting]
    assert await store.read(lambda tx: tx.orders.expired(NOW + HOUR, 10)) == [waiting]
    assert await store.read(lambda tx: tx.orders.expired(NOW, 10)) == []


async def test_authorizations_come_back_with_their_challenges(store: Database) -> None:
    """A client could not find the challenge it must answer."""
    many = [authorization() for _ in range(5)]
    await store.write(lambda tx: tx.authorizations.add(many))
    ids = [one.id for one in many]
    for count in range(6):
        wanted = ids[:count][::-1]
        assert await store.read(lambda tx, wanted=wanted: tx.authorizations.get_many(wanted)) == many[:count][::-1]  # type: ignore[misc]
    assert await store.read(lambda tx: tx.authorizations.get(ids[3])) == many[3]
    assert await store.read(lambda tx: tx.authorizations.by_challenge(many[2].challenges[1].id)) == many[2]
    assert await store.read(lambda tx: tx.authorizations.by_challenge("chl-none")) is None
    assert await refused(store, lambda tx: tx.authorizations.get_many([ids[0], "azn-none"])) is ErrorKind.NOT_FOUND


async def test_valid_authorizations_of_an_account_are_found_by_identifier(store: Database) -> None:
    """An authorization of another name, of the wildcard, or an expired one would be taken for this name (rule 50)."""
    wildcard = Identifier(type=IdentifierType.DNS, value="*.www.example.com")
    valid = AuthorizationStatus.VALID
    plain = authorization(status=valid)
    star = authorization(wildcard, status=valid)
    others = [
        authorization(),
        authorization(status=valid, expires_at=NOW),
        authorization(status=valid, account_id=None),
    ]
    await store.write(lambda tx: tx.authorizations.add([plain, star, *others]))

    async def found(*identifiers: Identifier) -> list[Any]:
        return list(await store.read(lambda tx: tx.authorizations.valid_for(ACCOUNT.id, identifiers, NOW)))

    assert await found(EXAMPLE) == [plain]
    assert await found(wildcard) == [star]
    assert await found(wildcard, EXAMPLE, ADDRESS) == [plain, star]
    assert await found(ADDRESS) == []
    assert await found() == []


async def test_authorizations_that_serve_an_order_are_the_accounts_and_its_clients(store: Database) -> None:
    """An order would be served by another account's or Client's control, or not by its own (rule 50)."""
    other = replace(ACCOUNT, id="acc-2", thumbprint="other")
    valid: dict[str, Any] = {"status": AuthorizationStatus.VALID}
    own = authorization(**valid, pre_authorized=True, product_id="pma-1", product_version="1")
    of_client = authorization(**valid, account_id=None)
    rows = [
        own,
        of_client,
        authorization(**valid, account_id="acc-2"),
        authorization(**valid, client_id="cli-2", account_id=None),
        authorization(**valid, wildcard=True),
        authorization(**valid, expires_at=NOW),
        authorization(),
        authorization(ADDRESS, **valid),
    ]
    await store.write(lambda tx: tx.clients.add(replace(CLIENT, id="cli-2", name="second")))
    await store.write(lambda tx: (tx.accounts.add(other), tx.authorizations.add(rows)))
    held = await store.read(lambda tx: tx.authorizations.held_for(CLIENT.id, ACCOUNT.id, [EXAMPLE], NOW))
    assert held == [own, of_client]
    assert await store.read(lambda tx: tx.authorizations.held_for(CLIENT.id, None, [EXAMPLE], NOW)) == [of_client]
    assert await store.read(lambda tx: tx.authorizations.held_for(CLIENT.id, ACCOUNT.id, [], NOW)) == []


async def test_authorization_and_challenge_are_saved_by_compare_and_set(store: Database) -> None:
    """A late validation would overwrite the result of another (rule 51)."""
    pending = authorization()
    await store.write(lambda tx: tx.authorizations.add([pending]))
    answered = replace(pending.challenges[0], status=ChallengeStatus.INVALID, validated_at=NOW, error=PROBLEM)
    permission = CaaPermission(at=NOW, identities=("ca.example", "other.example"), dnssec=True)
    invalid = replace(pending, status=AuthorizationStatus.INVALID, expires_at=NOW, caa=permission)
    await store.write(lambda tx: (tx.authorizations.save_challenge(answered), tx.authorizations.save(invalid)))
    expected = replace(invalid, revision=1, challenges=(replace(answered, revision=1), pending.challenges[1]))
    assert await store.read(lambda tx: tx.authorizations.get(pending.id)) == expected
    assert await refused(store, lambda tx: tx.authorizations.save(invalid)) is ErrorKind.CONFLICT
    assert await refused(store, lambda tx: tx.authorizations.save_challenge(answered)) is ErrorKind.CONFLICT


async def test_a_permission_stands_in_nobodys_way(store: Database) -> None:
    """Two orders that look CAA up for one authorization would hinder each other, or whoever deactivates it."""
    valid = authorization(status=AuthorizationStatus.VALID)
    await store.write(lambda tx: tx.authorizations.add([valid]))
    permission = CaaPermission(at=NOW, identities=("ca.example",), dnssec=False)
    await store.write(lambda tx: tx.authorizations.save_permission(valid.id, permission))
    expected = replace(valid, caa=permission)
    assert await store.read(lambda tx: tx.authorizations.get(valid.id)) == expected
    ended = replace(expected, status=AuthorizationStatus.DEACTIVATED)
    assert (await store.write(lambda tx: tx.authorizations.save(ended))).revision == valid.revision + 1
