"""The conformance suite at our own gateway: every clause that binds an ACME server is kept."""

import re
from collections.abc import Iterator

import pytest

from conformance.acme import rfc8555, rfc8737, rfc8738, rfc9773
from conformance.acme.probe.ca import Ca
from conformance.acme.probe.clauses import Clause, Finding, Result, examine
from tests.probed_gateway import probed_gateway
from tests.running_gateway import ROOT

_DEVIATION = re.compile(r"^\| `(\w+)` \| [\d.]+ \| (?:MUST|SHOULD)(?: NOT)? \| .+ \|$", re.MULTILINE)

NOT_OFFERED = {
    "terms_of_service",
    "caa_identities_are_domain_names",
    "alternate_chains",
    "explanation_url",  # an operator gives one with a planned revocation
}


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ca]:
    """Give the suite's view of a gateway as `trivium init` makes it, wildcards allowed."""
    directory = tmp_path_factory.mktemp("clauses") / "ca"
    with probed_gateway(directory, "acme.wildcards=true") as (_, ca):
        yield ca


def documented_deviations() -> set[str]:
    """Return the clauses that docs/acme.md says we do not keep."""
    return set(_DEVIATION.findall((ROOT / "docs" / "acme.md").read_text()))


def by_result(findings: list[Finding], result: Result) -> dict[str, str]:
    """Return what was seen, by the clause's name, of those with this result."""
    return {one.clause.name: one.seen for one in findings if one.result is result}


@pytest.mark.parametrize(
    "clauses",
    [rfc8555.CLAUSES, rfc8737.CLAUSES, rfc8738.CLAUSES, rfc9773.CLAUSES],
    ids=["rfc8555", "rfc8737", "rfc8738", "rfc9773"],
)
def test_every_clause_is_kept(ca: Ca, clauses: list[Clause]) -> None:
    """A MUST of the RFC would be broken without a word in docs/acme.md, or that would speak of what is mended."""
    findings = list(examine(ca, clauses))
    names = {one.name for one in clauses}
    not_kept = by_result(findings, Result.NOT_KEPT)
    assert set(not_kept) == documented_deviations() & names, not_kept
    not_offered = by_result(findings, Result.NOT_OFFERED)
    assert set(not_offered) == NOT_OFFERED & names, not_offered
