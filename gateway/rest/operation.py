"""What every operation does with a request before it is handled, and with whatever goes wrong."""

import re
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from ca_core.model.errors import ErrorKind, TriviumError

MAX_TARGET: Final = 4096
"""Bytes of path and query."""

_MAX_DIGITS: Final = 18
_SECRETS: Final = frozenset(
    ("accesstoken", "apikey", "authorization", "bearer", "jwt", "key", "password", "pin", "secret", "token")
)
_WORDS: Final = re.compile(r"[^a-z0-9]")
_JWT: Final = re.compile(r"eyJ[\w-]{8,}\.[\w-]*\.")


Handle = Callable[[Request], Coroutine[Any, Any, Response]]


class Operation(APIRoute):
    """An operation that whoever knows its URL may ask for, with a body that is small."""

    max_body: ClassVar[int] = 4096
    """Bytes of a request body."""

    async def prepare(self, request: Request) -> None:
        """Refuse what no operation takes; raises MALFORMED."""
        if len(request.url.path) + len(request.url.query) > MAX_TARGET:
            raise TriviumError(ErrorKind.MALFORMED, f"The URL has more than {MAX_TARGET} characters.")
        for name, value in request.query_params.multi_items():
            if _names_secret(name) or _JWT.search(value):
                raise TriviumError(
                    ErrorKind.MALFORMED,
                    "A URL must not carry a secret, since logs keep it: send tokens in the header Authorization and "
                    "keys in the body. Take this one for exposed and replace it.",
                )

    async def carry_out(self, request: Request, handle: Handle) -> Response:
        """Answer a request that is prepared: by ``handle``, FastAPI's own."""
        return await handle(request)

    def get_route_handler(self) -> Handle:
        """Return what answers a request; what nobody foresaw is logged and becomes INTERNAL."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                await self.prepare(request)
                request = self._with_limited_body(request)
                _require_text(await request.body())
                return await self.carry_out(request, handle)
            except (TriviumError, RequestValidationError, HTTPException):
                raise
            except ClientDisconnect as error:
                raise TriviumError(ErrorKind.MALFORMED, "The request ended before its body was complete.") from error
            except Exception as error:
                detail = "Something is wrong on our side; tell the operator the id of this error."
                raise TriviumError(ErrorKind.INTERNAL, detail) from error

        return answer

    def _with_limited_body(self, request: Request) -> Request:
        """Return the request with a body that ends in TOO_LARGE at the limit; raises it where the length is declared.

        Starlette has such a limit too, but answers a declared length by itself, as plain text.
        """
        declared = request.headers.get("content-length", "0")
        if not declared.isdecimal():
            raise TriviumError(ErrorKind.MALFORMED, "Content-Length takes the number of bytes of the body.")
        self._require_size(int(declared[:_MAX_DIGITS]))
        return Request(request.scope, self._limited(request.receive))

    def _limited(self, receive: Receive) -> Receive:
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            self._require_size(received)
            return message

        return receive_within_limit

    def _require_size(self, size: int) -> None:
        if size > self.max_body:
            raise TriviumError(ErrorKind.TOO_LARGE, f"The body of this request has at most {self.max_body} bytes.")


def _names_secret(parameter: str) -> bool:
    word = _WORDS.sub("", parameter.lower())
    return word in _SECRETS or word.endswith(("secret", "password", "apikey"))


def _require_text(body: bytes) -> None:
    """Raise MALFORMED for a NUL, which no text of ours contains and not every database stores."""
    if b"\0" in body or b"\\u0000" in body:
        raise TriviumError(ErrorKind.MALFORMED, "The body contains a NUL character; leave it out.")
