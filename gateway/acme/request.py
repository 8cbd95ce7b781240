"""An HTTP request as ACME allows it: a POST is refused by media type, headers and size before its body is looked at."""

from dataclasses import dataclass

from starlette.types import Receive, Scope

from ca_core.model.errors import ErrorKind, TriviumError
from gateway.acme.codec import malformed
from gateway.acme.directory import Directory

MAX_BODY = 50_000
"""The largest request body in bytes (rule 44)."""

_MEDIA_TYPE = b"application/jose+json"


@dataclass(frozen=True, kw_only=True)
class Request:
    """An HTTP request, nothing of which is believed yet.

    ``url`` is the URL as clients must have signed it: the configured external URL and the path, never the Host header
    (rule 37). ``path`` are the ids in the path, ``query`` is the raw query string, ``address`` the peer's.
    """

    url: str
    path: dict[str, str]
    query: str
    address: str
    body: bytes


class DisconnectedError(Exception):
    """The client went away before its request was complete: there is nobody left to answer."""


async def read_post(scope: Scope, receive: Receive, directory: Directory) -> Request:
    """Read a POST.

    Raises UNSUPPORTED_MEDIA_TYPE (rule 32), MALFORMED for a Replay-Nonce header (rule 40), TOO_LARGE as soon as the
    limit is passed, whatever Content-Length said (rule 44).
    """
    _check_headers(scope)
    return Request(
        url=_url(scope, directory),
        path=scope["path_params"],
        query=scope["query_string"].decode("latin-1"),
        address=peer_address(scope),
        body=await _read_body(receive),
    )


def read_get(scope: Scope, directory: Directory) -> Request:
    """Read a GET; a body is not looked at."""
    return Request(
        url=_url(scope, directory),
        path=scope["path_params"],
        query=scope["query_string"].decode("latin-1"),
        address=peer_address(scope),
        body=b"",
    )


def peer_address(scope: Scope) -> str:
    """Return the peer's IP address, empty where the listener has none."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _url(scope: Scope, directory: Directory) -> str:
    """Return the URL as the client must have signed it: the path as it came over the wire, not decoded (rule 37)."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return directory.external_url + (path + b"?" + query if query else path).decode("latin-1")


def _check_headers(scope: Scope) -> None:
    media_types = []
    for name, value in scope["headers"]:
        if name == b"content-type":
            media_types.append(value)
        elif name == b"content-length" and (not value.isdigit() or int(value[:12]) > MAX_BODY):
            raise _too_large()
        elif name == b"replay-nonce":
            raise malformed("Replay-Nonce is a header of answers; the nonce of a request belongs into its JWS header.")
        elif name == b"content-encoding":
            detail = "A request must not be compressed: leave Content-Encoding out."
            raise TriviumError(ErrorKind.UNSUPPORTED_MEDIA_TYPE, detail)
    if media_types != [_MEDIA_TYPE]:
        detail = "The Content-Type of a request must be exactly application/jose+json, without parameters."
        raise TriviumError(ErrorKind.UNSUPPORTED_MEDIA_TYPE, detail)


async def _read_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            raise _too_large()
        if not message.get("more_body", False):
            return bytes(body)


def _too_large() -> TriviumError:
    return TriviumError(ErrorKind.TOO_LARGE, f"The body of a request must not have more than {MAX_BODY} bytes.")
