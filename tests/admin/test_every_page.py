"""Every page in a real browser, on a desktop and a phone, light and dark: nothing overflows, axe finds nothing serious.

Screenshots are kept in ``build/screenshots``, so that somebody looks at them.
"""

import json
from functools import cache
from typing import Any

import pytest
from playwright.async_api import Page

from tests.admin.browser import Visits
from tests.running_gateway import ROOT, RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCREENSHOTS = ROOT / "build" / "screenshots"
AXE = ROOT / "tests" / "admin" / "node_modules" / "axe-core" / "axe.min.js"
SCREENS: dict[str, dict[str, Any]] = {
    "desktop-light": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "desktop-dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone-light": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "has_touch": True},
    "phone-dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "has_touch": True},
}
PAGES = {
    "dashboard": "/?days=365",
    "dashboard-empty": "/?days=1",
    "issuance": "/issuance",
    "orders": "/orders",
    "orders-none": "/orders?q=there-is-no-such-order",
    "approvals": "/approvals",
    "domains": "/domains",
    "domains-pending": "/domains/pending",
    "acme": "/acme",
    "acme-tokens": "/acme/tokens",
    "acme-keys": "/acme/keys",
    "cmc-clients": "/cmc-clients",
    "cmc-client": "/cmc-clients/demo-mail-gateway",
    "clients": "/clients",
    "users": "/users",
    "user": "/users/ann",
    "user-new": "/users/-/new",
    "roles": "/roles",
    "role": "/roles/ra-operator",
    "products": "/products",
    "catalogue": "/catalogue",
    "audit": "/audit",
    "account": "/account",
    "refused": "/orders?status=NONE",
}
"""The pages that have an address of their own; those of an order and a certificate are found on the list."""


@cache
def _axe() -> str:
    return AXE.read_text()


async def _examine(page: Page, name: str) -> list[str]:
    """Return what is wrong with the page that is shown, and keep its screenshot."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
    overflow = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    await page.evaluate(_axe())
    found = await page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
        ".then(result => JSON.stringify(result.violations.map(one =>"
        " [one.id, one.impact, one.nodes.map(node => node.html).slice(0, 3)])))"
    )
    wrong = [f"{name}: {one}" for one in json.loads(found)]
    return [*wrong, *([f"{name}: {overflow} pixels beyond the window"] if overflow > 0 else [])]


async def _first(page: Page, listing: str, prefix: str) -> str:
    """Return the path of the first page below the prefix that a list leads to."""
    await page.goto(listing)
    found = await page.locator(f'a[href^="{prefix}"]').first.get_attribute("href")
    assert found is not None
    return found.partition("#")[0]


async def _addresses(page: Page, base: str) -> dict[str, str]:
    """Return the pages to look at, with those of the newest order and of others that have ids."""
    certificate = (await _first(page, f"{base}/orders", "/admin/certificates/")).removesuffix("/pem")
    more = {
        "order": await _first(page, f"{base}/orders", "/admin/orders/ord-"),
        "order-form": await _first(page, f"{base}/issuance", "/admin/issuance/pma-"),
        "certificate": certificate,
        "revocation": f"{certificate}/revoke",
        "domain": await _first(page, f"{base}/domains", "/admin/domains/cld-"),
        "audit-record": await _first(page, f"{base}/audit", "/admin/audit/"),
    }
    return {name: f"{base}{path}" for name, path in PAGES.items()} | {
        name: f"{base.removesuffix('/admin')}{path}" for name, path in more.items()
    }


@pytest.mark.parametrize("screen", SCREENS)
async def test_every_page_is_whole_and_accessible(travelled: RunningGateway, visits: Visits, screen: str) -> None:
    """Somebody with a phone, a keyboard, a screen reader or tired eyes would not get his work done."""
    page = await visits.signed_in("olga", **SCREENS[screen])
    wrong: list[str] = []
    for name, address in (await _addresses(page, visits.base)).items():
        answer = await page.goto(address)
        assert answer is not None
        assert answer.status == (400 if name == "refused" else 200), name
        wrong += await _examine(page, f"{name}-{screen}")
    assert not wrong, "\n".join(wrong)
