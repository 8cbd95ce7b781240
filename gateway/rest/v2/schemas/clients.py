"""Clients and their products."""

from typing import Literal

from gateway.rest.v2.schemas.base import Absent, Boolean, ClientReference, Instant, Integer, ProductReference, Schema
from gateway.rest.v2.schemas.enumerations import KeyType


class ProductValidity(Schema):
    """How long certificates of a product are valid."""

    validity_type: Literal["YEARS", "MONTHS", "DAYS", "HOURS", "MINUTES", "SECONDS"]
    validity: Integer | None = None
    validity_options: Absent[list[Integer]] = None


class Product(Schema):
    """What can be ordered."""

    uuid: ProductReference
    product_name: Absent[str] = None
    product_description: str | None = None
    key_generation_type: Literal[
        "PKCS10", "PKCS12", "PKCS12withPIN", "PKCS12withCAPIN", "PKCS10or12withPIN", "PKCS10or12withCAPIN", "HSM", "CNG"
    ]
    key_type: KeyType
    issuance_notification: Boolean
    revocation_notification: Boolean
    authorization: Boolean
    renewal_rule: Boolean
    publish_certificate: Boolean
    client_publish_certificate_override: Boolean
    client_publish_certificate_override_default: Boolean
    expiration_date: Instant | None = None
    allow_additional_issuance_notification_recipients: Boolean
    allow_additional_revocation_notification_recipients: Boolean
    allow_additional_renewal_notification_recipients: Boolean
    allow_additional_authorization_notification_recipients: Boolean
    allow_additional_authorization_accepted_notification_recipients: Boolean
    allow_additional_authorization_rejected_notification_recipients: Boolean
    is_cab_dns_validation_required: Boolean
    allow_additional_cab_dns_notification_recipients: Boolean
    is_cab_dns_email_link_validation_required: Boolean
    is_email_box_validation_required: Boolean
    requires_registration_documents: Boolean
    requires_registration_documents_on_register: Boolean
    allow_registration_documents_pdf: Boolean
    allow_registration_documents_jpg: Boolean
    is_generate_revocation_code: Boolean
    product_validity: Absent[ProductValidity] = None


class Client(Schema):
    """A Client with what it can order."""

    uuid: ClientReference
    name: str
    description: str | None = None
    products: Absent[list[Product]] = None


class Clients(Schema):
    """A page of Clients."""

    draw: Integer
    records_filtered: Integer
    records_total: Integer
    data: list[Client]
