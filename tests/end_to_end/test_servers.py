"""Every way to run the gateway: both HTTP servers, several workers, every CA algorithm, a token, PostgreSQL."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from conformance.postgresql import start_cluster
from tests.end_to_end.certbot import RELEASES, Certbot
from tests.end_to_end.orders import newest_order
from tests.end_to_end.relying_party import RelyingParty, certificate_of
from tests.keys.softhsm import PIN, SOFTHSM, SoftHsm
from tests.running_gateway import RunningGateway, loopback_dns

NAME = "www.trivium.test"


@contextmanager
def served(
    gateway: RunningGateway, *settings: str, options: tuple[str, ...] = (), server: str = "uvicorn", workers: int = 1
) -> Iterator[None]:
    """Make the installation and serve it while the block runs; it must also end gently."""
    gateway.init(*settings, options=options)
    with loopback_dns(gateway):
        gateway.start(server=server, workers=workers)
        try:
            yield
        except BaseException:
            gateway.kill()
            raise
        gateway.stop()


def issue_and_revoke(gateway: RunningGateway, directory: Path) -> x509.Certificate:
    """Take a certificate through its whole life, seen from outside; return the issuing CA's certificate."""
    certbot = Certbot(release=RELEASES["current"], gateway=gateway, directory=directory / "certbot")
    relying_party = RelyingParty(Path(gateway.endpoints["root"]), directory)
    lineage = certbot.obtain(NAME)
    relying_party.verify(lineage.certificate, lineage.chain)
    assert relying_party.ocsp(lineage.certificate, lineage.chain) == "good"
    certbot.run("revoke", "--cert-name", NAME, "--reason", "superseded", "--no-delete-after-revoke")
    assert relying_party.ocsp(lineage.certificate, lineage.chain) == "revoked superseded"
    relying_party.wait_for_crl(lineage.certificate)
    relying_party.verify_revoked(lineage.certificate, lineage.chain)
    assert newest_order(gateway, NAME)["order"]["state"] == "REVOKED"
    return certificate_of(lineage.chain)


@pytest.mark.parametrize(("server", "workers"), [("hypercorn", 1), ("hypercorn", 2), ("uvicorn", 2)])
def test_http_servers(tmp_path: Path, server: str, workers: int) -> None:
    """Each HTTP server serves certbot, alone (uvicorn: the other tests) and with a second process beside it."""
    gateway = RunningGateway(tmp_path / "ca")
    with served(gateway, server=server, workers=workers):
        issue_and_revoke(gateway, tmp_path)


@pytest.mark.parametrize("algorithm", ["p384", "rsa3072", "ed25519"])
def test_ca_algorithms(tmp_path: Path, algorithm: str) -> None:
    """A CA of each algorithm that TLS clients take signs certificates, CRLs and, through its responder, OCSP."""
    gateway = RunningGateway(tmp_path / "ca")
    with served(gateway, options=("--algorithm", algorithm)):
        issuing = issue_and_revoke(gateway, tmp_path)
    assert key_name(issuing) == algorithm
    assert key_name(certificate_of(gateway.directory / "root" / "root.pem")) == algorithm


def key_name(certificate: x509.Certificate) -> str:
    """Return the algorithm of a certificate's key as `trivium init --algorithm` names it."""
    match certificate.public_key():
        case EllipticCurvePublicKey() as key:
            return f"p{key.key_size}"
        case RSAPublicKey() as key:
            return f"rsa{key.key_size}"
        case key:
            return type(key).__name__.removesuffix("PublicKey").lower()


def test_issuing_key_in_a_token(tmp_path: Path) -> None:
    """The issuing key can live in a PKCS#11 token, and then there is no other copy of it (rule 31)."""
    token = SoftHsm(tmp_path / "softhsm")
    token.make_token("trivium")
    pin = tmp_path / "pin"
    pin.touch(mode=0o600)
    pin.write_text(PIN)
    gateway = RunningGateway(tmp_path / "ca", environment={"SOFTHSM2_CONF": str(token.configuration)})
    settings = (f"pkcs11.module={SOFTHSM}", "pkcs11.token=trivium", f"pkcs11.pin_file={pin}")
    with served(gateway, *settings, options=("--key", "pkcs11"), workers=2):
        issue_and_revoke(gateway, tmp_path)
    assert 'key = "pkcs11:' in (gateway.directory / "catalogue.toml").read_text()
    assert PIN not in gateway.log.read_text()


def test_postgresql(tmp_path: Path) -> None:
    """Two workers share a PostgreSQL database as they share SQLite."""
    with tempfile.TemporaryDirectory(prefix="trivium-postgresql-") as directory:
        cluster = start_cluster(Path(directory))
        try:
            gateway = RunningGateway(tmp_path / "ca")
            with served(gateway, f"database.url={cluster.new_database()}", workers=2):
                issue_and_revoke(gateway, tmp_path)
            assert not (gateway.directory / "trivium.db").exists()
        finally:
            cluster.stop("immediate")
