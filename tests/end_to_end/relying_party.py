"""Whoever checks a certificate: knows the root alone, and follows what stands in the certificates, with openssl."""

import subprocess
import time
import urllib.request
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

CRL_SECONDS = 60
"""Rule 81: our goal from revocation to the CRL that says so."""


def openssl(*arguments: str | Path) -> str:
    """Run an openssl command that must succeed; return everything it printed."""
    return _openssl(*arguments, code=0)


def certificate_of(pem: Path) -> x509.Certificate:
    """Return the first certificate of a PEM file."""
    return x509.load_pem_x509_certificates(pem.read_bytes())[0]


def names_of(pem: Path) -> list[str]:
    """Return the names and addresses of the subject alternative names, sorted."""
    extension = certificate_of(pem).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return sorted(str(name.value) for name in extension.value)


class RelyingParty:
    """Checks certificates of one gateway against its root; ``directory`` takes the CRLs."""

    def __init__(self, root: Path, directory: Path) -> None:
        self.root = root
        self.directory = directory

    def verify(self, certificate: Path, chain: Path) -> None:
        """Verify the certificate against the root, with fresh CRLs of both CAs (RFC 5280 section 6)."""
        assert f"{certificate}: OK" in self._verify(certificate, chain, code=0)

    def verify_revoked(self, certificate: Path, chain: Path) -> None:
        """Verify that the CRLs, and nothing else, stand against the certificate."""
        errors = [line for line in self._verify(certificate, chain, code=2).splitlines() if line.startswith("error ")]
        assert errors[0] == "error 23 at 0 depth lookup: certificate revoked", errors

    def ocsp(self, certificate: Path, chain: Path) -> str:
        """Ask the responder that the certificate names; return its verified answer: ``good``, or ``revoked``..."""
        url = openssl("x509", "-in", certificate, "-noout", "-ocsp_uri").strip()
        answer = openssl(
            *("ocsp", "-issuer", chain, "-cert", certificate, "-url", url),
            *("-CAfile", self.root, "-verify_other", chain),
        )
        assert "Response verify OK" in answer, answer
        status = next(line for line in answer.splitlines() if line.startswith(f"{certificate}: "))
        reasons = [line.strip() for line in answer.splitlines() if line.strip().startswith("Reason: ")]
        return " ".join([status.rpartition(": ")[2], *(reason.removeprefix("Reason: ") for reason in reasons)])

    def wait_for_crl(self, certificate: Path) -> x509.RevokedCertificate:
        """Read the CRL until the certificate is in it, and return its entry (rule 81)."""
        subject = certificate_of(certificate)
        deadline = time.monotonic() + CRL_SECONDS
        while (entry := _crl(subject).get_revoked_certificate_by_serial_number(subject.serial_number)) is None:
            assert time.monotonic() < deadline, f"{subject.serial_number:x} is not in the CRL after {CRL_SECONDS} s"
            time.sleep(0.2)
        return entry

    def _verify(self, certificate: Path, chain: Path, *, code: int) -> str:
        crls = self.directory / "crls.pem"
        crls.write_bytes(b"".join(_crl(certificate_of(pem)).public_bytes(Encoding.PEM) for pem in (certificate, chain)))
        return _openssl(
            *("verify", "-CAfile", self.root, "-untrusted", chain, "-CRLfile", crls, "-crl_check_all"),
            *("-x509_strict", "-purpose", "sslserver", certificate),
            code=code,
        )


def _crl(certificate: x509.Certificate) -> x509.CertificateRevocationList:
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert points[0].full_name is not None
    url = points[0].full_name[0].value
    assert url.startswith("http://127.0.0.1:"), url
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - plain HTTP on loopback, asserted above
        return x509.load_der_x509_crl(answer.read())


def _openssl(*arguments: str | Path, code: int) -> str:
    done = subprocess.run(
        ["openssl", *(str(argument) for argument in arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, done.stdout
    return done.stdout
