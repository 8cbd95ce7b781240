"""What the tests of domains work with: two Clients, their users, and a DNS on loopback whose records the test sets."""

from dataclasses import dataclass

from ca_core.core import Core
from ca_core.model.audit import AuditRecord
from ca_core.model.domains import ClientDomain
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.validation import domains
from conformance.loopback_dns import LoopbackDns
from tests.orders.workshop import OwnClock, Workshop


@dataclass(frozen=True)
class Registry:
    """A core that asks ``dns``, and who asks it: ``user`` of one Client, ``stranger`` of another."""

    workshop: Workshop
    dns: LoopbackDns
    client_id: str
    other_id: str

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
