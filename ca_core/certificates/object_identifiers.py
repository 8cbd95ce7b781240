"""Object identifiers as people know them."""

from cryptography import x509

_UNKNOWN = "Unknown OID"


def oid_name(oid: x509.ObjectIdentifier) -> str:
    """Return the name that the identifier has in its standard, such as ``keyUsage``; its dotted form where unknown."""
    name: str = oid._name  # noqa: SLF001 - the only place the library keeps it
    return oid.dotted_string if name == _UNKNOWN else name
