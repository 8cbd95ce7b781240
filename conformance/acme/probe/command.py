"""The command line of a suite: its options, the table of its clauses, and the exit code."""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance.acme.probe.ca import Options, connected
from conformance.acme.probe.clauses import Clause, Finding, Result, examine

_STYLES = {Result.KEPT: "green", Result.NOT_KEPT: "red", Result.NOT_OFFERED: "yellow", Result.UNSEEN: "dim"}
_SEEN = 300
_DEFAULTS = Options(directory="")


def main(title: str, clauses: Sequence[Clause]) -> int:
    """Run a suite as its command; return 1 when a clause that binds is not kept, 0 otherwise."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--directory", required=True, help="URL of the ACME directory to examine")
    parser.add_argument("--ca", type=Path, metavar="FILE", help="PEM file that its TLS certificate verifies with")
    parser.add_argument("--address", default=_DEFAULTS.address, help="where this suite listens for validations")
    parser.add_argument("--http-port", type=int, default=_DEFAULTS.http_port, help="port where http-01 is answered")
    parser.add_argument("--tls-port", type=int, default=_DEFAULTS.tls_port, help="port where tls-alpn-01 is answered")
    parser.add_argument("--dns-control", default="", metavar="URL", help="where TXT records are set (/set-txt)")
    parser.add_argument("--domain", default=_DEFAULTS.domain, help="the names that are ordered lie under it")
    parser.add_argument("--ip", default=_DEFAULTS.ip, help="an IP address that leads to this suite")
    parser.add_argument("--eab-directory", default="", metavar="URL", help="a directory that demands a binding")
    parser.add_argument("--eab", action="append", default=[], metavar="KID:HMAC", help="an unused binding key for it")
    parser.add_argument("--only", default="", metavar="TEXT", help="examine clauses whose section or name begins so")
    arguments = parser.parse_args()
    options = Options(
        directory=arguments.directory,
        trust=arguments.ca,
        address=arguments.address,
        http_port=arguments.http_port,
        tls_port=arguments.tls_port,
        dns_control=arguments.dns_control,
        domain=arguments.domain,
        ip=arguments.ip,
        eab_directory=arguments.eab_directory,
        eab=tuple(_pair(text) for text in arguments.eab),
    )
    chosen = [one for one in clauses if one.section.startswith(arguments.only) or one.name.startswith(arguments.only)]
    with connected(options) as ca:
        findings = list(examine(ca, chosen))
    console = Console()
    console.print(_table(title, findings))
    console.print(summary(findings))
    return int(any(one.result is Result.NOT_KEPT and one.clause.level.binding for one in findings))


def summary(findings: Sequence[Finding]) -> str:
    """Say in one line how many clauses had which result."""
    counts = Counter(one.result for one in findings)
    should = sum(one.result is Result.NOT_KEPT and not one.clause.level.binding for one in findings)
    parts = [f"{counts[result]} {result}" for result in Result]
    return f"{len(findings)} clauses: {', '.join(parts)} (of these {should} SHOULD)"


def _table(title: str, findings: Sequence[Finding]) -> Table:
    table = Table("section", "level", "clause", "result", title=title)
    for one in findings:
        sentence = Text(one.clause.sentence)
        if one.seen:
            sentence.append(f"\n{one.seen[:_SEEN]}", style="dim")
        table.add_row(one.clause.section, one.clause.level, sentence, Text(one.result, style=_STYLES[one.result]))
    return table


def _pair(text: str) -> tuple[str, str]:
    kid, _, key = text.rpartition(":")
    return kid, key
