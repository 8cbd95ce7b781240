"""What every ACME handler is given, and what it gives back."""

from dataclasses import dataclass
from http import HTTPStatus

from ca_core.core import Core
from gateway.acme.codec import JsonObject, encode_json
from gateway.acme.directory import Directory
from gateway.acme.nonces import Nonces

Header = tuple[bytes, bytes]


@dataclass(frozen=True, kw_only=True)
class FrontEnd:
    """One directory on a core. Every directory of an installation shares its nonces."""

    core: Core
    directory: Directory
    nonces: Nonces


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An HTTP answer; nonce, Link to the directory and length are added when it is sent."""

    status: int = HTTPStatus.OK
    body: bytes = b""
    content_type: bytes = b"application/json"
    headers: tuple[Header, ...] = ()


def json_reply(obj: JsonObject, *headers: Header, status: int = HTTPStatus.OK) -> Reply:
    """Answer with a JSON object."""
    return Reply(status=status, body=encode_json(obj), headers=headers)


def location(url: str) -> Header:
    """Return the header that says where the resource is."""
    return b"location", url.encode()


def link(url: str, relation: str) -> Header:
    """Return one Link; each has its own line, and no space after the semicolon, for clients that parse no further."""
    return b"link", f'<{url}>;rel="{relation}"'.encode()


def retry_after(seconds: int) -> Header:
    """Return the header that says when to ask again, in seconds; where clients wait for it, they expect at most 600."""
    return b"retry-after", str(seconds).encode()


POLL = retry_after(1)
"""For what is being processed: a validation or an issuance is a matter of a second."""
