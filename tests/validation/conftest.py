"""What the validation tests share: a loopback resolver and validators with short timeouts."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest
import uvloop

from ca_core.model.authorizations import ValidationMethod
from ca_core.model.sources import Sources
from ca_core.validation.methods import build_validators
from ca_core.validation.resolver import Resolver
from ca_core.validation.validator import ValidationSettings, Validator
from conformance.loopback_dns import LoopbackDns


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run every test on both event loops the gateway runs on: they differ in sockets, timeouts and TLS errors."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class RealEntropy:
    """Random bytes of the operating system."""

    def token(self, length: int) -> bytes:
        """Return ``length`` random bytes."""
        return secrets.token_bytes(length)


class RealClock:
    """The system's clock."""

    def now(self) -> datetime:
        """Return the current time."""
        return datetime.now(UTC)


@pytest.fixture
def sources() -> Sources:
    """Clock and randomness of the operating system."""
    return Sources(clock=RealClock(), entropy=RealEntropy())


@pytest.fixture
async def dns() -> AsyncIterator[LoopbackDns]:
    """A resolver on loopback that remembers its queries."""
    async with LoopbackDns() as server:
        server.record_queries = True
        yield server


@pytest.fixture
def resolver(dns: LoopbackDns, sources: Sources) -> Resolver:
    """Our resolver, asking the loopback one."""
    return Resolver(dns.dns, sources, timeout=0.2)


Make = Callable[..., Validator]


@pytest.fixture
async def make_validator(dns: LoopbackDns, sources: Sources) -> AsyncIterator[Make]:
    """Makes validators of a method; private addresses are allowed unless the settings say no."""
    async with AsyncExitStack() as closing:

        def make(method: ValidationMethod, **settings: object) -> Validator:
            values: dict[str, object] = {
                "resolver": dns.dns,
                "allow_private_addresses": True,
                "timeout": 2.0,
                "dial_timeout": 0.3,
                "dns_timeout": 0.2,
            }
            validators = build_validators(ValidationSettings(**(values | settings)), sources)  # type: ignore[arg-type]
            closing.push_async_callback(validators.close)
            return validators.by_method[method]

        yield make


@pytest.fixture
def http_01(make_validator: Make) -> Make:
    """Makes http-01 validators for the port given."""
    return lambda http_port=1, **settings: make_validator(ValidationMethod.HTTP_01, http_port=http_port, **settings)


@pytest.fixture
def tls_alpn_01(make_validator: Make) -> Make:
    """Makes tls-alpn-01 validators for the port given."""
    return lambda port=1, **settings: make_validator(ValidationMethod.TLS_ALPN_01, tls_alpn_port=port, **settings)
