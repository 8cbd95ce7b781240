"""ACME clients at our own gateway: a part of what `make conformance` runs, and the table it compares with."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.x509 import DNSName, SubjectAlternativeName

from conformance.acme.__main__ import EXPECTED
from conformance.acme.client import Client
from conformance.acme.clients.acme_library import AcmeLibrary
from conformance.acme.clients.acme_tiny import AcmeTiny
from conformance.acme.clients.acmesharp import AcmeSharp, AcmeSharpPost
from conformance.acme.clients.dehydrated import Dehydrated
from conformance.acme.clients.lego import Lego
from conformance.acme.model import Method, Request, Scenario
from conformance.acme.runner import run_all
from conformance.acme.servers import Server, trivium
from conformance.table import Cell, Table, Verdict, failures, news, parse, regressions, render, render_differences

PART: dict[type[Client], set[Scenario]] = {
    Lego: {Scenario.HTTP_01_STANDALONE, Scenario.TLS_ALPN_01, Scenario.EAB, Scenario.REVOKE_BY_ACCOUNT},
    Dehydrated: {Scenario.HTTP_01_WEBROOT, Scenario.DNS_01},
    AcmeTiny: {Scenario.RSA, Scenario.CONTACT_UPDATE},
    AcmeLibrary: {Scenario.ARI, Scenario.IP, Scenario.REVOKE_BY_KEY, Scenario.DEACTIVATE},
    AcmeSharp: set(Scenario),
    AcmeSharpPost: set(Scenario),
}
"""Each client of a kind of its own; certbot has tests/end_to_end, the others `make conformance`."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a gateway as `trivium init` makes it, but for plain GET."""
    with trivium(tmp_path_factory.mktemp("clients"), "acme.plain_get=true") as server:
        yield server


@pytest.mark.parametrize("client", PART, ids=[client.name for client in PART])
def test_clients_work_as_expected(server: Server, client: type[Client], tmp_path: Path) -> None:
    """A client that users have would not work with the gateway any more, or a wildcard be issued that none allowed."""
    expected = parse(EXPECTED.read_text())["trivium"]
    scenarios = [scenario for scenario in Scenario if scenario in PART[client] & client.can]
    found = run_all(server, [client], scenarios, tmp_path, lambda *_: None)
    for (scenario, name), cell in found.items():
        refused_here = scenario is Scenario.WILDCARD and expected[scenario, name].verdict is Verdict.OK
        wanted = Verdict.REFUSED if refused_here else expected[scenario, name].verdict
        assert wanted.is_good, f"{scenario} was accepted as {wanted}"
        assert cell.verdict is wanted, f"{scenario}: {cell.reason}"


def test_a_name_in_upper_case_is_taken(server: Server, tmp_path: Path) -> None:
    """Lego compares what it ordered with what it gets (acme.md, fact 23): of names that we fold too."""
    request = Request(identifiers=("Upper.Conformance.Test",), method=Method.STANDALONE)
    leaf = Lego(server, tmp_path).obtain(request).leaf
    names = leaf.extensions.get_extension_for_class(SubjectAlternativeName).value
    assert names.get_values_for_type(DNSName) == ["upper.conformance.test"]


SAMPLE: Table = {
    (Scenario.DNS_01, "one"): Cell(verdict=Verdict.OK),
    (Scenario.IP, "one"): Cell(verdict=Verdict.FAIL, reason="it said no: 400, really"),
    (Scenario.DNS_01, "two"): Cell(verdict=Verdict.REFUSED),
    (Scenario.IP, "two"): Cell(verdict=Verdict.LACKING),
}


def test_the_table_is_read_as_it_was_written() -> None:
    """What is expected would be lost between two runs, and nothing would be missed any more."""
    tables: dict[str, Table] = {"first": SAMPLE, "second": {}}
    sections = [render(name, table) for name, table in tables.items()]
    assert parse("\n".join([*sections, render_differences(tables)])) == tables


def test_only_what_worked_can_break() -> None:
    """`make conformance` would fail for what never worked, or keep still about what does not work any more."""
    assert regressions(SAMPLE, SAMPLE) == []
    assert news(SAMPLE, SAMPLE) == []
    assert failures(SAMPLE) == ["one, IP: it said no: 400, really"]
    worse = SAMPLE | {(Scenario.DNS_01, client): Cell(verdict=Verdict.FAIL, reason="why") for client in ("one", "two")}
    assert regressions(SAMPLE, worse) == [
        "one, dns-01: was ok, is FAIL: why",
        "two, dns-01: was refused, is FAIL: why",
    ]
    better = SAMPLE | {(Scenario.IP, "one"): Cell(verdict=Verdict.OK), (Scenario.EC, "one"): Cell(verdict=Verdict.OK)}
    assert regressions(SAMPLE, better) == []
    assert news(SAMPLE, better) == ["one, IP: ok, expected FAIL", "one, EC: ok, expected nothing"]
