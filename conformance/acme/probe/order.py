"""Orders and authorizations as a client follows them, from newOrder to the certificate."""

import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from conformance.acme.probe.client import Client
from conformance.acme.probe.jose import Json, PrivateKey, encode, new_key, thumbprint
from conformance.acme.probe.responder import WebServer
from conformance.acme.probe.transport import Answer

SECONDS = 60
_PAUSE = 0.05


class StuckError(Exception):
    """The server did not come to an end with an order or an authorization."""


@dataclass(frozen=True)
class Challenge:
    """A challenge as its authorization showed it."""

    client: Client
    body: Json

    @property
    def url(self) -> str:
        """Its URL."""
        return str(self.body["url"])

    @property
    def token(self) -> str:
        """Its token."""
        return str(self.body["token"])

    @property
    def key_authorization(self) -> str:
        """The token and the thumbprint of the client's key (RFC 8555 section 8.1)."""
        return f"{self.token}.{thumbprint(self.client.key)}"

    @property
    def digest(self) -> bytes:
        """The SHA-256 digest of the key authorization."""
        return hashlib.sha256(self.key_authorization.encode()).digest()

    @property
    def text_record(self) -> str:
        """What dns-01 wants in a TXT record (section 8.4)."""
        return encode(self.digest)


@dataclass(frozen=True)
class Authorization:
    """An authorization of a client."""

    client: Client
    url: str

    def read(self) -> Json:
        """Read it."""
        return self.client.read(self.url).json

    def challenge(self, method: str) -> Challenge | None:
        """Return its challenge of this type, if it offers one."""
        found = [one for one in self.read()["challenges"] if one["type"] == method]
        return Challenge(self.client, found[0]) if found else None

    def decided(self) -> Json:
        """Wait until it is no longer pending and return it; raises :class:`StuckError`."""
        return _until(self.read, {"pending", "processing"}, self.url)

    def respond_by_http(self, web: WebServer, body: str | None = None) -> Json:
        """Answer http-01, with the key authorization unless told otherwise, and return it when it is decided."""
        challenge = self.challenge("http-01")
        if challenge is None:
            raise StuckError(f"{self.url} offers no http-01")
        web.answer(challenge.token, challenge.key_authorization if body is None else body)
        self.client.post(challenge.url, {})
        return self.decided()


@dataclass(frozen=True)
class Order:
    """An order of a client, and newOrder's answer."""

    client: Client
    url: str
    placed: Answer

    def read(self) -> Json:
        """Read it."""
        return self.client.read(self.url).json

    @property
    def authorizations(self) -> list[Authorization]:
        """Its authorizations."""
        return [Authorization(self.client, url) for url in self.placed.json["authorizations"]]

    def authorize(self, web: WebServer) -> "Order":
        """Show control of every name by http-01."""
        for authorization in self.authorizations:
            if (found := authorization.respond_by_http(web))["status"] != "valid":
                raise StuckError(f"{authorization.url} is {found['status']}: {found['challenges']}")
        return self

    def finalize(self, request: bytes) -> Answer:
        """POST a CSR (DER) to its finalize URL."""
        return self.client.post(self.placed.json["finalize"], {"csr": encode(request)})

    def decided(self) -> Json:
        """Wait until it is valid or invalid and return it; raises :class:`StuckError`."""
        return _until(self.read, {"pending", "ready", "processing"}, self.url)


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A certificate with its key, its names and the order it came from. ``der`` is the end-entity certificate."""

    order: Order
    url: str
    key: PrivateKey
    names: tuple[str, ...]
    download: Answer

    @property
    def chain(self) -> list[x509.Certificate]:
        """The certificates of the download."""
        return x509.load_pem_x509_certificates(self.download.body)

    @property
    def der(self) -> bytes:
        """The end-entity certificate."""
        return self.chain[0].public_bytes(Encoding.DER)


def place(client: Client, names: Iterable[str], **fields: object) -> Answer:
    """Ask for an order of domain names and return the answer, whatever it is."""
    identifiers = [{"type": "dns", "value": name} for name in names]
    return client.post(client.directory["newOrder"], {"identifiers": identifiers, **fields})


def place_address(client: Client, address: str) -> Answer:
    """Ask for an order of an IP address (RFC 8738) and return the answer, whatever it is."""
    return client.post(client.directory["newOrder"], {"identifiers": [{"type": "ip", "value": address}]})


def order(client: Client, *names: str, **fields: object) -> Order:
    """Place an order that must be taken; raises :class:`StuckError`."""
    answer = place(client, names, **fields)
    if answer.status != 201:
        raise StuckError(f"an order for {', '.join(names)} was refused: {answer}")
    return Order(client, answer.header("location"), answer)


def issue(client: Client, web: WebServer, *names: str, **fields: object) -> Issued:
    """Take an order to its certificate; raises :class:`StuckError`."""
    key = new_key()
    placed = order(client, *names, **fields).authorize(web)
    if (answer := placed.finalize(csr(*names, key=key))).status != 200:
        raise StuckError(f"finalize was refused: {answer}")
    if (done := placed.decided())["status"] != "valid":
        raise StuckError(f"{placed.url} is {done}")
    url = str(done["certificate"])
    return Issued(order=placed, url=url, key=key, names=names, download=client.read(url))


def csr(*names: str | x509.GeneralName, key: PrivateKey | None = None, common_name: str = "") -> bytes:
    """Return a CSR (DER) for names, strings being domain names, as subjectAltName; without any for a common name."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if names:
        alternatives = x509.SubjectAlternativeName(
            [x509.DNSName(name) if isinstance(name, str) else name for name in names]
        )
        builder = builder.add_extension(alternatives, critical=False)
    return sign_csr(builder, key or new_key())


def sign_csr(builder: x509.CertificateSigningRequestBuilder, key: PrivateKey) -> bytes:
    """Sign a CSR with SHA-256, or as the key's type does; return DER."""
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(Encoding.DER)


def _until(read: Callable[[], Json], undecided: set[str], url: str) -> Json:
    deadline = time.monotonic() + SECONDS
    while (found := read())["status"] in undecided:
        if time.monotonic() > deadline:
            raise StuckError(f"{url} is still {found['status']} after {SECONDS} seconds")
        time.sleep(_PAUSE)
    return found
