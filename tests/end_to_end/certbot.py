"""certbot, run as its users run it, with folders of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.running_gateway import RunningGateway

SECONDS = 90


@dataclass(frozen=True, kw_only=True)
class Release:
    """A certbot that people use.

    ``prints_refusals``: certbot before 2.3 on Python 3.11 answers every refused request with "can't set attribute"
    (certbot issue 9539), and the CA's sentence is only in the log file it names.
    """

    program: Path
    prints_refusals: bool


RELEASES = {
    "current": Release(program=Path(sys.executable).with_name("certbot"), prints_refusals=True),
    "debian": Release(program=Path("/usr/bin/certbot"), prints_refusals=False),
}


@dataclass(frozen=True)
class Lineage:
    """What certbot keeps of one certificate, in PEM files."""

    directory: Path

    @property
    def certificate(self) -> Path:
        """The end-entity certificate."""
        return self.directory / "cert.pem"

    @property
    def chain(self) -> Path:
        """The certificates above it."""
        return self.directory / "chain.pem"

    @property
    def key(self) -> Path:
        """The private key."""
        return self.directory / "privkey.pem"


@dataclass(frozen=True, kw_only=True)
class Certbot:
    """One user's certbot, who talks to one gateway; nothing is written outside of ``directory``.

    ``server`` is what ``endpoints.json`` calls the ACME directory it talks to; ``under`` is the command it runs under.
    """

    release: Release
    gateway: RunningGateway
    directory: Path
    server: str = "acme_directory"
    under: tuple[str, ...] = ()

    def run(self, command: str, *arguments: str | Path) -> str:
        """Run a command that must succeed; return what the user sees."""
        done = self._call(command, *arguments)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def refused(self, command: str, *arguments: str | Path) -> str:
        """Run a command that must fail; return what the user is told, by whatever way this release has."""
        done = self._call(command, *arguments)
        assert done.returncode == 1, done.stdout
        if "can't set attribute" in done.stdout and not self.release.prints_refusals:
            return (self.directory / "logs" / "letsencrypt.log").read_text()
        return done.stdout

    def lineage(self, name: str) -> Lineage:
        """Return the files of the certificate called ``name``: its first identifier, unless certbot was told else."""
        return Lineage(self.directory / "config" / "live" / name)

    def obtain(self, *names: str, options: tuple[str | Path, ...] = ()) -> Lineage:
        """Obtain a certificate by http-01 through certbot's own web server."""
        self.run("certonly", *self.standalone, *self._domains(names), *options)
        return self.lineage(names[0])

    def refused_certificate(self, *names: str, options: tuple[str | Path, ...] = ()) -> str:
        """Ask for a certificate in the same way and be refused; return what the user is told."""
        return self.refused("certonly", *self.standalone, *self._domains(names), *options)

    @property
    def standalone(self) -> tuple[str, ...]:
        """The options of certbot's own web server, on the port where this gateway looks."""
        port = str(self.gateway.http_port)
        return ("--standalone", "--http-01-port", port, "--http-01-address", "127.0.0.1", *self.newcomer)

    @property
    def newcomer(self) -> tuple[str, ...]:
        """The options with which a first command also registers."""
        return ("--agree-tos", "--register-unsafely-without-email")

    def _domains(self, names: tuple[str, ...]) -> list[str]:
        return [part for name in names for part in ("-d", name)]

    def _call(self, command: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        endpoints = self.gateway.endpoints
        folders = [
            part for name in ("config", "work", "logs") for part in (f"--{name}-dir", str(self.directory / name))
        ]
        common = ["--non-interactive", "--server", endpoints[self.server], *folders]
        return subprocess.run(
            [*self.under, str(self.release.program), command, *common, *(str(argument) for argument in arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
            timeout=SECONDS,
            env={**os.environ, "REQUESTS_CA_BUNDLE": endpoints["tls_ca"], "HOME": str(self.directory)},
        )
