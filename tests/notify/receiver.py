"""A receiver of webhooks: a real HTTP or HTTPS server that checks signatures as its owner would."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks.webhooks import Webhook as Verifier


@dataclass
class Receiver:
    """A running receiver. It answers with ``status``, or with those of ``statuses`` first.

    One that ``hangs`` does not answer before ``go_on``.
    """

    url: str
    status: int = 204
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    received: list[tuple[dict[str, str], str]] = field(default_factory=list)

    def events(self, secret: str) -> list[dict[str, Any]]:
        """Return the events received, each verified with the secret by another's program."""
        return [json.loads(json.dumps(Verifier(secret).verify(body, headers))) for headers, body in self.received]

    def types(self) -> list[str]:
        """Return the types of the events received."""
        return [json.loads(body)["type"] for _, body in self.received]

    async def answer(self, request: web.Request) -> web.Response:
        """Keep a request and answer it."""
        self.received.append(({name.lower(): value for name, value in request.headers.items()}, await request.text()))
        self.asked.set()
        if self.hangs:
            await self.go_on.wait()
        status = self.statuses.pop(0) if self.statuses else self.status
        return web.Response(status=status, headers=self.headers)


@asynccontextmanager
async def receiving(*, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[Receiver]:
    """Run a receiver while the block runs."""
    receiver = Receiver("")
    application = web.Application()
    application.router.add_post("/{path:.*}", receiver.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    receiver.url = f"{'https' if tls else 'http'}://{host}:{port}/hook?key=value"
    try:
        yield receiver
    finally:
        receiver.go_on.set()
        await runner.cleanup()
