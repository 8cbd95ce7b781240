"""What people attach to an order: additional recipients of its mail, comments, registration documents.

None of it reaches the certificate. Tags, which are words to find an order by, are the order's own.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RecipientType(StrEnum):
    """Which mail about an order an additional recipient gets."""

    DNS_OWNER_CHECK_EMAIL_LINK = "DNS_OWNER_CHECK_EMAIL_LINK"
    DNS_CAB = "DNS_CAB"
    ISSUANCE = "ISSUANCE"
    REVOCATION = "REVOCATION"
    RENEWAL = "RENEWAL"
    RECOVERY = "RECOVERY"
    AUTHORIZATION = "AUTHORIZATION"
    AUTHORIZATION_ACCEPTED = "AUTHORIZATION_ACCEPTED"
    AUTHORIZATION_REJECTED = "AUTHORIZATION_REJECTED"


class RecipientLanguage(StrEnum):
    """The language of a recipient's mail; NEUTRAL is the installation's."""

    NEUTRAL = "NEUTRAL"
    EN = "EN"
    FR = "FR"
    DE = "DE"


@dataclass(frozen=True, kw_only=True)
class AdditionalRecipient:
    """Somebody who gets one kind of mail about an order, by his address (an addr-spec of RFC 5322)."""

    email: str
    recipient_type: RecipientType
    language: RecipientLanguage = RecipientLanguage.NEUTRAL


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment (``cmt-``) that other operators of the Client read; ``author`` is the actor's name in the audit log."""

    id: str
    order_id: str
    client_id: str
    author: str
    created_at: datetime
    text: str


class DocumentType(StrEnum):
    """What a registration document may be, told by its content; the values are media types."""

    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"


@dataclass(frozen=True, kw_only=True)
class OfferedDocument:
    """A registration document as it comes in: nothing of it has been looked at."""

    name: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class RegistrationDocument:
    """A registration document (``doc-``) without its content: ``size`` in bytes, ``digest`` its SHA-256 (hex)."""

    id: str
    order_id: str
    client_id: str
    name: str
    type: DocumentType
    size: int
    digest: str
    added_by: str
    created_at: datetime
