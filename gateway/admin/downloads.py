"""Downloads: files that a browser stores and never shows, under names that are harmless anywhere (abuse 59)."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Final
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9.-]+")
_MAX_NAME: Final = 60
_HEADERS: Final = {"Content-Security-Policy": "default-src 'none'; sandbox"}


def attached(content: bytes, name: str, media_type: str) -> Response:
    """Answer with a file; ``name`` is one that was found fit for a file."""
    return Response(content, headers=_headers(name), media_type=media_type)


def streamed(content: AsyncIterator[bytes], name: str, media_type: str) -> Response:
    """Answer with a file that is too long to be made at once."""
    return StreamingResponse(content, headers=_headers(name), media_type=media_type)


def file_name(text: str, serial: int, extension: str) -> str:
    """Return the name of a certificate's file: what of ``text`` is harmless, and the last digits of the serial."""
    name = _UNSAFE.sub("_", text)[:_MAX_NAME].strip("._-") or "certificate"
    return f"{name}-{f'{serial:x}'[-8:]}.{extension}"


def _headers(name: str) -> Mapping[str, str]:
    return {**_HEADERS, "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
