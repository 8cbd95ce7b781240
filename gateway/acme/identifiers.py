"""Identifiers on the wire (RFC 8555 section 7.1.4, RFC 8738); which of them may be ordered the core decides."""

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from gateway.acme.codec import JsonObject, malformed

_TYPES = {kind.value: kind for kind in IdentifierType}


def parse_identifiers(value: object) -> tuple[Identifier, ...]:
    """Read the ``identifiers`` of a new order; raises MALFORMED, and IDENTIFIER_UNSUPPORTED for an unknown type."""
    if not isinstance(value, list) or not value:
        raise malformed('"identifiers" must be a list of at least one identifier.')
    return tuple(parse_identifier(item) for item in value)


def parse_identifier(item: object) -> Identifier:
    """Read one identifier; raises as :func:`parse_identifiers`."""
    if not isinstance(item, dict) or not isinstance(item.get("type"), str) or not isinstance(item.get("value"), str):
        raise malformed('An identifier must be an object with the strings "type" and "value".')
    if item["type"] not in _TYPES:
        detail = f'The "type" of an identifier must be one of {", ".join(_TYPES)}.'
        raise TriviumError(ErrorKind.IDENTIFIER_UNSUPPORTED, detail)
    return Identifier(type=_TYPES[item["type"]], value=item["value"])


def identifier_object(identifier: Identifier) -> JsonObject:
    """Return an identifier as ACME writes it."""
    return {"type": identifier.type.value, "value": identifier.value}
