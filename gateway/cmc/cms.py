"""SignedData (RFC 5652 section 5) as CMC uses it: parsed strictly, verified by the key the caller has found.

Signed attributes are a must, their contentType and messageDigest are compared, and no other way leads to a verified
signer (rule 72): a signature over bare content could be one over attributes that somebody else presents as content.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from ca_core.certificates.decoding import reading
from ca_core.certificates.der_values import (
    OCTET_STRING,
    SET,
    algorithm_in,
    content_of,
    identifier_in,
    number_in,
    optional,
    tlv,
    values_in,
)
from ca_core.certificates.key_identifier import key_identifier
from ca_core.keys.signatures import HASHES, Signature, verify
from ca_core.model.errors import ErrorKind, TriviumError

DATA: Final = "1.2.840.113549.1.7.1"
SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
ENVELOPED_DATA: Final = "1.2.840.113549.1.7.3"
AUTHENTICATED_DATA: Final = "1.2.840.113549.1.9.16.1.2"
AUTH_ENVELOPED_DATA: Final = "1.2.840.113549.1.9.16.1.23"
_NO_SIGNATURE: Final = "1.3.6.1.5.5.7.6.2"
CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
SIGNING_TIME: Final = "1.2.840.113549.1.9.5"
_ALGORITHM_PROTECTION: Final = "1.2.840.113549.1.9.52"
_WITH_NAMED_DIGEST: Final = ("1.2.840.113549.1.1.", "1.2.840.10045.")
"""RSA and ECDSA, whose hash must be the SignerInfo's; Ed25519 and ML-DSA have their own."""
_TAG_0: Final = 0xA0
_TAG_1: Final = 0xA1
_KEY_IDENTIFIER: Final = 0x80
_MAX_SIGNERS: Final = 4
_MAX_CERTIFICATES: Final = 16
_WHAT: Final = "the SignedData"
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UserWarning,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What cryptography raises on certificates that are broken or beyond it, as found by mutating messages."""


@dataclass(frozen=True, kw_only=True)
class IssuerAndSerial:
    """A signer named by its certificate's issuer (a Name in DER) and serial number."""

    issuer: bytes
    serial: int


@dataclass(frozen=True, kw_only=True)
class KeyIdentifier:
    """A signer named by its subject key identifier."""

    value: bytes


SignerIdentifier = IssuerAndSerial | KeyIdentifier


@dataclass(frozen=True, kw_only=True)
class Signer:
    """A SignerInfo that nobody has verified; ``attributes`` are its signed attributes as the SET that is signed (DER).

    ``unsigned`` says that the signature is none (id-alg-noSignature): it shows that the content is whole and nothing
    about who sent it.
    """

    sid: SignerIdentifier
    digest: type[hashes.HashAlgorithm]
    signature: Signature
    attributes: bytes
    content_type: str
    message_digest: bytes
    signing_time: datetime | None
    unsigned: bool

    @property
    def uses_sha1(self) -> bool:
        """Whether SHA-1 is in it."""
        return self.digest is hashes.SHA1


@dataclass(frozen=True, kw_only=True)
class SignedMessage:
    """A SignedData that nobody has verified; ``certificates`` are those it carries (DER)."""

    content_type: str
    content: bytes
    certificates: tuple[bytes, ...]
    signers: tuple[Signer, ...]


def content_info(der: bytes) -> tuple[str, bytes]:
    """Return the type (dotted) and the content (DER) of a guarded ContentInfo; raises MALFORMED."""
    with reading("the CMS message"):
        kind, tagged = values_in(der)
        [content] = values_in(tagged, _TAG_0)
        return identifier_in(kind), content


def parse_signed(der: bytes) -> SignedMessage:
    """Parse a guarded SignedData; raises MALFORMED, BAD_ALGORITHM, and BAD_SIGNATURE without signed attributes."""
    with reading(_WHAT):
        version, digests, encapsulated, *rest, infos = values_in(der)
        number_in(version)  # which follows from what is in the message, and from which nothing follows
        values_in(digests, SET)  # each signer names his own
        bag, _crls = optional(rest, _TAG_0, _TAG_1)
        kind, *rest = values_in(encapsulated)
        [content] = optional(rest, _TAG_0)
        if content is None:
            raise _malformed("its content is detached; put it into the message")
        [octets] = values_in(content, _TAG_0)
        signers, certificates = values_in(infos, SET), [] if bag is None else values_in(bag, _TAG_0)
        if len(signers) > _MAX_SIGNERS or len(certificates) > _MAX_CERTIFICATES:
            raise _malformed(f"it has more than {_MAX_SIGNERS} signers or {_MAX_CERTIFICATES} certificates")
        return SignedMessage(
            content_type=identifier_in(kind),
            content=content_of(octets, OCTET_STRING),
            certificates=tuple(certificates),
            signers=tuple(_signer(signer) for signer in signers),
        )


def _signer(der: bytes) -> Signer:
    version, sid, digest_algorithm, *rest = values_in(der)
    number_in(version)  # which the form of the sid says, too
    digest_oid, _ = algorithm_in(digest_algorithm)
    digest = HASHES.get(digest_oid)
    if digest is None:
        raise TriviumError(ErrorKind.BAD_ALGORITHM, "The message's digest algorithm is not taken; use SHA-256.")
    if rest[0][0] != _TAG_0:
        raise TriviumError(
            ErrorKind.BAD_SIGNATURE, "The signer has no signed attributes; sign with contentType and messageDigest."
        )
    signed, algorithm, signature, *rest = rest
    optional(rest, _TAG_1)  # the unsigned attributes, which say nothing
    attributes = _attributes(signed)
    oid, _ = algorithm_in(algorithm)
    _check_protection(attributes.get(_ALGORITHM_PROTECTION), digest_oid, oid)
    return Signer(
        sid=_identifier(sid),
        digest=digest,
        signature=Signature(
            algorithm=algorithm,
            value=content_of(signature, OCTET_STRING),
            digest=digest if oid.startswith(_WITH_NAMED_DIGEST) else None,
        ),
        # What is signed is the SET OF, not the [0] that stands in the message (RFC 5652 section 5.4).
        attributes=tlv(SET, content_of(signed, _TAG_0)),
        content_type=identifier_in(_required(attributes, CONTENT_TYPE, "contentType")),
        message_digest=content_of(_required(attributes, MESSAGE_DIGEST, "messageDigest"), OCTET_STRING),
        signing_time=_moment(attributes[SIGNING_TIME]) if SIGNING_TIME in attributes else None,
        unsigned=oid == _NO_SIGNATURE,
    )


def _identifier(sid: bytes) -> SignerIdentifier:
    if sid[0] == _KEY_IDENTIFIER:
        return KeyIdentifier(value=content_of(sid, _KEY_IDENTIFIER))
    issuer, serial = values_in(sid)
    return IssuerAndSerial(issuer=issuer, serial=number_in(serial))


def _moment(der: bytes) -> datetime:
    value = cms.Time.load(der, strict=True).native
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise _malformed("its signingTime has no time zone, or no year")
    return value


def _attributes(signed: bytes) -> dict[str, bytes]:
    """Return the one value of each signed attribute; raises BAD_SIGNATURE when one is there twice (rule 72)."""
    found: dict[str, bytes] = {}
    for attribute in values_in(signed, _TAG_0):
        kind, of_kind = values_in(attribute)
        oid, values = identifier_in(kind), values_in(of_kind, SET)
        if oid in found or len(values) != 1:
            raise TriviumError(
                ErrorKind.BAD_SIGNATURE, f"The signed attribute {oid} must be there once, with one value."
            )
        [found[oid]] = values
    return found


def _required(attributes: dict[str, bytes], oid: str, name: str) -> bytes:
    if oid not in attributes:
        raise TriviumError(ErrorKind.BAD_SIGNATURE, f"The signed attributes lack {name}.")
    return attributes[oid]


def _check_protection(protection: bytes | None, digest: str, signature: str) -> None:
    """RFC 6211 section 2: the algorithms in the attribute are the SignerInfo's."""
    if protection is None:
        return
    of_digest, of_signature = values_in(protection)
    if (algorithm_in(of_digest)[0], algorithm_in(of_signature, _TAG_1)[0]) != (digest, signature):
        raise TriviumError(
            ErrorKind.BAD_SIGNATURE, "The attribute cmsAlgorithmProtection names other algorithms than the signer's."
        )


def certificate_of(message: SignedMessage, sid: SignerIdentifier) -> x509.Certificate | None:
    """Return the certificate of the message that the signer names; None when it carries none that fits."""
    for der in message.certificates:
        try:
            certificate = x509.load_der_x509_certificate(der)
            fits = _fits(certificate, sid)
        except _UNREADABLE:
            continue  # a certificate that cannot be read is nobody's here
        if fits:
            return certificate
    return None


def _fits(certificate: x509.Certificate, sid: SignerIdentifier) -> bool:
    match sid:
        case IssuerAndSerial(issuer=issuer, serial=serial):
            return certificate.serial_number == serial and certificate.issuer.public_bytes() == issuer
        case KeyIdentifier(value=value):
            return key_identifier(certificate) == value


def public_key(certificate: x509.Certificate) -> PublicKeyTypes:
    """Return the key of a certificate that came with a message; raises BAD_ALGORITHM for one that is unknown here."""
    try:
        return certificate.public_key()
    except _UNREADABLE as error:
        raise TriviumError(
            ErrorKind.BAD_ALGORITHM, "The signer's key is of a type or on a curve that is not taken; use P-256 or RSA."
        ) from error


def verify_signer(message: SignedMessage, signer: Signer, key: PublicKeyTypes, *, sha1: bool) -> None:
    """Verify a signer of the message under ``key`` (rule 72); ``sha1`` takes SHA-1 too.

    Raises BAD_SIGNATURE, and BAD_ALGORITHM for what is not taken.
    """
    if signer.uses_sha1 and not sha1:
        raise TriviumError(
            ErrorKind.BAD_ALGORITHM, "The message uses SHA-1, for which this client has no permission; use SHA-256."
        )
    _check_content(message, signer)
    verify(key, signer.signature, signer.attributes, sha1=sha1)


def verify_unsigned(message: SignedMessage, signer: Signer) -> None:
    """Check a signer without a signature: the "signature" is the digest of the attributes (RFC 10002 C.1).

    Alone it must be named by a key identifier; beside another signer Windows writes the issuer "Dummy Signer". Raises
    BAD_SIGNATURE.
    """
    _check_content(message, signer)
    if not signer.unsigned or (len(message.signers) == 1 and not isinstance(signer.sid, KeyIdentifier)):
        raise TriviumError(ErrorKind.BAD_SIGNATURE, "Without a signature, the signer is named by a key identifier.")
    if not hmac.compare_digest(signer.signature.value, _digest(signer.digest, signer.attributes)):
        raise TriviumError(ErrorKind.BAD_SIGNATURE, "The digest in the place of the signature is not the message's.")


def _check_content(message: SignedMessage, signer: Signer) -> None:
    if signer.content_type != message.content_type:
        raise TriviumError(ErrorKind.BAD_SIGNATURE, "The signed contentType is not that of the content.")
    if not hmac.compare_digest(signer.message_digest, _digest(signer.digest, message.content)):
        raise TriviumError(ErrorKind.BAD_SIGNATURE, "The content is not what was signed: its digest is another.")


def _digest(kind: type[hashes.HashAlgorithm], data: bytes) -> bytes:
    digest = hashes.Hash(kind())
    digest.update(data)
    return digest.finalize()


def _malformed(why: str) -> TriviumError:
    return TriviumError(ErrorKind.MALFORMED, f"The SignedData cannot be taken: {why}.")
