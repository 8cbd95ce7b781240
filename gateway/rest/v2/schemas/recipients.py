"""Additional recipients of an order's mail."""

from typing import Annotated, Literal, get_args

from gateway.rest.v2.schemas.base import Schema, any_spelling

_RecipientType = Literal[
    "DNS_OWNER_CHECK_EMAIL_LINK",
    "DNS_CAB",
    "ISSUANCE",
    "REVOCATION",
    "RENEWAL",
    "RECOVERY",
    "AUTHORIZATION",
    "AUTHORIZATION_ACCEPTED",
    "AUTHORIZATION_REJECTED",
]
_Language = Literal["NEUTRAL", "EN", "FR", "DE"]


class AdditionalRecipient(Schema):
    """Somebody who gets one kind of mail about an order."""

    email: str
    recipient_type: Annotated[_RecipientType, any_spelling(*get_args(_RecipientType))]
    language: Annotated[_Language, any_spelling(*get_args(_Language))]
