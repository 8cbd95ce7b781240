"""What a check works with: one client at the server under test, and whatever it needs to ask for something."""

import itertools
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from conformance.cmc.client import Client
from conformance.cmc.model import Control, Credential, Message, Pkcs10, Request
from conformance.cmc.reply import Reader, Reply
from conformance.cmc.requests import Key, csr, new_key
from conformance.cmc.target import Target
from conformance.cmc.transport import REQUEST
from conformance.expect import NotOfferedError, expect

Given = TypeVar("Given")
_numbers = itertools.count(1)
_RUN = secrets.token_hex(3)


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A certificate that was ordered, and its key."""

    certificate: x509.Certificate
    key: Key


@dataclass(frozen=True, kw_only=True)
class Lab:
    """One client at one server; ``folder`` is this check's own."""

    target: Target
    client: Client
    reader: Reader
    folder: Path
    replies: list[Reply] = field(default_factory=list)

    def name(self) -> str:
        """Return a domain name that no run has used before."""
        return f"n{next(_numbers)}-{_RUN}.{self.target.domain}"

    def request(self, number: int = 1, key: Key | None = None) -> Pkcs10:
        """Return a good PKCS #10 request for a new name."""
        return Pkcs10(id=number, der=csr(key or new_key(), self.name()))

    def encode(self, *parts: Control | Request) -> bytes:
        """Let the client encode a PKIData of these controls and requests."""
        controls = tuple(part for part in parts if isinstance(part, Control))
        requests = tuple(part for part in parts if not isinstance(part, Control))
        return self.client.encode(Message(controls=controls, requests=requests))

    def carrying(self, *parts: Control | Request, contents: tuple[bytes, ...], by: Credential) -> bytes:
        """Let the client sign a Full PKI Request with messages in its cmsSequence, as body parts 500, 501 and so on."""
        controls = tuple(part for part in parts if isinstance(part, Control))
        requests = tuple(part for part in parts if not isinstance(part, Control))
        content = self.client.encode(Message(controls=controls, requests=requests, contents=contents))
        return self.client.sign(content, by)

    def message(self, *parts: Control | Request, by: Credential | None = None) -> bytes:
        """Let the client encode and sign a Full PKI Request."""
        return self.client.sign(self.encode(*parts), by or self.target.client)

    def ask(self, *parts: Control | Request, by: Credential | None = None, query: str = "") -> Reply:
        """Send a Full PKI Request and read the answer."""
        return self.send(self.message(*parts, by=by), query=query)

    def send(self, message: bytes, *, query: str = "", media_type: str = REQUEST) -> Reply:
        """Send a message and read the answer, which comes with 200 whatever it says."""
        answer = self.target.endpoint.send(message, query=query, headers=(("Content-Type", media_type),))
        expect(answer.status == 200, f"200 was expected, not {answer.status}: {answer.body[:200]!r}")
        return self.read(answer.body)

    def read(self, body: bytes) -> Reply:
        """Read an answer, which openssl must verify and Bouncy Castle parse."""
        reply = self.reader.read(body)
        self.replies.append(reply)
        return reply

    def issue(self, *parts: Control | Request, key: Key | None = None, by: Credential | None = None) -> Issued:
        """Order a certificate for a new name."""
        key = key or new_key()
        reply = self.ask(self.request(key=key), *parts, by=by)
        certificate = reply.certificate_of(key.public_key())
        if certificate is None:
            expect(None, f"a certificate was expected: {reply}")
            raise AssertionError
        return Issued(certificate=certificate, key=key)

    def credential(self, certificate: x509.Certificate, key: Key) -> Credential:
        """Return certificate and key as files."""
        stem = f"issued-{next(_numbers)}"
        credential = Credential(certificate=self.folder / f"{stem}.pem", key=self.folder / f"{stem}.key")
        credential.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
        credential.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return credential

    def given(self, what: Given | None, name: str) -> Given:
        """Return what the operator gave; raises NotOfferedError when it is missing."""
        if what is None:
            raise NotOfferedError(f"the run was given no {name}")
        return what
