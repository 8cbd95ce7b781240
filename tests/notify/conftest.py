"""What the tests of notifications share: a resolver on loopback, and an installation that may tell it."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from ca_core.core import Core
from ca_core.notify.http_webhooks import HttpWebhooks
from ca_core.notify.webhook_sender import WebhookSettings
from ca_core.validation.resolver import Resolver
from conformance.loopback_dns import LoopbackDns
from gateway.sources import system_sources
from tests.notify.mail_server import Mailbox, taking_mail
from tests.orders.conftest import installation, linters, template, workshop
from tests.orders.workshop import Workshop

__all__ = ["installation", "linters", "template", "workshop"]

Sender = Callable[..., HttpWebhooks]


@pytest.fixture
async def dns() -> AsyncIterator[LoopbackDns]:
    """Run a resolver: every name is 127.0.0.1 unless told otherwise."""
    async with LoopbackDns() as server:
        server.record_queries = True
        yield server


@pytest.fixture
async def sender(dns: LoopbackDns) -> AsyncIterator[Sender]:
    """Make senders: any port, http and private addresses are allowed unless the settings say no."""
    async with AsyncExitStack() as closing:

        def make(**settings: object) -> HttpWebhooks:
            values = {"ports": tuple(range(1, 65536)), "plain_http": True, "allow_private_addresses": True}
            made = HttpWebhooks(
                WebhookSettings(**(values | settings)),  # type: ignore[arg-type]
                Resolver(dns.dns, system_sources()),
            )
            closing.push_async_callback(made.close)
            return made

        yield make


@pytest.fixture
def core(workshop: Workshop, sender: Sender) -> Core:
    """The installation with webhooks on loopback."""
    return replace(workshop.core, webhooks=sender())


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """Run a mail server that wants neither TLS nor a password."""
    made = Mailbox()
    with taking_mail(made):
        yield made
