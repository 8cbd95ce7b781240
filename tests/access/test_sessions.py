"""Sessions of the admin page, and the links by which they begin, under a clock that the test owns (abuse 44, 56)."""

import asyncio
from dataclasses import replace

import pytest

from ca_core.access import sessions, sign_in, sign_in_links, suspension, users
from ca_core.model.audit import Outcome
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import Job, JobState, TimerType
from ca_core.model.rate_limits import Limit, Rate, RateLimits
from ca_core.model.repositories.audit import AuditSearch
from ca_core.model.sessions import Session, SignInMethod
from ca_core.model.users import User, UserKind
from ca_core.orders import maintenance
from tests.access.people import ADDRESS, Office, Person
from tests.orders.workshop import CONSOLE

ELSEWHERE = "198.51.100.9"


async def begun(office: Office, person: Person) -> str:
    """Begin a session of a person; return its cookie."""
    return await sessions.begin(office.core, person.user, SignInMethod.LINK, ADDRESS)


async def seen(office: Office, cookie: str) -> Session | None:
    """Return the session of a cookie."""
    return await sessions.resume(office.core, cookie, ELSEWHERE)


async def acts(office: Office, object_id: str) -> list[tuple[str, str, Outcome]]:
    """Return what the audit log says of an object, oldest first: actor, action, outcome."""
    found = await office.core.store.read(lambda tx: tx.audit.search(AuditSearch(client_ids=None, object_id=object_id)))
    return [(one.actor, one.action, one.outcome) for one in reversed(found)]


async def test_a_session_may_what_the_user_may_over_the_api(office: Office) -> None:
    """The page would let somebody do what the API refuses him, or the other way round."""
    for person in (office.alice, office.bob, office.chief):
        session = await seen(office, await begun(office, person))
        assert session is not None
        over_the_api = await person.principal()
        assert session.principal == replace(over_the_api, address=ELSEWHERE, credential_id=None)
        assert session.user == person.user
    suspended = await office.person("carl", "ra-operator", office.other_id)
    await users.assign(office.core, "carl", "ra-viewer", office.client_id, CONSOLE)
    await suspension.suspend_client(office.core, office.other_id, "not paid", CONSOLE)
    session = await seen(office, await begun(office, suspended))
    assert session is not None
    assert set(session.principal.permissions) == {office.client_id}


async def test_a_session_that_nobody_uses_ends_after_15_minutes(office: Office) -> None:
    """Whoever finds an open browser after lunch would be the operator (abuse 56)."""
    cookie = await begun(office, office.alice)
    for _ in range(4):
        office.clock.advance(minutes=15)
        assert await seen(office, cookie)
    office.clock.advance(minutes=15, seconds=1)
    assert await seen(office, cookie) is None


async def test_a_session_ends_after_8_hours_however_much_it_is_used(office: Office) -> None:
    """A stolen cookie would be good for ever (abuse 56)."""
    cookie = await begun(office, office.alice)
    for _ in range(8 * 6):
        office.clock.advance(minutes=10)
        assert await seen(office, cookie)
    office.clock.advance(seconds=1)
    assert await seen(office, cookie) is None


async def test_its_use_is_noted_once_a_minute(office: Office) -> None:
    """Every page would be a write; or a session in use would idle."""
    cookie = await begun(office, office.alice)
    times = []
    for _ in range(5):
        office.clock.advance(seconds=25)
        session = await seen(office, cookie)
        assert session is not None
        times.append((office.clock.now() - session.seen_at).seconds)
    assert times == [25, 50, 75, 25, 50]


async def test_each_sign_in_has_a_cookie_of_its_own_which_is_not_kept(office: Office) -> None:
    """Somebody who puts a cookie into a browser would know the session (fixation), as would who reads the database."""
    first, second = await begun(office, office.alice), await begun(office, office.alice)
    one, other = await seen(office, first), await seen(office, second)
    assert one is not None
    assert other is not None
    assert (len(first), first != second, one.id != other.id) == (43, True, True)
    assert one.csrf_token != other.csrf_token
    for guess in ("", "x", first[:-1], first + "A", "A" * 43, one.id, "é" * 43):
        assert await seen(office, guess) is None
    stored = await office.core.store.read(lambda tx: tx.sessions.by_cookie(first.encode()))
    assert stored is None


async def test_signing_out_ends_it_for_whoever_has_the_cookie(office: Office) -> None:
    """A copy of the cookie would outlive the sign-out (abuse 56)."""
    cookie, other = await begun(office, office.alice), await begun(office, office.alice)
    session = await seen(office, cookie)
    assert session is not None
    await sessions.end(office.core, session)
    await sessions.end(office.core, session)
    assert await seen(office, cookie) is None
    assert await seen(office, other) is not None
    actor = office.alice.user.id
    assert await acts(office, session.id) == [
        (f"api-user:{actor}", "session.begin", Outcome.SUCCESS),
        (f"api-user:{actor}", "session.end", Outcome.SUCCESS),
    ]


async def test_all_sessions_of_a_user_end_but_the_one_he_has(office: Office) -> None:
    """Who takes a way to sign in away from a thief would not be rid of him."""
    kept, other, bobs = [await begun(office, one) for one in (office.alice, office.alice, office.bob)]
    session = await seen(office, kept)
    assert session is not None
    await sessions.end_all(office.core, office.alice.user.id, but=session.id)
    assert [await seen(office, one) is not None for one in (kept, other, bobs)] == [True, False, True]
    await sessions.end_all(office.core, office.alice.user.id)
    assert [await seen(office, one) is not None for one in (kept, bobs)] == [False, True]


async def test_a_suspended_user_is_out_at_once_and_for_good(office: Office) -> None:
    """He would act on until his session idles; or his session would come back with him."""
    cookie = await begun(office, office.alice)
    await suspension.suspend_user(office.core, "alice", "left", await office.chief.principal())
    assert await seen(office, cookie) is None
    with pytest.raises(TriviumError, match="is suspended: left") as refused:
        await begun(office, office.alice)
    assert refused.value.kind is ErrorKind.FORBIDDEN
    await suspension.resume_user(office.core, "alice", await office.chief.principal())
    assert await seen(office, cookie) is None


async def test_a_service_account_has_no_session(office: Office) -> None:
    """A key that lies in a script would open the page."""
    cookie = await begun(office, office.alice)
    await office.core.store.write(
        lambda tx: tx.users.save(replace(_user(tx.users.by_name("alice")), kind=UserKind.SERVICE_ACCOUNT))
    )
    assert await seen(office, cookie) is None
    with pytest.raises(TriviumError, match="service account") as refused:
        await begun(office, office.alice)
    assert refused.value.kind is ErrorKind.FORBIDDEN
    with pytest.raises(TriviumError, match="service account"):
        await sign_in_links.create(office.core, "alice", CONSOLE)


async def test_a_link_signs_in_once(office: Office) -> None:
    """Whoever finds the link in a mailbox would sign in again (abuse 44)."""
    token = await sign_in_links.create(office.core, "alice", CONSOLE)
    assert (await sign_in_links.redeem(office.core, token)).name == "alice"
    for spent in (token, "", "x" * 43, "é"):
        with pytest.raises(TriviumError, match="Ask for another") as refused:
            await sign_in_links.redeem(office.core, spent)
        assert refused.value.kind is ErrorKind.UNAUTHENTICATED


async def test_of_50_attempts_at_once_one_meets_the_link(office: Office) -> None:
    """Two browsers would be signed in by one link."""
    token = await sign_in_links.create(office.core, "alice", CONSOLE)
    results = await asyncio.gather(
        *(sign_in_links.redeem(office.core, token) for _ in range(50)), return_exceptions=True
    )
    assert [one.name for one in results if isinstance(one, User)] == ["alice"]
    assert sum(isinstance(one, TriviumError) for one in results) == 49


async def test_a_link_expires_and_a_newer_one_ends_it(office: Office) -> None:
    """A link in an old mail, or in the history of a console, would open the page (abuse 44)."""
    token = await sign_in_links.create(office.core, "alice", CONSOLE)
    office.clock.advance(minutes=15)
    with pytest.raises(TriviumError, match="expired"):
        await sign_in_links.redeem(office.core, token)
    invitation = await sign_in_links.create(office.core, "alice", CONSOLE, valid_for=sign_in_links.INVITATION)
    office.clock.advance(days=6, hours=23)
    newer = await sign_in_links.create(office.core, "alice", CONSOLE)
    with pytest.raises(TriviumError, match="newer one"):
        await sign_in_links.redeem(office.core, invitation)
    assert (await sign_in_links.redeem(office.core, newer)).name == "alice"


async def test_nobody_makes_a_link_of_somebody_who_may_do_more(office: Office) -> None:
    """Whoever has the link is the user: an operator of one Client would be the operator of the CA."""
    local = await office.person("local", "ca-operator", office.client_id)
    principal = await local.principal()
    assert await sign_in_links.create(office.core, "alice", principal)
    for name, kind in (("chief", ErrorKind.NOT_FOUND), ("bob", ErrorKind.NOT_FOUND), ("nobody", ErrorKind.NOT_FOUND)):
        with pytest.raises(TriviumError) as refused:
            await sign_in_links.create(office.core, name, principal)
        assert refused.value.kind is kind
    await users.assign(office.core, "alice", "ra-operator", office.other_id, CONSOLE)
    for asks in (principal, await office.alice.principal()):
        with pytest.raises(TriviumError) as refused:
            await sign_in_links.create(office.core, "alice", asks)
        assert refused.value.kind in {ErrorKind.FORBIDDEN, ErrorKind.NOT_FOUND}


@pytest.mark.parametrize("change", ["user-has-more", "maker-suspended", "maker-has-less"])
async def test_a_link_holds_no_longer_than_its_maker_may_make_it(office: Office, change: str) -> None:
    """A link kept for a week would sign in as somebody above its maker, or outlive that maker's rights (abuse 44)."""
    core = office.core
    maker = await (await office.person("local", "ca-operator", office.client_id)).principal()
    token = await sign_in_links.create(core, "alice", maker, valid_for=sign_in_links.INVITATION)
    if change == "user-has-more":
        await users.assign(core, "alice", "ca-operator", None, CONSOLE)
    elif change == "maker-suspended":
        await suspension.suspend_user(core, "local", "left", CONSOLE)
    else:
        await users.assign(core, "local", "ra-viewer", office.client_id, CONSOLE)
        await users.withdraw(core, "local", "ca-operator", office.client_id, CONSOLE)
    with pytest.raises(TriviumError, match="Ask for another") as refused:
        await sign_in_links.redeem(core, token)
    assert refused.value.kind is ErrorKind.UNAUTHENTICATED


async def test_a_user_signs_in_by_the_link_that_a_user_made(office: Office) -> None:
    """Nobody could use an invitation but one from the console."""
    maker = await (await office.person("local", "ca-operator", office.client_id)).principal()
    token = await sign_in_links.create(office.core, "alice", maker)
    assert (await sign_in_links.redeem(office.core, token)).name == "alice"


async def test_failed_sign_ins_are_recorded_and_limited(office: Office) -> None:
    """Nobody would see that somebody tries; or trying would fill the log (rule 53)."""
    limits = RateLimits(rates={Limit.FAILED_SIGN_INS_PER_ADDRESS: Rate.parse("3/15m")})
    core = replace(office.core, limits=limits)

    async def attempt(token: str, address: str = ADDRESS) -> str:
        return await sign_in.sign_in(core, SignInMethod.LINK, address, lambda: sign_in_links.redeem(core, token))

    for _ in range(3):
        with pytest.raises(TriviumError, match="Ask for another") as refused:
            await attempt("x" * 43)
        [record] = await core.store.read(lambda tx: tx.audit.search(AuditSearch(client_ids=None, limit=1)))
        assert (record.id, record.action, record.outcome) == (
            refused.value.problem.id,
            "sign-in.link",
            Outcome.REFUSED,
        )
        assert record.details["address"] == ADDRESS
    token = await sign_in_links.create(core, "alice", CONSOLE)
    with pytest.raises(TriviumError, match="failed sign-ins") as limited:
        await attempt(token)
    assert limited.value.kind is ErrorKind.RATE_LIMITED
    session = await sessions.resume(core, await attempt(token, ELSEWHERE), ELSEWHERE)
    assert session is not None
    assert session.user.name == "alice"


async def test_what_is_over_is_forgotten(office: Office) -> None:
    """The tables would grow with every sign-in, and keep where people were."""
    core = office.core
    await begun(office, office.alice)
    await sign_in_links.create(core, "alice", CONSOLE)
    office.clock.advance(minutes=16)
    kept = await begun(office, office.bob)
    job = Job(id="job-1", type=TimerType.HOURLY, state=JobState.PROCESSING, created_at=office.clock.now())
    response, _ = await maintenance.tidy(core, job)
    assert (response["forgottenSessions"], response["forgottenSignInLinks"]) == (1, 1)
    assert await seen(office, kept)


def _user(user: User | None) -> User:
    assert user is not None
    return user
