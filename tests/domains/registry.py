"""What the tests of domains work with: two Clients, their users, and a DNS and a web server whose contents they set."""

import itertools
from dataclasses import dataclass, replace
from typing import Any

from ca_core.core import Core
from ca_core.model.audit import AuditRecord
from ca_core.model.authorizations import ValidationMethod
from ca_core.model.domains import ClientDomain
from ca_core.model.orders import Order, OrderRequest, OrderState
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.products import Product, Road
from ca_core.orders import pending_names, queries, worker
from ca_core.orders.enrol import enrol
from ca_core.orders.pending_names import PendingName
from ca_core.validation import domains
from conformance.loopback_dns import LoopbackDns
from tests.orders.workshop import CONSOLE, OwnClock, Workshop, csr

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Registry:
    """A core that asks ``dns`` and fetches ``pages`` (by path), and who asks it.

    ``user`` is one of the Client whose ``product`` is ordered, ``stranger`` one of another Client.
    """

    workshop: Workshop
    dns: LoopbackDns
    pages: dict[str, bytes]
    product: Product
    other_id: str

    @property
    def client_id(self) -> str:
        """The Client's id."""
        return self.product.client_id

    @property
    def core(self) -> Core:
        """The core."""
        return self.workshop.core

    @property
    def clock(self) -> OwnClock:
        """The core's clock."""
        return self.workshop.clock

    @property
    def user(self) -> Principal:
        """A user of the Client who may do everything for it."""
        return user(self.client_id)

    @property
    def stranger(self) -> Principal:
        """A user of another Client."""
        return user(self.other_id)

    async def register(self, *names: str) -> list[ClientDomain]:
        """Register domains of the Client."""
        return await domains.register(self.core, self.client_id, names, self.user)

    async def shown(self, name: str) -> ClientDomain:
        """Register a domain and show control of it."""
        [domain] = await self.register(name)
        publish(self.dns, domain)
        domain = await domains.validate_now(self.core, domain.id, self.user)
        assert domain.valid_at(self.clock.now()), domain.result
        return domain

    async def change_product(self, **policy: Any) -> None:
        """Change the policy of the product."""
        version = f"changed-{next(_numbers)}"
        changed = replace(self.product, version=version, policy=replace(self.product.policy, **policy))
        await self.core.store.write(lambda tx: tx.products.put(changed))

    async def order(self, *names: str, core: Core | None = None) -> Order:
        """Order a certificate as ``user`` does over REST."""
        request = OrderRequest(product_id=self.product.id, road=Road.REST, identifiers=(), csr=csr(*names))
        return await enrol(core or self.core, request, self.user)

    async def current(self, order: Order) -> Order:
        """Return the order as it is now."""
        return (await queries.get(self.core, order.id, CONSOLE)).order

    async def issued(self, order: Order) -> bool:
        """Whether the order is ISSUED, by one signature and no more."""
        found = await self.core.store.read(lambda tx: tx.certificates.of_order(order.id))
        return (await self.current(order)).state is OrderState.ISSUED and len(found) == 1

    async def pending(self, order: Order) -> dict[str, PendingName]:
        """Return what holds the order up, by name."""
        found = await pending_names.pending(self.core, self.user, order_id=order.id)
        return {one.name.value: one for one in found}

    async def work(self) -> None:
        """Run what is due, and what becomes due by that, until nothing is."""
        while await worker.run_due(self.core):
            pass

    def show(self, pending: PendingName) -> None:
        """Put what shows control of a name into the DNS."""
        [way] = [way for way in pending.ways if way.method is ValidationMethod.CA_DNS_CHANGE]
        self.dns.set_txt(way.places[0], way.value)

    async def audit(self, object_id: str) -> list[AuditRecord]:
        """Return what the audit log has about an object, oldest first."""
        return (await self.core.store.read(lambda tx: tx.audit.of_object(object_id, 100)))[::-1]


def user(client_id: str, *permissions: Permission) -> Principal:
    """Return a user of a Client with some permissions, all when none is named."""
    held = {client_id: frozenset(permissions or Permission)}
    return Principal(kind=PrincipalKind.API_USER, id=f"usr-of-{client_id}", client_id=client_id, permissions=held)


def publish(dns: LoopbackDns, domain: ClientDomain, prefix: str = "_trivium-challenge.") -> None:
    """Put the domain's token into the DNS."""
    assert domain.token is not None
    dns.set_txt(f"{prefix}{domain.name}", domain.token.value)
