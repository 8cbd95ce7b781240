"""Clients that openapi-generator makes of a document, and the programs of ours that work with them."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import openapi_generator_cli
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from conformance.processes import run
from conformance.rest.target import Target
from conformance.table import Cell, Verdict

PUBLISHED = Path(__file__).with_name("published-v2.json")
"""Version 2 as integrators have it, and as their clients were generated from it (OpenAPI 3.1)."""

_GENERATOR = Path(openapi_generator_cli.__file__).with_name("openapi-generator.jar")
"""It has Jackson and Apache's HTTP client in it, which the clients for Java need."""
_CLASSES = (_GENERATOR, "/usr/share/java/jakarta-annotation-api.jar", "/usr/share/java/httpmime.jar")
_JAVA = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
_SECONDS = 600
_REASON_LENGTH = 300


@dataclass(frozen=True, kw_only=True)
class GeneratedClient:
    """A program that does a day's work with a generated client, and the language that both are in."""

    language: str
    command: tuple[str | Path, ...]
    path: Path

    def work(self, target: Target, folder: Path) -> dict[str, Cell]:
        """Do a day's work at a server; return what came of each operation."""
        domain = f"{self.language}.{target.domain}"
        csrs = [new_csr(folder / f"{self.language}-{label}.csr", f"{label}.{domain}") for label in ("first", "second")]
        printed = run(
            [*self.command, target.url, target.tls_ca, target.user, target.key, domain, target.dns_commands, *csrs],
            seconds=_SECONDS,
            env={"PYTHONPATH": str(self.path)},
            cwd=folder,
        )
        return dict(_cell(line) for line in printed.splitlines() if line.startswith(("ok ", "FAIL ")))


def python_client(document: Path, folder: Path) -> GeneratedClient:
    """Generate the client for Python."""
    _generate(document, folder, "python", "--package-name", "ra_api")
    return GeneratedClient(language="python", command=(sys.executable, Path(__file__).with_name("day.py")), path=folder)


def java_client(document: Path, folder: Path) -> GeneratedClient:
    """Generate the client for Java, and compile it."""
    packages = "invokerPackage=ra.api,apiPackage=ra.api.operations,modelPackage=ra.api.model"
    options = f"{packages},openApiNullable=false,useJakartaEe=true"
    _generate(document, folder, "java", "--library", "native", "--additional-properties", options)
    classes, path = folder / "classes", ":".join(map(str, _CLASSES))
    day = Path(__file__).with_name("java") / "Day.java"
    sources = [day, *sorted((folder / "src" / "main" / "java").rglob("*.java"))]
    run(["javac", "-nowarn", *(f"-J{option}" for option in _JAVA), "-cp", path, "-d", classes, *sources],
        seconds=_SECONDS)  # fmt: skip
    return GeneratedClient(language="java", command=("java", *_JAVA, "-cp", f"{classes}:{path}", "Day"), path=folder)


CLIENTS: dict[str, Callable[[Path, Path], GeneratedClient]] = {"python": python_client, "java": java_client}
"""What makes a client of a document in a folder, by its language."""


def generator_version() -> str:
    """Return the version of the generator."""
    return version("openapi-generator-cli")


def _generate(document: Path, folder: Path, language: str, *options: str) -> None:
    run(["java", *_JAVA, "-jar", _GENERATOR, "generate", "-i", document, "-g", language, "-o", folder, *options],
        seconds=_SECONDS)  # fmt: skip


def new_csr(file: Path, name: str) -> Path:
    """Write a PKCS #10 request (PEM) of a new P-256 key for a DNS name; return the file."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    file.write_bytes(builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.PEM))
    return file


def _cell(line: str) -> tuple[str, Cell]:
    verdict, _, said = line.partition(" ")
    operation, _, reason = said.partition(": ")
    if verdict == "ok":
        return operation, Cell(verdict=Verdict.OK)
    return operation, Cell(verdict=Verdict.FAIL, reason=reason[:_REASON_LENGTH].replace("|", "/"))
