"""Whoever checks a certificate: knows the server's root alone, and shares no code with the clients or with openssl.

Paths are built and verified by ``cryptography.x509.verification``; CRL and OCSP are read where the certificate points.
"""

import time
import urllib.request
from collections.abc import Callable
from ipaddress import ip_address
from urllib.error import URLError

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp, verification
from cryptography.x509.oid import AuthorityInformationAccessOID

from conformance.acme.model import Issued, KeyType, is_address
from conformance.acme.servers import Server

REVOCATION_SECONDS = 60
"""How long a CRL may take to tell of a revocation."""

_KEY_CLASSES = {KeyType.EC: ec.EllipticCurvePublicKey, KeyType.RSA: rsa.RSAPublicKey}


class Distrust(Exception):  # noqa: N818 - what the relying party feels
    """The certificate is not what it should be; the text says why."""


def verify(issued: Issued, server: Server) -> None:
    """Verify chain, names and key type of a certificate; raises Distrust."""
    leaf, *intermediates = issued.certificates
    request = issued.request
    try:
        alternative = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        raise Distrust("the certificate has no subject alternative name") from None
    names = sorted(str(name.value) for name in alternative)
    if names != sorted(request.identifiers):
        raise Distrust(f"the certificate is for {names}, not for {sorted(request.identifiers)}")
    if request.csr is None and not isinstance(leaf.public_key(), _KEY_CLASSES[request.key_type]):
        raise Distrust(f"the certificate's key is not {request.key_type}")
    if request.csr is not None:
        csr = x509.load_pem_x509_csr(request.csr.read_bytes())
        if csr.public_key() != leaf.public_key():
            raise Distrust("the certificate's key is not that of the CSR")
    store = verification.Store(x509.load_pem_x509_certificates(server.root.read_bytes()))
    for identifier in request.identifiers:
        verifier = verification.PolicyBuilder().store(store).build_server_verifier(_subject(identifier))
        try:
            verifier.verify(leaf, intermediates)
        except verification.VerificationError as error:
            raise Distrust(f"the chain does not verify for {identifier}: {error}") from error


def verify_revoked(issued: Issued, server: Server) -> None:
    """Verify that every source of revocation the server has says revoked; raises Distrust.

    These are the OCSP responder and the CRL that the certificate names, or else what the server's operator sees.
    """
    leaf, issuer, *_ = issued.certificates
    responder, crl = _responder(leaf), _distribution_point(leaf)
    if responder is not None:
        _wait_for(lambda: _ocsp_status(leaf, issuer, responder) is ocsp.OCSPCertStatus.REVOKED, "OCSP")
    if crl is not None:
        _wait_for(lambda: _is_listed(leaf, issuer, crl), "the CRL")
    if server.is_revoked is not None:
        is_revoked = server.is_revoked
        _wait_for(lambda: is_revoked(leaf.serial_number), "the server")


def _subject(identifier: str) -> x509.DNSName | x509.IPAddress:
    if is_address(identifier):
        return x509.IPAddress(ip_address(identifier))
    return x509.DNSName(f"any{identifier.removeprefix('*')}" if identifier.startswith("*.") else identifier)


def _wait_for(says_revoked: Callable[[], bool], source: str) -> None:
    deadline = time.monotonic() + REVOCATION_SECONDS
    while not says_revoked():
        if time.monotonic() > deadline:
            raise Distrust(f"{source} does not say revoked {REVOCATION_SECONDS} s after the revocation")
        time.sleep(0.5)


def _responder(leaf: x509.Certificate) -> str | None:
    try:
        access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return None
    urls = [item.access_location.value for item in access if item.access_method == AuthorityInformationAccessOID.OCSP]
    return urls[0] if urls and urls[0] else None


def _distribution_point(leaf: x509.Certificate) -> str | None:
    try:
        points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return None
    names = points[0].full_name
    return str(names[0].value) if names else None


def _ocsp_status(leaf: x509.Certificate, issuer: x509.Certificate, url: str) -> ocsp.OCSPCertStatus:
    question = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, hashes.SHA1()).build()  # noqa: S303 - names it
    body = question.public_bytes(Encoding.DER)
    answer = ocsp.load_der_ocsp_response(_fetch(url, body, "application/ocsp-request"))
    if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise Distrust(f"OCSP answers {answer.response_status}")
    if answer.serial_number != leaf.serial_number:
        raise Distrust("OCSP answers about another certificate")
    signer = next(iter(answer.certificates), issuer)
    try:
        if signer != issuer:
            signer.verify_directly_issued_by(issuer)
        _verify_signature(signer.public_key(), answer)
    except (InvalidSignature, ValueError, TypeError) as error:
        raise Distrust(f"the OCSP answer is not signed by the issuer or its responder: {error!r}") from error
    return answer.certificate_status


def _verify_signature(key: object, answer: ocsp.OCSPResponse) -> None:
    algorithm = answer.signature_hash_algorithm
    if isinstance(key, ec.EllipticCurvePublicKey) and algorithm is not None:
        key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(algorithm))
    elif isinstance(key, rsa.RSAPublicKey) and algorithm is not None:
        key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), algorithm)
    else:
        raise Distrust(f"the OCSP answer is signed by a key of type {type(key).__name__}, which we cannot check")


def _is_listed(leaf: x509.Certificate, issuer: x509.Certificate, url: str) -> bool:
    crl = x509.load_der_x509_crl(_fetch(url))
    if not crl.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]
        raise Distrust("the CRL is not signed by the issuer")
    return crl.get_revoked_certificate_by_serial_number(leaf.serial_number) is not None


def _fetch(url: str, body: bytes | None = None, media_type: str = "") -> bytes:
    if not url.startswith(("http://", "https://")):
        raise Distrust(f"{url} is no web address")
    request = urllib.request.Request(url, data=body, headers={"Content-Type": media_type} if body else {})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the scheme is checked above
            content: bytes = answer.read()
            return content
    except URLError as error:
        raise Distrust(f"{url} does not answer: {error}") from error
