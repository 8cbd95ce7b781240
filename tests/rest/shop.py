"""What can be ordered in the tests of the API: a product over REST, and names that its Client has shown control of."""

from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca_core.core import Core
from ca_core.model.accounts import Account, AccountStatus
from ca_core.model.authorizations import Authorization, AuthorizationStatus
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.products import LintMode, LintPolicy, Product, ProfileKind, Road
from ca_core.model.values import replace
from tests.access.people import Office
from tests.orders.workshop import csr


@dataclass(frozen=True)
class Shop:
    """The Client's product."""

    core: Core
    product: Product

    async def show_control(self, *names: str) -> None:
        """Let the Client have shown control of these names."""
        now = self.core.sources.now()
        shown = [
            Authorization(
                id=self.core.sources.new_id("azn"),
                client_id=self.product.client_id,
                account_id=None,
                identifier=Identifier(type=IdentifierType.DNS, value=name),
                wildcard=False,
                status=AuthorizationStatus.VALID,
                created_at=now,
                expires_at=now + timedelta(days=7),
                challenges=(),
                pre_authorized=True,
            )
            for name in names
        ]
        await self.core.store.write(lambda tx: tx.authorizations.add(shown))


def acme_account(core: Core, product: Product) -> Account:
    """Return an ACME account that orders the product, as its Client's."""
    return Account(
        id=core.sources.new_id("acc"),
        client_id=product.client_id,
        product_id=product.id,
        status=AccountStatus.VALID,
        thumbprint="t" * 43,
        jwk='{"kty":"EC"}',
        contacts=("mailto:ours@example.com",),
        terms_agreed=True,
        created_at=core.sources.now(),
    )


async def open_shop(office: Office) -> Shop:
    """Let the first Client's product for TLS be ordered over REST; its certificates are not linted."""

    def change(product: Product) -> Product:
        roads = product.roads | {Road.REST}
        policy = replace(product.policy, lint=LintPolicy(mode=LintMode.OFF))
        return replace(product, version="shop", roads=roads, policy=policy)

    found = await office.core.store.read(lambda tx: tx.products.all(frozenset({office.client_id})))
    [product] = [one for one in found if one.policy.profile.kind is ProfileKind.TLS_SERVER]
    changed = change(product)
    await office.core.store.write(lambda tx: tx.products.put(changed))
    return Shop(office.core, changed)


def pem_request(*names: str, common_name: str = "") -> str:
    """Return a CSR for these names in PEM."""
    return x509.load_der_x509_csr(csr(*names, common_name=common_name)).public_bytes(Encoding.PEM).decode()
