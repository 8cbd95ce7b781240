"""Where the users of two Clients ask over version 2, with a DNS of the test's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from starlette.responses import PlainTextResponse

from ca_core.core import Core
from ca_core.model.products import Product, ProfileKind, Road
from ca_core.validation.methods import build_validators
from ca_core.validation.validator import ValidationSettings
from conformance.loopback_dns import LoopbackDns
from gateway.rest.front_end import FrontEnd
from gateway.rest.routes import applications
from gateway.roads import Roads
from tests.access.people import Office, furnish
from tests.orders.workshop import OwnClock, Workshop
from tests.rest.caller import Caller, csr_pem


@dataclass(frozen=True)
class Desk:
    """``alice`` is a user of ``default``, ``bob`` of another Client; ``product`` is the first one's."""

    office: Office
    dns: LoopbackDns
    alice: Caller
    bob: Caller
    product: Product

    @property
    def core(self) -> Core:
        """The core."""
        return self.office.core

    @property
    def clock(self) -> OwnClock:
        """The core's clock."""
        return self.office.clock

    async def control(self, *names: str) -> None:
        """Show control of domains for alice's Client, over the API."""
        for domain in await self.alice.json(f"/v2/client/domain/{self.office.client_id}/register", [*names]):
            self.dns.set_txt(f"_trivium-challenge.{domain['domain']}", domain["randomValue"])
            shown = await self.alice.json(f"/v2/client/domain/{domain['uuid']}/validate")
            assert shown["status"] == "VALID", shown

    async def issue(self, *names: str, **more: object) -> dict[str, object]:
        """Order a certificate for names that alice's Client controls, as she does."""
        body = {"productReference": self.product.id, "csr": csr_pem(*names), **more}
        order: dict[str, object] = await self.alice.json("/v2/issue", body)
        return order


def listening(core: Core, *, key_in_url: bool = False) -> Roads:
    """Return the TLS listener's application with REST alone on it."""
    front_end = FrontEnd(core=core, external_url="https://ra.example.com", key_in_url=key_in_url)
    return Roads({}, applications(front_end), PlainTextResponse("nowhere"))


@asynccontextmanager
async def open_desk(workshop: Workshop) -> AsyncIterator[Desk]:
    """Open the desk."""
    async with LoopbackDns() as dns:
        settings = ValidationSettings(resolver=dns.dns, allow_private_addresses=True, timeout=5.0)
        validators = build_validators(settings, workshop.core.sources)
        core = replace(workshop.core, validators=validators.by_method, caa=validators.caa)
        office = await furnish(replace(workshop, core=core))
        product = await core.store.read(
            lambda tx: next(
                one
                for one in tx.products.of_client(office.client_id)
                if Road.REST in one.roads and one.policy.profile.kind is ProfileKind.TLS_SERVER
            )
        )
        app = listening(core)
        yield Desk(office, dns, Caller(app, office.alice), Caller(app, office.bob), product)
        await validators.close()
