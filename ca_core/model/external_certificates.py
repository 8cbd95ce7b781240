"""Certificates of another CA, such as an earlier PKI: a Client keeps them in view until they end."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class ExternalCertificate:
    """A certificate (``ext-``) that was imported: never issued, revoked or published here.

    ``fingerprint`` is SHA-256 of ``der`` in hexadecimal, and unique for a Client; ``serial`` is hexadecimal, too.
    ``subject`` and ``issuer`` are written as RFC 4514 has it, ``names`` are the subjectAltName with their types
    (``dNSName: www.example.com``). What they say is the other CA's word.
    """

    id: str
    client_id: str
    fingerprint: str
    serial: str
    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    der: bytes
    imported_at: datetime
    imported_by: str
