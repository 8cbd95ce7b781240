"""What operators search ACME by, on SQLite and PostgreSQL: each filter alone, tenancy, pages."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ca_core.model.accounts import AccountStatus
from ca_core.model.authorizations import AuthorizationStatus, ChallengeStatus, FoundChallenge, ValidationMethod
from ca_core.model.clients import Client
from ca_core.model.external_accounts import ExternalAccountBinding
from ca_core.model.repositories.accounts import AccountSearch
from ca_core.model.repositories.authorizations import ChallengeSearch
from ca_core.model.store import Transaction
from store.database import Database
from tests.store.samples import ACCOUNT, CLIENT, EXAMPLE, HOUR, NOW, add_basics, authorization

SECOND = Client(id="cli-2", name="second", created_at=NOW)
MAIL = "mailto:A_b@Example.com"


@pytest.fixture
async def store(database: Database) -> Database:
    """Two Clients with an account each, and a third account that is bound."""

    def add(tx: Transaction) -> None:
        add_basics(tx)
        tx.clients.add(SECOND)
        tx.accounts.add(replace(ACCOUNT, id="acc-2", client_id=SECOND.id, thumbprint="two", contacts=(MAIL,)))
        binding = ExternalAccountBinding(key_id="eab-1", jws="{}")
        tx.accounts.add(replace(ACCOUNT, id="acc-3", thumbprint="three", binding=binding, contacts=()))
        tx.accounts.save(
            replace(ACCOUNT, id="acc-3", thumbprint="three", contacts=(), status=AccountStatus.DEACTIVATED)
        )

    await database.write(add)
    return database


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["acc-3", "acc-2", "acc-1"]),
        ({"client_ids": frozenset({CLIENT.id})}, ["acc-3", "acc-1"]),
        ({"client_ids": frozenset()}, []),
        ({"status": AccountStatus.VALID}, ["acc-2", "acc-1"]),
        ({"contact": "a_b@example.COM"}, ["acc-2"]),
        ({"contact": "a%b"}, []),
        ({"contact": "axb@example.com"}, []),
        ({"contact": "mailto:a"}, ["acc-2", "acc-1"]),
        ({"thumbprint": "two"}, ["acc-2"]),
        ({"thumbprint": "two", "client_ids": frozenset({CLIENT.id})}, []),
        ({"external_account_key_id": "eab-1"}, ["acc-3"]),
        ({"limit": 1}, ["acc-3"]),
        ({"before": "acc-3", "limit": 1}, ["acc-2"]),
        ({"before": "acc-1"}, []),
    ],
)
async def test_accounts_are_found(store: Database, query: dict[str, Any], expected: list[str]) -> None:
    """An operator would not find an account, or another Client's."""
    search = AccountSearch(**({"client_ids": None} | query))
    assert [found.id for found in await store.read(lambda tx: tx.accounts.search(search))] == expected


async def challenges(store: Database, **query: Any) -> list[FoundChallenge]:
    """Search challenges."""
    search = ChallengeSearch(**({"client_ids": None} | query))
    return await store.read(lambda tx: tx.authorizations.search(search))


async def test_challenges_are_found_with_what_they_are_for(store: Database) -> None:
    """An operator would not see which token is for which name and Client, or see another Client's."""
    ours = authorization(account_id="acc-1")
    other = replace(EXAMPLE, value="other.example.com")
    theirs = authorization(other, client_id=SECOND.id, account_id="acc-2")
    await store.write(lambda tx: tx.authorizations.add([ours, theirs]))
    tokens = {challenge.id: challenge for one in (ours, theirs) for challenge in one.challenges}

    everything = await challenges(store)
    assert [found.id for found in everything] == sorted(tokens, reverse=True)
    for found in everything:
        challenge = tokens[found.id]
        owner = ours if found.authorization_id == ours.id else theirs
        assert (found.token, found.method, found.status) == (challenge.token, challenge.method, challenge.status)
        assert (found.identifier, found.wildcard) == (owner.identifier, owner.wildcard)
        assert (found.client_id, found.account_id) == (owner.client_id, owner.account_id)
        assert (found.authorization_status, found.expires_at) == (owner.status, owner.expires_at)

    def of(one: Any) -> set[str]:
        return {challenge.id for challenge in one.challenges}

    async def ids(**query: Any) -> set[str]:
        return {found.id for found in await challenges(store, **query)}

    assert await ids(client_ids=frozenset({CLIENT.id})) == await ids(account_id="acc-1") == of(ours)
    assert await ids(identifier="other.example.com") == of(theirs)
    assert await ids(identifier="example.com") == await ids(client_ids=frozenset()) == set()
    for method in ValidationMethod:
        assert await ids(method=method) == {key for key, one in tokens.items() if one.method is method}
    decided = await store.write(
        lambda tx: tx.authorizations.save_challenge(replace(ours.challenges[0], status=ChallengeStatus.INVALID))
    )
    assert await ids(status=ChallengeStatus.INVALID) == {decided.id}
    page = await challenges(store, limit=1)
    rest = await challenges(store, before=page[0].id)
    assert [found.id for found in page + rest] == [found.id for found in everything]


async def test_enrolled_names_are_those_that_control_is_shown_of(store: Database) -> None:
    """An operator would take a name for enrolled that is not, or see one as often as it was ordered."""

    def made(name: str, **changes: Any) -> Any:
        one = authorization(replace(EXAMPLE, value=name), account_id="acc-1", status=AuthorizationStatus.VALID)
        first = replace(one.challenges[0], status=ChallengeStatus.VALID, validated_at=NOW)
        return replace(one, challenges=(first, *one.challenges[1:]), expires_at=NOW + HOUR, **changes)

    older, newest = made("a.test"), made("a.test")
    wildcard = made("a.test", wildcard=True)
    theirs = made("a.test", client_id=SECOND.id, account_id="acc-2")
    expired, given_up = made("b.test"), made("c.test", status=AuthorizationStatus.DEACTIVATED)
    expired = replace(expired, expires_at=NOW)
    pending = authorization(replace(EXAMPLE, value="d.test"), account_id="acc-1")
    everything = [older, newest, wildcard, theirs, expired, given_up, pending]
    await store.write(lambda tx: tx.authorizations.add(everything))
    found = await challenges(store, enrolled_at=NOW)
    assert [one.authorization_id for one in found] == [theirs.id, wildcard.id, newest.id]
    assert {one.status for one in found} == {ChallengeStatus.VALID}
    assert await challenges(store, enrolled_at=NOW + 2 * HOUR) == []
    before = await challenges(store, enrolled_at=NOW - timedelta(seconds=1), identifier="b.test")
    assert [one.authorization_id for one in before] == [expired.id]
    ours = await challenges(store, enrolled_at=NOW, client_ids=frozenset({CLIENT.id}))
    assert [one.authorization_id for one in ours] == [wildcard.id, newest.id]
