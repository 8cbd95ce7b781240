"""A real identity provider on loopback, run by Node, with people of a test's own."""

import fcntl
import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from conformance.processes import free_port

_HERE = Path(__file__).parent
SECRET = "a secret of the client: +/%"


@dataclass(frozen=True)
class Provider:
    """Where the provider is, and the files of its TLS listener; it runs for as long as a test wants."""

    directory: Path
    port: int = field(default_factory=free_port)

    @property
    def issuer(self) -> str:
        """Its issuer: another site than localhost, where the gateway is."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def certificate(self) -> Path:
        """The PEM file to trust."""
        return self.directory / "provider.pem"

    @property
    def settings(self) -> tuple[str, ...]:
        """What ``trivium init --set`` is told of it."""
        return (
            f"oidc.issuer={self.issuer}",
            "oidc.client_id=trivium",
            f"oidc.client_secret_file={self.directory / 'secret'}",
            f"oidc.ca_file={self.certificate}",
            "oidc.label=Example ID",
        )

    def prepare(self) -> None:
        """Make its files, and install it if need be."""
        make_listener_certificate(self.certificate)
        secret = self.directory / "secret"
        secret.write_text(f"{SECRET}\n")
        secret.chmod(0o600)
        with (_HERE / "package.json").open() as manifest:
            fcntl.flock(manifest, fcntl.LOCK_EX)
            installed = _HERE / "node_modules" / ".package-lock.json"
            if not installed.exists() or installed.stat().st_mtime < (_HERE / "package-lock.json").stat().st_mtime:
                subprocess.run(["npm", "ci", "--prefix", _HERE, "--silent", "--no-audit", "--no-fund"], check=True)

    @contextmanager
    def running(self, redirect_uri: str, accounts: Mapping[str, Mapping[str, object]]) -> Iterator[None]:
        """Run it with these accounts: the claims of each by its login, which is its subject."""
        settings = self.directory / "provider.json"
        content = {
            "issuer": self.issuer,
            "port": self.port,
            "certificate": str(self.certificate),
            "key": str(self.certificate),
            "client_id": "trivium",
            "client_secret": SECRET,
            "redirect_uri": redirect_uri,
            "accounts": accounts,
        }
        settings.write_text(json.dumps(content))
        with (
            (self.directory / "provider.log").open("ab") as log,
            subprocess.Popen(["node", _HERE / "provider.mjs", settings], stdout=subprocess.PIPE, stderr=log) as process,
        ):
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == b"listening\n", (self.directory / "provider.log").read_text()
                yield
            finally:
                process.kill()


def make_listener_certificate(path: Path) -> None:
    """Write a certificate for 127.0.0.1, signed by its own key, and the key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Example ID")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
