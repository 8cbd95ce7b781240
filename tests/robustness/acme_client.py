"""An ACME client over real TLS (RFC 8555) that can send what no client should, many requests at a time."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from tests.acme.signing import Json, b64, jwk_of, jws
from tests.robustness.challenge_server import ChallengeServer, thumbprint

JOSE = "application/jose+json"
URN = "urn:ietf:params:acme:error:"
POLLS = 400
POLL_SECONDS = 0.1
REQUEST_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer; header names compare without case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        """The body as JSON."""
        parsed: Json = json.loads(self.body)
        return parsed

    @property
    def problem(self) -> str:
        """The ACME error type without its URN; empty when the answer is no refusal, or one to HEAD."""
        if not self.body or self.headers.get("content-type") != "application/problem+json":
            return ""
        return str(self.json["type"]).removeprefix(URN)


@asynccontextmanager
async def https(root: str, *, connections: int = 8) -> AsyncIterator[aiohttp.ClientSession]:
    """Give a session that trusts the PEM file ``root`` and keeps up to so many connections alive."""
    connector = aiohttp.TCPConnector(limit=connections, ssl=ssl.create_default_context(cafile=root))
    timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session:
        yield session


@dataclass
class AcmeClient:
    """One account key at one directory."""

    session: aiohttp.ClientSession
    directory: Json
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    kid: str = ""

    @classmethod
    async def start(cls, session: aiohttp.ClientSession, directory_url: str) -> Self:
        """Read the directory."""
        async with session.get(directory_url) as response:
            return cls(session, await response.json())

    def again(self, session: aiohttp.ClientSession) -> "AcmeClient":
        """Return the same account on another session: after a restart."""
        return AcmeClient(session, self.directory, self.key, self.kid)

    @property
    def thumbprint(self) -> str:
        """What its key authorizations end with."""
        return thumbprint(self.key)

    async def nonce(self) -> str:
        """Get a fresh nonce."""
        async with self.session.head(self.directory["newNonce"]) as response:
            return response.headers["Replay-Nonce"]

    def sign(self, url: str, payload: Json | bytes, nonce: str, **header: Any) -> bytes:
        """Return the body of a POST; ``header`` replaces parameters of the JWS header, None leaves one out."""
        signer: Json = {"kid": self.kid} if self.kid else {"jwk": jwk_of(self.key)}
        return jws(self.key, payload, **({"nonce": nonce, "url": url} | signer | header))

    async def post(self, url: str, payload: Json | bytes = b"", *, nonce: str = "", **header: Any) -> Answer:
        """Send a signed POST; without a payload a POST-as-GET."""
        return await self.raw(url, self.sign(url, payload, nonce or await self.nonce(), **header))

    async def raw(self, url: str, body: bytes) -> Answer:
        """Send these bytes as JOSE."""
        async with self.session.post(url, data=body, headers={"Content-Type": JOSE}) as response:
            return Answer(status=response.status, headers=response.headers, body=await response.read())

    async def register(self) -> Answer:
        """Register the key, or find its account, and remember it."""
        self.kid = ""
        answer = await self.post(self.directory["newAccount"], {"termsOfServiceAgreed": True})
        self.kid = answer.headers.get("Location", "")
        return answer

    async def order(self, *names: str) -> Answer:
        """Place an order for domain names."""
        identifiers = [{"type": "dns", "value": name} for name in names]
        return await self.post(self.directory["newOrder"], {"identifiers": identifiers})

    async def http_01(self, authorization_url: str, web: ChallengeServer) -> str:
        """Put the answer of the authorization's http-01 challenge onto the web server; return the challenge's URL."""
        authorization = (await self.post(authorization_url)).json
        challenge = next(one for one in authorization["challenges"] if one["type"] == "http-01")
        web.answers[challenge["token"]] = f"{challenge['token']}.{self.thumbprint}"
        return str(challenge["url"])

    async def settled(self, url: str, waiting: frozenset[str]) -> Json:
        """Read the resource until its status is none of ``waiting``; return it."""
        for _ in range(POLLS):
            resource = (await self.post(url)).json
            if resource["status"] not in waiting:
                return resource
            await asyncio.sleep(POLL_SECONDS)
        raise AssertionError(f"{url} stays {resource}")

    async def ready_order(self, web: ChallengeServer, *names: str) -> tuple[str, Json]:
        """Place an order and prove control of its names; return its URL and the order."""
        placed = await self.order(*names)
        assert placed.status == 201, placed.body
        url = placed.headers["Location"]
        for authorization_url in placed.json["authorizations"]:
            await self.post(await self.http_01(authorization_url, web), {})
            assert (await self.settled(authorization_url, frozenset({"pending"})))["status"] == "valid"
        return url, (await self.post(url)).json

    async def issue(self, web: ChallengeServer, *names: str) -> bytes:
        """Order a certificate for the names and return it as DER."""
        url, ready = await self.ready_order(web, *names)
        finalized = await self.post(ready["finalize"], {"csr": csr(*names)})
        assert finalized.status == 200, finalized.body
        order = await self.settled(url, frozenset({"processing"}))
        assert order["status"] == "valid", order
        return await self.download(order["certificate"])

    async def download(self, certificate_url: str) -> bytes:
        """Return the certificate as DER."""
        answer = await self.post(certificate_url)
        assert answer.status == 200, answer.body
        return x509.load_pem_x509_certificates(answer.body)[0].public_bytes(Encoding.DER)

    async def revoke(self, certificate: bytes) -> Answer:
        """Revoke a certificate (DER)."""
        return await self.post(self.directory["revokeCert"], {"certificate": b64(certificate)})


def csr(*names: str) -> str:
    """Return a CSR with a new key as finalize takes it."""
    return b64(csr_der(*names))


def csr_der(*names: str, key: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    """Return a CSR (DER), with a new P-256 key unless one is given."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(alternative, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
