"""What the tests of orders work with: a core over a real installation, a clock of their own, orders and CSRs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ca_core.core import Core
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.orders import Order, OrderRequest
from ca_core.model.permissions import Permission
from ca_core.model.principals import SYSTEM, Principal, PrincipalKind
from ca_core.model.products import Product, Road
from ca_core.model.users import User, UserKind
from ca_core.orders.place import place

CONSOLE = Principal(kind=PrincipalKind.OPERATOR, id="console")


class OwnClock:
    """A clock that moves when the test moves it."""

    def __init__(self) -> None:
        """Begin at the real time."""
        self.time = datetime.now(UTC)

    def now(self) -> datetime:
        """Return the time the test has set."""
        return self.time

    def advance(self, **amount: float) -> None:
        """Move by a timedelta's arguments."""
        self.time += timedelta(**amount)


@dataclass(frozen=True)
class Workshop:
    """A core, its clock, and what a test orders with."""

    core: Core
    clock: OwnClock
    product: Product

    async def place(self, *names: str) -> Order:
        """Place an order of the gateway's own, whose names count as controlled."""
        identifiers = tuple(Identifier(type=IdentifierType.DNS, value=name) for name in names)
        request = OrderRequest(product_id=self.product.id, road=Road.SYSTEM, identifiers=identifiers)
        return (await place(self.core, request, SYSTEM)).order

    async def user(
        self, client_id: str, name: str, permissions: frozenset[Permission] = frozenset(Permission)
    ) -> Principal:
        """Return a user, made when he is first asked for, who may do this for the Client."""
        known = User(id=f"usr-{name}", name=name, kind=UserKind.OPERATOR, created_at=self.clock.time)
        if await self.core.store.read(lambda tx: tx.users.get(known.id)) is None:
            await self.core.store.write(lambda tx: tx.users.add(known))
        return Principal(kind=PrincipalKind.API_USER, id=known.id, permissions={client_id: permissions})


def csr(*names: str, common_name: str = "") -> bytes:
    """Return a CSR (DER) for these names with a new P-256 key; its subject is empty without a common name."""
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else []
    alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject)).add_extension(alternative, True)  # noqa: FBT003
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.DER)
