"""OCSP: one question about one certificate, answered under the delegated responder certificate (RFC 6960, rule 84).

What is said of a serial (rule 4): issued is good; revoked and abandoned are revoked; never used is unknown. While a
serial is intended, its certificate may or may not exist: the responder cannot answer authoritatively, and says
``unauthorized``, which is neither good nor unknown (RFC 6960 section 2.3).
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponseStatus

from ca_core.certificates.der import DerLimits, check_der
from ca_core.certificates.throwaway import key_algorithm
from ca_core.core import Core
from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.certificates import Certificate, CertificateStatus
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import Issuer, IssuerKind, OwnCertificate, OwnCertificateRole
from ca_core.model.store import Transaction
from ca_core.revocation.reasons import reason_flag

MAX_REQUEST: Final = 10_000
"""The longest OCSP request taken, in bytes (rule 84)."""

VALIDITY: Final = timedelta(hours=24)
"""From thisUpdate to nextUpdate; 8 hours to 10 days are allowed (rule 84)."""

CACHE_SECONDS: Final = 600
"""How long a cache may keep an answer, in seconds: far less than it is valid, so that a revocation is soon seen."""

_LIMITS: Final = DerLimits(size=MAX_REQUEST, depth=16, nodes=500)
_MAX_NONCE: Final = 128
_MAX_SERIAL_BITS: Final = 159
_HASHES: Final = (hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512())  # noqa: S303 - names an issuer
_SIGNATURE_HASHES: Final = {
    KeyAlgorithm.P256: hashes.SHA256(),
    KeyAlgorithm.P384: hashes.SHA384(),
    KeyAlgorithm.RSA3072: hashes.SHA256(),
}

_UNREADABLE: Final = (ValueError, UnsupportedAlgorithm, NotImplementedError, x509.DuplicateExtension)

_log = logging.getLogger("trivium.ocsp")


@dataclass(frozen=True, kw_only=True)
class OcspQuestion:
    """What a request asks: the CertID (RFC 6960 section 4.1.1), and the nonce the answer repeats (RFC 9654)."""

    hash_algorithm: hashes.HashAlgorithm
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int
    nonce: x509.OCSPNonce | None


@dataclass(frozen=True, kw_only=True)
class OcspAnswer:
    """An OCSPResponse in DER; one that is not to be cached has no ``this_update`` and 0 ``cache_seconds``."""

    der: bytes
    this_update: datetime | None = None
    cache_seconds: int = 0


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What the store knows of a question's issuer and serial."""

    issuer: Issuer | None
    responder: OwnCertificate | None = None
    certificate: Certificate | None = None


async def respond(core: Core, request_der: bytes) -> OcspAnswer:
    """Answer an OCSPRequest (DER); every failure is an OCSP status of its own, and nothing is raised."""
    try:
        question = parse_request(request_der)
    except TriviumError:
        return _refusal(OCSPResponseStatus.MALFORMED_REQUEST)
    try:
        return await _answer(core, question)
    except TriviumError as error:
        unavailable = error.kind is ErrorKind.UNAVAILABLE
        _log.warning("An OCSP request could not be answered: %s", error)
        return _refusal(OCSPResponseStatus.TRY_LATER if unavailable else OCSPResponseStatus.INTERNAL_ERROR)
    except Exception:  # noqa: BLE001 - the responder's caller gets an OCSP status, whatever broke
        _log.exception("An OCSP request could not be answered")
        return _refusal(OCSPResponseStatus.INTERNAL_ERROR)


def parse_request(der: bytes) -> OcspQuestion:
    """Parse an OCSPRequest; raises MALFORMED. A message with several requests is refused: clients send one.

    A nonce of no or of more than 128 octets is refused too (RFC 9654 section 2.1); signatures are not looked at.
    """
    check_der(der, limits=_LIMITS)
    try:
        request = ocsp.load_der_ocsp_request(der)
        question = OcspQuestion(
            hash_algorithm=request.hash_algorithm,
            issuer_name_hash=request.issuer_name_hash,
            issuer_key_hash=request.issuer_key_hash,
            serial=request.serial_number,
            nonce=_nonce(request.extensions),
        )
    except _UNREADABLE as error:
        raise TriviumError(ErrorKind.MALFORMED, f"The OCSP request cannot be read: {error}.") from error
    if question.serial <= 0 or question.serial.bit_length() > _MAX_SERIAL_BITS:
        raise TriviumError(ErrorKind.MALFORMED, "The OCSP request names a serial number no certificate can have.")
    return question


def _nonce(extensions: x509.Extensions) -> x509.OCSPNonce | None:
    nonce = None
    for extension in extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            nonce = extension.value
        elif extension.critical:
            raise ValueError(f"it has the critical extension {extension.oid.dotted_string}")
    if nonce is not None and not 0 < len(nonce.nonce) <= _MAX_NONCE:
        raise ValueError(f"its nonce has {len(nonce.nonce)} octets, 1 to {_MAX_NONCE} are taken")
    return nonce


async def _answer(core: Core, question: OcspQuestion) -> OcspAnswer:
    found = await core.store.read(lambda tx: _find(tx, question))
    if found.issuer is None or found.issuer.kind is IssuerKind.ROOT:
        return _refusal(OCSPResponseStatus.UNAUTHORIZED)
    if found.certificate is not None and found.certificate.status is CertificateStatus.INTENDED:
        return _refusal(OCSPResponseStatus.UNAUTHORIZED)
    now = core.sources.now().replace(microsecond=0)
    if found.responder is None or found.responder.not_after <= now:
        raise TriviumError(ErrorKind.UNAVAILABLE, f"{found.issuer.name} has no valid OCSP responder certificate now.")
    key = await core.keys.private_key(found.responder.key_id)
    digest = _SIGNATURE_HASHES.get(key_algorithm(key.public_key()))
    response = _build(question, found.responder, found.certificate, now).sign(key, digest)
    cacheable = question.nonce is None
    return OcspAnswer(
        der=response.public_bytes(Encoding.DER),
        this_update=now if cacheable else None,
        cache_seconds=CACHE_SECONDS if cacheable else 0,
    )


def _find(tx: Transaction, question: OcspQuestion) -> _Found:
    for issuer in tx.issuers.all():
        if _is_meant(question, issuer.certificate):
            return _Found(
                issuer=issuer,
                responder=tx.issuers.own_certificate(OwnCertificateRole.OCSP_RESPONDER, issuer.id),
                certificate=tx.certificates.by_serial(issuer.id, question.serial),
            )
    return _Found(issuer=None)


def _is_meant(question: OcspQuestion, issuer_der: bytes) -> bool:
    hashes_of_issuer = _issuer_hashes(issuer_der).get(question.hash_algorithm.name)
    return hashes_of_issuer == (question.issuer_name_hash, question.issuer_key_hash)


@lru_cache(maxsize=64)
def _issuer_hashes(issuer_der: bytes) -> dict[str, tuple[bytes, bytes]]:
    """Return the name and key hash of an issuer by the name of the hash (RFC 6960 section 4.1.1)."""
    issuer = x509.load_der_x509_certificate(issuer_der)
    return {
        algorithm.name: (_digest(algorithm, issuer.subject.public_bytes()), _key_hash(algorithm, issuer))
        for algorithm in _HASHES
    }


def _digest(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


def _key_hash(
    algorithm: hashes.SHA1 | hashes.SHA256 | hashes.SHA384 | hashes.SHA512, issuer: x509.Certificate
) -> bytes:
    """Return the hash of the key's BIT STRING, which the request builder alone computes for every kind of key."""
    return ocsp.OCSPRequestBuilder().add_certificate(issuer, issuer, algorithm).build().issuer_key_hash


def _build(
    question: OcspQuestion, own: OwnCertificate, certificate: Certificate | None, now: datetime
) -> ocsp.OCSPResponseBuilder:
    responder = _load_certificate(own.certificate)
    status, revoked_at, reason = _status(certificate)
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_hash(
            issuer_name_hash=question.issuer_name_hash,
            issuer_key_hash=question.issuer_key_hash,
            serial_number=question.serial,
            algorithm=question.hash_algorithm,
            cert_status=status,
            this_update=now,
            next_update=min(now + VALIDITY, own.not_after),
            revocation_time=revoked_at,
            revocation_reason=reason,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, responder)
        .certificates([responder])
    )
    return builder if question.nonce is None else builder.add_extension(question.nonce, critical=False)


def _status(certificate: Certificate | None) -> tuple[OCSPCertStatus, datetime | None, x509.ReasonFlags | None]:
    if certificate is None:
        return OCSPCertStatus.UNKNOWN, None, None
    if certificate.revocation is not None:
        return OCSPCertStatus.REVOKED, certificate.revocation.revoked_at, reason_flag(certificate.revocation.reason)
    if certificate.status is CertificateStatus.ISSUED:
        return OCSPCertStatus.GOOD, None, None
    return OCSPCertStatus.REVOKED, certificate.created_at, None


@lru_cache(maxsize=64)
def _load_certificate(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


def _refusal(status: OCSPResponseStatus) -> OcspAnswer:
    return OcspAnswer(der=ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER))
