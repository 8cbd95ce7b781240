"""A real installation with the admin page, under a clock that the test owns; and a browser at a running gateway."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from gateway.admin.front_end import FrontEnd
from gateway.admin.routes import applications
from gateway.roads import Roads
from tests.access.people import Office, furnish
from tests.admin.browser import Visits, chromium
from tests.admin.orders_made import Desk
from tests.admin.provider import Provider
from tests.admin.roads import travel
from tests.admin.visitor import Visitor
from tests.notify.mail_server import Mailbox
from tests.orders.conftest import installation, linters, template, workshop
from tests.orders.workshop import Workshop
from tests.publish.slapd import Slapd, prepare
from tests.rest.shop import Shop, open_shop
from tests.running_gateway import RunningGateway, loopback_dns

__all__ = ["installation", "linters", "template", "workshop"]


@pytest.fixture
def admin(workshop: Workshop) -> ASGIApp:
    """The TLS listener's application with the admin page alone on it."""
    front_end = FrontEnd(core=workshop.core, external_url="https://ra.example.com")
    return Roads({}, applications(front_end), PlainTextResponse("nowhere"))


@pytest.fixture
async def office(workshop: Workshop) -> Office:
    """Users of two Clients."""
    return await furnish(workshop)


@pytest.fixture
async def shop(office: Office) -> Shop:
    """What the first Client orders."""
    return await open_shop(office)


@pytest.fixture
def desk(shop: Shop, office: Office) -> Desk:
    """What the operator of the first Client orders."""
    return Desk(shop, office)


@pytest.fixture
async def alice(admin: ASGIApp, office: Office) -> Visitor:
    """An operator of the first Client, signed in."""
    return await Visitor.of(admin, office.alice)


@pytest.fixture
async def bob(admin: ASGIApp, office: Office) -> Visitor:
    """An operator of the second Client, signed in."""
    return await Visitor.of(admin, office.bob)


@pytest.fixture
async def chief(admin: ASGIApp, office: Office) -> Visitor:
    """The CA's operator, signed in."""
    return await Visitor.of(admin, office.chief)


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Provider:
    """The identity provider of the gateway; it runs only where a test runs it."""
    provider = Provider(tmp_path_factory.mktemp("provider"))
    provider.prepare()
    return provider


@pytest.fixture(scope="session")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Slapd:
    """The directory of the gateway, which knows anna; it runs only where a test runs it."""
    return prepare(tmp_path_factory.mktemp("slapd"), {"anna": "anna@example.test"})


@pytest.fixture(scope="session")
def mailbox() -> Mailbox:
    """The mail server of the gateway; it runs only where a test runs it."""
    return Mailbox()


@pytest.fixture(scope="session")
def gateway(
    tmp_path_factory: pytest.TempPathFactory, provider: Provider, slapd: Slapd, mailbox: Mailbox
) -> Iterator[RunningGateway]:
    """A running gateway, localhost to browsers, with its DNS; its users are ann, who orders, and olga, the operator."""
    gateway = RunningGateway(tmp_path_factory.mktemp("admin") / "ca")
    gateway.init(
        f"external_url=https://localhost:{gateway.acme_port}",
        *provider.settings,
        *slapd.gateway_settings,
        *mailbox.gateway_settings,
    )
    gateway.trivium("user", "create", "ann", "--role", "ra-operator", "--client", "default")
    gateway.trivium("user", "create", "olga", "--role", "ca-operator")
    with loopback_dns(gateway):
        gateway.start()
        try:
            yield gateway
        finally:
            gateway.stop()


@pytest.fixture(scope="session")
def travelled(gateway: RunningGateway, tmp_path_factory: pytest.TempPathFactory) -> RunningGateway:
    """The running gateway after certbot, a CMC client and a REST client were there."""
    travel(gateway, tmp_path_factory.mktemp("roads"))
    return gateway


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(
    gateway: RunningGateway, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Browser]:
    """Chromium, which trusts the gateway's root and the provider."""
    roots = (Path(gateway.endpoints["root"]), provider.certificate)
    async with chromium(tmp_path_factory.mktemp("chromium"), *roots) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def visits(browser: Browser, gateway: RunningGateway) -> AsyncIterator[Visits]:
    """What opens pages; a script error, a violation of the policy or a request to another host fails the test."""
    opened = Visits(browser, gateway)
    yield opened
    await opened.close()


@pytest.fixture
def signed_in_page(visits: Visits) -> Callable[[str], Awaitable[Page]]:
    """Return the dashboard of a user (a name), who has signed in by a link."""
    return visits.signed_in
