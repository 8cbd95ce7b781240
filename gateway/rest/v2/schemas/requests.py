"""What a certificate is ordered with."""

from pydantic import Field

from gateway.rest.v2.schemas.base import Absent, Boolean, Integer, ProductReference, Schema
from gateway.rest.v2.schemas.recipients import AdditionalRecipient


class DNS(Schema):
    """A DNS name, and those that come with it."""

    dns: str
    include_base_domain_for_wildcard: Absent[Boolean] = None
    include_www_domain: Absent[Boolean] = None


class RequestDNS(Schema):
    """DNS names."""

    values: list[DNS] = Field(default=[])


class RequestRFC822(Schema):
    """E-mail addresses."""

    values: list[str]


class RequestUPN(Schema):
    """User principal names."""

    values: list[str]


class RequestIP(Schema):
    """IP addresses."""

    values: list[str]


class RequestRole(Schema):
    """A role."""

    value: str | None


class RequestDeviceSerialNumber(Schema):
    """A device's serial number."""

    value: str | None


class RequestScope(Schema):
    """A scope."""

    value: str | None


class RequestExtensions(Schema):
    """Names and other values of the certificate's extensions."""

    microsoft_security_identifier: str | None = None
    microsoft_policy_template_oid: str | None = None
    request_dns: RequestDNS = RequestDNS()
    request_rfc822: RequestRFC822 = RequestRFC822(values=[])
    request_upn: RequestUPN = RequestUPN(values=[])
    request_ip: RequestIP = RequestIP(values=[])
    request_role: RequestRole = RequestRole(value=None)
    request_device_serial_number: RequestDeviceSerialNumber = RequestDeviceSerialNumber(value=None)
    request_scope: RequestScope = RequestScope(value=None)


class RequestOverrides(Schema):
    """What the certificate shall contain beside, or in place of, what the CSR says.

    ``validity`` counts in the unit of the product's validity.
    """

    subject_dn: str | None = None
    validity: Integer | None = None
    request_extensions: RequestExtensions = RequestExtensions()


class RegistrationDocument(Schema):
    """A registration document in base64."""

    document_name: str
    document: str


class IssueRequest(Schema):
    """An order for a certificate."""

    product_reference: ProductReference
    csr: str | None = None
    overrides: RequestOverrides = RequestOverrides()
    additional_recipients: list[AdditionalRecipient] = Field(default=[])
    registration_documents: list[RegistrationDocument] = Field(default=[])
    tags: list[str] = Field(default=[])
    note: str | None = None
    publish_certificate: Absent[Boolean] = None
    synchrone: Boolean = False
    accept_tand_c: Boolean = True
    include_certificate_chain: Boolean = False
