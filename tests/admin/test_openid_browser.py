"""Signing in at a real identity provider, with a real browser, from another site and back."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from gateway.admin.page import COOKIE
from gateway.sign_in_address import REDIRECT_PATH
from tests.admin.browser import Visits
from tests.admin.provider import Provider
from tests.running_gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

ACCOUNTS: dict[str, dict[str, object]] = {
    "subject-1": {"email": "fed@example.com", "email_verified": True},
    "subject-2": {"email": "fed@example.com", "email_verified": True},
    "unverified": {"email": "unverified@example.com", "email_verified": False},
    "robot": {"email": "robot@example.com", "email_verified": True},
    "stranger": {"email": "stranger@example.com", "email_verified": True},
}


@pytest.fixture(scope="module")
def people(gateway: RunningGateway) -> RunningGateway:
    """The gateway with users for the accounts."""
    for name in ("fed", "unverified"):
        gateway.trivium("user", "create", name, "--email", f"{name}@example.com")
    gateway.trivium("user", "create", "robot", "--service", "--email", "robot@example.com")
    return gateway


@pytest.fixture(scope="module")
def at_provider(provider: Provider, people: RunningGateway) -> Iterator[Provider]:
    """The provider while it runs."""
    redirect_uri = people.endpoints["admin"].removesuffix("/admin/") + REDIRECT_PATH
    with provider.running(redirect_uri, ACCOUNTS):
        yield provider


async def signed_in_as(visits: Visits, login: str, provider: Provider, target: str = "/") -> Page:
    """Ask for a page, be sent to sign in, and do so at the provider."""
    visits.elsewhere.add(provider.issuer.removeprefix("https://"))
    page = await visits.stranger()
    await page.goto(f"{visits.base}{target}")
    await page.get_by_role("button", name="Sign in with Example ID").click()
    await page.get_by_placeholder("Enter any login").fill(login)
    await page.get_by_placeholder("and password").fill("any")
    await page.get_by_role("button", name="Sign-in").click()
    return page


async def test_people_sign_in_and_are_on_the_page_that_they_wanted(visits: Visits, at_provider: Provider) -> None:
    """The cookie for our own pages alone would not arrive after a way over another site, and nobody would be in."""
    page = await signed_in_as(visits, "subject-1", at_provider, "/account?notice=saved")
    await page.wait_for_url(f"{visits.base}/account?notice=saved")
    await expect(page.get_by_role("link", name="fed")).to_be_visible()
    await expect(page.get_by_text("subject-1")).to_be_visible()
    [cookie] = await page.context.cookies(visits.base)
    assert (cookie["name"], cookie["sameSite"]) == (COOKIE, "Strict")
    await page.reload()
    await expect(page.get_by_role("link", name="fed")).to_be_visible()


async def test_after_the_first_time_the_subject_counts_and_no_address(visits: Visits, at_provider: Provider) -> None:
    """Whoever gets an address of somebody who has left, or changes his own to it, would be this user."""
    page = await signed_in_as(visits, "subject-1", at_provider)
    await page.wait_for_url(f"{visits.base}/")
    other = await signed_in_as(visits, "subject-2", at_provider)
    await expect(other.get_by_role("alert")).to_contain_text("linked to somebody else")


@pytest.mark.parametrize(
    ("login", "sentence"),
    [
        ("unverified", "does not say that it has verified your e-mail address"),
        ("robot", "robot is a service account"),
        ("stranger", "No user here has the address stranger@example.com"),
    ],
)
async def test_who_is_nobody_here_is_told_so(visits: Visits, at_provider: Provider, login: str, sentence: str) -> None:
    """Anybody whom the provider knows would be in, or nobody would know what to change."""
    page = await signed_in_as(visits, login, at_provider)
    await expect(page.get_by_role("alert")).to_contain_text(sentence)
    await expect(page.get_by_role("alert")).to_contain_text("err-")
    assert COOKIE not in {cookie["name"] for cookie in await page.context.cookies(visits.base)}


async def test_an_answer_counts_once_and_in_its_own_browser(visits: Visits, at_provider: Provider) -> None:
    """Somebody would be signed in as another by a link to the callback (RFC 6749 section 10.12)."""
    visits.elsewhere.add(at_provider.issuer.removeprefix("https://"))
    page = await visits.stranger()
    returned: list[str] = []
    page.on("request", lambda request: returned.append(request.url) if REDIRECT_PATH in request.url else None)
    await page.goto(f"{visits.base}/sign-in")
    await page.get_by_role("button", name="Sign in with Example ID").click()
    await page.get_by_placeholder("Enter any login").fill("subject-1")
    await page.get_by_placeholder("and password").fill("any")
    await page.get_by_role("button", name="Sign-in").click()
    await page.wait_for_url(f"{visits.base}/")
    callback = next(url for url in returned if "code=" in url)
    for browser in (page, await visits.stranger()):
        await browser.goto(callback)
        await expect(browser.get_by_role("alert")).to_contain_text("did not begin in this browser")
