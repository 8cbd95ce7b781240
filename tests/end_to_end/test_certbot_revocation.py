"""certbot revokes certificates by account and by key, and every relying party hears of it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from tests.end_to_end.certbot import Certbot
from tests.end_to_end.orders import newest_order
from tests.end_to_end.relying_party import RelyingParty
from tests.running_gateway import RunningGateway

KEEP = "--no-delete-after-revoke"


def test_the_account_revokes_with_a_reason(
    certbot: Certbot, gateway: RunningGateway, relying_party: RelyingParty, new_name: Callable[[], str]
) -> None:
    """Revocation by the account reaches OCSP at once, the CRL within 60 s (rule 81), and the order at the console."""
    name = new_name()
    lineage = certbot.obtain(name)
    assert relying_party.ocsp(lineage.certificate, lineage.chain) == "good"

    certbot.run("revoke", "--cert-name", name, "--reason", "superseded", KEEP)
    assert relying_party.ocsp(lineage.certificate, lineage.chain) == "revoked superseded"
    entry = relying_party.wait_for_crl(lineage.certificate)
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.superseded
    relying_party.verify_revoked(lineage.certificate, lineage.chain)
    assert newest_order(gateway, name)["order"]["state"] == "REVOKED"

    told = certbot.refused("revoke", "--cert-name", name, "--reason", "superseded", KEEP)
    assert "This certificate has been revoked already" in told


def test_without_a_reason_the_crl_has_none(
    certbot: Certbot, relying_party: RelyingParty, new_name: Callable[[], str]
) -> None:
    """An unspecified reason is left out of the CRL entry, as RFC 5280 section 5.3.1 wants."""
    name = new_name()
    lineage = certbot.obtain(name)
    certbot.run("revoke", "--cert-name", name, KEEP)
    assert relying_party.ocsp(lineage.certificate, lineage.chain) == "revoked"
    assert len(relying_party.wait_for_crl(lineage.certificate).extensions) == 0


@pytest.mark.parametrize("key_type", ["rsa", "ecdsa"])
def test_whoever_has_the_key_revokes_without_an_account(
    certbot: Certbot,
    gateway: RunningGateway,
    relying_party: RelyingParty,
    new_name: Callable[[], str],
    tmp_path: Path,
    key_type: str,
) -> None:
    """A stolen key can be reported by its finder, and is then refused for good (RFC 8555 section 7.6, rule 26)."""
    name = new_name()
    lineage = certbot.obtain(name, options=("--key-type", key_type, "--reuse-key"))
    finder = Certbot(release=certbot.release, gateway=gateway, directory=tmp_path / "finder")
    finder.run(
        *("revoke", "--cert-path", lineage.certificate, "--key-path", lineage.key),
        *("--reason", "keycompromise", KEEP),
    )
    assert relying_party.ocsp(lineage.certificate, lineage.chain) == "revoked keyCompromise"
    entry = relying_party.wait_for_crl(lineage.certificate)
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise

    told = certbot.refused_certificate(name, options=("--force-renewal", "--reuse-key"))
    assert "make a new key" in told
    certbot.obtain(name, options=("--force-renewal", "--new-key"))
    relying_party.verify(lineage.certificate, lineage.chain)


def test_a_stranger_may_not_revoke(
    certbot: Certbot, gateway: RunningGateway, relying_party: RelyingParty, new_name: Callable[[], str], tmp_path: Path
) -> None:
    """An account with nothing to do with a certificate is refused, and told who may revoke it (rule 77)."""
    lineage = certbot.obtain(new_name())
    stranger = Certbot(release=certbot.release, gateway=gateway, directory=tmp_path / "stranger")
    stranger.run("register", *stranger.newcomer)
    told = stranger.refused("revoke", "--cert-path", lineage.certificate, KEEP)
    assert "ask with the account that ordered it" in told
    assert relying_party.ocsp(lineage.certificate, lineage.chain) == "good"


def test_another_account_that_controls_the_name_may_revoke(
    certbot: Certbot, gateway: RunningGateway, relying_party: RelyingParty, new_name: Callable[[], str], tmp_path: Path
) -> None:
    """Whoever took a name over can revoke what its former holder left (RFC 8555 section 7.6)."""
    name = new_name()
    lineage = certbot.obtain(name)
    successor = Certbot(release=certbot.release, gateway=gateway, directory=tmp_path / "successor")
    successor.obtain(name)
    successor.run("revoke", "--cert-path", lineage.certificate, "--reason", "cessationofoperation", KEEP)
    assert relying_party.ocsp(lineage.certificate, lineage.chain) == "revoked cessationOfOperation"
    assert relying_party.ocsp(successor.lineage(name).certificate, lineage.chain) == "good"
