"""The command line: ``python -m conformance.acme --help``."""

import argparse
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from conformance.acme.clients import CLIENTS
from conformance.acme.model import Binding, Scenario
from conformance.acme.runner import Report, run_all
from conformance.acme.servers import EVERYTHING_ALLOWED, Server, pebble, trivium
from conformance.expectations import document, judge, say
from conformance.table import Cell, Table, Verdict

EXPECTED = Path(__file__).with_name("expected.md")
PREAMBLE = """# ACME clients: what works

Written by `make conformance ACCEPT=1`; [docs/conformance.md](../../docs/conformance.md) explains it. `ok`: done, and
checked from outside. `refused`: the server is configured not to allow it, and did not. `-`: the client cannot.
`n/a`: the server cannot.
"""


def main() -> int:
    """Run what the arguments say, print the tables; 1 when a cell that worked before does not."""
    arguments = _arguments()
    if arguments.keep is not None:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="acme-conformance-", dir=arguments.keep))
    folder.chmod(0o755)  # servers that drop their privileges read what is theirs
    clients = [client for client in CLIENTS if arguments.client is None or client.name in arguments.client]
    scenarios = arguments.scenario or list(Scenario)
    versions = {client.name: client.version() for client in clients}
    say(", ".join(f"{name} {version}" for name, version in versions.items()) + "\n")

    def try_out(name: str) -> tuple[str, Table]:
        with _server(name, folder, arguments) as server:
            place = folder / server.name / "clients"
            return server.name, run_all(server, clients, scenarios, place, _report(server.name))

    started = time.monotonic()
    try:
        with ThreadPoolExecutor() as side_by_side:
            tables = dict(side_by_side.map(try_out, arguments.server or ["trivium", "pebble"]))
    finally:
        if arguments.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    say("\n" + document(tables))
    say(f"{sum(map(len, tables.values()))} cells in {time.monotonic() - started:.0f} s")
    return judge(tables, EXPECTED, PREAMBLE, accept=arguments.accept)


def _server(name: str, folder: Path, arguments: argparse.Namespace) -> AbstractContextManager[Server]:
    match name:
        case "trivium":
            return trivium(folder / "trivium", *EVERYTHING_ALLOWED)
        case "pebble":
            return pebble(folder / "pebble")
    binding = Binding(kid=arguments.eab_kid, hmac=arguments.eab_hmac) if arguments.eab_kid else None
    return nullcontext(
        Server(
            name="server",
            directory=name,
            tls_ca=arguments.tls_ca,
            root=arguments.root or arguments.tls_ca,
            resolver=arguments.resolver,
            dns_commands=arguments.dns_commands,
            http_port=arguments.http_port,
            tls_alpn_port=arguments.tls_alpn_port,
            binding=(lambda: binding) if binding else None,
        )
    )


def _report(server: str) -> Report:
    """Return what prints a line for each cell that was tried."""

    def report(client: str, scenario: Scenario, cell: Cell) -> None:
        if cell.verdict not in {Verdict.LACKING, Verdict.NOT_OFFERED}:
            say(f"{server:10}{client:20}{scenario:30}{cell.verdict:8}{cell.seconds:5.1f} s  {cell.reason}")

    return report


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m conformance.acme", description=sys.modules["conformance.acme"].__doc__
    )
    names = [client.name for client in CLIENTS]
    parser.add_argument(
        "--server",
        action="append",
        metavar="URL",
        help="trivium, pebble (the default is both, started here) or the directory URL of another server",
    )
    parser.add_argument(
        "--client", action="append", choices=names, metavar="NAME", help=f"some clients only: {', '.join(names)}"
    )
    parser.add_argument(
        "--scenario", action="append", type=Scenario, metavar="NAME", help="some scenarios only: " + ", ".join(Scenario)
    )
    parser.add_argument(
        "--accept", action="store_true", help="write what is found to expected.md instead of comparing with it"
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep every client's and server's files below DIR")
    other = parser.add_argument_group("another server (see docs/conformance.md)")
    other.add_argument(
        "--tls-ca",
        type=Path,
        default=Path("/etc/ssl/certs/ca-certificates.crt"),
        metavar="FILE",
        help="PEM: what to trust for its TLS",
    )
    other.add_argument(
        "--root", type=Path, metavar="FILE", help="PEM: what its certificates verify to (default: as --tls-ca)"
    )
    other.add_argument("--resolver", default="127.0.0.1:8053", metavar="HOST:PORT", help="the DNS it asks")
    other.add_argument(
        "--dns-commands",
        default="http://127.0.0.1:8055",
        metavar="URL",
        help="where that DNS takes /set-txt and /clear-txt",
    )
    other.add_argument("--http-port", type=int, default=5002, metavar="PORT", help="where it looks for http-01")
    other.add_argument("--tls-alpn-port", type=int, default=5001, metavar="PORT", help="where it looks for tls-alpn-01")
    other.add_argument("--eab-kid", default="", metavar="KID", help="an external account binding")
    other.add_argument("--eab-hmac", default="", metavar="KEY", help="its key, base64url")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
