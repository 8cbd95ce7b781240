"""certbot and external account binding: a key from the operator, an account, a certificate (RFC 8555 section 7.3.4)."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.end_to_end.certbot import Certbot
from tests.end_to_end.relying_party import RelyingParty
from tests.end_to_end.test_certbot_accounts import account_url


@pytest.fixture
def bound(certbot: Certbot) -> Certbot:
    """Return a certbot that talks to the directory which demands a binding."""
    return replace(certbot, server="acme_eab_directory")


def new_key(certbot: Certbot, *options: str) -> tuple[str, ...]:
    """Make a key as the operator does; return it as certbot's options."""
    key = json.loads(certbot.gateway.trivium("eab", "create", *options, "--json"))
    return "--eab-kid", key["kid"], "--eab-hmac-key", key["hmac"]


def status(certbot: Certbot, kid: str) -> str:
    """Return what `trivium eab list` says of a key."""
    [found] = [key for key in json.loads(certbot.gateway.trivium("eab", "list", "--json")) if key["id"] == kid]
    return str(found["status"])


def test_a_certificate_with_a_key_of_the_operator(
    bound: Certbot, relying_party: RelyingParty, new_name: Callable[[], str]
) -> None:
    """A user with a key could not get a certificate; without one, or with a used one, somebody would (rule 47)."""
    name = new_name()
    assert "Server requires external account binding" in bound.refused_certificate(name)
    key = new_key(bound, "--comment", "for a test")
    lineage = bound.obtain(name, options=key)
    relying_party.verify(lineage.certificate, lineage.chain)
    assert status(bound, key[1]) == "used"
    explained = json.loads(bound.gateway.trivium("explain", key[1], "--json"))
    account_id = account_url(bound.run("show_account")).rpartition("/")[2]
    assert {record["details"].get("account") for record in explained["audit"]} == {None, account_id}
    [listed] = json.loads(bound.gateway.trivium("account", "list", "--kid", key[1], "--json"))
    assert listed["id"] == account_id
    shown = json.loads(bound.gateway.trivium("account", "show", account_id, "--json"))
    assert [domain["identifier"]["value"] for domain in shown["domains"]] == [name]
    assert name in bound.gateway.trivium("account", "show", account_id)
    assert account_id in bound.gateway.trivium("account", "list")

    second = replace(bound, directory=bound.directory.with_name("second"))
    assert "is used" in second.refused("register", *second.newcomer, *key)


def test_a_revoked_and_a_mistyped_key(bound: Certbot) -> None:
    """A key that the operator has ended would go on; a typing error would say nothing of it (rule 47)."""
    kid_option, kid, hmac_option, secret = new_key(bound, "--reusable")
    bound.run("register", *bound.newcomer, kid_option, kid, hmac_option, secret)
    assert status(bound, kid) == "usable"
    second = replace(bound, directory=bound.directory.with_name("second"))
    mistyped = secret[:-2] + ("BA" if secret[-2:] != "BA" else "CA")
    refusal = second.refused("register", *second.newcomer, kid_option, kid, hmac_option, mistyped)
    assert "Compare both with what the operator gave you" in refusal
    bound.gateway.trivium("eab", "revoke", kid)
    refusal = second.refused("register", *second.newcomer, kid_option, kid, hmac_option, secret)
    assert "is revoked" in refusal
