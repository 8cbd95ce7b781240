"""Sessions, links, ceremonies and passkeys, on SQLite and PostgreSQL (abuse 44, 56)."""

import asyncio
from datetime import timedelta

import pytest

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.sessions import Ceremony, CeremonyKind, Passkey, SignInLink, SignInMethod, StoredSession
from ca_core.model.users import LinkedSubject, User, UserKind
from ca_core.model.values import replace
from store.database import Database, open_store
from tests.store.samples import HOUR, NOW

SUBJECT = LinkedSubject(issuer="https://id.example.com", subject="1")
USER = User(id="usr-1", name="ann", kind=UserKind.OPERATOR, email="ann@example.com", subject=SUBJECT, created_at=NOW)
OTHER = replace(USER, id="usr-2", name="ben", subject=replace(SUBJECT, issuer="https://other.example.com"))
SESSION = StoredSession(
    id="ses-1",
    user_id=USER.id,
    cookie_sha256=b"cookie",
    method=SignInMethod.LINK,
    address="192.0.2.7",
    began_at=NOW,
    seen_at=NOW,
)
LINK = SignInLink(user_id=USER.id, token_sha256=b"token", created_by="operator:root", expires_at=NOW + HOUR)
CEREMONY = Ceremony(
    handle_sha256=b"handle", kind=CeremonyKind.PASSKEY, challenge=b"challenge", expires_at=NOW + timedelta(minutes=10)
)
PASSKEY = Passkey(
    id="psk-1",
    user_id=USER.id,
    name="laptop",
    credential_id=b"credential",
    public_key=b"key",
    sign_count=2**32 - 1,
    created_at=NOW,
)


@pytest.fixture
async def store(database: Database) -> Database:
    """A store with two users."""
    for user in (USER, OTHER):
        await database.write(lambda tx, user=user: tx.users.add(user))  # type: ignore[misc]
    return database


async def test_a_user_is_found_by_both_parts_of_his_subject_and_by_his_address(store: Database) -> None:
    """A subject of one provider would be a user of another (OpenID Connect Core section 5.7)."""
    assert await store.read(lambda tx: tx.users.by_subject(SUBJECT)) == USER
    assert await store.read(lambda tx: tx.users.by_subject(replace(SUBJECT, subject="2"))) is None
    assert await store.read(lambda tx: tx.users.by_email("ann@example.com")) == [USER, OTHER]
    assert await store.read(lambda tx: tx.users.by_email("Ann@example.com")) == []
    with pytest.raises(TriviumError) as refused:
        await store.write(lambda tx: tx.users.save(replace(OTHER, subject=SUBJECT)))
    assert refused.value.kind is ErrorKind.CONFLICT


async def test_a_session_is_seen_ended_and_forgotten(store: Database) -> None:
    """A session would outlive what ends it, or come back when it is seen late."""
    later = replace(SESSION, id="ses-2", cookie_sha256=b"other", seen_at=NOW + HOUR)
    for session in (SESSION, later):
        await store.write(lambda tx, session=session: tx.sessions.add(session))  # type: ignore[misc]
    assert await store.read(lambda tx: tx.sessions.by_cookie(b"cookie")) == SESSION
    await store.write(lambda tx: tx.sessions.see(later.id, NOW))
    assert await store.read(lambda tx: tx.sessions.by_cookie(b"other")) == later
    assert await store.write(lambda tx: tx.sessions.purge(NOW, 10)) == 1
    assert await store.write(lambda tx: tx.sessions.end_all(USER.id, but=later.id)) == 0
    assert await store.write(lambda tx: tx.sessions.end(later.id))
    await store.write(lambda tx: tx.sessions.see(later.id, NOW + 2 * HOUR))
    assert await store.read(lambda tx: tx.sessions.by_cookie(b"other")) is None


async def test_of_attempts_at_two_workers_one_takes_a_link(url: str, store: Database) -> None:
    """A link would sign in twice."""
    await store.write(lambda tx: tx.sign_in_links.put(replace(LINK, token_sha256=b"older")))
    await store.write(lambda tx: tx.sign_in_links.put(LINK))
    second = open_store(url)
    taken = await asyncio.gather(
        *(one.write(lambda tx: tx.sign_in_links.take(b"token", NOW)) for one in (store, second) * 25)
    )
    second.close()
    assert [one for one in taken if one is not None] == [LINK]
    assert await store.write(lambda tx: tx.sign_in_links.take(b"older", NOW)) is None


async def test_what_has_expired_is_not_taken_and_is_forgotten(store: Database) -> None:
    """An old link, or the answer to an old challenge, would count; or the tables grow for ever."""
    await store.write(lambda tx: tx.sign_in_links.put(LINK))
    await store.write(lambda tx: tx.ceremonies.add(CEREMONY))
    assert await store.write(lambda tx: tx.sign_in_links.take(b"token", LINK.expires_at)) is None
    assert await store.write(lambda tx: tx.ceremonies.take(b"handle", CEREMONY.expires_at)) is None
    assert await store.write(lambda tx: tx.ceremonies.take(b"handle", NOW)) == CEREMONY
    assert await store.write(lambda tx: tx.ceremonies.take(b"handle", NOW)) is None
    await store.write(lambda tx: tx.ceremonies.add(CEREMONY))
    assert await store.write(lambda tx: tx.sign_in_links.purge(LINK.expires_at, 10)) == 1
    assert await store.write(lambda tx: tx.ceremonies.purge(CEREMONY.expires_at, 10)) == 1


async def test_a_passkey_is_one_users_and_its_counter_is_compared(store: Database) -> None:
    """A credential would be two users', or two answers at once both count."""
    await store.write(lambda tx: tx.passkeys.add(PASSKEY))
    with pytest.raises(TriviumError) as refused:
        await store.write(lambda tx: tx.passkeys.add(replace(PASSKEY, id="psk-2", user_id=OTHER.id)))
    assert refused.value.kind is ErrorKind.CONFLICT
    used = await store.write(lambda tx: tx.passkeys.save(replace(PASSKEY, used_at=NOW)))
    assert await store.read(lambda tx: tx.passkeys.by_credential(b"credential")) == used
    assert await store.read(lambda tx: tx.passkeys.of_user(USER.id)) == [used]
    with pytest.raises(TriviumError) as refused:
        await store.write(lambda tx: tx.passkeys.save(PASSKEY))
    assert refused.value.kind is ErrorKind.CONFLICT
    assert await store.write(lambda tx: tx.passkeys.delete(PASSKEY.id))
    assert await store.read(lambda tx: tx.passkeys.get(PASSKEY.id)) is None
