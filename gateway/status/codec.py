"""The wire of the status front end: OCSP requests in URLs, bodies up to a limit, validators and caching headers."""

import base64
import binascii
import re
from datetime import datetime
from email.utils import format_datetime
from typing import Final

from starlette.requests import ClientDisconnect, Request

from ca_core.model.errors import ErrorKind, TriviumError

_ISSUER_ID: Final = re.compile(r"iss-[0-9a-z-]{1,64}", re.ASCII)


def parse_issuer_id(text: str) -> str:
    """Return ``text`` if it can be an issuer's id; raises NOT_FOUND."""
    if not _ISSUER_ID.fullmatch(text):
        raise TriviumError(ErrorKind.NOT_FOUND, "There is no such issuer here; check the URL.")
    return text


def parse_get(path: str, limit: int) -> bytes:
    """Return the OCSPRequest (DER) from the URL-decoded path behind the responder's URL (RFC 6960 appendix A.1).

    Base64 without its padding is taken, since not every client sends it. Raises TOO_LARGE or MALFORMED.
    """
    if len(path) > limit * 4 // 3 + 4:
        raise TriviumError(ErrorKind.TOO_LARGE, f"An OCSP request has at most {limit} bytes.")
    try:
        text = path.encode("ascii").rstrip(b"=")
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise TriviumError(ErrorKind.MALFORMED, "The path behind the OCSP URL is not base64 (RFC 4648).") from error


async def read_body(request: Request, limit: int) -> bytes:
    """Read the body, never more than ``limit`` bytes of it; raises TOO_LARGE, MALFORMED when the client goes away."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise TriviumError(ErrorKind.TOO_LARGE, f"An OCSP request has at most {limit} bytes.")
    except ClientDisconnect as error:
        raise TriviumError(ErrorKind.MALFORMED, "The request ended before its body did.") from error
    return bytes(body)


def caching(*, tag: str, seconds: int, modified: datetime, expires: datetime | None = None) -> dict[str, str]:
    """Return the headers of an answer that caches may keep for ``seconds`` (RFC 5019 section 6.2, RFC 9110)."""
    headers = {
        "Cache-Control": f"max-age={seconds}, public, no-transform, must-revalidate",
        "ETag": f'"{tag}"',
        "Last-Modified": http_date(modified),
    }
    return headers if expires is None else headers | {"Expires": http_date(expires)}


def http_date(moment: datetime) -> str:
    """Return an aware UTC time as an HTTP date (RFC 9110 section 5.6.7)."""
    return format_datetime(moment, usegmt=True)


def is_unmodified(request: Request, headers: dict[str, str]) -> bool:
    """Whether the client has what ``headers`` describe already, so that 304 answers it (RFC 9110 section 13.2.2)."""
    known_tags = request.headers.get("if-none-match")
    if known_tags is not None:
        tags = {tag.strip().removeprefix("W/") for tag in known_tags.split(",")}
        return headers["ETag"] in tags or "*" in tags
    return request.headers.get("if-modified-since") == headers["Last-Modified"]
