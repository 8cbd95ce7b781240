"""Pebble's files, for whoever compares with it or measures it: its configuration, and the certificate it lacks."""

import datetime as dt
import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ENVIRONMENT: Final[Mapping[str, str]] = {
    "PEBBLE_VA_NOSLEEP": "1",
    "PEBBLE_WFE_NONCEREJECT": "0",
    "PEBBLE_AUTHZREUSE": "0",
    "GOMAXPROCS": "1",
}
"""Without what it does at random, and in one thread: two can deadlock over nonces."""


@dataclass(frozen=True, kw_only=True)
class PebbleFiles:
    """What Pebble is started with, and the certificate (PEM) to trust for its TLS."""

    configuration: Path
    certificate: Path


def write_files(
    folder: Path,
    *,
    port: int,
    management: int,
    http_port: int,
    tls_alpn_port: int,
    mac_keys: Mapping[str, str] | None = None,
) -> PebbleFiles:
    """Write the files of a Pebble on these loopback ports; ``mac_keys`` are those of external account bindings."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = _tls_certificate(folder)
    settings = {
        "listenAddress": f"127.0.0.1:{port}",
        "managementListenAddress": f"127.0.0.1:{management}",
        "certificate": str(certificate),
        "privateKey": str(key),
        "httpPort": http_port,
        "tlsPort": tls_alpn_port,
        "ocspResponderURL": "",
        "externalAccountBindingRequired": False,
        "externalAccountMACKeys": dict(mac_keys or {}),
    }
    configuration = folder / "pebble.json"
    configuration.write_text(json.dumps({"pebble": settings}))
    return PebbleFiles(configuration=configuration, certificate=certificate)


def _tls_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a self-signed P-256 certificate for 127.0.0.1 (ours has a P-256 one too) and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Pebble on loopback")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=7))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "tls.pem", folder / "tls.key"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file
