"""Decoding of untrusted ASN.1 with asn1crypto: the guard first, and one kind of error whatever the library raises.

asn1crypto decodes when a field is asked for, so an error can come with any access. Whoever reads a decoded value does
it inside :func:`reading` and leaves it with values of his own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from asn1crypto.core import Asn1Value, Void

from ca_core.certificates.der import DerLimits, check_der
from ca_core.model.errors import ErrorKind, TriviumError

Value = TypeVar("Value", bound=Asn1Value)

_LIBRARY_ERRORS = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError)
"""What asn1crypto 1.5.1 raises on broken input, as found by mutating messages (UnicodeDecodeError is a ValueError)."""

_LIMITS = DerLimits()


def decode(spec: type[Value], der: bytes, what: str, *, limits: DerLimits = _LIMITS) -> Value:
    """Return ``der``, which the guard has passed (rule 62), as a value of ``spec``; its fields are decoded when read.

    ``what`` names it in the error: ``"the PKIData"``. Raises MALFORMED.
    """
    check_der(der, limits=limits)
    with reading(what):
        value: Value = spec.load(der, strict=True)
        return value


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn whatever the library raises on a field that is not what it should be into MALFORMED."""
    try:
        yield
    except _LIBRARY_ERRORS as error:
        raise TriviumError(
            ErrorKind.MALFORMED, f"{what[:1].upper()}{what[1:]} cannot be read: it is not what its syntax says."
        ) from error


def is_there(value: Asn1Value) -> bool:
    """Whether an optional field is there. Its Python value does not tell: a NULL's is None, too."""
    return not isinstance(value, Void)
