"""What is said in a PKIData (RFC 10002 section 3.2), before any program has encoded it: controls and requests."""

import itertools
import secrets
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

_ids = itertools.count(1000)


class ControlType(IntEnum):
    """The last arc of a control's type below id-cmc (1.3.6.1.5.5.7.7), by the names of RFC 10002."""

    STATUS_INFO = 1
    IDENTIFICATION = 2
    IDENTITY_PROOF = 3
    DATA_RETURN = 4
    TRANSACTION_ID = 5
    SENDER_NONCE = 6
    RECIPIENT_NONCE = 7
    ADD_EXTENSIONS = 8
    ENCRYPTED_POP = 9
    DECRYPTED_POP = 10
    LRA_POP_WITNESS = 11
    GET_CERT = 15
    GET_CRL = 16
    REVOKE_REQUEST = 17
    REG_INFO = 18
    RESPONSE_INFO = 19
    QUERY_PENDING = 21
    POP_LINK_RANDOM = 22
    POP_LINK_WITNESS = 23
    CONFIRM_CERT_ACCEPTANCE = 24
    STATUS_INFO_V2 = 25
    TRUSTED_ANCHORS = 26
    AUTH_DATA = 27
    BATCH_REQUESTS = 28
    BATCH_RESPONSES = 29
    PUBLISH_CERT = 30
    MOD_CERT_TEMPLATE = 31
    CONTROL_PROCESSED = 32
    POP_LINK_WITNESS_V2 = 33
    IDENTITY_PROOF_V2 = 34
    RA_IDENTITY_WITNESS = 35
    CHANGE_SUBJECT_NAME = 36
    RESPONSE_BODY = 37

    @property
    def oid(self) -> str:
        """The type in dotted form."""
        return f"1.3.6.1.5.5.7.7.{self.value}"


@dataclass(frozen=True, kw_only=True)
class Octets:
    """An OCTET STRING."""

    value: bytes


@dataclass(frozen=True, kw_only=True)
class Number:
    """An INTEGER."""

    value: int


@dataclass(frozen=True, kw_only=True)
class Text:
    """A UTF8String."""

    value: str


@dataclass(frozen=True, kw_only=True)
class Witness:
    """The ``witness`` of IdentityProofV2 or PopLinkWitnessV2, under SHA-256 and HMAC with SHA-256."""

    value: bytes


@dataclass(frozen=True, kw_only=True)
class Revocation:
    """A RevokeRequest; ``issuer`` is a Name in DER."""

    issuer: bytes
    serial: int
    reason: int = 1
    passphrase: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class CertificateId:
    """An issuer (a Name in DER) and a serial number: GetCert and CMCCertId, each as the client writes it."""

    issuer: bytes
    serial: int


@dataclass(frozen=True, kw_only=True)
class CrlId:
    """GetCRL; ``issuer`` is a Name in DER."""

    issuer: bytes


@dataclass(frozen=True, kw_only=True)
class PopWitness:
    """LraPopWitness: the requests whose possession an RA vouches for."""

    body_ids: tuple[int, ...]
    pki_data: int = 0


@dataclass(frozen=True, kw_only=True)
class Der:
    """A value that is encoded already."""

    value: bytes


Value = Octets | Number | Text | Witness | Revocation | CertificateId | CrlId | PopWitness | Der


@dataclass(frozen=True, kw_only=True)
class Control:
    """A TaggedAttribute with one value; ``oid`` is its type in dotted form, ``id`` its bodyPartID."""

    oid: str
    value: Value
    id: int = field(default_factory=lambda: next(_ids))


@dataclass(frozen=True, kw_only=True)
class Pkcs10:
    """A PKCS #10 request (DER)."""

    id: int
    der: bytes


@dataclass(frozen=True, kw_only=True)
class Crmf:
    """A CertReqMsg (DER); its certReqId is the body part id."""

    der: bytes


@dataclass(frozen=True, kw_only=True)
class OtherRequest:
    """An orm of a type that no server knows."""

    id: int
    oid: str = "1.2.3.4.5"


Request = Pkcs10 | Crmf | OtherRequest


@dataclass(frozen=True, kw_only=True)
class Message:
    """A PKIData; ``contents`` are ContentInfos (DER) that nothing refers to."""

    controls: tuple[Control, ...] = ()
    requests: tuple[Request, ...] = ()
    contents: tuple[bytes, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Credential:
    """Who signs: certificate and key, PEM files."""

    certificate: Path
    key: Path


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A shared secret and its identification."""

    identification: str
    value: bytes


def control(kind: ControlType, value: Value) -> Control:
    """Return a control of RFC 10002 with a body part id that no other has."""
    return Control(oid=kind.oid, value=value)


def nonce(size: int = 16) -> Control:
    """Return a fresh senderNonce of ``size`` bytes."""
    return control(ControlType.SENDER_NONCE, Octets(value=secrets.token_bytes(size)))
