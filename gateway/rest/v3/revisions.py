"""Entity tags and If-Match (RFC 9110 sections 8.8.3, 13.1.1): who changes a resource says which state he has seen."""

import hashlib
import re
from collections.abc import Callable
from typing import Annotated, Final

from fastapi import Depends, Header

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.store import Transaction
from gateway.rest.v3.schema import Schema

_DESCRIPTION: Final = "The `ETag` of the resource as it was read, or `*` for whatever it is now."
_TAG: Final = re.compile(r'\s*(?:W/)?"[\x21\x23-\x7e]*"\s*', re.ASCII)


class Expected:
    """The states that a change is meant for; ``tags`` None: whichever the resource is in."""

    def __init__(self, tags: frozenset[str] | None) -> None:
        self._tags = tags

    def of(self, read: Callable[[Transaction], Schema | None]) -> Callable[[Transaction], None]:
        """Return what compares the tag of the representation that ``read`` makes, in the transaction of the change.

        It raises PRECONDITION_FAILED. What is not there is left to the command to refuse.
        """

        def compare(tx: Transaction) -> None:
            if self._tags is None:
                return
            current = read(tx)
            if current is not None and tag_of(current) not in self._tags:
                raise TriviumError(
                    ErrorKind.PRECONDITION_FAILED,
                    "The resource has changed since you read it: read it again, and send its ETag as If-Match.",
                )

        return compare


def tag_of(representation: Schema) -> str:
    """Return the entity tag of a representation: a digest of it, so it changes with whatever is shown."""
    return f'"{hashlib.sha256(representation.encoded()).hexdigest()[:32]}"'


def expected(if_match: Annotated[str | None, Header(alias="If-Match", description=_DESCRIPTION)] = None) -> Expected:
    """Read If-Match; raises PRECONDITION_REQUIRED without it (RFC 6585 section 3), MALFORMED for what is no tag."""
    if if_match is None:
        raise TriviumError(
            ErrorKind.PRECONDITION_REQUIRED,
            "A change needs If-Match: send the ETag of the resource as you have read it, or * for whatever it is now.",
        )
    if if_match.strip() == "*":
        return Expected(None)
    tags = if_match.split(",")
    if not all(_TAG.fullmatch(tag) for tag in tags):
        raise TriviumError(ErrorKind.MALFORMED, 'If-Match takes * or entity tags in quotes: "tag", "tag".')
    # A weak tag never matches: that comparison is the strong one (RFC 9110 section 13.1.1).
    return Expected(frozenset(tag.strip() for tag in tags))


IfMatch = Annotated[Expected, Depends(expected)]
"""The parameter of an operation that changes a resource."""
