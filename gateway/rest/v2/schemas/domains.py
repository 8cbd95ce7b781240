"""Pre-validated domains."""

from gateway.rest.v2.schemas.base import Absent, Boolean, DomainReference, Instant, Schema
from gateway.rest.v2.schemas.enumerations import ClientDomainValidationStatus


class ClientDNS(Schema):
    """A pre-validated domain of a Client, with the random value that shows control of it."""

    uuid: DomainReference
    domain: str
    domain_unicode: str
    validated: Boolean
    trusted_domain: Boolean
    time_validated: Instant | None = None
    validation_method: str
    random_value: str | None = None
    random_value_time_created: Absent[Instant] = None
    random_value_time_expire: Absent[Instant] = None
    validation_result: str | None = None
    time_expired: Instant | None = None
    expired: Boolean
    random_value_time_expired: Boolean
    status: Absent[ClientDomainValidationStatus] = None
