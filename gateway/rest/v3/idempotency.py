"""Idempotency-Key: the header, and an answer as it is kept (draft-ietf-httpapi-idempotency-key-header-07)."""

import base64
import json
import re
from typing import Final

from fastapi import Request, Response

from ca_core.access.idempotency import KeyedRequest
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.principals import Principal

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"

_KEY: Final = re.compile(r'"?([A-Za-z0-9._:/+=-]{8,128})"?', re.ASCII)
_KEPT_HEADERS: Final = ("content-type", "etag", "location", "link", "preference-applied")


def keyed_request(request: Request, principal: Principal, body: bytes) -> KeyedRequest | None:
    """Return a POST with a key as what makes it itself: path, query and body; None without a key.

    Raises MALFORMED for more than one key, or one that is too short to be nobody else's.
    """
    keys = request.headers.getlist(HEADER)
    if request.method != "POST" or not keys:
        return None
    key = _KEY.fullmatch(keys[0]) if len(keys) == 1 else None
    if key is None:
        raise TriviumError(
            ErrorKind.MALFORMED,
            f"{HEADER} takes one key of 8 to 128 letters, digits and . _ : / + = -, such as a new UUID.",
        )
    target = f"{request.url.path}?{request.url.query}\n".encode()
    return KeyedRequest(principal=principal, key=key[1], content=target + body)


def write_answer(answer: Response) -> bytes:
    """Return the bytes that an answer is kept as."""
    headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
    body = base64.b64encode(bytes(answer.body)).decode()
    return json.dumps({"status": answer.status_code, "headers": headers, "body": body}).encode()


def read_answer(kept: bytes) -> Response:
    """The inverse of :func:`write_answer`."""
    members = json.loads(kept)
    return Response(base64.b64decode(members["body"]), members["status"], members["headers"])
