"""An ACME client on an ASGI application, without sockets: it can send every request a real one could, and worse."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.types import ASGIApp, Message

from tests.acme.signing import Json, PrivateKey, b64, jwk_of, jws

JOSE = "application/jose+json"
Headers = list[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer; header names are in lower case."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str:
        """Return the one header of this name."""
        [value] = self.all(name)
        return value

    def all(self, name: str) -> list[str]:
        """Return every header of this name."""
        return [value for key, value in self.headers if key == name]

    @property
    def json(self) -> Json:
        """The body as JSON."""
        parsed: Json = json.loads(self.body)
        return parsed

    @property
    def problem(self) -> str:
        """The ACME error type, without its URN, of an answer that must be a problem document."""
        assert self.header("content-type") == "application/problem+json"
        assert self.json["status"] == self.status
        assert self.json["detail"]
        return str(self.json["type"]).removeprefix("urn:ietf:params:acme:error:")


async def send(
    app: ASGIApp, method: str, url: str, body: bytes | Iterable[bytes] = b"", headers: Headers | None = None
) -> Answer:
    """Send one request to the application and return its answer; a body of several chunks has no Content-Length."""
    parts = urlsplit(url)
    chunks = [body] if isinstance(body, bytes) else list(body)
    length = [("content-length", str(len(body)))] if isinstance(body, bytes) else []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "root_path": "",
        "query_string": parts.query.encode(),
        "headers": [
            (k.lower().encode(), v.encode("latin-1")) for k, v in [("host", "elsewhere"), *length, *(headers or [])]
        ],
        "client": ("192.0.2.7", 4711),
        "server": ("127.0.0.1", 14000),
        "state": {},
    }
    messages: list[Message] = []

    async def receive() -> Message:
        if not chunks:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    async def receive_answer(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, receive_answer)
    start, *rest = messages
    return Answer(
        status=start["status"],
        headers=[(name.decode(), value.decode()) for name, value in start["headers"]],
        body=b"".join(message["body"] for message in rest),
    )


@dataclass
class AcmeClient:
    """A client with one account key."""

    app: ASGIApp
    directory: Json
    key: PrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    kid: str = ""

    @classmethod
    async def start(cls, app: ASGIApp, directory_url: str, key: PrivateKey | None = None) -> "AcmeClient":
        """Read the directory."""
        directory = (await send(app, "GET", directory_url)).json
        return cls(app, directory) if key is None else cls(app, directory, key)

    async def nonce(self) -> str:
        """Get a fresh nonce."""
        return (await send(self.app, "HEAD", self.directory["newNonce"])).header("replay-nonce")

    async def post(
        self, url: str, payload: Json | bytes = b"", *, headers: Headers | None = None, **jose: Any
    ) -> Answer:
        """Send a signed POST; ``jose`` replaces header parameters of the JWS, None leaves one out."""
        signer: Json = {"kid": self.kid} if self.kid else {"jwk": jwk_of(self.key)}
        header = {"nonce": await self.nonce(), "url": url} | signer | jose
        return await self.raw(url, jws(self.key, payload, **header), headers)

    async def post_by_key(
        self, url: str, payload: Json | bytes = b"", key: PrivateKey | None = None, **jose: Any
    ) -> Answer:
        """Send a POST that carries its key."""
        key = key or self.key
        header = {"nonce": await self.nonce(), "url": url, "jwk": jwk_of(key)} | jose
        return await self.raw(url, jws(key, payload, **header))

    async def raw(self, url: str, body: bytes | Iterable[bytes], headers: Headers | None = None) -> Answer:
        """Send a POST with this body, as JOSE unless ``headers`` say otherwise."""
        return await send(self.app, "POST", url, body, [("content-type", JOSE)] if headers is None else headers)

    async def register(self, **payload: Any) -> Answer:
        """Register the key and remember the account."""
        answer = await self.post_by_key(self.directory["newAccount"], {"termsOfServiceAgreed": True} | payload)
        if answer.status in {200, 201}:
            self.kid = answer.header("location")
        return answer

    async def order(self, *names: str) -> Answer:
        """Place an order for domain names."""
        return await self.post(
            self.directory["newOrder"], {"identifiers": [{"type": "dns", "value": n} for n in names]}
        )


def csr(*names: str, key: PrivateKey | None = None) -> str:
    """Return a CSR for domain names as finalize takes it."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    return b64(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER))
