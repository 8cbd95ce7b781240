"""Versions: a form says which state of a thing it changes, as If-Match does over REST (RFC 9110 section 13.1.1)."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Final

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.store import Transaction

VERSION_FIELD: Final = "version"


def version_of(value: object) -> str:
    """Return the digest of a value of the domain: another one after each change, the same in every process."""
    return hashlib.sha256(json.dumps(value, default=_plain, sort_keys=True).encode()).hexdigest()[:32]


def unchanged(seen: str, read: Callable[[Transaction], object]) -> Callable[[Transaction], None]:
    """Return what compares the version that a form was shown with, in the transaction of the change.

    It raises PRECONDITION_FAILED. What is not there (None) is left to the command to refuse.
    """

    def compare(tx: Transaction) -> None:
        current = read(tx)
        if current is not None and version_of(current) != seen:
            raise TriviumError(
                ErrorKind.PRECONDITION_FAILED,
                "Somebody has changed this since the form was shown to you, and your change is not saved. The page has "
                "what it is now: make your change again if it is still wanted.",
            )

    return compare


def _plain(value: object) -> object:
    """Return what JSON lacks as something that it has; sets in order, for theirs differs between processes."""
    if is_dataclass(value):
        return vars(value)
    if isinstance(value, frozenset):
        return sorted(value)
    return value.hex() if isinstance(value, bytes) else str(value)
