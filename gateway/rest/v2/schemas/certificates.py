"""Certificates and their revocation."""

from typing import Annotated, Literal

from gateway.rest.v2.schemas.base import Absent, Email, Instant, Schema, any_spelling
from gateway.rest.v2.schemas.enumerations import RevocationReason

_REASONS = ("UNUSED", "KEY_COMPROMISE", "AFFILIATION_CHANGED", "SUPERSEDED", "CESSATION_OF_OPERATION")


class RevocationRequest(Schema):
    """One certificate to be revoked: by its serial (hex) and its issuer's name."""

    serial_number: str
    revocation_reason: Annotated[
        Literal["UNUSED", "KEY_COMPROMISE", "AFFILIATION_CHANGED", "SUPERSEDED", "CESSATION_OF_OPERATION"],
        any_spelling(*_REASONS),
    ]
    issuer_name: str
    revocation_requestor: str | None = None


class RevocationStatus(Schema):
    """When, why and by whom a certificate was revoked."""

    revoked_on: Instant
    reason: RevocationReason
    revoked_by: Email
    revocation_requestor: str | None = None


class Certificate(Schema):
    """A certificate; ``serial`` is hex, ``certificate`` is DER in base64."""

    subject: str
    issuer: str
    serial: str
    start_validity: Instant
    end_validity: Instant
    certificate: str
    revocation_status: Absent[RevocationStatus] = None
