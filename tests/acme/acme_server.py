"""A real certification authority behind the ACME application: SQLite store, sealed keys, validation over loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.routing import Router

from ca_core.access.accounts import Enrolment
from ca_core.core import Core
from ca_core.model.products import LintMode, LintPolicy, NamePolicy, Product
from ca_core.validation.methods import build_validators
from ca_core.validation.validator import ValidationSettings
from conformance.loopback_dns import LoopbackDns
from gateway.acme.directory import Directory
from gateway.acme.nonces import Nonces
from gateway.acme.routes import build_app
from gateway.directories import account_prefixes
from store.database import Database
from tests.acme.acme_client import AcmeClient, Answer, csr
from tests.acme.signing import PrivateKey
from tests.revocation.installation import Installation, install, tls_product

EXTERNAL_URL = "https://ca.example:14000"
NONCE_KEY = bytes(range(32))


@dataclass
class WebServer:
    """What the http-01 validator asks: key authorizations by token; any name leads here."""

    port: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    requests: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        self.requests += 1
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        body = self.answers.get(path.rpartition("/")[2], "nothing here")
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()


@dataclass
class AcmeServer:
    """The application with what is behind it, and the outside world its clients live in."""

    app: Router
    directory: Directory
    installation: Installation
    web: WebServer
    dns: LoopbackDns

    @property
    def core(self) -> Core:
        """The core behind the application."""
        return self.installation.core

    def with_directory(self, **changes: Any) -> "AcmeServer":
        """Return a server with another directory on the same installation."""
        directory = replace(self.directory, **changes)
        return replace(
            self, app=build_app(self.core, [directory], Nonces(NONCE_KEY, self.core.sources)), directory=directory
        )

    async def client(self, key: PrivateKey | None = None) -> AcmeClient:
        """Return a client without an account."""
        return await AcmeClient.start(self.app, self.directory.url, key)

    async def account(self, key: PrivateKey | None = None) -> AcmeClient:
        """Return a client with a new account."""
        client = await self.client(key)
        assert (await client.register()).status == 201
        return client

    async def validate(self, client: AcmeClient, authorization_url: str) -> Answer:
        """Answer the http-01 challenge of an authorization and return the authorization when it is decided."""
        authorization = (await client.post(authorization_url)).json
        [challenge] = [one for one in authorization["challenges"] if one["type"] == "http-01"]
        thumbprint = await self._thumbprint(client)
        self.web.answers[challenge["token"]] = f"{challenge['token']}.{thumbprint}"
        assert (await client.post(challenge["url"], {})).status == 200
        return await self.decided(client, authorization_url)

    async def decided(self, client: AcmeClient, authorization_url: str) -> Answer:
        """Wait until an authorization is no longer pending."""
        async with asyncio.timeout(10):
            while True:
                answer = await client.post(authorization_url)
                if answer.json["status"] != "pending":
                    return answer
                await asyncio.sleep(0.005)

    async def ready_order(self, client: AcmeClient, *names: str) -> Answer:
        """Place an order and validate its names."""
        order = await client.order(*names)
        assert order.status == 201, order.json
        for url in order.json["authorizations"]:
            assert (await self.validate(client, url)).json["status"] == "valid"
        return await client.post(order.header("location"))

    async def issued_order(self, client: AcmeClient, *names: str, key: PrivateKey | None = None) -> Answer:
        """Take an order through to its certificate."""
        order = await self.ready_order(client, *names)
        answer = await client.post(order.json["finalize"], {"csr": csr(*names, key=key)})
        assert answer.json["status"] == "valid", answer.json
        return answer

    async def _thumbprint(self, client: AcmeClient) -> str:
        account_id = client.kid.rpartition("/")[2]
        account = await self.core.store.read(lambda tx: tx.accounts.get(account_id))
        assert account is not None
        return account.thumbprint


def private_product() -> Product:
    """Return a product that takes any name, and is not linted: the lint is not what these tests are about."""
    product = tls_product()
    names = NamePolicy(wildcards=True, internal_names=True, single_labels=True, private_addresses=True)
    return replace(
        product, version="2", policy=replace(product.policy, names=names, lint=LintPolicy(mode=LintMode.OFF))
    )


@asynccontextmanager
async def acme_server(store: Database) -> AsyncIterator[AcmeServer]:
    """Install into an empty, migrated store and serve ACME from it."""
    async with AsyncExitStack() as closing:
        web = WebServer()
        listener = await asyncio.start_server(web.serve, "127.0.0.1", 0)
        web.port = listener.sockets[0].getsockname()[1]
        closing.callback(listener.close)
        dns = await closing.enter_async_context(LoopbackDns())
        installation = await install(store)
        await store.write(lambda tx: tx.products.put(private_product()))
        settings = ValidationSettings(
            resolver=dns.dns,
            http_port=web.port,
            allow_private_addresses=True,
            account_uri_prefixes=account_prefixes(EXTERNAL_URL),
            timeout=5.0,
        )
        validators = build_validators(settings, installation.core.sources)
        closing.push_async_callback(validators.close)
        core = replace(installation.core, validators=validators.by_method, caa=validators.caa)
        installation = replace(installation, core=core)
        enrolment = Enrolment(client_id="cli-1", product_id="pma-tls")
        directory = Directory(external_url=EXTERNAL_URL, enrolment=enrolment)
        app = build_app(core, [directory], Nonces(NONCE_KEY, core.sources))
        yield AcmeServer(app, directory, installation, web, dns)
