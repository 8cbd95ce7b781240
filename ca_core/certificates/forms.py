"""The forms that a certificate is downloaded in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from ca_core.certificates.certificate_queries import IssuedCertificate
from ca_core.certificates.chain import pem_certificate, pem_chains


@dataclass(frozen=True, kw_only=True)
class CertificateForm:
    """A form: its name, its media type, the extension of a file's name without the dot, and what makes its content."""

    name: str
    media_type: str
    extension: str
    content: Callable[[IssuedCertificate], bytes]


def _pem(found: IssuedCertificate) -> bytes:
    return pem_certificate(found.der).encode()


def _der(found: IssuedCertificate) -> bytes:
    return found.der


def _chain(found: IssuedCertificate) -> bytes:
    return pem_chains(found.der, found.issuer)[0].encode()


def _pkcs7(found: IssuedCertificate) -> bytes:
    return pkcs7.serialize_certificates(x509.load_pem_x509_certificates(_chain(found)), Encoding.DER)


PEM: Final = CertificateForm(name="pem", media_type="application/x-pem-file", extension="pem", content=_pem)
DER: Final = CertificateForm(name="der", media_type="application/pkix-cert", extension="cer", content=_der)
PKCS7: Final = CertificateForm(name="pkcs7", media_type="application/pkcs7-mime", extension="p7c", content=_pkcs7)
"""The certificate with its chain, certificates only (RFC 5652 section 5), in DER."""
CHAIN: Final = CertificateForm(
    name="chain", media_type="application/pem-certificate-chain", extension="pem", content=_chain
)
"""RFC 8555 section 9.1: leaf first, without the root."""

FORMS: Final = (PEM, CHAIN, DER, PKCS7)
