"""The command line: ``python -m conformance.cmc --help``."""

import argparse
import shutil
import sys
import tempfile
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from conformance.cmc.checks import CLIENTS
from conformance.cmc.model import Credential, Secret
from conformance.cmc.runner import ROWS, bench_at, every_cell, run_all
from conformance.cmc.target import Target, nobody, trivium
from conformance.cmc.transport import Endpoint
from conformance.expectations import document, judge, say
from conformance.table import Cell, Key, Table, Verdict

EXPECTED = Path(__file__).with_name("expected.md")
PREAMBLE = """# CMC: the rows of RFC 10004 for a CA, and who shows each

Written by `make conformance SUITES=cmc ACCEPT=1`; [docs/conformance.md](../../docs/conformance.md) explains it.
`ok`: what the row demands was done, and what it forbids was refused with the right CMCStatus, CMCFailInfo, body part id
and a sentence. `-`: not tried with this client. `n/a`: the run was not given what it needs.
"""


def main() -> int:
    """Run what the arguments say, print the table; 1 when a tick of the expected table is lost."""
    arguments = _arguments()
    if arguments.keep is not None:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="cmc-conformance-", dir=arguments.keep))
    started = time.monotonic()
    chosen = [
        (row, client)
        for row, client in every_cell()
        if arguments.row in row and (arguments.client is None or client in arguments.client)
    ]
    try:
        with _target(arguments, folder) as target, bench_at(target, folder / "clients") as bench:
            say(", ".join(f"{name} {client.version()}" for name, client in bench.clients.items()) + "\n")
            tables: dict[str, Table] = {target.name: run_all(bench, chosen, _report)}
    finally:
        if arguments.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    say("\n" + document(tables))
    say(f"{len(ROWS)} rows, {len(chosen)} cells in {time.monotonic() - started:.0f} s")
    return judge(tables, EXPECTED, PREAMBLE, accept=arguments.accept, whole=chosen == every_cell())


def _report(key: Key, cell: Cell) -> None:
    row, client = key
    if cell.verdict is not Verdict.LACKING:
        say(f"{row:65}{client:15}{cell.verdict:6}{cell.seconds:5.1f} s  {cell.reason}")


def _target(arguments: argparse.Namespace, folder: Path) -> AbstractContextManager[Target]:
    if arguments.url == "trivium":
        return trivium(folder / "trivium")
    if arguments.signer is None:
        raise SystemExit("Name the client that signs: --signer CERT:KEY")
    return nullcontext(
        Target(
            name="server",
            endpoint=Endpoint(url=arguments.url, tls_ca=arguments.tls_ca),
            root=arguments.root or arguments.tls_ca,
            client=arguments.signer,
            nobody=nobody(folder),
            secret=arguments.secret,
            authority=arguments.authority,
            other=arguments.other,
            legacy=arguments.legacy,
            legacy_secret=arguments.legacy_secret,
            recipient=arguments.recipient,
            waiting=arguments.waiting_product,
            linking=arguments.linking_product,
            confirming=arguments.confirming_product,
            enciphering=arguments.enciphering_product,
            domain=arguments.domain,
        )
    )


def _credential(text: str) -> Credential:
    certificate, _, key = text.partition(":")
    return Credential(certificate=Path(certificate), key=Path(key))


def _secret(text: str) -> Secret:
    identification, _, value = text.partition(":")
    return Secret(identification=identification, value=value.encode())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m conformance.cmc", description=sys.modules["conformance.cmc"].__doc__
    )
    parser.add_argument("--client", action="append", choices=CLIENTS, metavar="NAME", help=", ".join(CLIENTS))
    parser.add_argument("--row", default="", metavar="TEXT", help="the rows alone whose title has this text")
    parser.add_argument("--accept", action="store_true", help="write what is found to expected.md")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep every file below DIR")
    parser.add_argument("--url", default="trivium", help="the CMC URL of another server (default: ours, started here)")
    other = parser.add_argument_group("another server (see docs/conformance.md); CERT and KEY are PEM files")
    other.add_argument("--tls-ca", type=Path, default=Path("/etc/ssl/certs/ca-certificates.crt"), metavar="FILE",
                       help="PEM: what to trust for its TLS")  # fmt: skip
    other.add_argument("--root", type=Path, metavar="FILE", help="PEM: what its certificates verify to")
    for name, what in (
        ("--signer", "a client that may issue, query, and revoke what it ordered"),
        ("--authority", "a client that may vouch for the possession of keys"),
        ("--other", "a client of another customer"),
        ("--legacy", "a client that may use SHA-1"),
    ):
        other.add_argument(name, type=_credential, metavar="CERT:KEY", help=what)
    other.add_argument("--secret", type=_secret, metavar="ID:SECRET", help="shared with the signer")
    other.add_argument("--legacy-secret", type=_secret, metavar="ID:SECRET", help="shared with the legacy client")
    other.add_argument("--recipient", type=Path, metavar="FILE", help="PEM: the certificate to encrypt for")
    for name, what in (
        ("--waiting-product", "a product whose orders wait"),
        ("--linking-product", "a product that the holders of its certificates renew"),
        ("--confirming-product", "a product whose certificates are to be confirmed"),
        ("--enciphering-product", "a product for keys that only encipher"),
    ):
        other.add_argument(name, default="", metavar="NAME", help=what)
    other.add_argument("--domain", default="conformance.test", help="the names that are ordered lie under it")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
