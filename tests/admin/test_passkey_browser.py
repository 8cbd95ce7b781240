"""Passkeys with a real browser and its virtual authenticator (Web Authentication)."""

from typing import Any

import pytest
from playwright.async_api import CDPSession, Page, expect

from tests.admin.browser import Visits
from tests.running_gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Authenticator:
    """The authenticator of one page."""

    def __init__(self, session: CDPSession, authenticator_id: str) -> None:
        self._session = session
        self._id = authenticator_id

    @classmethod
    async def of(cls, page: Page) -> "Authenticator":
        """Give a page an authenticator that keeps passkeys and verifies its user."""
        session = await page.context.new_cdp_session(page)
        await session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return cls(session, made["authenticatorId"])

    async def credentials(self) -> list[dict[str, Any]]:
        """Return the passkeys it keeps, with their private keys."""
        known = await self.send("getCredentials")
        return list(known["credentials"])

    async def send(self, command: str, **parameters: object) -> dict[str, Any]:
        """Send it a command of the protocol of developers' tools."""
        answer: dict[str, Any] = await self._session.send(
            f"WebAuthn.{command}", {"authenticatorId": self._id, **parameters}
        )
        return answer


async def registered(visits: Visits, gateway: RunningGateway, user: str) -> tuple[Page, Authenticator]:
    """Make a user, sign him in by a link, and register a passkey."""
    gateway.trivium("user", "create", user)
    page = await visits.signed_in(user)
    authenticator = await Authenticator.of(page)
    await register(page, "laptop")
    await expect(page.get_by_role("status")).to_contain_text("The passkey is registered")
    return page, authenticator


async def register(page: Page, name: str) -> None:
    """Register another passkey."""
    await page.goto("/admin/account")
    await page.get_by_label("Name of the new passkey").fill(name)
    await page.get_by_role("button", name="Register a passkey").click()


async def sign_out_and_in(page: Page) -> None:
    """Sign out, and ask for a passkey."""
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("button", name="Sign in with a passkey").click()


async def test_a_passkey_signs_its_user_in(visits: Visits, gateway: RunningGateway) -> None:
    """Without an identity provider, people would need a link of the operator for every session."""
    page, authenticator = await registered(visits, gateway, "pat")
    await expect(page.get_by_role("cell", name="laptop")).to_be_visible()
    for count in (2, 3):
        await sign_out_and_in(page)
        await page.wait_for_url(f"{visits.base}/")
        await expect(page.get_by_role("link", name="pat")).to_be_visible()
        [passkey] = await authenticator.credentials()
        assert (passkey["signCount"], passkey["rpId"]) == (count, "localhost")
    await register(page, "once more")
    await expect(page.get_by_text("The browser made no passkey")).to_be_visible()


async def test_a_copy_of_a_passkey_is_found_out(visits: Visits, gateway: RunningGateway) -> None:
    """A counter that falls back tells of a copy; whoever has it would be in (Web Authentication section 6.1.1)."""
    page, authenticator = await registered(visits, gateway, "petra")
    await sign_out_and_in(page)
    await page.wait_for_url(f"{visits.base}/")
    [passkey] = await authenticator.credentials()
    await authenticator.send("removeCredential", credentialId=passkey["credentialId"])
    await authenticator.send("addCredential", credential={**passkey, "signCount": 0})
    await sign_out_and_in(page)
    await expect(page.get_by_role("alert").first).to_contain_text("The passkey was not accepted")


async def test_a_passkey_without_its_user_opens_nothing(visits: Visits, gateway: RunningGateway) -> None:
    """Whoever finds a security key would be its owner."""
    page, authenticator = await registered(visits, gateway, "paul")
    await authenticator.send("setUserVerified", isUserVerified=False)
    await sign_out_and_in(page)
    await expect(page.get_by_text("The browser gave no passkey")).to_be_visible()


async def test_a_passkey_that_is_removed_signs_nobody_in(visits: Visits, gateway: RunningGateway) -> None:
    """Whoever lost a device would stay signed in on it, and could sign in with it."""
    page, _ = await registered(visits, gateway, "pia")
    elsewhere = await visits.signed_in("pia")
    await page.get_by_text("Remove", exact=True).click()
    await page.get_by_role("button", name="Remove the passkey").click()
    await expect(page.get_by_role("status")).to_contain_text("The passkey is removed")
    await elsewhere.goto("/admin/account")
    assert "/sign-in" in elsewhere.url
    await sign_out_and_in(page)
    await expect(page.get_by_role("alert").first).to_contain_text("The passkey was not accepted")
