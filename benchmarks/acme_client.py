"""A lean ACME client for load (RFC 8555): one account on one kept-alive connection, one issuance after the other.

It is the same for every server measured. It takes each nonce from the answer before (newNonce only once), and polls at
a short interval of its own that rises, so that a server is neither punished nor helped by the Retry-After it sends.
"""

import asyncio
import hashlib
import json
import ssl
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from benchmarks.http_client import HttpsConnection, Response

POLL_SECONDS = (0.005, 0.005, 0.01, 0.02, 0.04, 0.08)
"""How long to wait before each poll; the last value repeats."""
POLLS = 200
"""How often to poll before an issuance counts as failed."""
ISSUANCE_SECONDS = 60.0
"""How long one issuance may take before it counts as failed."""


class IssuanceError(Exception):
    """The server refused a step or did not finish it in time; the message has its answer."""


@dataclass(frozen=True, kw_only=True)
class PreparedRequest:
    """What one issuance needs, made before the clock starts."""

    name: str
    csr: str
    """The CSR: DER, base64url."""
    public_key: bytes
    """SubjectPublicKeyInfo, DER."""

    @classmethod
    def make(cls, name: str) -> "PreparedRequest":
        """A fresh P-256 key and its CSR for ``name``, with the name in the SAN only."""
        key = ec.generate_private_key(ec.SECP256R1())
        csr = (
            x509.CertificateSigningRequestBuilder()
            .subject_name(x509.Name([]))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(key, hashes.SHA256())
        )
        spki = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return cls(name=name, csr=_b64(csr.public_bytes(serialization.Encoding.DER)), public_key=spki)


@dataclass(frozen=True, kw_only=True)
class AccountKey:
    """An ES256 account key."""

    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def jwk(self) -> dict[str, str]:
        """The public key as a JWK, members in the order of RFC 7638."""
        point = self.private.public_key().public_numbers()
        return {
            "crv": "P-256",
            "kty": "EC",
            "x": _b64(point.x.to_bytes(32, "big")),
            "y": _b64(point.y.to_bytes(32, "big")),
        }

    @property
    def thumbprint(self) -> str:
        """The JWK thumbprint (RFC 7638, SHA-256, base64url) that key authorizations end with."""
        return _b64(hashlib.sha256(json.dumps(self.jwk, separators=(",", ":")).encode()).digest())


@dataclass(kw_only=True)
class AcmeClient:
    """One account at one server. Open it with `register`; then `issue` as often as wanted, one at a time."""

    connection: HttpsConnection
    key: AccountKey
    directory: dict[str, Any]
    kid: str = ""
    nonce: str = ""
    polls: int = 0

    @classmethod
    async def register(cls, directory_url: str, tls: ssl.SSLContext, key: AccountKey) -> "AcmeClient":
        """Fetch the directory and a nonce and make (or find) the account of ``key``. Raises IssuanceError."""
        connection = HttpsConnection.to(directory_url, tls)
        directory = json.loads((await connection.request("GET", directory_url)).body)
        client = cls(connection=connection, key=key, directory=directory)
        first = await connection.request("HEAD", directory["newNonce"])
        client.nonce = first.headers["replay-nonce"]
        account = await client._post(directory["newAccount"], {"termsOfServiceAgreed": True})
        client.kid = account.headers["location"]
        return client

    async def issue(self, request: PreparedRequest) -> bytes:
        """One complete issuance; returns the certificate chain (PEM). Raises IssuanceError or ConnectionError."""
        async with asyncio.timeout(ISSUANCE_SECONDS):
            order = await self._post(
                self.directory["newOrder"], {"identifiers": [{"type": "dns", "value": request.name}]}
            )
            order_url = order.headers["location"]
            placed = json.loads(order.body)
            for authorization_url in placed["authorizations"]:
                await self._prove_control(authorization_url)
            finalized = json.loads((await self._post(placed["finalize"], {"csr": request.csr})).body)
            if finalized["status"] != "valid":
                finalized = await self._poll(order_url, waiting=("ready", "processing"))
            return (await self._post(finalized["certificate"], None)).body

    async def _prove_control(self, authorization_url: str) -> None:
        authorization = json.loads((await self._post(authorization_url, None)).body)
        if authorization["status"] == "valid":
            raise IssuanceError("the authorization was reused: every issuance must validate")
        challenge = next(c for c in authorization["challenges"] if c["type"] == "http-01")
        await self._post(challenge["url"], {})
        await self._poll(authorization_url, waiting=("pending",))

    async def _poll(self, url: str, *, waiting: tuple[str, ...]) -> dict[str, Any]:
        for attempt in range(POLLS):
            await asyncio.sleep(POLL_SECONDS[min(attempt, len(POLL_SECONDS) - 1)])
            self.polls += 1
            answer: dict[str, Any] = json.loads((await self._post(url, None)).body)
            if answer["status"] == "valid":
                return answer
            if answer["status"] not in waiting:
                raise IssuanceError(f"{url} became {answer}")
        raise IssuanceError(f"{url} was not valid after {POLLS} polls")

    async def _post(self, url: str, payload: dict[str, Any] | None) -> Response:
        """POST ``payload`` (None: POST-as-GET) as a JWS; sends again with the new nonce after a badNonce."""
        for _attempt in range(3):
            answer = await self.connection.request("POST", url, self._jws(url, payload))
            self.nonce = answer.headers.get("replay-nonce", "")
            if answer.status < 400:
                return answer
            if b"badNonce" not in answer.body:
                break
        raise IssuanceError(f"POST {url}: {answer.status} {answer.body.decode(errors='replace')}")

    def _jws(self, url: str, payload: dict[str, Any] | None) -> bytes:
        who: dict[str, Any] = {"kid": self.kid} if self.kid else {"jwk": self.key.jwk}
        protected = _b64(json.dumps({"alg": "ES256", **who, "nonce": self.nonce, "url": url}).encode())
        content = "" if payload is None else _b64(json.dumps(payload).encode())
        der = self.key.private.sign(f"{protected}.{content}".encode(), ec.ECDSA(hashes.SHA256()))
        signature = _b64(b"".join(n.to_bytes(32, "big") for n in decode_dss_signature(der)))
        return f'{{"protected":"{protected}","payload":"{content}","signature":"{signature}"}}'.encode()


def prepare(lane: int, run: str, count: int) -> list[PreparedRequest]:
    """``count`` requests of one lane; the first label tells the http-01 answerer whose account it is."""
    return [PreparedRequest.make(f"l{lane}-{number}.{run}.bench.test") for number in range(count)]


def _b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
