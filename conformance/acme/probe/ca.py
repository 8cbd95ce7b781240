"""The server under test: its directory, the means to answer its challenges, and what several clauses look at."""

import itertools
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from conformance.acme.probe.client import Client
from conformance.acme.probe.jose import Json, PrivateKey, new_key
from conformance.acme.probe.order import Issued, Order, issue, order
from conformance.acme.probe.responder import TextRecords, WebServer, serving
from conformance.acme.probe.tls_responder import TlsServer, serving_tls
from conformance.acme.probe.transport import Answer, Transport


@dataclass(frozen=True, kw_only=True)
class Options:
    """Where the server is and how its challenges are answered.

    ``trust`` is a PEM file, None for the system's. ``address`` and the ports are where this suite listens for
    validations; ``dns_control`` sets TXT records over HTTP; ``domain`` is what the names lie under, ``ip`` an address
    that leads to this suite. ``eab`` are unused keys (kid and base64url HMAC key) for ``eab_directory``.
    """

    directory: str
    trust: Path | None = None
    address: str = "127.0.0.1"
    http_port: int = 5002
    tls_port: int = 5001
    dns_control: str = ""
    domain: str = "conformance.test"
    ip: str = "127.0.0.1"
    eab_directory: str = ""
    eab: tuple[tuple[str, str], ...] = ()


@dataclass
class Ca:
    """A run against one server. What is a property here, no clause changes."""

    options: Options
    transport: Transport
    web: WebServer
    tls: TlsServer
    directory_answer: Answer
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _run: str = field(default_factory=lambda: secrets.token_hex(3))

    @property
    def directory(self) -> Json:
        """The directory object."""
        return self.directory_answer.json

    @property
    def meta(self) -> Json:
        """Its ``meta``, empty where it has none."""
        meta: Json = self.directory.get("meta", {})
        return meta

    @cached_property
    def text_records(self) -> TextRecords | None:
        """The TXT records of the DNS the server asks, None where this run cannot set them."""
        return TextRecords(self.options.dns_control) if self.options.dns_control else None

    def new_name(self) -> str:
        """Return a domain name that no run has used before."""
        return f"n{next(self._numbers)}-{self._run}.{self.options.domain}"

    def stranger(self, key: PrivateKey | None = None) -> Client:
        """Return a client without an account."""
        return Client(self.transport, self.directory, key or new_key())

    def new_client(self, key: PrivateKey | None = None) -> Client:
        """Return a client with a new account."""
        client = self.stranger(key)
        if not (answer := client.register()).header("location"):
            raise ValueError(f"no account could be registered: {answer}")
        return client

    @cached_property
    def client(self) -> Client:
        """A client with an account."""
        return self.new_client()

    @cached_property
    def other(self) -> Client:
        """A client with another account."""
        return self.new_client()

    @cached_property
    def pending(self) -> Order:
        """A pending order of :attr:`client`."""
        return order(self.client, self.new_name())

    @cached_property
    def issued(self) -> Issued:
        """A certificate of :attr:`client`, for two names."""
        return self.issue(2)

    def issue(self, names: int = 1, client: Client | None = None) -> Issued:
        """Return a new certificate for new names."""
        return issue(client or self.client, self.web, *(self.new_name() for _ in range(names)))

    def ready(self, names: int = 1, client: Client | None = None) -> Order:
        """Return a new order whose authorizations are valid."""
        return order(client or self.client, *(self.new_name() for _ in range(names))).authorize(self.web)


@contextmanager
def connected(options: Options) -> Iterator[Ca]:
    """Read the directory, and answer http-01 and tls-alpn-01 while the block runs."""
    with (
        closing(Transport(options.trust)) as transport,
        serving(options.address, options.http_port) as web,
        serving_tls(options.address, options.tls_port) as tls,
    ):
        yield Ca(options, transport, web, tls, transport.send("GET", options.directory))
