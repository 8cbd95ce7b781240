"""Rules 26, 29: a key that becomes an account's, a certificate's and a blocked one at once becomes one of them only.

The first write is held open after it has looked and written; the second runs in another store, as another process has.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ca_core.access import accounts
from ca_core.access.accounts import AccountKey, AccountRequest, Enrolment
from ca_core.core import Core
from ca_core.keys.policy import spki_sha256
from ca_core.model.certificates import CertificateStatus, RevocationReason
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.orders import OrderRequest, OrderState
from ca_core.model.principals import SYSTEM, Principal
from ca_core.model.products import Road
from ca_core.model.store import Store, Transaction
from ca_core.orders.place import place
from ca_core.orders.submit import submit_csr
from ca_core.revocation.revoke import revoke_by_id
from conformance.postgresql import Cluster
from gateway.acme.codec import decode_base64url
from gateway.acme.jwk import parse_jwk
from store.database import Database, open_store
from store.migrate import upgrade
from tests.acme.acme_client import csr
from tests.acme.acme_server import private_product
from tests.acme.signing import jwk_of
from tests.revocation.installation import CLIENT, Installation, dns, install

T = TypeVar("T")
Act = Callable[[Core], Awaitable[object]]

HEAD_START = 0.3
"""Seconds that the second writer gets to come by the first, if nothing holds it; on a slow machine it may need more."""


class HeldOpen:
    """A store whose next write stays open, its work done, until :attr:`let_go` is set."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.is_open = threading.Event()
        self.let_go = threading.Event()

    async def read(self, fn: Callable[[Transaction], T]) -> T:
        """Read as ever."""
        return await self._store.read(fn)

    async def write(self, fn: Callable[[Transaction], T], *, lasting: bool = True) -> T:
        """Write, and keep the transaction open."""

        def hold(tx: Transaction) -> T:
            result = fn(tx)
            self.is_open.set()
            assert self.let_go.wait(60)
            return result

        return await self._store.write(hold, lasting=lasting)


@dataclass
class Arena:
    """One installation and its database's URL: each racer opens a store of its own."""

    installation: Installation
    url: str

    async def race(self, first: Act, second: Act) -> tuple[object, object]:
        """Run ``second`` while the write of ``first`` is open; return what came of each, an error as a value."""
        stores = open_store(self.url), open_store(self.url)
        held = HeldOpen(stores[0])
        leading = asyncio.create_task(asyncio.to_thread(self._run, held, first))
        assert await asyncio.to_thread(held.is_open.wait, 60)
        following = asyncio.create_task(asyncio.to_thread(self._run, stores[1], second))
        await asyncio.wait([following], timeout=HEAD_START)
        held.let_go.set()
        outcomes = await leading, await following
        for store in stores:
            await asyncio.to_thread(store.close)
        return outcomes

    def _run(self, store: Store, act: Act) -> object:
        async def acting() -> object:
            try:
                return await act(replace(self.installation.core, store=store))
            except TriviumError as error:
                return error.kind

        return asyncio.run(acting())

    @property
    def store(self) -> Database:
        """The store of the one who looks at the end."""
        return self.installation.store


@pytest.fixture(params=["sqlite", "postgresql"])
async def arena(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Arena]:
    """An installation on a database of each kind."""
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        url = cluster.new_database()
    else:
        url = f"sqlite:///{tmp_path}/trivium.db"
    upgrade(url)
    store = open_store(url)
    installation = await install(store)
    product = replace(private_product(), version="3", roads=frozenset({Road.ACME, Road.SYSTEM}))
    await store.write(lambda tx: tx.products.put(product))
    yield Arena(installation, url)
    store.close()


def account_key(key: ec.EllipticCurvePrivateKey) -> AccountKey:
    """Return a key as an account has it."""
    return parse_jwk(jwk_of(key))


def registering(key: ec.EllipticCurvePrivateKey) -> Act:
    """Make an account of the key."""

    async def act(core: Core) -> str:
        enrolment = Enrolment(client_id=CLIENT, product_id="pma-tls")
        await accounts.register(core, AccountRequest(enrolment=enrolment, key=account_key(key)))
        return "an account's"

    return act


def changing_to(key: ec.EllipticCurvePrivateKey, holder: Principal) -> Act:
    """Give the account the key."""

    async def act(core: Core) -> str:
        await accounts.change_key(core, account_key(key), holder)
        return "an account's"

    return act


async def issuing(arena: Arena, key: ec.EllipticCurvePrivateKey) -> Act:
    """Place an order, and finalize it with the key."""
    request = OrderRequest(product_id="pma-tls", road=Road.SYSTEM, identifiers=dns("www.example.test"))
    placed = await place(arena.installation.core, request, SYSTEM)
    der = decode_base64url(csr("www.example.test", key=key), "The CSR")

    async def act(core: Core) -> object:
        order = await submit_csr(core, placed.order.id, der, SYSTEM)
        return order.error.kind if order.error else order.state

    return act


@pytest.mark.parametrize("way", ["newAccount", "keyChange"])
@pytest.mark.parametrize("order_first", [True, False])
async def test_a_key_is_an_accounts_or_a_certificates(arena: Arena, way: str, order_first: bool) -> None:
    """Rule 29: whoever has the key of a server would have its account too, since each look came before either write."""
    key = ec.generate_private_key(ec.SECP256R1())
    holder = await arena.installation.add_account(1)
    taking = registering(key) if way == "newAccount" else changing_to(key, holder)
    certifying = await issuing(arena, key)
    if order_first:
        assert await arena.race(certifying, taking) == (OrderState.ISSUED, ErrorKind.BAD_KEY)
    else:
        assert await arena.race(taking, certifying) == ("an account's", ErrorKind.BAD_CSR)


@pytest.mark.parametrize("way", ["newAccount", "keyChange"])
async def test_a_key_that_is_being_blocked_is_no_accounts(arena: Arena, way: str) -> None:
    """Rule 26: a compromised key would be registered in the moment between its report and the report's commit."""
    key = ec.generate_private_key(ec.SECP256R1())
    holder = await arena.installation.add_account(1)
    spki = spki_sha256(key.public_key())

    async def blocking(core: Core) -> None:
        def block(tx: Transaction) -> None:
            tx.blocked_keys.hold(spki)
            tx.blocked_keys.add(spki, "keyCompromise", core.sources.now())

        await core.store.write(block)

    taking = registering(key) if way == "newAccount" else changing_to(key, holder)
    assert await arena.race(blocking, taking) == (None, ErrorKind.KEY_REUSED)


@pytest.mark.parametrize("order_first", [True, False])
async def test_no_certificate_outlives_the_report_of_its_key(arena: Arena, order_first: bool) -> None:
    """Rule 26: a certificate whose order was under way when its key was reported would stay valid."""
    key = ec.generate_private_key(ec.SECP256R1())
    reported = await arena.installation.issue(key=key)

    async def reporting(core: Core) -> object:
        return (await revoke_by_id(core, reported.id, RevocationReason.KEY_COMPROMISE, SYSTEM)).status

    certifying = await issuing(arena, key)
    if order_first:
        await arena.race(certifying, reporting)
    else:
        assert await arena.race(reporting, certifying) == (CertificateStatus.REVOKED, ErrorKind.KEY_REUSED)
    assert not await arena.store.read(lambda tx: tx.certificates.issued_with_key(reported.spki_sha256, 10))
