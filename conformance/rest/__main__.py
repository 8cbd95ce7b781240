"""The command line: ``python -m conformance.rest --help``."""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from conformance.expectations import document, judge, say
from conformance.rest.documents import SCHEMATHESIS, schemathesis_version
from conformance.rest.generated import generator_version
from conformance.rest.runner import COLUMNS, run_all
from conformance.rest.target import Account, Target, trivium
from conformance.table import Cell, Key, Table

EXPECTED = Path(__file__).with_name("expected.md")
PREAMBLE = """# REST: the operations of the RA API, and who carries them out

Written by `make conformance SUITES=rest ACCEPT=1`; [docs/conformance.md](../../docs/conformance.md) explains it.
`python`, `java`: the client that is generated from the published document does it, and gets what it should.
`operator`, `administrator`: schemathesis, as who orders for one Client and as who may do everything: what the server's
own document allows is answered as it says, and what it forbids is refused. `-`: not tried so.
"""


def main() -> int:
    """Run what the arguments say, print the table; 1 when a tick of the expected table is lost."""
    arguments = _arguments()
    columns = arguments.client or COLUMNS
    if arguments.keep is not None:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="rest-conformance-", dir=arguments.keep))
    started = time.monotonic()
    say(f"openapi-generator {generator_version()}, {SCHEMATHESIS} {schemathesis_version()}\n")
    try:
        own = arguments.url == "trivium"
        found = run_all(
            (lambda column: trivium(folder / f"trivium-{column}")) if own else _given(arguments),
            folder / "clients",
            columns,
            examples=arguments.examples,
            at_once=len(columns) if own else 1,
            report=_report,
        )
        tables: dict[str, Table] = {"trivium" if own else "server": found}
    finally:
        if arguments.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    say("\n" + document(tables))
    say(f"{len({row for row, _ in found})} operations in {time.monotonic() - started:.0f} s")
    return judge(tables, EXPECTED, PREAMBLE, accept=arguments.accept, whole=columns == COLUMNS)


def _report(key: Key, cell: Cell) -> None:
    row, client = key
    say(f"{row:55}{client:15}{cell.verdict:6}{cell.reason}")


def _given(arguments: argparse.Namespace) -> Callable[[str], AbstractContextManager[Target]]:
    """Return what gives every column the one server that was named."""
    if not (arguments.operator and arguments.dns_commands):
        raise SystemExit("Name a user with his API key, and the commands of the DNS: --operator, --dns-commands")
    target = Target(
        url=arguments.url.rstrip("/"),
        tls_ca=arguments.tls_ca,
        operator=arguments.operator,
        administrator=arguments.administrator,
        dns_commands=arguments.dns_commands.rstrip("/"),
        client=arguments.client_name,
        acme_directory=arguments.acme_directory,
        domain=arguments.domain,
    )
    return lambda _: nullcontext(target)


def _account(said: str) -> Account:
    user, _, file = said.partition(":")
    return Account(user=user, key=Path(file).read_text().strip())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m conformance.rest", description=sys.modules["conformance.rest"].__doc__
    )
    parser.add_argument("--client", action="append", choices=COLUMNS, metavar="NAME", help=", ".join(COLUMNS))
    parser.add_argument("--examples", type=int, default=10, metavar="N",
                        help="how many requests schemathesis makes of each operation in each phase (10)")  # fmt: skip
    parser.add_argument("--accept", action="store_true", help="write what is found to expected.md")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep every file below DIR")
    parser.add_argument("--url", default="trivium", metavar="URL",
                        help="what /v2 and /v3 follow at another server (default: ours, started here)")  # fmt: skip
    other = parser.add_argument_group("another server (see docs/conformance.md)")
    other.add_argument("--tls-ca", type=Path, default=Path("/etc/ssl/certs/ca-certificates.crt"), metavar="FILE",
                       help="PEM: what to trust for its TLS")  # fmt: skip
    other.add_argument("--operator", type=_account, metavar="USER:FILE", help="who orders for a Client; the file has "
                       "his API key, and nothing else")  # fmt: skip
    other.add_argument("--administrator", type=_account, metavar="USER:FILE", help="who may do everything there is")
    other.add_argument("--client-name", default="default", metavar="NAME", help="the Client (default)")
    other.add_argument("--acme-directory", default="", metavar="URL", help="where ACME accounts of the Client are made")
    other.add_argument("--dns-commands", metavar="URL", help="where the DNS that the server asks takes TXT records")
    other.add_argument("--domain", default="conformance.test", help="the names that are ordered lie under it")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
