"""Orders as the tests of the pages make them: the core's own commands, as the user who asks."""

from dataclasses import dataclass
from typing import Any

from ca_core.certificates import certificate_queries
from ca_core.certificates.certificate_queries import IssuedCertificate
from ca_core.core import Core
from ca_core.model.orders import Order, OrderRequest
from ca_core.model.products import ApprovalPolicy, LintMode, LintPolicy, Product, Road
from ca_core.model.values import replace
from ca_core.orders import queries
from ca_core.orders.enrol import enrol
from tests.access.people import Office
from tests.orders.workshop import CONSOLE, csr
from tests.rest.shop import Shop

HOSTILE = "<script>alert(1)</script>\u202egpj.exe 🎉 =cmd|'/C calc'!A0 " + "x" * 3900
"""A text that breaks a page which believes it: markup, a turn of direction, an emoji, a formula, and length."""
SHORT_HOSTILE = "<b>\u202egpj 🎉 =1+1</b>"


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
        self.office.clock.advance(seconds=1)
        if controlled:
            await self.shop.show_control(*names)
        request = OrderRequest(product_id=self.shop.product.id, road=Road.REST, identifiers=(), csr=csr(*names), **more)
        placed = await enrol(self.core, request, await self.office.alice.principal())
        return await self.now(placed)

    async def issued(self, *names: str, **more: Any) -> IssuedCertificate:
        """Order a certificate that is issued at once."""
        order = await self.order(*(names or ("www.example.com",)), **more)
        assert order.certificate_id is not None, order
        return await certificate_queries.get(self.core, order.certificate_id, CONSOLE)

    async def now(self, order: Order) -> Order:
        """Return the order as it is now."""
        return (await queries.get(self.core, order.id, CONSOLE)).order

    async def change_product(self, **changes: Any) -> Product:
        """Give the product another version."""
        policy = replace(self.shop.product.policy, **changes)
        changed = replace(self.shop.product, version=f"shop-{len(changes)}-{sorted(changes)}", policy=policy)
        await self.core.store.write(lambda tx: tx.products.put(changed))
        return changed

    async def need_approvals(self, *, issuance: int = 0, revocation: int = 0) -> Product:
        """Let the product need the approval of others."""
        return await self.change_product(approval=ApprovalPolicy(issuance=issuance, revocation=revocation))

    async def lint(self) -> Product:
        """Let the product lint its certificates, which refuses those for a test."""
        return await self.change_product(lint=LintPolicy(mode=LintMode.ERROR))
