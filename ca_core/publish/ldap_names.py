"""Filters and distinguished names for LDAP: templates, whose fields are filled with escaped values (abuse 61)."""

import re
from collections.abc import Callable
from typing import Final

from ca_core.publish.directory import Person

FIELDS: Final = ("mail", "local", "domain", "cn")
"""What a template can name: the e-mail address, its parts before and behind the at sign, the common name."""

MAX_TIMEOUT: Final = 4
"""Seconds: connecting, StartTLS, bind, search, add and modify, one after the other, must end within a job's lease."""

_FIELD: Final = re.compile(r"\{([^{}]*)\}")
_RDN: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]*)=((?:[^,\\]|\\.)*)")
_DN_SPECIAL: Final = frozenset('"+,;<>\\=')
_PLAIN_IN_FILTERS: Final = frozenset(range(0x20, 0x7F)) - frozenset(b"*()\\")


def escape_dn_value(value: str) -> str:
    """Return ``value`` as an attribute value of a distinguished name (RFC 4514 section 2.4)."""
    last = len(value) - 1
    return "".join(_in_dn(character, first=at == 0, last=at == last) for at, character in enumerate(value))


def escape_filter_value(value: str) -> str:
    """Return ``value`` as an assertion value of a filter (RFC 4515 section 3), whatever is not plain ASCII escaped."""
    return "".join(chr(octet) if octet in _PLAIN_IN_FILTERS else f"\\{octet:02x}" for octet in value.encode())


def fill(template: str, person: Person, escape: Callable[[str], str] = str) -> str:
    """Return the template with its fields filled in, each escaped; what a value looks like is never read again."""
    local, _, domain = person.mail.rpartition("@")
    values = {"mail": person.mail, "local": local, "domain": domain, "cn": person.common_name}
    return _FIELD.sub(lambda field: escape(values[field[1]]), template)


def check_template(template: str) -> str:
    """Return ``template``; raises ValueError with a sentence when it names a field that there is not, or none."""
    names = _FIELD.findall(template)
    if not names or not set(names) <= set(FIELDS) or "{" in _FIELD.sub("", template) or "}" in _FIELD.sub("", template):
        raise ValueError(f"write at least one of {', '.join(f'{{{name}}}' for name in FIELDS)}, and no other braces")
    return template


def first_rdn(template: str) -> tuple[str, str]:
    """Return attribute type and value template of the first RDN; raises ValueError when it has not exactly one."""
    found = _RDN.match(template)
    if found is None or "+" in found[2]:
        raise ValueError("begin with one attribute and its value, such as mail={mail}")
    return found[1], found[2].strip()


def _in_dn(character: str, *, first: bool, last: bool) -> str:
    if character in _DN_SPECIAL or (character == "#" and first) or (character == " " and (first or last)):
        return f"\\{character}"
    if character < " " or character == "\x7f":
        return f"\\{ord(character):02x}"
    return character
