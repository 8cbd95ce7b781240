"""Clients that openapi-generator makes of a document, and the programs of ours that work with them."""

import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path

import openapi_generator_cli
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from conformance.processes import run
from conformance.rest.target import Account, Target
from conformance.table import Cell, Verdict

PUBLISHED = Path(__file__).with_name("published-v2.json")
"""Version 2 as integrators have it, and as their clients were generated from it (OpenAPI 3.1)."""

_GENERATOR = Path(openapi_generator_cli.__file__).with_name("openapi-generator.jar")
"""It has Jackson and Apache's HTTP client in it, which the clients for Java need."""
_CLASSES = (_GENERATOR, "/usr/share/java/jakarta-annotation-api.jar", "/usr/share/java/httpmime.jar")
_REPOSITORY = Path(__file__).parents[2]
_JAVA = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
_SECONDS = 600
_REASON_LENGTH = 300


@dataclass(frozen=True, kw_only=True)
class GeneratedClient:
    """A program that does a day's work with a generated client, and the language that both are in."""

    language: str
    command: tuple[str | Path, ...]
    path: Path

    def work(self, target: Target, account: Account, folder: Path) -> dict[str, Cell]:
        """Do a day's work at a server as a user; return what came of each operation."""
        name = f"{self.language}-{secrets.token_hex(4)}"
        domain = f"{name}.{target.domain}"
        csrs = [new_csr(folder / f"{label}.csr", f"{label}.{domain}") for label in ("first", "second")]
        csrs.append(new_csr(folder / "cmc.csr", domain, common_name=name))
        printed = run(
            [*self.command, target.url, target.tls_ca, account.user, account.key, domain, target.dns_commands, *csrs],
            seconds=_SECONDS,
            env={"PYTHONPATH": f"{self.path}:{_REPOSITORY}"},
            cwd=folder,
        )
        return dict(_cell(line) for line in printed.splitlines() if line.startswith(("ok ", "FAIL ")))


def python_client(version: str, document: Path, folder: Path) -> GeneratedClient:
    """Generate the client for Python, with a day's work with a version."""
    _generate(document, folder, "python", "--package-name", "ra_api")
    day = f"conformance.rest.days.version{version[1:]}"
    return GeneratedClient(language="python", command=(sys.executable, "-m", day), path=folder)


def java_client(version: str, document: Path, folder: Path) -> GeneratedClient:
    """Generate the client for Java, with a day's work with a version, and compile both."""
    packages = "invokerPackage=ra.api,apiPackage=ra.api.operations,modelPackage=ra.api.model"
    options = f"{packages},openApiNullable=false,useJakartaEe=true"
    _generate(document, folder, "java", "--library", "native", "--additional-properties", options)
    classes, path = folder / "classes", ":".join(map(str, _CLASSES))
    own, generated = Path(__file__).with_name("java"), folder / "src" / "main" / "java"
    day = f"Version{version[1:]}"
    sources = [own / "Desk.java", *sorted((own / day.lower()).glob("*.java")), *sorted(generated.rglob("*.java"))]
    run(["javac", "-nowarn", *(f"-J{option}" for option in _JAVA), "-cp", path, "-d", classes, *sources],
        seconds=_SECONDS)  # fmt: skip
    return GeneratedClient(language="java", command=("java", *_JAVA, "-cp", f"{classes}:{path}", day), path=folder)


CLIENTS: dict[str, Callable[[str, Path, Path], GeneratedClient]] = {"python": python_client, "java": java_client}
"""What makes a client of a version's document in a folder, by its language."""


def generator_version() -> str:
    """Return the version of the generator."""
    return metadata.version("openapi-generator-cli")


def _generate(document: Path, folder: Path, language: str, *options: str) -> None:
    run(["java", *_JAVA, "-jar", _GENERATOR, "generate", "-i", document, "-g", language, "-o", folder, *options],
        seconds=_SECONDS)  # fmt: skip


def new_csr(file: Path, name: str, *, common_name: str = "") -> Path:
    """Write a PKCS #10 request (PEM) of a new P-256 key for a DNS name; return the file."""
    subject = [x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)] if common_name else []
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    file.write_bytes(builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.PEM))
    return file


def self_signed(name: str) -> str:
    """Return a certificate (PEM) of a CA of its own for a DNS name."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=30))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _cell(line: str) -> tuple[str, Cell]:
    verdict, _, said = line.partition(" ")
    operation, _, reason = said.partition(": ")
    if verdict == "ok":
        return operation, Cell(verdict=Verdict.OK)
    return operation, Cell(verdict=Verdict.FAIL, reason=reason[:_REASON_LENGTH].replace("|", "/"))
