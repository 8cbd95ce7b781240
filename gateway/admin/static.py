"""The page's own files. Each has the hash of its content in its URL, and so is kept for good."""

import hashlib
from functools import cache
from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ca_core.model.errors import ErrorKind, TriviumError
from gateway.admin.front_end import BASE

_MEDIA_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_HEADERS: Final = {"Cache-Control": "public, max-age=31536000, immutable"}


@cache
def _contents() -> dict[str, bytes]:
    """Return the files by name."""
    folder = files("gateway.admin").joinpath("static")
    return {one.name: one.read_bytes() for one in folder.iterdir() if one.name.rpartition(".")[2] in _MEDIA_TYPES}


@cache
def static_url(name: str) -> str:
    """Return the URL of a file."""
    digest = hashlib.sha256(_contents()[name]).hexdigest()[:16]
    return f"{BASE}/static/{digest}/{name}"


async def _serve(request: Request) -> Response:
    name = request.path_params["name"]
    content = _contents().get(name)
    if content is None or request.url.path != static_url(name):
        raise TriviumError(ErrorKind.NOT_FOUND, "There is no such file.")
    return Response(content, headers=_HEADERS, media_type=_MEDIA_TYPES[name.rpartition(".")[2]])


routes: Final = [Route(f"{BASE}/static/{{digest}}/{{name}}", _serve, methods=["GET"])]
