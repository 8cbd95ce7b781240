"""Replies in CMS: the signed Full PKI Response, and the Simple one, which is nothing but certificates and CRLs.

Written by hand: a generic encoder takes far longer than the signature.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat import asn1

from ca_core.certificates.der_values import OCTET_STRING, SET, integer, object_identifier, sequence, set_of, tlv
from ca_core.certificates.throwaway import throwaway_key
from ca_core.keys.signer import Signer
from ca_core.model.issuers import OwnCertificate
from gateway.cmc import oids
from gateway.cmc.cms import CONTENT_TYPE, DATA, MESSAGE_DIGEST, SIGNED_DATA, SIGNING_TIME

_SHA256: Final = bytes.fromhex("300d06096086480165030402010500")
"""The AlgorithmIdentifier of the digest."""

_TAG_0: Final = 0xA0
_TAG_1: Final = 0xA1


async def sign(
    content: bytes,
    *,
    signer: Signer,
    own: OwnCertificate,
    now: datetime,
    certificates: Iterable[bytes] = (),
    crls: Iterable[bytes] = (),
) -> bytes:
    """Return a PKIResponse (DER) in a SignedData by the CMC responder (RFC 10002 section 4.2).

    The bag holds ``certificates`` and ``crls`` (DER), and the responder's own certificate with those above it. Raises
    UNAVAILABLE when the responder's key does not answer.
    """
    certificate = x509.load_der_x509_certificate(own.certificate)
    attributes = [
        _attribute(CONTENT_TYPE, object_identifier(oids.CCT_PKI_RESPONSE)),
        _attribute(MESSAGE_DIGEST, tlv(OCTET_STRING, hashlib.sha256(content).digest())),
        _attribute(SIGNING_TIME, asn1.encode_der(asn1.UTCTime(now.replace(microsecond=0)))),
    ]
    signature = await signer.sign(set_of(attributes))
    info = sequence(
        integer(1),
        sequence(certificate.issuer.public_bytes(), integer(certificate.serial_number)),
        _SHA256,
        set_of(attributes, _TAG_0),
        throwaway_key(signer.public_key).signature_algorithm,
        tlv(OCTET_STRING, signature),
    )
    return _signed_data(
        version=3,
        digests=[_SHA256],
        encapsulated=sequence(object_identifier(oids.CCT_PKI_RESPONSE), tlv(_TAG_0, tlv(OCTET_STRING, content))),
        certificates=[*certificates, own.certificate, *own.chain],
        crls=crls,
        infos=[info],
    )


def certs_only(certificates: Iterable[bytes], crls: Iterable[bytes] = ()) -> bytes:
    """Return a Simple PKI Response (RFC 10002 section 4.1): a SignedData without content and signers (DER)."""
    return _signed_data(
        version=1,
        digests=[],
        encapsulated=sequence(object_identifier(DATA)),
        certificates=certificates,
        crls=crls,
        infos=[],
    )


def _signed_data(
    *,
    version: int,
    digests: Iterable[bytes],
    encapsulated: bytes,
    certificates: Iterable[bytes],
    crls: Iterable[bytes],
    infos: Iterable[bytes],
) -> bytes:
    """Return a SignedData (RFC 5652 section 5.1) in its ContentInfo."""
    revoked = set(crls)
    signed = sequence(
        integer(version),
        set_of(digests),
        encapsulated,
        set_of(set(certificates), _TAG_0),
        set_of(revoked, _TAG_1) if revoked else b"",
        set_of(infos),
    )
    return sequence(object_identifier(SIGNED_DATA), tlv(_TAG_0, signed))


def _attribute(oid: str, value: bytes) -> bytes:
    return sequence(object_identifier(oid), tlv(SET, value))
