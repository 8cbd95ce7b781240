"""A real installation with two Clients, whose validators ask a DNS server on loopback."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from ca_core.model.clients import Client
from ca_core.model.products import LintMode, LintPolicy, Road
from ca_core.model.users import User, UserKind
from ca_core.validation.methods import build_validators
from ca_core.validation.validator import ValidationSettings
from conformance.loopback_dns import LoopbackDns
from tests.domains.registry import Registry
from tests.orders.conftest import installation, linters, template, workshop
from tests.orders.workshop import Workshop
from tests.validation.servers import response, web_server

__all__ = ["installation", "linters", "registry", "template", "workshop"]


@pytest.fixture
async def registry(workshop: Workshop) -> AsyncIterator[Registry]:
    """Ask servers of the test's own; there are the Client ``default``, whose product is ordered, and another."""
    pages: dict[str, bytes] = {}

    async def talk(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(response(pages[path]) if path in pages else response(b"", status="404 Not Found"))

    async with LoopbackDns() as dns, web_server(talk) as web:
        dns.record_queries = True
        settings = ValidationSettings(resolver=dns.dns, http_port=web.port, allow_private_addresses=True, timeout=5.0)
        validators = build_validators(settings, workshop.core.sources)
        core = replace(workshop.core, validators=validators.by_method, caa=validators.caa)
        other = Client(id="cli-other", name="other", created_at=core.sources.now())
        await core.store.write(lambda tx: tx.clients.add(other))
        products = await core.store.read(lambda tx: tx.products.all(None))
        product = next(one for one in products if one.name == "tls")
        policy = replace(
            product.policy,
            names=replace(product.policy.names, wildcards=True),
            lint=LintPolicy(mode=LintMode.OFF),  # the lint is not what these tests are about
            ra_vouches=False,
        )
        ordered = replace(product, version="ordered", roads=frozenset({Road.ACME, Road.CMC, Road.REST}), policy=policy)
        await core.store.write(lambda tx: tx.products.put(ordered))
        registry = Registry(replace(workshop, core=core), dns, pages, ordered, other.id)
        who = User(id=registry.user.id, name="alice", kind=UserKind.OPERATOR, created_at=core.sources.now())
        await core.store.write(lambda tx: tx.users.add(who))
        yield registry
        await validators.close()
