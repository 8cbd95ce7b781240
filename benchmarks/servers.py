"""The two servers measured, and the DNS both ask: how each is started, and where its directory is."""

import json
import ssl
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.processes import DRIVER_CORES, SERVER_CORES, Process, Ready, StartError
from conformance.pebble import ENVIRONMENT, write_files
from conformance.processes import free_port

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
        made = Process.start([trivium(), "init", "--dir", directory, *options], log=log, cores=DRIVER_CORES)
        if made.popen.wait(60) != 0:
            raise StartError(f"trivium init failed:\n{log.read_text()[-2000:]}")
        return cls(directory=directory, port=port)

    def serve(self, http_server: HttpServer) -> Server:
        """``trivium serve`` with one worker on the server's core. Raises StartError."""
        endpoints_file = self.directory / "run" / "endpoints.json"
        endpoints_file.unlink(missing_ok=True)
        process = Process.start(
            [trivium(), "serve", "--dir", self.directory, "--server", http_server, "--workers", "1"],
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
    """Pebble, with one core in its one thread, as ours has. Raises StartError."""
    port = free_port()
    files = write_files(
        directory, port=port, management=free_port(), http_port=surroundings.http_port, tls_alpn_port=free_port()
    )
    process = Process.start(
        ["pebble", "-config", files.configuration, "-dnsserver", surroundings.resolver],
        log=directory / "pebble.log",
        cores=SERVER_CORES,
        env=ENVIRONMENT,
    )
    try:
        process.wait_for(Ready(port=port))
    except StartError:
        process.stop()
        raise
    return Server(
        name="pebble",
        directory_url=f"https://127.0.0.1:{port}/dir",
        tls=ssl.create_default_context(cafile=files.certificate),
        process=process,
    )


def trivium() -> Path:
    """The command of the checkout."""
    return Path(sys.executable).with_name("trivium")
