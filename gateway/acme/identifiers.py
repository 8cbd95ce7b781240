"""Identifiers on the wire (RFC 8555 section 7.1.4, RFC 8738); which of them may be ordered the core decides."""

from ca_core.model.identifiers import Identifier, IdentifierType, RequestedIdentifier, UnknownIdentifier
from gateway.acme.codec import JsonObject, malformed

_TYPES = {kind.value: kind for kind in IdentifierType}


def parse_identifiers(value: object) -> tuple[RequestedIdentifier, ...]:
    """Read the ``identifiers`` of a new order; raises MALFORMED."""
    if not isinstance(value, list) or not value:
        raise malformed('"identifiers" must be a list of at least one identifier.')
    return tuple(parse_identifier(item) for item in value)


def parse_identifier(item: object) -> RequestedIdentifier:
    """Read one identifier; raises MALFORMED."""
    if not isinstance(item, dict) or not isinstance(item.get("type"), str) or not isinstance(item.get("value"), str):
        raise malformed('An identifier must be an object with the strings "type" and "value".')
    kind = _TYPES.get(item["type"])
    if kind is None:
        return UnknownIdentifier(type=item["type"], value=item["value"])
    return Identifier(type=kind, value=item["value"])


def identifier_object(identifier: RequestedIdentifier) -> JsonObject:
    """Return an identifier as ACME writes it."""
    return {"type": identifier.type, "value": identifier.value}
