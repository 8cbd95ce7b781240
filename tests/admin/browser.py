"""A real browser at a real gateway: Debian's Chromium, which trusts the gateway's root and nothing of a test's own.

Tests that use it share one event loop: ``pytestmark = pytest.mark.asyncio(loop_scope="session")``.
"""

import json
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, async_playwright, expect

from tests.running_gateway import RunningGateway

CHROMIUM = "/usr/bin/chromium"
_PATIENCE = 60_000
"""Milliseconds that a busy machine may need for a page."""

expect.set_options(timeout=_PATIENCE)


@asynccontextmanager
async def chromium(directory: Path, *roots: Path) -> AsyncIterator[Browser]:
    """Run Chromium with a home of its own, in which these roots (PEM files) are trusted."""
    _trust(directory, roots)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"], env={**os.environ, "HOME": str(directory)}
        )
        try:
            yield browser
        finally:
            await browser.close()


def _trust(home: Path, roots: tuple[Path, ...]) -> None:
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    run = ("certutil", "-d", f"sql:{database}")
    subprocess.run([*run, "-N", "--empty-password"], check=True)
    for root in roots:
        subprocess.run([*run, "-A", "-n", root.stem, "-t", "C,,", "-i", str(root)], check=True)


@dataclass
class Visits:
    """The pages of one test, and what its browser found wrong on them: anything fails the test at its end.

    ``elsewhere`` are other hosts that a test has requests go to.
    """

    browser: Browser
    gateway: RunningGateway
    elsewhere: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    @property
    def base(self) -> str:
        """The URL of the admin page without a slash at its end."""
        return self.gateway.endpoints["admin"].rstrip("/")

    async def stranger(self, **options: Any) -> Page:
        """Return a page of a browser without cookies; ``options`` are those of a browser context of Playwright."""
        context = await self.browser.new_context(base_url=self.base, **options)
        context.set_default_timeout(_PATIENCE)
        self.contexts.append(context)
        page = await context.new_page()
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        page.on("request", self._watch)
        return page

    async def signed_in(self, user: str, **options: Any) -> Page:
        """Return the dashboard of a user who has signed in by a link."""
        page = await self.stranger(**options)
        await page.goto(self.link(user))
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url(f"{self.base}/")
        return page

    def link(self, user: str) -> str:
        """Return the address of a new link for a user."""
        printed: dict[str, str] = json.loads(self.gateway.trivium("admin-link", user, "--json"))
        return printed["address"]

    async def close(self) -> None:
        """Close what was opened; fails when a browser found something wrong."""
        for context in self.contexts:
            await context.close()
        assert not self.wrong, self.wrong

    def _listen(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Content-Security-Policy" in message.text:
            self.wrong.append(message.text)

    def _watch(self, request: Request) -> None:
        """Note a request of our pages to another host; what pages elsewhere bring is theirs."""
        ours = urlsplit(self.base).netloc
        parts, sender = urlsplit(request.url), ours
        if not request.is_navigation_request():
            sender = urlsplit(request.frame.url).netloc
        if parts.scheme in {"http", "https"} and sender == ours and parts.netloc not in {ours, *self.elsewhere}:
            self.wrong.append(f"a request to {request.url}")
