"""What lets web pages of any origin be ACME clients (RFC 8555 section 6.1, the CORS protocol of the Fetch standard).

A browser lets a page read an answer, and the headers a client needs, when these say so; before a POST of our media type
it asks with an OPTIONS. Nothing rests on cookies or on the origin: every request is signed.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from starlette.types import Scope

from gateway.acme.front_end import Header, Reply

READABLE: Final[tuple[Header, ...]] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Link, Location, Replay-Nonce, Retry-After"),
)
"""Headers of every answer."""

_KEPT_SECONDS: Final = b"7200"
"""How long a browser may remember what it was allowed: as long as browsers take it."""


def asks_leave(scope: Scope) -> bool:
    """Whether an OPTIONS request is a browser's question before another request."""
    return any(name == b"access-control-request-method" for name, _ in scope["headers"])


def leave(methods: Sequence[str]) -> Reply:
    """Answer it: the methods of the URL, with the one header that ACME requests have and pages may not set unasked."""
    return Reply(
        status=HTTPStatus.NO_CONTENT,
        headers=(
            (b"access-control-allow-methods", ", ".join(methods).encode()),
            (b"access-control-allow-headers", b"Content-Type"),
            (b"access-control-max-age", _KEPT_SECONDS),
        ),
    )
