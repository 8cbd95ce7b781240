"""certbot's account commands, from registration to deactivation (RFC 8555 section 7.3)."""

import json
from collections.abc import Callable

from tests.end_to_end.certbot import Certbot
from tests.end_to_end.relying_party import RelyingParty


def account_url(shown: str) -> str:
    """Return the account URL in what `certbot show_account` prints."""
    return next(line.rpartition(" ")[2] for line in shown.splitlines() if "Account URL" in line)


def contacts(certbot: Certbot, shown: str) -> list[str]:
    """Return the account's contacts at the console."""
    account_id = account_url(shown).rpartition("/")[2]
    explained = json.loads(certbot.gateway.trivium("explain", account_id, "--json"))
    return list(explained["object"]["contacts"])


def test_contacts_are_registered_changed_and_shown(certbot: Certbot) -> None:
    """The address to reach a user at is what they gave last, for certbot and for the operator."""
    certbot.run("register", "--agree-tos", "--no-eff-email", "-m", "first@trivium.test")
    shown = certbot.run("show_account")
    assert "first@trivium.test" in shown
    assert contacts(certbot, shown) == ["mailto:first@trivium.test"]

    certbot.run("update_account", "--no-eff-email", "-m", "second@trivium.test")
    changed = certbot.run("show_account")
    assert "second@trivium.test" in changed
    assert "first@trivium.test" not in changed
    assert account_url(changed) == account_url(shown)
    assert contacts(certbot, changed) == ["mailto:second@trivium.test"]


def test_the_operator_finds_the_account_by_certbots_key(certbot: Certbot) -> None:
    """Whoever has lost the account's URL has the key, and the operator could not tell whose account that is."""
    certbot.run("register", *certbot.newcomer)
    account_id = account_url(certbot.run("show_account")).rpartition("/")[2]
    [key] = (certbot.directory / "config" / "accounts").rglob("private_key.json")
    found = json.loads(certbot.gateway.trivium("account", "list", "--key", str(key), "--json"))
    assert [one["id"] for one in found] == [account_id]


def test_several_contacts_and_none(certbot: Certbot) -> None:
    """An account may have several contacts, and may take all of them back (RFC 8555 section 7.3.2)."""
    certbot.run("register", "--agree-tos", "--no-eff-email", "-m", "one@trivium.test,two@trivium.test")
    shown = certbot.run("show_account")
    assert contacts(certbot, shown) == ["mailto:one@trivium.test", "mailto:two@trivium.test"]
    certbot.run("update_account", "--register-unsafely-without-email")
    assert contacts(certbot, shown) == []


def test_an_account_ends_and_another_begins(
    certbot: Certbot, relying_party: RelyingParty, new_name: Callable[[], str]
) -> None:
    """After `unregister` the account is over for good; its certificates stay, and a new account gets new ones."""
    name = new_name()
    lineage = certbot.obtain(name)
    first = account_url(certbot.run("show_account"))
    saved = next((certbot.directory / "config" / "accounts").rglob("regr.json")).parent
    kept = {path.name: path.read_bytes() for path in saved.iterdir()}
    certbot.run("unregister")
    explained = json.loads(certbot.gateway.trivium("explain", first.rpartition("/")[2], "--json"))
    assert explained["object"]["status"] == "deactivated"
    assert relying_party.ocsp(lineage.certificate, lineage.chain) == "good"

    # What certbot would do with a copy of the account that it has not been told is over.
    saved.mkdir(parents=True)
    for file, content in kept.items():
        (saved / file).write_bytes(content)
    assert "deactivated" in certbot.refused_certificate(name, options=("--force-renewal",))

    for file in kept:
        (saved / file).unlink()
    saved.rmdir()
    certbot.obtain(name, options=("--force-renewal",))
    assert account_url(certbot.run("show_account")) != first
    relying_party.verify(lineage.certificate, lineage.chain)
