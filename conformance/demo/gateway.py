"""The demo's own gateway: its folder, its loopback DNS, its CA, and its programs."""

import json
import sys
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from conformance import processes
from conformance.demo.console import CONSOLE
from conformance.processes import free_port, is_listened_on, running, wait_until

BIN = Path(sys.executable).parent
STEP_SECONDS = 120


def run(*command: str | Path, env: dict[str, str] | None = None) -> str:
    """Run one of the demo's programs to its end and return what it printed; raises ProgramError when it fails."""
    return processes.run(command, seconds=STEP_SECONDS, env=env)


def new_request(folder: Path, name: str, subject: str, *options: str) -> Path:
    """Let openssl make a P-256 key, ``NAME.key``, and a PKCS #10 request of it (DER), ``NAME.p10``: returned."""
    request = folder / f"{name}.p10"
    run(
        "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-subj", subject,
        "-keyout", folder / f"{name}.key", "-outform", "DER", "-out", request, *options,
    )  # fmt: skip
    return request


class Gateway:
    """The folder, the ports and the processes of one demo."""

    def __init__(self, folder: Path) -> None:
        """Choose the ports; nothing is started yet."""
        self.folder = folder
        self.ca = folder / "ca"
        self.dns_port, self.dns_http_port, self.http_port = free_port(), free_port(), free_port()
        self.acme_port, self.status_port = free_port(), free_port()
        self.endpoints: dict[str, str] = {}

    def trivium(self, *arguments: str) -> str:
        """Run the ``trivium`` command on the demo's installation."""
        env = {"TRIVIUM_DIR": str(self.ca), "COLUMNS": str(CONSOLE.width)}
        return run(BIN / "trivium", *arguments, env=env)

    def make_ca(self) -> None:
        """Make the installation: root, issuing CA, Client, product."""
        settings = {
            "listen.acme": f"127.0.0.1:{self.acme_port}",
            "listen.status": f"127.0.0.1:{self.status_port}",
            "validation.resolver": f"127.0.0.1:{self.dns_port}",
            "validation.http_port": str(self.http_port),
            "validation.allow_private_addresses": "true",
        }
        self.trivium("init", *(part for key, value in settings.items() for part in ("--set", f"{key}={value}")))

    def start_dns(self, stack: ExitStack) -> None:
        """Start the loopback DNS, which answers every name with 127.0.0.1."""
        log = self.folder / "dns.log"
        dns, http = f"127.0.0.1:{self.dns_port}", f"127.0.0.1:{self.dns_http_port}"
        command = (sys.executable, "-m", "conformance.loopback_dns", "--dns", dns, "--http", http)
        process = stack.enter_context(running(log, command))
        wait_until(lambda: is_listened_on(self.dns_http_port), "The loopback DNS", process, log)

    def start_gateway(self, stack: ExitStack) -> None:
        """Start the gateway and read where it answers."""
        log, file = self.folder / "gateway.log", self.ca / "run" / "endpoints.json"
        process = stack.enter_context(running(log, [BIN / "trivium", "serve", "--dir", self.ca]))
        wait_until(file.exists, "The gateway", process, log)
        self.endpoints = json.loads(file.read_text())

    def set_txt(self, host: str, value: str) -> None:
        """Add a TXT record to the loopback DNS."""
        body = json.dumps({"host": f"{host}.", "value": value}).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.dns_http_port}/set-txt", body, timeout=10):
            pass
