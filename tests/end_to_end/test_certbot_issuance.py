"""certbot obtains and renews certificates in every way its users do, and openssl finds them good."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tests.end_to_end.certbot import RELEASES, Certbot
from tests.end_to_end.orders import newest_order, orders_for, validated_methods
from tests.end_to_end.relying_party import RelyingParty, certificate_of, names_of, openssl
from tests.end_to_end.web_server import serving_files
from tests.running_gateway import RunningGateway

RENEW = ("--force-renewal", "--no-random-sleep-on-renew")


def test_standalone_gets_a_certificate_for_several_names(
    certbot: Certbot, gateway: RunningGateway, relying_party: RelyingParty, new_name: Callable[[], str]
) -> None:
    """A first `certbot certonly` yields a good certificate, and the console tells its story (RFC 8555 section 7.4)."""
    names = [new_name(), new_name(), new_name()]
    lineage = certbot.obtain(*names)
    relying_party.verify(lineage.certificate, lineage.chain)
    assert names_of(lineage.certificate) == sorted(names)
    assert relying_party.ocsp(lineage.certificate, lineage.chain) == "good"

    shown = newest_order(gateway, names[1])
    assert (shown["order"]["state"], shown["order"]["road"]) == ("ISSUED", "acme")
    assert [identifier["value"] for identifier in shown["order"]["identifiers"]] == names
    assert [item["status"] for item in shown["authorizations"]] == ["valid"] * 3
    assert validated_methods(shown) == {"http-01"}
    assert {job["state"] for job in shown["jobs"]} == {"SUCCESS"}
    serials = {job["response"]["serial"] for job in shown["jobs"] if "serial" in job["response"]}
    assert serials == {f"{certificate_of(lineage.certificate).serial_number:x}"}


def test_webroot_gets_a_certificate_through_the_users_web_server(
    certbot: Certbot, gateway: RunningGateway, relying_party: RelyingParty, new_name: Callable[[], str], tmp_path: Path
) -> None:
    """http-01 works through a web server that is there already (RFC 8555 section 8.3)."""
    name, webroot = new_name(), tmp_path / "webroot"
    webroot.mkdir()
    with serving_files(webroot, gateway.http_port):
        certbot.run("certonly", "--webroot", "-w", webroot, "-d", name, *certbot.newcomer)
    lineage = certbot.lineage(name)
    relying_party.verify(lineage.certificate, lineage.chain)
    assert names_of(lineage.certificate) == [name]


def test_manual_hooks_get_a_name_and_its_wildcard_by_dns(
    certbot: Certbot, gateway: RunningGateway, relying_party: RelyingParty, new_name: Callable[[], str]
) -> None:
    """dns-01 works with two values under one name, as a name and its wildcard need (RFC 8555 section 8.4)."""
    name = new_name()
    hook = [sys.executable, str(Path(__file__).with_name("dns_hook.py"))]
    url = f"http://127.0.0.1:{gateway.dns_http_port}"
    certbot.run(
        *("certonly", "--manual", "--preferred-challenges", "dns", "-d", name, "-d", f"*.{name}", *certbot.newcomer),
        *("--manual-auth-hook", shlex.join([*hook, "set", url])),
        *("--manual-cleanup-hook", shlex.join([*hook, "clear", url])),
    )
    lineage = certbot.lineage(name)
    relying_party.verify(lineage.certificate, lineage.chain)
    assert names_of(lineage.certificate) == [f"*.{name}", name]
    assert validated_methods(newest_order(gateway, name)) == {"dns-01"}


@pytest.mark.parametrize("size", [2048, 4096])
def test_rsa_keys(certbot: Certbot, relying_party: RelyingParty, new_name: Callable[[], str], size: int) -> None:
    """RSA keys of the usual sizes are certified (rule 22)."""
    lineage = certbot.obtain(new_name(), options=("--key-type", "rsa", "--rsa-key-size", str(size)))
    relying_party.verify(lineage.certificate, lineage.chain)
    key = certificate_of(lineage.certificate).public_key()
    assert isinstance(key, RSAPublicKey)
    assert key.key_size == size


@pytest.mark.parametrize("curve", ["secp256r1", "secp384r1"])
def test_ec_keys(certbot: Certbot, relying_party: RelyingParty, new_name: Callable[[], str], curve: str) -> None:
    """EC keys on the usual curves are certified (rule 23)."""
    lineage = certbot.obtain(new_name(), options=("--key-type", "ecdsa", "--elliptic-curve", curve))
    relying_party.verify(lineage.certificate, lineage.chain)
    key = certificate_of(lineage.certificate).public_key()
    assert isinstance(key, EllipticCurvePublicKey)
    assert key.curve.name == curve


def test_a_csr_of_the_users_own(
    certbot: Certbot, relying_party: RelyingParty, new_name: Callable[[], str], tmp_path: Path
) -> None:
    """Whoever keeps the key away from certbot gets a certificate for the CSR they made with openssl."""
    names = [new_name(), new_name()]
    openssl(
        *(
            "req",
            "-new",
            "-newkey",
            "rsa:3072",
            "-noenc",
            "-keyout",
            tmp_path / "own.key",
            "-out",
            tmp_path / "own.csr",
        ),
        *("-subj", f"/CN={names[0]}", "-addext", f"subjectAltName=DNS:{names[0]},DNS:{names[1]}"),
    )
    certificate, chain = tmp_path / "own.pem", tmp_path / "chain.pem"
    saved = ("--cert-path", certificate, "--chain-path", chain, "--fullchain-path", tmp_path / "fullchain.pem")
    certbot.run("certonly", *certbot.standalone, "--csr", tmp_path / "own.csr", *saved)
    relying_party.verify(certificate, chain)
    assert names_of(certificate) == sorted(names)
    own = openssl("pkey", "-in", tmp_path / "own.key", "-pubout")
    assert openssl("x509", "-in", certificate, "-noout", "-pubkey") == own


@pytest.mark.parametrize("reuse", [(), ("--reuse-key",)], ids=["new-key", "same-key"])
def test_renewal(
    certbot: Certbot,
    gateway: RunningGateway,
    relying_party: RelyingParty,
    new_name: Callable[[], str],
    reuse: tuple[str, ...],
) -> None:
    """A renewal is a new certificate by a new order, and the key stays the user's choice."""
    name = new_name()
    lineage = certbot.obtain(name, options=reuse)
    first = certificate_of(lineage.certificate)
    certbot.run("renew", *RENEW, *reuse)
    second = certificate_of(lineage.certificate)
    relying_party.verify(lineage.certificate, lineage.chain)
    assert second.serial_number != first.serial_number
    assert (second.public_key() == first.public_key()) == bool(reuse)
    assert [order["state"] for order in orders_for(gateway, name)] == ["ISSUED", "ISSUED"]


def test_a_renewal_is_tried_out(certbot: Certbot, gateway: RunningGateway, new_name: Callable[[], str]) -> None:
    """`certbot renew --dry-run`, the first thing a careful user types, changes nothing of what they have."""
    name = new_name()
    lineage = certbot.obtain(name)
    before = lineage.certificate.read_bytes()
    assert "all simulated renewals succeeded" in certbot.run("renew", "--dry-run", "--no-random-sleep-on-renew")
    assert lineage.certificate.read_bytes() == before
    assert [order["state"] for order in orders_for(gateway, name)] == ["ISSUED", "ISSUED"]


def test_a_long_name_that_must_be_stapled(
    certbot: Certbot, relying_party: RelyingParty, new_name: Callable[[], str]
) -> None:
    """A name too long for a common name is certified, and OCSP must-staple is granted (RFC 7633)."""
    name = f"{'a' * 50}.{new_name()}"
    lineage = certbot.obtain(name, options=("--must-staple",))
    relying_party.verify(lineage.certificate, lineage.chain)
    certificate = certificate_of(lineage.certificate)
    assert (names_of(lineage.certificate), certificate.subject.rfc4514_string()) == ([name], "")
    features = certificate.extensions.get_extension_for_class(x509.TLSFeature).value
    assert list(features) == [x509.TLSFeatureType.status_request]


def test_as_many_names_as_the_product_takes(
    certbot: Certbot, relying_party: RelyingParty, new_name: Callable[[], str]
) -> None:
    """A hundred names go into one certificate; one more is refused with the number that is not."""
    parent = new_name()
    names = [f"n{number}.{parent}" for number in range(101)]
    told = certbot.refused_certificate(*names)
    assert "takes at most 100" in told
    lineage = certbot.obtain(*names[:100])
    relying_party.verify(lineage.certificate, lineage.chain)
    assert names_of(lineage.certificate) == sorted(names[:100])


def test_an_ip_address(gateway: RunningGateway, relying_party: RelyingParty, tmp_path: Path) -> None:
    """A server that has no name gets a certificate for its address (RFC 8738); Debian's certbot cannot ask for it."""
    certbot = Certbot(release=RELEASES["current"], gateway=gateway, directory=tmp_path / "certbot")
    webroot = tmp_path / "webroot"
    webroot.mkdir()
    with serving_files(webroot, gateway.http_port):
        certbot.run("certonly", "--webroot", "-w", webroot, "--ip-address", "127.0.0.1", *certbot.newcomer)
    lineage = certbot.lineage("127.0.0.1")
    relying_party.verify(lineage.certificate, lineage.chain)
    assert names_of(lineage.certificate) == ["127.0.0.1"]
