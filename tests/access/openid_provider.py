"""A provider of OpenID Connect that says whatever a test wants, over TLS on loopback."""

import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from ca_core.access.identity_provider import ProviderSettings, Returned
from ca_core.access.openid_connect import OpenIdConnect
from ca_core.model.sources import Sources

CLIENT_ID = "trivium"
SECRET = "the secret: +/%"
SUBJECT = "subject-1"


@dataclass
class FakeProvider:
    """What it says: ``metadata`` of itself, the ``keys`` it publishes, ``claims`` of everybody, ``id_token`` as it is.

    ``asked`` are the paths of the requests, and ``form`` and ``authorization`` those of the last for a token.
    """

    issuer: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    keys: list[dict[str, Any]] = field(default_factory=list)
    key: RSAKey | ECKey | OctKey = field(default_factory=lambda: new_key("first"))
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    id_token: str | None = None
    user_info: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    form: dict[str, str] = field(default_factory=dict)
    authorization: str = ""

    def publish(self, *keys: RSAKey | ECKey) -> None:
        """Publish these keys and sign with the first."""
        self.key = keys[0]
        self.keys = [dict(key.as_dict(private=False)) for key in keys]

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a request for any of its documents."""
        self.asked.append(request.path)
        match request.path:
            case "/.well-known/openid-configuration":
                return web.json_response(self.metadata)
            case "/keys":
                return web.json_response({"keys": self.keys})
            case "/token":
                self.form = {name: str(value) for name, value in (await request.post()).items()}
                self.authorization = request.headers.get("Authorization", "")
                token = self.id_token if self.id_token is not None else self.signed(self.claims)
                return web.json_response({"access_token": "access", "token_type": "Bearer", "id_token": token})
            case "/me":
                assert request.headers["Authorization"] == "Bearer access"
                return web.json_response(self.user_info)
            case "/elsewhere":
                raise web.HTTPFound(f"{self.issuer}/keys")
        return web.Response(status=404)

    def signed(self, claims: dict[str, Any]) -> str:
        """Return an ID token."""
        header = {"alg": "ES256", "kid": str(self.key.kid), **self.header}
        return jws.serialize_compact(header, json.dumps(claims), self.key, algorithms=[header["alg"]])


def new_key(kid: str) -> ECKey:
    """Return a key."""
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


def unsigned(claims: dict[str, Any]) -> str:
    """Return a token that says ``none``."""
    parts = ({"alg": "none"}, claims)
    return ".".join([*(base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in parts), ""])


@dataclass(frozen=True)
class Visit:
    """The way of a browser to the provider: what the URL it was sent to says."""

    url: str

    def __getitem__(self, name: str) -> str:
        [value] = parse_qs(urlsplit(self.url).query)[name]
        return value

    @property
    def returned(self) -> Returned:
        """What it brings back."""
        return Returned(code="code", state=self["state"])


@asynccontextmanager
async def providing(certificate: Path, sources: Sources) -> AsyncIterator[tuple[FakeProvider, OpenIdConnect]]:
    """Run a provider, and what asks it."""
    provider = FakeProvider()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", provider.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    provider.issuer = f"https://127.0.0.1:{runner.addresses[0][1]}"
    provider.metadata = {
        "issuer": provider.issuer,
        "authorization_endpoint": f"{provider.issuer}/auth",
        "token_endpoint": f"{provider.issuer}/token",
        "jwks_uri": f"{provider.issuer}/keys",
        "userinfo_endpoint": f"{provider.issuer}/me",
    }
    provider.publish(new_key("first"))
    asks = OpenIdConnect(
        ProviderSettings(
            issuer=provider.issuer,
            client_id=CLIENT_ID,
            client_secret=SECRET,
            redirect_uri="https://ra.example.com/admin/sign-in/openid/callback",
            ca_file=str(certificate),
        ),
        sources,
    )
    try:
        yield provider, asks
    finally:
        await asks.close()
        await runner.cleanup()
