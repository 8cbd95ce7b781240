"""The conformance suite at Pebble, a server that deviates from RFC 8555 in known ways (acme.md fact 24)."""

from pathlib import Path

import pytest

from conformance.acme import rfc8555
from conformance.acme.probe.ca import Options, connected
from conformance.acme.probe.clauses import Result, examine
from conformance.acme.servers import pebble

# Deviations that Pebble's own documentation or its issues name, and what it surely keeps.
NOT_KEPT = {
    "unsupported_algorithm",
    "url_of_another_resource",
    "deactivated_account_is_unauthorized",
    "inner_nonce",
    "revoked_by_whoever_controls_the_names",
}
KEPT = {"es256", "nonce_used_before", "http_body", "dns_record", "order_becomes_ready", "already_revoked"}


def test_the_suite_tells_servers_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite that finds every server without fault, or none, would say nothing about ours."""
    monkeypatch.setenv("PEBBLE_WFE_NONCEREJECT", "0")  # it would refuse one good nonce in twenty
    with pebble(tmp_path) as server:
        options = Options(
            directory=server.directory,
            trust=server.tls_ca,
            http_port=server.http_port,
            tls_port=server.tls_alpn_port,
            dns_control=server.dns_commands,
        )
        with connected(options) as ca:
            chosen = [one for one in rfc8555.CLAUSES if one.name in NOT_KEPT | KEPT]
            findings = {one.clause.name: one for one in examine(ca, chosen)}
    assert {name for name, one in findings.items() if one.result is Result.NOT_KEPT} == NOT_KEPT, findings
    assert {name for name, one in findings.items() if one.result is Result.KEPT} == KEPT, findings
