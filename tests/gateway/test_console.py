"""The commands that look and mend: order, explain, product, apply, crl; and what they print."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509

from gateway.console import print_table
from tests.gateway.command import trivium
from tests.gateway.installations import PASSPHRASE, make_installation
from tests.keys.softhsm import PIN, SOFTHSM, SoftHsm


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One installation for all."""
    return make_installation(tmp_path_factory.mktemp("console") / "ca").installation.directory


def answered(directory: Path, *arguments: str) -> Sequence[dict[str, object]]:
    """Run a command with --json, which must succeed, and return what it says."""
    done = trivium(directory, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def test_products_are_listed(directory: Path) -> None:
    """An operator finds the products of every Client, with the version that is in force."""
    products = answered(directory, "product", "list")
    cmc = {"gateway-cmc", "gateway-cmc-recipient", "gateway-cmc-client"}
    assert {product["name"] for product in products} == {"tls", "smime", "gateway-tls", "gateway-ocsp"} | cmc
    assert all(len(str(product["version"])) == 64 for product in products)


def test_no_order_is_an_empty_list(directory: Path) -> None:
    """A program that reads the list must get one, also when nothing was ordered yet."""
    assert answered(directory, "order", "list") == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("order", "show", "ord-00000000-0000-7000-8000-000000000000"), "no such order"),
        (("explain", "err-00000000-0000-7000-8000-000000000000"), "There is no failure"),
        (("explain", "x'; DROP TABLE orders"), "is not an id of ours"),
        (("order", "list", "--state", "DONE"), "choose one of"),
        (("account", "show", "acc-00000000-0000-7000-8000-000000000000"), "no such account"),
        (("account", "list", "--status", "gone"), "choose one of"),
        (("account", "list", "--client", "nobody"), "There is no Client nobody"),
        (("eab", "revoke", "eab-00000000-0000-7000-8000-000000000000"), "no such external account key"),
        (("eab", "list", "--client", "nobody"), "There is no Client nobody"),
        (("eab", "create", "--client", "nobody"), "There is no Client nobody"),
        (("eab", "create", "--product", "nothing"), "it has: tls"),
    ],
)
def test_what_is_not_there_is_one_sentence(directory: Path, arguments: tuple[str, ...], words: str) -> None:
    """A failure is a sentence and exit code 1: never a traceback, never an empty answer."""
    done = trivium(directory, *arguments)
    assert done.returncode == 1
    assert words in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def test_root_crl_needs_the_passphrase(directory: Path) -> None:
    """Rule 80: a new CRL of the offline root has a higher number, and only who has the passphrase can make it."""
    assert trivium(directory, "crl", "--root").returncode == 1
    refused = trivium(directory, "crl", "--root", environment={"TRIVIUM_ROOT_PASSPHRASE": "wrong passphrase"})
    assert refused.returncode == 1
    assert "passphrase does not open" in refused.stderr
    made = trivium(directory, "crl", "--root", environment={"TRIVIUM_ROOT_PASSPHRASE": PASSPHRASE})
    assert made.returncode == 0, made.stderr
    numbers = {str(crl["issuer"]): crl["number"] for crl in answered(directory, "crl")}
    assert numbers["root"] == 2


def test_issuing_crl_is_published_anew(directory: Path) -> None:
    """Rule 81: an operator need not wait for the timer."""
    before = {str(crl["issuer"]): crl["number"] for crl in answered(directory, "crl")}
    after = {str(crl["issuer"]): crl["number"] for crl in answered(directory, "crl", "--new")}
    assert after["issuing"] > before["issuing"]  # type: ignore[operator]
    assert after["root"] == before["root"]


def test_issuing_key_in_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule 31: with --key pkcs11 the issuing key never leaves the token, and the CRLs are signed there."""
    token = SoftHsm(tmp_path / "hsm")
    token.make_token("trivium")
    pin_file = tmp_path / "pin"
    pin_file.write_text(PIN + "\n")
    pin_file.chmod(0o600)
    monkeypatch.setenv("SOFTHSM2_CONF", str(token.configuration))
    settings = (f"pkcs11.module={SOFTHSM}", "pkcs11.token=trivium", f"pkcs11.pin_file={pin_file}")
    sets = [part for setting in settings for part in ("--set", setting)]
    directory = tmp_path / "ca"
    made = trivium(directory, "init", "--key", "pkcs11", *sets)
    assert made.returncode == 0, made.stderr
    assert "pkcs11:key-" in (directory / "catalogue.toml").read_text()
    crls = {str(crl["issuer"]): crl for crl in answered(directory, "crl", "--new")}
    assert crls["issuing"]["number"] == 2
    findings = json.loads(trivium(directory, "doctor", "--json").stdout)
    key = next(finding for finding in findings if finding["check"] == "key of issuing")
    assert (key["health"], key["detail"]) == ("good", "pkcs11, p256")
    x509.load_pem_x509_certificate((directory / "ca" / "issuing.pem").read_bytes())


def test_help_is_quick() -> None:
    """A command line that takes seconds to say what it can is one that nobody asks: nothing heavy is imported."""
    heavy = ("sqlalchemy", "pkilint", "aiohttp", "pydantic")
    listing = f"import sys, gateway.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "[]"


def test_table_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Abuse 62: a name from a certificate is shown, not obeyed, and markup in it is text."""
    print_table("Names", ("name",), [("\x1b[2J[red]evil[/red]\r\u202e",)])
    shown = capsys.readouterr().out
    assert "\x1b[2J" not in shown
    assert "\u202e" not in shown
    assert "[red]evil[/red]" in shown
