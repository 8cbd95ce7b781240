"""What certbot's user reads when something is refused: a sentence that tells what to change."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.certbot import Certbot
from tests.end_to_end.orders import newest_order, orders_for
from tests.end_to_end.relying_party import openssl
from tests.end_to_end.web_server import serving_files
from tests.running_gateway import RunningGateway


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("bad_name.trivium.test", "an underscore is not allowed in a host name"),
        ("co.uk", "co.uk is a public suffix; name a domain below it"),
        ("trailing-.trivium.test", "labels consist of letters, digits and inner hyphens only"),
        ("4.3.2.1.in-addr.arpa", "names of the reverse zones are not certified"),
    ],
)
def test_a_name_that_cannot_be_certified(certbot: Certbot, gateway: RunningGateway, name: str, sentence: str) -> None:
    """A refused name is named with the reason, and leaves no order (RFC 8555 section 6.7, rule 64)."""
    told = certbot.refused_certificate(name)
    assert f"'{name}' is refused: {sentence}" in told
    assert orders_for(gateway, name) == []


def test_a_wildcard_needs_dns(certbot: Certbot, new_name: Callable[[], str]) -> None:
    """A wildcard is offered dns-01 alone, so that certbot tells its user to use DNS (RFC 8555 section 8.4)."""
    told = certbot.refused_certificate(f"*.{new_name()}")
    assert "use an authenticator plugin that can do challenges over DNS" in told


def test_nobody_answers_the_challenge(
    certbot: Certbot, gateway: RunningGateway, new_name: Callable[[], str], tmp_path: Path
) -> None:
    """A server that is down is named with its address and port, in certbot and at the console (rule 66)."""
    name = new_name()
    told = certbot.refused("certonly", "--webroot", "-w", tmp_path, "-d", name, *certbot.newcomer)
    assert f"No connection for http://{name}/.well-known/acme-challenge/" in told
    assert f"to 127.0.0.1 port {gateway.http_port} (Connection refused): let the server be reached there." in told
    shown = newest_order(gateway, name)
    assert [item["status"] for item in shown["authorizations"]] == ["invalid"]
    assert shown["order"]["state"] == "FAILED"
    assert name in shown["order"]["error"]["detail"]


def test_the_web_server_serves_something_else(
    certbot: Certbot, gateway: RunningGateway, new_name: Callable[[], str], tmp_path: Path
) -> None:
    """A web server with another root is answered by what it said, not by a riddle (RFC 8555 section 8.3)."""
    name, webroot, other = new_name(), tmp_path / "webroot", tmp_path / "other"
    webroot.mkdir()
    other.mkdir()
    with serving_files(other, gateway.http_port):
        told = certbot.refused("certonly", "--webroot", "-w", webroot, "-d", name, *certbot.newcomer)
    assert "404" in told
    assert f"http://{name}/.well-known/acme-challenge/" in told


def test_no_txt_record(certbot: Certbot, new_name: Callable[[], str]) -> None:
    """A missing TXT record is named, so that the user knows what to set (RFC 8555 section 8.4)."""
    name = new_name()
    told = certbot.refused(
        *("certonly", "--manual", "--manual-auth-hook", "true", "--preferred-challenges", "dns"),
        *("-d", name, *certbot.newcomer),
    )
    assert f"_acme-challenge.{name}" in told


def test_a_weak_key_in_the_csr(certbot: Certbot, new_name: Callable[[], str], tmp_path: Path) -> None:
    """An RSA key that is too short is refused with the sizes that are not, and not for the account's key (rule 22)."""
    csr = tmp_path / "weak.csr"
    openssl(
        *("req", "-new", "-newkey", "rsa:1024", "-noenc", "-keyout", tmp_path / "weak.key", "-out", csr),
        *("-subj", "/", "-addext", f"subjectAltName=DNS:{new_name()}"),
    )
    told = certbot.refused("certonly", *certbot.standalone, "--csr", csr)
    assert "RSA keys of 1024 bits are not accepted; use RSA 2048" in told
    assert "signed by a public key the server does not support" not in told
