"""A real installation with two Clients, whose validators ask a DNS server on loopback."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from ca_core.model.clients import Client
from ca_core.validation.methods import build_validators
from ca_core.validation.validator import ValidationSettings
from conformance.loopback_dns import LoopbackDns
from tests.domains.registry import Registry
from tests.orders.conftest import installation, linters, template, workshop
from tests.orders.workshop import Workshop

__all__ = ["installation", "linters", "registry", "template", "workshop"]


@pytest.fixture
async def registry(workshop: Workshop) -> AsyncIterator[Registry]:
    """Ask a DNS server of the test's own; a second Client is there beside ``default``."""
    async with LoopbackDns() as dns:
        dns.record_queries = True
        settings = ValidationSettings(resolver=dns.dns, allow_private_addresses=True, timeout=5.0)
        validators = build_validators(settings, workshop.core.sources)
        core = replace(workshop.core, validators=validators.by_method, caa=validators.caa)
        other = Client(id="cli-other", name="other", created_at=core.sources.now())
        await core.store.write(lambda tx: tx.clients.add(other))
        own = await core.store.read(lambda tx: tx.clients.by_name("default"))
        assert own is not None
        yield Registry(replace(workshop, core=core), dns, own.id, other.id)
        await validators.close()
