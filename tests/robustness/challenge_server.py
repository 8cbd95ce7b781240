"""The web server that answers http-01 challenges (RFC 8555 section 8.3), and counts how often it was asked."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec

from tests.acme.signing import b64, jwk_of


@dataclass
class ChallengeServer:
    """``answers`` is by token; ``hits`` counts the requests of each. While ``slow`` is set, an answer takes so long."""

    answers: dict[str, str] = field(default_factory=dict)
    hits: Counter[str] = field(default_factory=Counter)
    slow: float = 0.0

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request."""
        token = request.match_info["token"]
        self.hits[token] += 1
        await asyncio.sleep(self.slow)
        if token not in self.answers:
            raise web.HTTPNotFound
        return web.Response(text=self.answers[token])


@asynccontextmanager
async def challenge_server(port: int) -> AsyncIterator[ChallengeServer]:
    """Serve challenges on a port of loopback while the block runs."""
    server = ChallengeServer()
    application = web.Application()
    application.router.add_get("/.well-known/acme-challenge/{token}", server.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield server
    finally:
        await runner.cleanup()


def thumbprint(key: ec.EllipticCurvePrivateKey) -> str:
    """Return the JWK thumbprint of a key (RFC 7638)."""
    canonical = json.dumps(jwk_of(key), sort_keys=True, separators=(",", ":"))
    return b64(hashlib.sha256(canonical.encode()).digest())
