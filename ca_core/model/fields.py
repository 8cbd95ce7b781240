"""Fields: the subject attributes and extension values that a product asks for, and what an order says of them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ca_core.model.identifiers import IdentifierType


class FieldName(StrEnum):
    """What can be a field: attributes of the subject, names of the subjectAltName, values of other extensions.

    The spelling is that of X.520 and RFC 5280, and of the published API for the extensions of Microsoft.
    """

    COMMON_NAME = "commonName"
    GIVEN_NAME = "givenName"
    SURNAME = "surname"
    PSEUDONYM = "pseudonym"
    TITLE = "title"
    EMAIL_ADDRESS = "emailAddress"
    SERIAL_NUMBER = "serialNumber"
    ORGANIZATION_NAME = "organizationName"
    ORGANIZATIONAL_UNIT_NAME = "organizationalUnitName"
    ORGANIZATION_IDENTIFIER = "organizationIdentifier"
    STREET_ADDRESS = "streetAddress"
    LOCALITY_NAME = "localityName"
    STATE_OR_PROVINCE_NAME = "stateOrProvinceName"
    POSTAL_CODE = "postalCode"
    COUNTRY_NAME = "countryName"
    DNS_NAME = "dNSName"
    IP_ADDRESS = "iPAddress"
    RFC822_NAME = "rfc822Name"
    USER_PRINCIPAL_NAME = "userPrincipalName"
    MICROSOFT_SECURITY_IDENTIFIER = "microsoftSecurityIdentifier"
    MICROSOFT_POLICY_TEMPLATE_OID = "microsoftPolicyTemplateOID"

    @property
    def identifies(self) -> bool:
        """Whether its values are the order's identifiers, which every product of the kind asks for."""
        return self in _IDENTIFIERS

    @property
    def extends(self) -> bool:
        """Whether it is a value of an extension; the others that identify nothing are attributes of the subject."""
        return self in _EXTENSIONS


IDENTIFIER_FIELDS: Final = {
    IdentifierType.DNS: FieldName.DNS_NAME,
    IdentifierType.IP: FieldName.IP_ADDRESS,
    IdentifierType.EMAIL: FieldName.RFC822_NAME,
}
"""The field that each type of identifier is."""

_IDENTIFIERS: Final = frozenset(IDENTIFIER_FIELDS.values())
_EXTENSIONS: Final = frozenset(
    {
        FieldName.USER_PRINCIPAL_NAME,
        FieldName.MICROSOFT_SECURITY_IDENTIFIER,
        FieldName.MICROSOFT_POLICY_TEMPLATE_OID,
    }
)


@dataclass(frozen=True, kw_only=True)
class FieldValue:
    """What an order says of a field."""

    name: FieldName
    value: str


@dataclass(frozen=True, kw_only=True)
class FieldPolicy:
    """One field of a product. Only what has such a row can come into a certificate.

    ``visible``: requesters are shown it. ``editable``: they may set it; what is not has its ``default`` for a fixed
    value. ``mandatory``: an order without a value is refused. ``pattern`` is a regular expression that the whole value
    matches; empty takes any.
    """

    name: FieldName
    visible: bool = True
    editable: bool = True
    mandatory: bool = False
    default: str = ""
    pattern: str = ""
