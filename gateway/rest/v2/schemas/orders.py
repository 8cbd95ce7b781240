"""Orders, their tasks, and what they are searched by."""

from pydantic import Field

from ca_core.model.jobs import JobType
from gateway.rest.v2.schemas.base import (
    Absent,
    Boolean,
    ClientReference,
    Email,
    Instant,
    Integer,
    JobReference,
    OrderReference,
    ProductReference,
    Schema,
)
from gateway.rest.v2.schemas.certificates import Certificate
from gateway.rest.v2.schemas.enumerations import CertificateOrderStatus, JobStatus, WantedReason, WantedStatus
from gateway.rest.v2.schemas.recipients import AdditionalRecipient


class CertificateOrder(Schema):
    """An order; ``certificate_chain`` is DER in base64, leaf first."""

    uuid: OrderReference
    created_on: Instant
    status: CertificateOrderStatus
    client_reference: ClientReference
    product_reference: ProductReference
    certificate: Absent[Certificate] = None
    certificate_chain: Absent[list[str | None]] = None
    tags: Absent[list[str]] = None
    additional_recipients: Absent[list[AdditionalRecipient]] = None
    issued_by: Absent[Email] = None


class CertificateOrders(Schema):
    """A page of orders."""

    draw: Integer
    records_filtered: Integer
    records_total: Integer
    data: list[CertificateOrder]


class CertificateOrderTask(Schema):
    """A job of an order."""

    uuid: JobReference
    time_created: Instant | None = None
    time_scheduled: Instant | None = None
    time_started: Instant | None = None
    time_finished: Instant | None = None
    status: JobStatus
    type: JobType
    number_of_executions: Integer
    response: str | None = None
    error: str | None = None


class SearchCertificateOrder(Schema):
    """What orders are searched by; what is left out, or empty, is anything."""

    order_reference: OrderReference | None = None
    serial_number: str | None = None
    order_status: list[WantedStatus] = Field(default=[])
    revocation_reason: list[WantedReason] = Field(default=[])
    client_references: list[ClientReference] = Field(default=[])
    start_after: Instant | None = None
    start_before: Instant | None = None
    attribute: str | None = None
    include_certificate_chain: Boolean | None = None
    tags: list[str] = Field(default=[])
