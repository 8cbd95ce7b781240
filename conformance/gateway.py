"""Our gateway as its users run it, for the suites: a new installation, served on loopback beside a DNS."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.processes import free_port, run, running, wait_until

_TRIVIUM = Path(sys.executable).with_name("trivium")
_REPOSITORY = Path(__file__).parents[1]
_COMMAND_SECONDS = 180


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """A gateway that is served. ``endpoints`` is what it says about itself; the DNS it asks takes ``dns_commands``."""

    directory: Path
    endpoints: dict[str, str]
    resolver: str
    dns_commands: str

    def trivium(self, *arguments: str) -> str:
        """Run a ``trivium`` command on the installation and return what it printed; raises ProgramError."""
        return _trivium(self.directory, *arguments)

    def add_products(self, like: str, *changed: tuple[str, str, str], more: str = "") -> None:
        """Apply a catalogue with products like one but in name and what is replaced, and with ``more`` TOML."""
        file = self.directory / "catalogue.toml"
        text = file.read_text()
        start = text.index(f'[[products]]\nname = "{like}"\n')
        section = text[start : text.find("[[products]]\n", start + 1)]
        products = [
            section.replace(f'name = "{like}"', f'name = "{name}"', 1).replace(before, after)
            for name, before, after in changed
        ]
        file.write_text("\n".join([text, more, *products]))
        self.trivium("apply")


@contextmanager
def served_gateway(folder: Path, *settings: str) -> Iterator[Gateway]:
    """Serve a new installation in ``folder``, with further ``KEY=VALUE`` settings of `trivium init`."""
    folder.mkdir(parents=True, exist_ok=True)
    directory, log = folder / "ca", folder / "gateway.log"
    with loopback_dns(folder) as (resolver, dns_commands):
        wanted = (
            f"listen.acme=127.0.0.1:{free_port()}",
            f"listen.status=127.0.0.1:{free_port()}",
            f"validation.resolver={resolver}",
            "validation.allow_private_addresses=true",
            *settings,
        )
        _trivium(directory, "init", *(part for setting in wanted for part in ("--set", setting)))
        endpoints_file = directory / "run" / "endpoints.json"
        with running(log, [_TRIVIUM, "serve", "--dir", directory]) as process:
            wait_until(endpoints_file.exists, "The gateway", process, log)
            endpoints: dict[str, str] = json.loads(endpoints_file.read_text())
            yield Gateway(directory=directory, endpoints=endpoints, resolver=resolver, dns_commands=dns_commands)


@contextmanager
def loopback_dns(folder: Path) -> Iterator[tuple[str, str]]:
    """Run a DNS that answers every name with 127.0.0.1; give its address and the URL of its commands."""
    resolver, commands = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    log = folder / "dns.log"
    command = [sys.executable, "-m", "conformance.loopback_dns", "--dns", resolver, "--http", commands]
    with running(log, command, cwd=_REPOSITORY) as process:
        wait_until(lambda: log.read_text().startswith("ready"), "The loopback DNS", process, log)
        yield resolver, f"http://{commands}"


def _trivium(directory: Path, *arguments: str) -> str:
    return run([_TRIVIUM, *arguments, "--dir", directory], seconds=_COMMAND_SECONDS)
