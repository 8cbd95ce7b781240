"""CMC over HTTP (RFC 10003 section 6): POST in, 200 out. What CMC refuses is refused in the body, never by a status.

Clients take any other status for "no response". Content-Type and Host are not looked at, since deployed clients send
neither (Dogtag's HttpClient); a body in base64 is taken for what it encodes.
"""

import base64
import binascii
import logging
import re
from typing import Final
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from ca_core.certificates.chain import pem_certificate
from ca_core.model.errors import TriviumError
from gateway.cmc.ber import LIMITS
from gateway.cmc.front_end import FrontEnd, Received
from gateway.cmc.responder import respond
from gateway.cmc.wishes import NAMES

PATHS: Final = ("/cmc", "/ws/cmc")
RECIPIENT_PATH: Final = "/cmc/recipient.pem"
MAX_BODY: Final = LIMITS.size * 4 // 3 + 8192
"""A message of the guard's size in base64, with its line ends."""

_SEQUENCE: Final = 0x30
_LABELS: Final = re.compile(rb"-----(BEGIN|END) [A-Z0-9 #]{1,40}-----")
_CERTS_ONLY: Final = b"application/pkcs7-mime; smime-type=certs-only; name=response.p7c"
_CMC_RESPONSE: Final = b"application/pkcs7-mime; smime-type=CMC-Response; name=response.p7m"
_RETRY_SECONDS: Final = b"5"
_log = logging.getLogger("trivium.cmc")


def applications(front_end: FrontEnd) -> dict[str, ASGIApp]:
    """Return the applications of the front end by their paths."""
    return {**dict.fromkeys(PATHS, CmcResource(front_end)), RECIPIENT_PATH: RecipientResource(front_end)}


class CmcResource:
    """The ASGI application of the CMC URL."""

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] != "POST":
            await _send(send, 405, b"CMC takes POST only (RFC 10003 section 6).\n", b"text/plain", (b"allow", b"POST"))
            return
        body = await _body(receive)
        if body is None:
            return
        if len(body) > MAX_BODY:
            detail = b"A CMC message has at most %d bytes.\n" % LIMITS.size
            await _send(send, 413, detail, b"text/plain")
            return
        client = scope.get("client")
        received = Received(
            body=decoded_body(body),
            address=str(client[0]) if client else "",
            parameters=_parameters(scope["query_string"]),
        )
        try:
            answer = await respond(self._front_end, received)
        except TriviumError as error:
            _log.warning("A CMC answer could not be signed: %s", error)
            detail = b"The gateway cannot answer now; try again later.\n"
            await _send(send, 503, detail, b"text/plain", (b"retry-after", _RETRY_SECONDS))
            return
        await _send(send, 200, answer.der, _CERTS_ONLY if answer.certs_only else _CMC_RESPONSE)


class RecipientResource:
    """The ASGI application of the certificates that messages may be encrypted for, in PEM: RSA, then P-256.

    Who reads the first one alone gets the key that every client can encrypt for (RFC 10004 section 5.1).
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Answer one request."""
        own = await self._front_end.recipients()
        if scope["method"] not in {"GET", "HEAD"} or not own:
            await _send(send, 404, b"There is nothing here (yet).\n", b"text/plain")
            return
        body = "".join(pem_certificate(one.certificate) for one in own).encode()
        await _send(send, 200, b"" if scope["method"] == "HEAD" else body, b"application/x-pem-file")


def decoded_body(body: bytes) -> bytes:
    """Return the message of a body: raw, or in base64, with the labels of PEM or without."""
    if body[:1] == bytes([_SEQUENCE]):
        return body
    text = b"".join(_LABELS.sub(b"", body).split())
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return body


def _parameters(query: bytes) -> dict[str, str]:
    pairs = parse_qsl(query[:2048].decode("latin-1"))
    return {name: value for name, value in pairs if name in NAMES}


async def _body(receive: Receive) -> bytes | None:
    """Return the body, cut off beyond the limit; None when the client went away."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > MAX_BODY or not message.get("more_body", False):
            return bytes(body)


async def _send(send: Send, status: int, body: bytes, media_type: bytes, *headers: tuple[bytes, bytes]) -> None:
    head = [
        (b"content-type", media_type),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})
