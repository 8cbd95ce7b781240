"""Signing in at an identity provider: forged and stale answers, and who is found by them (OpenID Connect Core)."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OctKey, RSAKey

from ca_core.access import federation, sessions, suspension, users
from ca_core.access.identity_provider import Returned
from ca_core.access.users import NewUser
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.sessions import SignInMethod
from ca_core.model.users import LinkedSubject, User, UserKind
from tests.access.openid_provider import CLIENT_ID, SECRET, SUBJECT, FakeProvider, Visit, new_key, providing, unsigned
from tests.access.people import ADDRESS, Office
from tests.admin.provider import make_listener_certificate
from tests.orders.workshop import CONSOLE

EMAIL = "alice@example.com"


@dataclass
class Desk:
    """A core with a provider."""

    office: Office
    provider: FakeProvider
    core: Core

    def claims(self, nonce_asked: str, **changes: Any) -> dict[str, Any]:
        """Return the claims of a good token; None leaves one out."""
        now = int(self.office.clock.now().timestamp())
        good = {
            "iss": self.provider.issuer,
            "sub": SUBJECT,
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": nonce_asked,
            "email": EMAIL,
            "email_verified": True,
        }
        return {name: value for name, value in (good | changes).items() if value is not None}

    async def begin(self, **changes: Any) -> tuple[str, Visit]:
        """Go to the provider, which then says the claims with these changes."""
        handle, url = await federation.begin(self.core, ADDRESS)
        visit = Visit(url)
        self.provider.claims = self.claims(visit["nonce"], **changes)
        return handle, visit

    async def sign_in(self, **changes: Any) -> User:
        """Go to the provider and back."""
        handle, visit = await self.begin(**changes)
        return await self.finish(handle, visit.returned)

    async def finish(self, handle: str, returned: Returned) -> User:
        """Come back."""
        return await federation.finish(self.core, handle, returned, ADDRESS)


@pytest.fixture
async def desk(office: Office, tmp_path: Path) -> AsyncIterator[Desk]:
    """A provider, and the users alice and bob with addresses."""
    certificate = tmp_path / "provider.pem"
    make_listener_certificate(certificate)
    await users.change(office.core, "alice", CONSOLE, email=EMAIL)
    await users.change(office.core, "bob", CONSOLE, email="bob@example.com")
    async with providing(certificate, office.core.sources) as (provider, asks):
        yield Desk(office, provider, replace(office.core, identity_provider=asks))


async def refused(desk: Desk, **changes: Any) -> TriviumError:
    """Return why an answer with these claims does not count."""
    with pytest.raises(TriviumError) as error:
        await desk.sign_in(**changes)
    return error.value


async def test_the_request_is_bound_to_the_browser_and_the_code(desk: Desk) -> None:
    """A code that somebody else has seen would be his to use (RFC 7636), or an answer anybody's."""
    handle, visit = await desk.begin()
    assert (visit["response_type"], visit["code_challenge_method"], visit["scope"]) == ("code", "S256", "openid email")
    assert handle not in visit.url
    user = await desk.finish(handle, visit.returned)
    assert user.name == "alice"
    form = desk.provider.form
    challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
    assert (challenge, form["code"], form["redirect_uri"]) == (visit["code_challenge"], "code", visit["redirect_uri"])
    assert (
        base64.b64decode(desk.provider.authorization.removeprefix("Basic ")) == b"trivium:the%20secret%3A%20%2B%2F%25"
    )
    assert "client_secret" not in form


async def test_an_answer_counts_once_in_its_browser_and_in_time(desk: Desk) -> None:
    """Somebody would be signed in as another by a link that he opens (RFC 6749 section 10.12)."""
    handle, visit = await desk.begin()
    other, others = await desk.begin()
    for shown, returned in (
        ("", visit.returned),
        ("x" * 43, visit.returned),
        (other, visit.returned),
        (handle, replace(visit.returned, state="é")),
    ):
        with pytest.raises(TriviumError, match="did not begin in this browser") as error:
            await desk.finish(shown, returned)
        assert error.value.kind is ErrorKind.UNAUTHENTICATED
    for spent, back in ((handle, visit), (other, others)):
        with pytest.raises(TriviumError, match="did not begin"):
            await desk.finish(spent, back.returned)
    late, visit = await desk.begin()
    desk.office.clock.advance(minutes=10)
    with pytest.raises(TriviumError, match="took too long"):
        await desk.finish(late, visit.returned)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example.com"},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": [CLIENT_ID, "another"]},
        {"aud": [CLIENT_ID, "another"], "azp": "another"},
        {"azp": "another"},
        {"aud": None},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "é"},
    ],
    ids=str,
)
async def test_a_token_for_somebody_else_does_not_count(desk: Desk, changes: dict[str, Any]) -> None:
    """A token that was made for another client, request or user would open the page (section 3.1.3.7)."""
    error = await refused(desk, **changes)
    assert error.kind is ErrorKind.UNAUTHENTICATED
    assert "is not accepted" in error.detail


async def test_clocks_may_differ_by_a_minute(desk: Desk) -> None:
    """An old token would count, or a provider whose clock is a little off be of no use."""
    now = int(desk.office.clock.now().timestamp())
    for good in ({"exp": now - 58}, {"iat": now + 58}):
        assert (await desk.sign_in(**good)).name == "alice"
    for bad in ({"exp": now - 61}, {"iat": now + 63}):
        assert (await refused(desk, **bad)).kind is ErrorKind.UNAUTHENTICATED


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
async def test_only_the_providers_signature_counts(desk: Desk) -> None:
    """Anybody could write a token: without a signature, under the secret, under a public key, under his own key."""
    good = desk.provider.key
    secret = OctKey.import_key(SECRET, {"kid": "first"})
    public = OctKey.import_key(json.dumps(desk.provider.keys[0]), {"kid": "first"})
    short = RSAKey.generate_key(1024, {"kid": "first"})
    for key, header in (
        (secret, {"alg": "HS256"}),
        (public, {"alg": "HS256"}),
        (new_key("first"), {}),
        (new_key("another"), {}),
        (good, {"jwk": new_key("mine").as_dict(private=False)}),
    ):
        desk.provider.key, desk.provider.header = key, header
        if "jwk" in header:
            desk.provider.key = new_key("first")
        assert (await refused(desk)).kind is ErrorKind.UNAUTHENTICATED, header
    desk.provider.publish(short)
    desk.provider.header = {"alg": "RS256"}
    desk.office.clock.advance(minutes=1)
    assert (await refused(desk)).kind is ErrorKind.UNAUTHENTICATED
    handle, visit = await desk.begin()
    for text in (unsigned(desk.provider.claims), "", "a.b.c", "x" * 20_000):
        desk.provider.id_token = text
        with pytest.raises(TriviumError, match="is not accepted"):
            await desk.finish(handle, visit.returned)
        handle, visit = await desk.begin()


async def test_a_new_key_is_fetched_and_not_for_everybody_at_once(desk: Desk) -> None:
    """Nobody would sign in after the provider has rotated its keys; or each forged token be a request to it."""
    assert (await desk.sign_in()).name == "alice"
    assert desk.provider.asked.count("/keys") == 1
    desk.provider.publish(new_key("second"))
    desk.office.clock.advance(minutes=1)
    for _ in range(3):
        assert (await desk.sign_in()).name == "alice"
    assert desk.provider.asked.count("/keys") == 2
    desk.provider.key = new_key("forged")
    for _ in range(3):
        assert "does not publish" in (await refused(desk)).detail
    assert desk.provider.asked.count("/keys") == 2
    assert desk.provider.asked.count("/.well-known/openid-configuration") == 1


async def test_a_key_that_was_withdrawn_counts_for_an_hour_at_most(desk: Desk) -> None:
    """Whoever has stolen a provider's key would sign in with it here until somebody else names a new one."""
    assert (await desk.sign_in()).name == "alice"
    stolen = desk.provider.key
    desk.provider.publish(new_key("second"))
    desk.provider.key = stolen
    desk.office.clock.advance(minutes=59)
    assert (await desk.sign_in()).name == "alice"
    desk.office.clock.advance(minutes=1)
    assert "does not publish" in (await refused(desk)).detail
    assert desk.provider.asked.count("/keys") == 2


async def test_keys_that_are_too_old_do_not_count_while_the_provider_is_silent(desk: Desk) -> None:
    """Whoever keeps the provider from answering would keep a withdrawn key alive."""
    assert (await desk.sign_in()).name == "alice"
    good = dict(desk.provider.metadata)
    desk.provider.metadata = good | {"jwks_uri": f"{desk.provider.issuer}/nowhere"}
    desk.office.clock.advance(hours=2)
    for _ in range(2):
        error = await refused(desk)
        assert (error.kind, error.problem.retry_after) == (ErrorKind.UNAVAILABLE, 60)
        assert "sign in another way" in error.detail
    desk.provider.metadata = good
    desk.office.clock.advance(hours=2)
    assert (await desk.sign_in()).name == "alice"


async def test_a_provider_that_is_not_the_one_is_not_asked(desk: Desk) -> None:
    """Whoever answers in its place would name the keys (OpenID Connect Discovery section 4.3)."""
    good = dict(desk.provider.metadata)
    for change in (
        {"issuer": f"{desk.provider.issuer}/"},
        {"authorization_endpoint": "http://127.0.0.1/auth"},
        {"authorization_endpoint": None},
    ):
        desk.provider.metadata = good | change
        desk.office.clock.advance(hours=2)
        with pytest.raises(TriviumError) as error:
            await federation.begin(desk.core, ADDRESS)
        assert error.value.kind is ErrorKind.UNAVAILABLE
    desk.provider.metadata = good | {"jwks_uri": f"{desk.provider.issuer}/elsewhere"}
    desk.office.clock.advance(hours=2)
    assert "gives no keys" in (await refused(desk)).detail


async def test_an_answer_of_another_provider_or_of_none(desk: Desk) -> None:
    """A code of another provider would be sent to this one (RFC 9207); or an error be read as a success."""
    desk.provider.metadata["authorization_response_iss_parameter_supported"] = True
    for change, sentence in (
        ({}, "comes from another provider"),
        ({"issuer": "https://evil.example.com"}, "comes from another provider"),
        ({"issuer": desk.provider.issuer, "error": "access_denied"}, "it says access_denied"),
        ({"issuer": desk.provider.issuer, "error": "<script>"}, "it says that there was an error"),
        ({"issuer": desk.provider.issuer, "code": ""}, "it holds no code"),
    ):
        handle, visit = await desk.begin()
        with pytest.raises(TriviumError, match=sentence):
            await desk.finish(handle, replace(visit.returned, **change))
    handle, visit = await desk.begin()
    assert (await desk.finish(handle, replace(visit.returned, issuer=desk.provider.issuer))).name == "alice"


async def test_the_address_may_come_from_the_user_info(desk: Desk) -> None:
    """Providers that keep it out of the token would be of no use; or another user's address count."""
    desk.provider.user_info = {"sub": "subject-2", "email": EMAIL, "email_verified": True}
    assert "whose e-mail address" in (await refused(desk, email=None)).detail
    desk.provider.user_info = {"sub": SUBJECT, "email": EMAIL, "email_verified": True}
    assert (await desk.sign_in(email=None)).name == "alice"


@pytest.mark.parametrize("verified", [False, None, "true", 1])
async def test_an_address_counts_that_is_verified(desk: Desk, verified: object) -> None:
    """Whoever types somebody's address at the provider would be him."""
    error = await refused(desk, email_verified=verified)
    assert error.kind is ErrorKind.FORBIDDEN
    assert "has verified your e-mail address" in error.detail


async def test_a_user_is_pinned_to_his_subject(desk: Desk) -> None:
    """Whoever gets the address of somebody who has left would be him; or who changes his address be nobody."""
    alice = await desk.sign_in()
    assert alice.subject == LinkedSubject(issuer=desk.provider.issuer, subject=SUBJECT)
    assert (await desk.sign_in(email="new@example.com", email_verified=False)).id == alice.id
    assert (await desk.sign_in(email="bob@example.com")).id == alice.id
    error = await refused(desk, sub="subject-2")
    assert (error.kind, "linked to somebody else" in error.detail) == (ErrorKind.FORBIDDEN, True)
    cookie = await sessions.begin(desk.core, alice, SignInMethod.OPENID_CONNECT, ADDRESS)
    await federation.unlink(desk.core, "alice", await desk.office.chief.principal())
    assert await sessions.resume(desk.core, cookie, ADDRESS) is None
    relinked = await desk.sign_in(sub="subject-2")
    assert (relinked.id, relinked.subject) == (
        alice.id,
        LinkedSubject(issuer=desk.provider.issuer, subject="subject-2"),
    )


async def test_who_is_nobody_here_is_refused(desk: Desk) -> None:
    """Everybody whom the provider knows would be in; or two users be one."""
    assert "No user here has the address" in (await refused(desk, email="nobody@example.com")).detail
    bob = await users.get(desk.core, "bob", CONSOLE)
    await desk.core.store.write(lambda tx: tx.users.save(replace(bob, email=EMAIL)))
    assert "Several users have the address" in (await refused(desk)).detail
    await users.change(desk.core, "bob", CONSOLE, email="bob@example.com")
    await suspension.suspend_user(desk.core, "alice", "left", CONSOLE)
    assert "is suspended: left" in (await refused(desk)).detail


async def test_service_accounts_with_the_address_are_in_nobodys_way(desk: Desk) -> None:
    """Whoever makes service accounts could keep a user from his first sign-in by giving them his address."""
    for number in range(2):
        wanted = NewUser(
            name=f"a{number}",
            kind=UserKind.SERVICE_ACCOUNT,
            email="carol@example.com",
            role="ra-viewer",
            client_id=desk.office.client_id,
        )
        await users.create(desk.core, wanted, CONSOLE)
    carol = await desk.office.person("carol", "ra-viewer", desk.office.client_id, email="carol@example.com")
    assert (await desk.sign_in(email="carol@example.com")).id == carol.user.id
    with pytest.raises(TriviumError) as refused:
        await users.change(desk.core, "bob", CONSOLE, email="carol@example.com")
    assert refused.value.kind is ErrorKind.CONFLICT
