"""The server under test: our gateway, started here on loopback, or any other by what its operator says."""

import datetime as dt
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from conformance.cmc.model import Credential, Secret
from conformance.cmc.requests import Key, new_key
from conformance.cmc.transport import Endpoint
from conformance.gateway import Gateway, served_gateway

_RECIPIENT_SECONDS = 120
_OTHER_CLIENT = """
[[clients]]
name = "other"
description = "Another Client, whose certificates are nobody else's business."
suspended = false

[clients.settings]
plain_get = false
cmc = true
require_eab = false
"""


_PRODUCTS = (
    ("validated", "ra_vouches = true", "ra_vouches = false"),
    ("linked", "certificate_linking = false", "certificate_linking = true"),
    ("confirmed", "confirmation_time = 0", "confirmation_time = 3600"),
    ("enciphering", "key_encipherment = false", "key_encipherment = true"),
    ("tls", 'client = "default"', 'client = "other"'),
)
"""Name, and what is changed: products like the first but in one thing, and the first for another Client."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A CMC server and who may do what there; what is None, its operator did not give.

    ``root`` is what its certificates verify to (PEM). ``client`` may issue, query, and revoke what it ordered;
    ``secret`` is shared with it. ``authority`` may vouch for the possession of keys; ``other`` belongs to another
    customer. ``legacy`` may use SHA-1, ``legacy_secret`` is shared with it. ``recipient`` is the certificate that
    messages are encrypted for. ``waiting``, ``linking``, ``confirming`` and
    ``enciphering`` are products (for the URL): whose orders wait, which holders renew, whose certificates are to be
    confirmed, and which are for keys that only encipher. Names are below ``domain``.
    """

    name: str
    endpoint: Endpoint
    root: Path
    client: Credential
    nobody: Credential
    secret: Secret | None = None
    authority: Credential | None = None
    other: Credential | None = None
    legacy: Credential | None = None
    legacy_secret: Secret | None = None
    recipient: Path | None = None
    waiting: str = ""
    linking: str = ""
    confirming: str = ""
    enciphering: str = ""
    domain: str = "conformance.test"

    @property
    def credentials(self) -> tuple[Credential, ...]:
        """Everybody who signs."""
        signers = (self.client, self.nobody, self.authority, self.other, self.legacy)
        return tuple(one for one in signers if one is not None)


@contextmanager
def trivium(folder: Path) -> Iterator[Target]:
    """Run our gateway from a new installation, with a client of each kind."""
    with served_gateway(folder) as gateway:
        gateway.add_products("tls", *_PRODUCTS, more=_OTHER_CLIENT)
        people = folder / "people"
        people.mkdir()
        client, secret = _register(gateway, people, "mail-gateway", "--right", "issue", "--right", "revoke",
                                   "--right", "query", "--secret")  # fmt: skip
        authority, _ = _register(
            gateway, people, "authority", "--right", "issue", "--right", "revoke", "--right", "query", "--right", "ra"
        )
        other, _ = _register(gateway, people, "stranger", "--client", "other")
        legacy, legacy_secret = _register(gateway, people, "appliance", "--sha1", "--secret")
        recipient = people / "recipient.pem"
        recipient.write_bytes(_recipient(gateway))
        yield Target(
            name="trivium",
            endpoint=Endpoint(url=gateway.endpoints["cmc"], tls_ca=Path(gateway.endpoints["tls_ca"])),
            root=Path(gateway.endpoints["root"]),
            client=client,
            nobody=nobody(people),
            secret=secret,
            authority=authority,
            other=other,
            legacy=legacy,
            legacy_secret=legacy_secret,
            recipient=recipient,
            waiting="validated",
            linking="linked",
            confirming="confirmed",
            enciphering="enciphering",
        )


def _register(gateway: Gateway, folder: Path, name: str, *options: str) -> tuple[Credential, Secret | None]:
    """Let our gateway issue the dedicated certificate of a new CMC client."""
    key = new_key()
    credential = self_signed(folder, name, key)
    request = folder / f"{name}.p10"
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    request.write_bytes(csr.public_bytes(Encoding.DER))
    orders = ("tls",) if "--client" in options else ("tls", *(product for product, _, _ in _PRODUCTS))
    products = [part for product in orders for part in ("--product", product)]
    made = json.loads(gateway.trivium("cmc-client", "add", name, "--csr", str(request), *products, *options, "--json"))
    credential.certificate.write_text(made["certificate"])
    secret = made.get("secret")
    return credential, Secret(identification=name, value=secret.encode()) if secret else None


def nobody(folder: Path) -> Credential:
    """Make a credential that no server knows."""
    return self_signed(folder, "nobody", new_key())


def self_signed(folder: Path, name: str, key: Key) -> Credential:
    """Make a self-signed certificate of a key, with its subject key identifier."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    credential = Credential(certificate=folder / f"{name}.pem", key=folder / f"{name}.key")
    credential.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
    credential.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return credential


def _recipient(gateway: Gateway) -> bytes:
    """Fetch the certificate that messages are encrypted for, which the gateway makes soon after its first start."""
    endpoint = Endpoint(url=f"{gateway.endpoints['cmc']}/recipient.pem", tls_ca=Path(gateway.endpoints["tls_ca"]))
    deadline = time.monotonic() + _RECIPIENT_SECONDS
    while (answer := endpoint.send(b"", method="GET")).status != HTTPStatus.OK:
        if time.monotonic() > deadline:
            raise TimeoutError("the gateway has no certificate to encrypt for")
        time.sleep(0.1)
    return answer.body
