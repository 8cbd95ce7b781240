"""Subjects: the values of fields as attributes of a distinguished name, and which values they can have (RFC 5280)."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from ca_core.model.fields import FieldName, FieldValue

_BOUNDS: Final = {
    FieldName.COUNTRY_NAME: (NameOID.COUNTRY_NAME, 2),
    FieldName.STATE_OR_PROVINCE_NAME: (NameOID.STATE_OR_PROVINCE_NAME, 128),
    FieldName.LOCALITY_NAME: (NameOID.LOCALITY_NAME, 128),
    FieldName.POSTAL_CODE: (NameOID.POSTAL_CODE, 40),
    FieldName.STREET_ADDRESS: (NameOID.STREET_ADDRESS, 128),
    FieldName.ORGANIZATION_NAME: (NameOID.ORGANIZATION_NAME, 64),
    FieldName.ORGANIZATION_IDENTIFIER: (NameOID.ORGANIZATION_IDENTIFIER, 64),
    FieldName.ORGANIZATIONAL_UNIT_NAME: (NameOID.ORGANIZATIONAL_UNIT_NAME, 64),
    FieldName.TITLE: (NameOID.TITLE, 64),
    FieldName.SURNAME: (NameOID.SURNAME, 64),
    FieldName.GIVEN_NAME: (NameOID.GIVEN_NAME, 64),
    FieldName.PSEUDONYM: (NameOID.PSEUDONYM, 64),
    FieldName.SERIAL_NUMBER: (NameOID.SERIAL_NUMBER, 64),
    FieldName.COMMON_NAME: (NameOID.COMMON_NAME, 64),
    FieldName.EMAIL_ADDRESS: (NameOID.EMAIL_ADDRESS, 255),
}
"""Attribute types in the order of the subject, and the upper bounds of RFC 5280 appendix A.1, in characters."""

_OIDS: Final = {name: oid for name, (oid, _) in _BOUNDS.items()}
_NAMES: Final = {oid: name for name, oid in _OIDS.items()}
_ORDER: Final = {name: position for position, name in enumerate(_BOUNDS)}
_MAX_EXTENSION_VALUE: Final = 255

_FORMS: Final = {
    FieldName.COUNTRY_NAME: (re.compile(r"[A-Z]{2}"), "two capital letters, as in ISO 3166"),
    FieldName.SERIAL_NUMBER: (re.compile(r"[A-Za-z0-9 '()+,\-./:=?]+"), "letters, digits, spaces and '()+,-./:=?"),
    FieldName.EMAIL_ADDRESS: (
        re.compile(r"[!-?A-~]+@[a-z0-9.-]+"),
        "a mail address in ASCII, its domain in lower case",
    ),
    FieldName.USER_PRINCIPAL_NAME: (re.compile(r"[^\s@]+@[^\s@]+"), "a user principal name, such as user@example.com"),
    FieldName.MICROSOFT_SECURITY_IDENTIFIER: (
        re.compile(r"S-1(-[0-9]{1,15}){2,15}"),
        "a SID, such as S-1-5-21-1-2-3-4",
    ),
    FieldName.MICROSOFT_POLICY_TEMPLATE_OID: (
        re.compile(r"[0-2](\.(0|[1-9][0-9]{0,15})){2,30}"),
        "an object identifier in dotted form",
    ),
}
_REFUSED_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Control and format characters, such as NUL and those that turn the direction of writing, and what means nothing."""

_ALIKE: Final = ("LATIN", "CYRILLIC", "GREEK")
"""Scripts with letters that look alike: no word has letters of two of them."""


def subject_name(fields: Iterable[FieldValue]) -> x509.Name:
    """Return the subject that the fields make, always in the same order; the other fields are left out."""
    attributes = sorted((field for field in fields if field.name in _ORDER), key=lambda field: _ORDER[field.name])
    return x509.Name([x509.NameAttribute(_OIDS[field.name], field.value) for field in attributes])


def fields_of(subject: x509.Name) -> tuple[FieldValue, ...]:
    """Return what a requested subject says, attributes that cannot be fields left out; of repeated ones the first."""
    found: dict[FieldName, str] = {}
    for attribute in subject:
        name = _NAMES.get(attribute.oid)
        if name is not None and isinstance(attribute.value, str):
            found.setdefault(name, attribute.value)
    return tuple(FieldValue(name=name, value=value) for name, value in found.items())


def fault_of(field: FieldValue) -> str | None:
    """Say how a value of the field must be, where this one is not so (abuse 24); None where nothing is wrong."""
    name, value = field.name, field.value
    _, bound = _BOUNDS.get(name, (None, _MAX_EXTENSION_VALUE))
    if not value or len(value) > bound:
        return f"has 1 to {bound} characters"
    if value != value.strip() or any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in value):
        return "has no spaces at its ends, and no control or format characters"
    if unicodedata.normalize("NFC", value) != value:
        return "is written in composed Unicode (NFC)"
    if any(_mixes_scripts(word) for word in value.split()):
        return "mixes no Latin, Cyrillic or Greek letters in a word"
    form, described = _FORMS.get(name, (None, ""))
    if form is not None and not form.fullmatch(value):
        return f"is {described}"
    return None


def _mixes_scripts(word: str) -> bool:
    if word.isascii():
        return False
    scripts = {unicodedata.name(letter, "").split(" ")[0] for letter in word if letter.isalpha()}
    return len(scripts.intersection(_ALIKE)) > 1
