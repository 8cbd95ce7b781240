"""Orders as the tests of the pages make them: the core's own commands, as the user who asks."""

from dataclasses import dataclass
from itertools import count
from typing import Any

from ca_core.access import roles
from ca_core.certificates import certificate_queries
from ca_core.certificates.certificate_queries import IssuedCertificate
from ca_core.core import Core
from ca_core.model.orders import Order, OrderRequest
from ca_core.model.permissions import Permission
from ca_core.model.products import ApprovalPolicy, LintMode, LintPolicy, Product, ProfileKind, Road
from ca_core.model.users import Role
from ca_core.model.values import replace
from ca_core.orders import queries
from ca_core.orders.enrol import enrol
from tests.access.people import Office, Person
from tests.orders.workshop import CONSOLE, csr
from tests.rest.shop import Shop

HOSTILE = "<script>alert(1)</script>\u202egpj.exe 🎉 =cmd|'/C calc'!A0 " + "x" * 3900
"""A text that breaks a page which believes it: markup, a turn of direction, an emoji, a formula, and length."""
SHORT_HOSTILE = "<b>\u202egpj 🎉 =1+1</b>"


_versions = count(1)


@dataclass(frozen=True)
class Desk:
    """What the operator of the first Client orders, an order a second."""

    shop: Shop
    office: Office

    @property
    def core(self) -> Core:
        """The core that the page works with."""
        return self.shop.core

    async def order(self, *names: str, controlled: bool = True, **more: Any) -> Order:
        """Order a certificate; return the order as it is once it waits or has ended."""
        if controlled:
            await self.shop.show_control(*names)
        return await self.order_with(self.shop.product, csr(*names), **more)

    async def order_with(self, product: Product, request: bytes, **more: Any) -> Order:
        """Order a certificate of a product with a CSR (DER)."""
        self.office.clock.advance(seconds=1)
        asked = OrderRequest(product_id=product.id, road=Road.REST, identifiers=(), csr=request, **more)
        return await self.now(await enrol(self.core, asked, await self.office.alice.principal()))

    async def issued(self, *names: str, **more: Any) -> IssuedCertificate:
        """Order a certificate that is issued at once."""
        order = await self.order(*(names or ("www.example.com",)), **more)
        assert order.certificate_id is not None, order
        return await certificate_queries.get(self.core, order.certificate_id, CONSOLE)

    async def now(self, order: Order) -> Order:
        """Return the order as it is now."""
        return (await queries.get(self.core, order.id, CONSOLE)).order

    async def change_product(self, product: Product | None = None, **changes: Any) -> Product:
        """Give a product, that for TLS by default, another version that is ordered over REST and not linted."""
        product = product or self.shop.product
        policy = replace(product.policy, **{"lint": LintPolicy(mode=LintMode.OFF), **changes})
        changed = replace(product, version=f"desk-{next(_versions)}", roads=product.roads | {Road.REST}, policy=policy)
        await self.core.store.write(lambda tx: tx.products.put(changed))
        return changed

    async def mail_product(self, *, publishes: bool = True) -> Product:
        """Return the product for mail, which publishes its certificates or does not."""
        found = await self.core.store.read(lambda tx: tx.products.all(frozenset({self.office.client_id})))
        [product] = [one for one in found if one.policy.profile.kind is ProfileKind.SMIME]
        return await self.change_product(product, publish_ldap=publishes, dns_owner_rule=False)

    async def need_approvals(self, *, issuance: int = 0, revocation: int = 0) -> Product:
        """Let the product need the approval of others."""
        return await self.change_product(approval=ApprovalPolicy(issuance=issuance, revocation=revocation))

    async def lint(self) -> Product:
        """Let the product lint its certificates, which refuses those for a test."""
        return await self.change_product(lint=LintPolicy(mode=LintMode.ERROR))

    async def person_who(self, name: str, *permissions: Permission) -> Person:
        """Make a user who may do this for the first Client and nothing else."""
        await roles.create(self.core, Role(name=name, permissions=frozenset(permissions)), CONSOLE)
        return await self.office.person(name, name, self.office.client_id)
