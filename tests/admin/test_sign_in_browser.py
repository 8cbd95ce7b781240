"""Signing in and out with a real browser (abuse 44, 53, 56)."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect

from gateway.admin.page import COOKIE
from tests.admin.browser import Visits

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_link_signs_in_when_its_button_is_pressed_and_once(visits: Visits) -> None:
    """A scanner that opens the links of mails would use it up; or a link in the history would sign in again."""
    address = visits.link("ann")
    token = address.partition("#")[2]
    page = await visits.stranger()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.url} {request.headers}"))
    for _ in range(2):
        await page.goto(address)
        await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert token not in page.url
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{visits.base}/")
    await expect(page.get_by_role("link", name="ann")).to_be_visible()
    assert not [one for one in asked if token in one]
    again = await visits.stranger()
    await again.goto(address)
    await again.get_by_role("button", name="Sign in").click()
    await expect(again.get_by_role("alert")).to_contain_text("Ask for another")


async def test_a_link_signs_in_without_scripts(visits: Visits) -> None:
    """Whoever has switched scripts off would never come in."""
    address = visits.link("ann")
    page = await visits.stranger(java_script_enabled=False)
    await page.goto(address)
    await page.get_by_label("The code behind #").fill(address)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{visits.base}/")


async def test_the_cookie_is_for_our_pages_alone(
    visits: Visits, signed_in_page: Callable[[str], Awaitable[Page]]
) -> None:
    """A script, another host of the domain, or a page elsewhere would use the session (abuse 53)."""
    page = await signed_in_page("ann")
    [cookie] = await page.context.cookies()
    assert cookie["name"] == COOKIE
    assert COOKIE.startswith("__Host-")
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Strict")
    assert (cookie["path"], cookie["domain"], cookie["expires"]) == ("/", "localhost", -1)


async def test_signing_out_ends_the_session_at_the_server(
    visits: Visits, signed_in_page: Callable[[str], Awaitable[Page]]
) -> None:
    """A copy of the cookie would outlive the sign-out (abuse 56)."""
    page = await signed_in_page("ann")
    [copied] = await page.context.cookies()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("status")).to_have_text("You are signed out.")
    assert await page.context.cookies() == []
    thief = await visits.stranger()
    await thief.context.add_cookies([{"name": COOKIE, "value": copied["value"], "url": visits.base, "secure": True}])
    await thief.goto(f"{visits.base}/")
    assert "/sign-in" in thief.url


async def test_signing_in_anew_ends_the_session_before(
    visits: Visits, signed_in_page: Callable[[str], Awaitable[Page]]
) -> None:
    """Somebody who knows the cookie that a browser had before a sign-in would share what follows (fixation)."""
    page = await signed_in_page("ann")
    [before] = await page.context.cookies()
    await page.goto(visits.link("olga"))
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("link", name="olga")).to_be_visible()
    [after] = await page.context.cookies()
    assert before["value"] != after["value"]
    thief = await visits.stranger()
    await thief.context.add_cookies([{"name": COOKIE, "value": before["value"], "url": visits.base, "secure": True}])
    await thief.goto(f"{visits.base}/")
    assert "/sign-in" in thief.url
