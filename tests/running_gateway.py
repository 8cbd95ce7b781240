"""The gateway as its users run it: made by ``trivium init``, started by ``trivium serve``, on loopback, with a DNS."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from conformance.processes import free_port

UNLIMITED = tuple(
    f"limits.{name}=999999/1s"
    for name in (
        *("accounts_per_address", "orders_per_account", "certificates_per_names", "refusals_per_address"),
        *("failed_sign_ins_per_address", "requests_per_user", "requests_per_address"),
    )
)
"""Settings for tests that ask for more than anybody should: each limit is counted as ever, and never met."""

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[1]
START_SECONDS = 60


@dataclass
class RunningGateway:
    """An installation and the process that serves it. ``http_port`` is where http-01 looks for the answers.

    ``environment`` is added to this process's for every command (a token's configuration, say).
    """

    directory: Path
    dns_port: int = field(default_factory=free_port)
    dns_http_port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)
    acme_port: int = field(default_factory=free_port)
    status_port: int = field(default_factory=free_port)
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoints(self) -> dict[str, str]:
        """What ``endpoints.json`` says."""
        content: dict[str, str] = json.loads((self.directory / "run" / "endpoints.json").read_text())
        return content

    @property
    def log(self) -> Path:
        """What ``trivium serve`` printed."""
        return self.directory.with_name(f"{self.directory.name}.log")

    @property
    def workers(self) -> list[int]:
        """The process ids of the workers."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return sorted(int(pid) for pid in children.split())

    def trivium(self, *arguments: str) -> str:
        """Run a ``trivium`` command (``order``, ``list``, ``--json``) on the installation; return its output."""
        done = subprocess.run(
            [str(BIN / "trivium"), *arguments, "--dir", str(self.directory)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **self.environment},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def init(self, *settings: str, options: Sequence[str] = ()) -> None:
        """Make the installation with the ports of this object, further ``KEY=VALUE`` settings and options of init."""
        wanted = (
            f"listen.acme=127.0.0.1:{self.acme_port}",
            f"listen.status=127.0.0.1:{self.status_port}",
            f"validation.resolver=127.0.0.1:{self.dns_port}",
            f"validation.http_port={self.http_port}",
            "validation.allow_private_addresses=true",
            *settings,
        )
        self.trivium("init", *options, *(part for setting in wanted for part in ("--set", setting)))

    def start(self, *, server: str = "uvicorn", workers: int = 1, environment: Mapping[str, str] | None = None) -> None:
        """Start serving and return when the gateway answers; the environment is added to this one's."""
        endpoints = self.directory / "run" / "endpoints.json"
        endpoints.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(str(BIN / "trivium"), "serve", "--dir", str(self.directory)),
                    *("--server", server, "--workers", str(workers)),
                ],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **self.environment, **(environment or {})},
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not endpoints.exists():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop gently and wait for the end."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(40) == 0, self.log.read_text()
            self.process = None

    def kill(self) -> None:
        """Kill the supervisor and every worker at once."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
            self.process = None


def refused_serve(directory: Path) -> str:
    """Run ``trivium serve`` on an installation that cannot be served; return what it says of that."""
    done = subprocess.run(
        [str(BIN / "trivium"), "serve", "--dir", str(directory)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr


@contextmanager
def loopback_dns(gateway: RunningGateway) -> Iterator[None]:
    """Run the DNS that answers every name with 127.0.0.1, at the gateway's resolver address."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "conformance.loopback_dns"),
            *("--dns", f"127.0.0.1:{gateway.dns_port}", "--http", f"127.0.0.1:{gateway.dns_http_port}"),
        ],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        cwd=ROOT,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline(), "the loopback DNS did not start"
        yield
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
