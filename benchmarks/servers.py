"""The two servers measured, and the DNS both ask: how each is started, and where its directory is."""

import datetime as dt
import ipaddress
import json
import ssl
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from benchmarks.processes import DRIVER_CORES, SERVER_CORES, Process, Ready, StartError, free_port

HttpServer = Literal["uvicorn", "hypercorn"]
LintMode = Literal["off", "error"]


@dataclass(kw_only=True)
class Server:
    """A server under test, answering."""

    name: str
    directory_url: str
    tls: ssl.SSLContext
    process: Process

    def stop(self) -> None:
        """End the server."""
        self.process.stop()


@dataclass(kw_only=True)
class Surroundings:
    """What both servers meet: a resolver that answers 127.0.0.1 to every A query, and the http-01 answerer."""

    resolver: str
    http_port: int
    processes: list[Process]

    @classmethod
    def start(cls, directory: Path, thumbprints: Sequence[str]) -> "Surroundings":
        """Start both on the driver's cores. Raises StartError."""
        dns_port, management_port, http_port = free_port(), free_port(), free_port()
        dns = Process.start(
            [
                "pebble-challtestsrv",
                "-defaultIPv4",
                "127.0.0.1",
                "-defaultIPv6",
                "",
                "-dns01",
                f"127.0.0.1:{dns_port}",
                "-http01",
                "",
                "-https01",
                "",
                "-tlsalpn01",
                "",
                "-management",
                f"127.0.0.1:{management_port}",
            ],
            log=directory / "dns.log",
            cores=DRIVER_CORES,
        )
        answerer = Process.start(
            [sys.executable, "-m", "benchmarks.http01_server", "--", str(http_port), *thumbprints],
            log=directory / "http01.log",
            cores=DRIVER_CORES,
        )
        started = cls(resolver=f"127.0.0.1:{dns_port}", http_port=http_port, processes=[dns, answerer])
        try:
            dns.wait_for(Ready(port=dns_port))
            answerer.wait_for(Ready(port=http_port))
        except StartError:
            started.stop()
            raise
        return started

    def stop(self) -> None:
        """End both."""
        for process in self.processes:
            process.stop()


@dataclass(frozen=True, kw_only=True)
class Installation:
    """An installation of ours: it can be served by either HTTP server, one after the other."""

    directory: Path
    port: int

    @classmethod
    def init(cls, directory: Path, *, lint: LintMode, surroundings: Surroundings) -> "Installation":
        """``trivium init`` with its defaults, the addresses of this run, and ``lint``. Raises StartError."""
        port = free_port()
        settings = {
            "listen.acme": f"127.0.0.1:{port}",
            "listen.status": f"127.0.0.1:{free_port()}",
            "validation.resolver": surroundings.resolver,
            "validation.http_port": str(surroundings.http_port),
            "validation.allow_private_addresses": "true",
            "lint": lint,
            "limits.orders_per_account": "999999/1s",  # counted as ever, and never met
        }
        options = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
        log = directory.with_suffix(".init.log")
        made = Process.start([_trivium(), "init", "--dir", directory, *options], log=log, cores=DRIVER_CORES)
        if made.popen.wait(60) != 0:
            raise StartError(f"trivium init failed:\n{log.read_text()[-2000:]}")
        return cls(directory=directory, port=port)

    def serve(self, http_server: HttpServer) -> Server:
        """``trivium serve`` with one worker on the server's core. Raises StartError."""
        endpoints_file = self.directory / "run" / "endpoints.json"
        endpoints_file.unlink(missing_ok=True)
        process = Process.start(
            [_trivium(), "serve", "--dir", self.directory, "--server", http_server, "--workers", "1"],
            log=self.directory / "bench-serve.log",
            cores=SERVER_CORES,
        )
        try:
            process.wait_for(Ready(port=self.port, file=endpoints_file))
            endpoints = json.loads(endpoints_file.read_text())
        except (StartError, ValueError):
            process.stop()
            raise
        return Server(
            name=f"trivium/{http_server}",
            directory_url=endpoints["acme_directory"],
            tls=ssl.create_default_context(cafile=endpoints["tls_ca"]),
            process=process,
        )


def start_pebble(directory: Path, surroundings: Surroundings) -> Server:
    """Pebble without its sleeps and its random refusals of nonces. Raises StartError.

    GOMAXPROCS=1, because with two its nonce handler deadlocks under load; and so it has one core, as ours has.
    """
    directory.mkdir(parents=True, exist_ok=True)
    certificate, key = _tls_certificate(directory)
    port = free_port()
    config = directory / "pebble.json"
    config.write_text(
        json.dumps(
            {
                "pebble": {
                    "listenAddress": f"127.0.0.1:{port}",
                    "managementListenAddress": f"127.0.0.1:{free_port()}",
                    "certificate": str(certificate),
                    "privateKey": str(key),
                    "httpPort": surroundings.http_port,
                    "tlsPort": free_port(),
                    "ocspResponderURL": "",
                    "externalAccountBindingRequired": False,
                }
            }
        )
    )
    process = Process.start(
        ["pebble", "-config", config, "-dnsserver", surroundings.resolver],
        log=directory / "pebble.log",
        cores=SERVER_CORES,
        env={"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0", "GOMAXPROCS": "1"},
    )
    try:
        process.wait_for(Ready(port=port))
    except StartError:
        process.stop()
        raise
    return Server(
        name="pebble",
        directory_url=f"https://127.0.0.1:{port}/dir",
        tls=ssl.create_default_context(cafile=certificate),
        process=process,
    )


def _trivium() -> Path:
    return Path(sys.executable).with_name("trivium")


def _tls_certificate(directory: Path) -> tuple[Path, Path]:
    """A self-signed P-256 certificate for 127.0.0.1 (ours has a P-256 one too) and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "benchmark peer")])
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
    certificate_file, key_file = directory / "tls.pem", directory / "tls.key"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file
