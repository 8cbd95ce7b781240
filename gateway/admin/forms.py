"""What a browser sends: the fields and files of a form, of limited size, and only from a page of ours (abuse 54)."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Final, TypeVar

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from ca_core.model.errors import ErrorKind, TriviumError
from gateway.admin.front_end import FrontEnd

Choice = TypeVar("Choice", bound=StrEnum)
CSRF_FIELD: Final = "csrf_token"
MAX_BODY: Final = 12 * 1024 * 1024
"""The largest body in bytes: an order with its registration documents."""

_MAX_FIELDS: Final = 300
_MAX_FILES: Final = 10
_MAX_FIELD: Final = 1024 * 1024
_UTF_8: Final = frozenset({b"utf-8", b"utf8"})
_OURS: Final = frozenset({"same-origin", "none"})


@dataclass(frozen=True)
class Form:
    """The fields of a form that a browser sent; none unless it has sent one."""

    data: FormData = field(default_factory=FormData)

    def text(self, name: str, default: str = "") -> str:
        """Return a field without blanks around it, and with line feeds alone between its lines."""
        value = self.data.get(name, default)
        return value.replace("\r\n", "\n").strip() if isinstance(value, str) else default

    def texts(self, name: str) -> Sequence[str]:
        """Return every value of a field that may be given several times; empty ones are left out."""
        return [one.strip() for one in self.data.getlist(name) if isinstance(one, str) and one.strip()]

    def choice(self, name: str, kind: type[Choice]) -> Choice | None:
        """Return a field that is one of an enumeration, None where it is left out; raises MALFORMED."""
        return choice_of(name, self.text(name), kind)

    def ticked(self, name: str) -> bool:
        """Whether a box is ticked."""
        return name in self.data

    def files(self, name: str) -> Sequence[UploadFile]:
        """Return the files chosen in a field."""
        return [one for one in self.data.getlist(name) if isinstance(one, UploadFile) and one.filename]


def choice_of(name: str, text: str, kind: type[Choice]) -> Choice | None:
    """Return the member of an enumeration that a text names, None for no text; raises MALFORMED."""
    try:
        return kind(text) if text else None
    except ValueError as error:
        detail = f"`{name}` is none of {', '.join(kind)}; choose one of the list."
        raise TriviumError(ErrorKind.MALFORMED, detail) from error


async def read_form(request: Request) -> Form:
    """Read the form that a request brings.

    Raises FORBIDDEN for one of another site, UNSUPPORTED_MEDIA_TYPE, TOO_LARGE and MALFORMED.
    """
    if not _is_ours(request):
        raise TriviumError(ErrorKind.FORBIDDEN, "The form was sent from another site; send it from the page itself.")
    _, options = parse_options_header(request.headers.get("content-type", ""))
    if options.get(b"charset", b"utf-8").lower() not in _UTF_8:  # Starlette would take any codec, the slow ones too
        raise TriviumError(ErrorKind.UNSUPPORTED_MEDIA_TYPE, "Send the form in UTF-8.")
    limited = Request(request.scope, _Limited(request).receive)
    try:
        data = await limited.form(max_files=_MAX_FILES, max_fields=_MAX_FIELDS, max_part_size=_MAX_FIELD)
    except HTTPException as error:
        too_large = error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        kind = ErrorKind.TOO_LARGE if too_large else ErrorKind.MALFORMED
        raise TriviumError(kind, "The form has too many fields, or one that is too large.") from error
    except (FormParserError, UnicodeError) as error:
        raise TriviumError(ErrorKind.MALFORMED, "The form cannot be read; send it from the page itself.") from error
    if any("\0" in part for item in data.multi_items() for part in item if isinstance(part, str)):
        raise TriviumError(ErrorKind.MALFORMED, "The form contains a NUL character; leave it out.")
    return Form(data)


def _is_ours(request: Request) -> bool:
    """Whether a page of ours sent a form, as far as the browser says: older ones say Origin alone (abuse 53)."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in _OURS
    front_end: FrontEnd = request.app.state.front_end
    return request.headers.get("origin", front_end.external_url) == front_end.external_url


def require_token(form: Form, expected: str) -> None:
    """Raise FORBIDDEN unless the form carries the token of the session it is sent in."""
    if not hmac.compare_digest(form.text(CSRF_FIELD).encode(), expected.encode()):
        raise TriviumError(ErrorKind.FORBIDDEN, "The page is from an earlier session; load it again and repeat.")


class _Limited:
    """What a request's body is read from, until it is too large."""

    def __init__(self, request: Request) -> None:
        self._receive = request.receive
        self._left = MAX_BODY

    async def receive(self) -> Message:
        """Return the next part of the body; raises TOO_LARGE."""
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            limit = f"{MAX_BODY // 1024 // 1024} MiB"
            raise TriviumError(ErrorKind.TOO_LARGE, f"The form is larger than {limit}; send smaller files.")
        return message
