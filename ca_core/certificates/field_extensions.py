"""Extensions that come from an order's fields: Microsoft's, for logon and certificate templates (MS-WCCE 2.2.2.7)."""

from collections.abc import Iterable, Iterator
from typing import Final

from cryptography import x509

from ca_core.certificates.der_values import OCTET_STRING, UTF8_STRING, tlv
from ca_core.model.fields import FieldName, FieldValue

_USER_PRINCIPAL_NAME: Final = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
_SECURITY_EXTENSION: Final = x509.ObjectIdentifier("1.3.6.1.4.1.311.25.2")
_OBJECT_SID: Final = x509.ObjectIdentifier("1.3.6.1.4.1.311.25.2.1")


def other_names(fields: Iterable[FieldValue]) -> list[x509.OtherName]:
    """Return the entries of the subjectAltName that are fields: user principal names."""
    return [
        x509.OtherName(_USER_PRINCIPAL_NAME, tlv(UTF8_STRING, field.value.encode()))
        for field in fields
        if field.name is FieldName.USER_PRINCIPAL_NAME
    ]


def field_extensions(fields: Iterable[FieldValue]) -> Iterator[x509.ExtensionType]:
    """Yield the extensions that carry one field each."""
    for field in fields:
        if field.name is FieldName.MICROSOFT_SECURITY_IDENTIFIER:
            sid = x509.OtherName(_OBJECT_SID, tlv(OCTET_STRING, field.value.encode()))
            yield x509.UnrecognizedExtension(_SECURITY_EXTENSION, x509.SubjectAlternativeName([sid]).public_bytes())
        elif field.name is FieldName.MICROSOFT_POLICY_TEMPLATE_OID:
            yield x509.MSCertificateTemplate(x509.ObjectIdentifier(field.value), None, None)
