"""What signing in and out says to a browser, under a clock that the test owns (abuse 44, 53, 56)."""

from dataclasses import replace
from urllib.parse import quote, urlencode

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from ca_core.access import sign_in_links, suspension
from ca_core.model.rate_limits import Limit, Rate, RateLimits
from ca_core.model.repositories.audit import AuditSearch
from gateway.admin.front_end import FrontEnd
from gateway.admin.page import COOKIE
from gateway.admin.routes import applications
from gateway.roads import Roads
from gateway.sign_in_address import REDIRECT_PATH
from tests.access.people import Office
from tests.admin.visitor import Shown, Visitor
from tests.orders.workshop import CONSOLE
from tests.status.asgi import call

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


async def post(app: ASGIApp, path: str, fields: dict[str, str], headers: dict[str, str]) -> Shown:
    """Send a form."""
    sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    answer = await call(app, "POST", path, body=[urlencode(fields).encode()], headers=sent)
    return Shown(answer.status, answer.headers, answer.body)


async def redeemed(app: ASGIApp, token: str, **headers: str) -> Shown:
    """Press the button of a link."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()} or SAME_ORIGIN
    return await post(app, "/admin/sign-in/link", {"token": token}, sent)


async def test_the_session_s_cookie_is_for_our_pages_alone(admin: ASGIApp, office: Office) -> None:
    """Rule 53: a script, another host of the domain, or a page elsewhere would use the session."""
    shown = await redeemed(admin, await sign_in_links.create(office.core, "alice", CONSOLE))
    assert shown.location == "/admin/"
    name, _, rest = shown.headers["set-cookie"].partition("=")
    value, *attributes = rest.split("; ")
    assert (name, len(value)) == ("__Host-trivium-session", 43)
    assert {one.lower() for one in attributes} == {"httponly", "path=/", "samesite=strict", "secure"}


@pytest.mark.parametrize("idle", [True, False])
async def test_a_session_ends_by_time(alice: Visitor, office: Office, *, idle: bool) -> None:
    """Abuse 56: an open browser, or a stolen cookie, would be good for ever."""
    for _ in range(1 if idle else 8 * 5 + 1):
        assert (await alice.see("/admin/account")).status == 200
        office.clock.advance(minutes=15, seconds=1) if idle else office.clock.advance(minutes=12)
    assert (await alice.see("/admin/account")).location.startswith("/admin/sign-in")


async def test_who_is_suspended_is_out_with_his_next_page(alice: Visitor, office: Office) -> None:
    """He would act on for as long as his session lasts."""
    await suspension.suspend_user(office.core, "alice", "left", await office.chief.principal())
    assert (await alice.see("/admin/account")).location.startswith("/admin/sign-in")
    assert (await alice.see("/admin/sign-in")).status == 200


async def test_signing_out_takes_the_cookie_back_and_needs_our_own_form(
    admin: ASGIApp, alice: Visitor, office: Office
) -> None:
    """Abuse 53 and 56: a page elsewhere would sign people out, or a copy of the cookie outlive it."""
    cookie = {"Cookie": f"{COOKIE}={alice.cookie}"}
    for fields, headers in (
        ({}, SAME_ORIGIN),
        ({"csrf_token": "x"}, SAME_ORIGIN),
        ({}, {"Sec-Fetch-Site": "cross-site"}),
    ):
        assert (await post(admin, "/admin/sign-out", fields, {**cookie, **headers})).status == 403
    assert (await alice.see("/admin/account")).status == 200
    shown = await alice.send("/admin/sign-out", {})
    assert shown.location == "/admin/sign-in?out=1"
    assert "Max-Age=0" in shown.headers["set-cookie"]
    assert (await alice.see("/admin/account")).location.startswith("/admin/sign-in")
    assert "You are signed out" in (await alice.see("/admin/sign-in?out=1")).text


async def test_a_failed_sign_in_is_recorded_once_and_gives_no_session(admin: ASGIApp, office: Office) -> None:
    """Nobody could find what happened under the id that the page says; or a failure would count twice."""
    shown = await redeemed(admin, "x" * 43)
    assert shown.status == 401
    assert "set-cookie" not in shown.headers
    records = await office.core.store.read(
        lambda tx: tx.audit.search(AuditSearch(client_ids=None, action="sign-in.link"))
    )
    assert [one.id in shown.text for one in records] == [True]


@pytest.mark.parametrize(
    "headers",
    [{"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}, {"Origin": "https://evil.example.com"}],
)
async def test_a_link_is_not_redeemed_from_another_site(
    admin: ASGIApp, office: Office, headers: dict[str, str]
) -> None:
    """Abuse 53: a page elsewhere would sign a visitor in as somebody else, who then reads what he types."""
    token = await sign_in_links.create(office.core, "alice", CONSOLE)
    assert (await redeemed(admin, token, **headers)).status == 403
    assert (await redeemed(admin, token, Origin="https://ra.example.com")).status == 303


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example.com/",
        "//evil.example.com/",
        "/admin//evil.example.com",
        "/admin/\\evil.example.com",
        "/admin/a\nSet-Cookie: a=b",
        "/v3/users",
        "javascript:alert(1)",
        "/admin/" + "x" * 1000,
    ],
)
async def test_nobody_is_sent_elsewhere_after_he_has_signed_in(alice: Visitor, target: str) -> None:
    """A link to our sign-in page would lead to one that looks like it, and asks for more."""
    assert (await alice.see(f"/admin/sign-in?next={quote(target)}")).location == "/admin/"
    assert (
        await alice.see("/admin/sign-in?next=/admin/orders%3Fstate%3DISSUED")
    ).location == "/admin/orders?state=ISSUED"


async def test_without_a_provider_none_is_offered(admin: ASGIApp, office: Office) -> None:
    """People would press a button that leads nowhere."""
    shown = await call(admin, "GET", "/admin/sign-in")
    assert b"/admin/sign-in/openid" not in shown.body
    assert b"passkey" in shown.body
    assert (await post(admin, "/admin/sign-in/openid", {}, SAME_ORIGIN)).status == 404


def limited(office: Office, limit: Limit, rate: str) -> ASGIApp:
    """Return the page of an installation that limits one thing."""
    core = replace(office.core, limits=RateLimits(rates={limit: Rate.parse(rate)}))
    pages = applications(FrontEnd(core=core, external_url="https://ra.example.com"))
    return Roads({}, pages, PlainTextResponse("nowhere"))


@pytest.mark.parametrize("path", ["/admin/sign-in/passkey/options", "/admin/sign-in/openid"])
async def test_strangers_begin_only_so_many_sign_ins(office: Office, path: str) -> None:
    """Anybody could write into the database, as fast as he can ask (rule 53)."""
    strict = limited(office, Limit.REQUESTS_PER_ADDRESS, "2/1h")
    answers = [await post(strict, path, {}, SAME_ORIGIN) for _ in range(3)]
    assert [one.status == 429 for one in answers] == [False, False, True]
    assert (answers[2].headers["retry-after"], "set-cookie" in answers[2].headers) == ("1800", False)
    assert "Too many requests from" in answers[2].text


async def test_pages_are_counted_and_what_they_ask_for_by_themselves_is_not(office: Office) -> None:
    """A user could search without end; or a page left open would lock him out (rule 53)."""
    alice = await Visitor.of(limited(office, Limit.REQUESTS_PER_USER, "2/1h"), office.alice)
    assert [(await alice.see("/admin/orders/ord-0/progress")).status for _ in range(3)] == [404] * 3
    shown = [await alice.see("/admin/account") for _ in range(3)]
    assert [one.status for one in shown] == [200, 200, 429]
    assert shown[2].headers["retry-after"] == "1800"
    office.clock.advance(minutes=30)
    again = await Visitor.of(alice.app, office.alice)
    assert (await again.see("/admin/account")).status == 200


async def test_a_page_elsewhere_fails_no_sign_ins_for_its_readers(office: Office) -> None:
    """Pictures at the provider's way back would keep everybody of an office from signing in."""
    strict = limited(office, Limit.FAILED_SIGN_INS_PER_ADDRESS, "1/1h")
    for _ in range(3):
        assert (await call(strict, "GET", f"{REDIRECT_PATH}?code=x&state=x")).status == 401
    assert (await redeemed(strict, await sign_in_links.create(office.core, "alice", CONSOLE))).status == 303
