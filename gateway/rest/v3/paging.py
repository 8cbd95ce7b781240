"""Cursor paging: a page says where the next one begins, in its body and by Link (RFC 8288)."""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Final, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Request, Response
from pydantic import Field

from ca_core.model.errors import ErrorKind, TriviumError
from gateway.rest.front_end import front_end_of
from gateway.rest.v3.schema import Schema

Item = TypeVar("Item", bound=Schema)
MAX_LIMIT: Final = 200
_MAX_CURSOR: Final = 512
_PLACE: Final = re.compile(r"[\x21-\x7e]{1,300}", re.ASCII)


class PageQuery(Schema):
    """Which page of a list is asked for."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="How many items a page has at most.")] = 50
    cursor: Annotated[
        str | None,
        Field(max_length=_MAX_CURSOR, description="Where the page begins: `next` of the one before. None: the first."),
    ] = None

    @property
    def place(self) -> str | None:
        """What the page continues behind; raises MALFORMED for a cursor that is none of ours."""
        if self.cursor is None:
            return None
        try:
            text = base64.urlsafe_b64decode(self.cursor.encode("ascii") + b"=" * (-len(self.cursor) % 4)).decode(
                "ascii"
            )
        except (UnicodeError, binascii.Error):
            text = ""
        if not _PLACE.fullmatch(text):
            raise TriviumError(ErrorKind.MALFORMED, "The cursor is none of ours: take it from `next` of a page.")
        return text


class Page(Schema, Generic[Item]):
    """A page of a list."""

    items: Sequence[Item]
    next: Annotated[str | None, Field(description="The `cursor` of the next page; null on the last one.")] = None


def page_answer(request: Request, query: PageQuery, items: Sequence[Item], places: Sequence[str]) -> Response:
    """Answer with a page; there may be a next one when it is full.

    ``places`` are what a page continues behind, one an item.
    """
    return linked_page(request, items, following=places[-1] if places and len(places) >= query.limit else None)


def linked_page(
    request: Request, items: Sequence[Item], *, following: str | None, previous: str | None = None
) -> Response:
    """Answer with a page and the places that the next one and the one before it begin at, where there are such."""
    cursors = {
        "first": None,
        **({"prev": _cursor(previous)} if previous else {}),
        **({"next": _cursor(following)} if following else {}),
    }
    links = ", ".join(_link(request, relation, cursor) for relation, cursor in cursors.items())
    body = b'{"items":[%s],"next":%s}' % (
        b",".join(item.encoded() for item in items),
        json.dumps(cursors.get("next")).encode(),
    )
    return Response(body, HTTPStatus.OK, {"link": links}, "application/json")


def _cursor(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode("ascii")).decode().rstrip("=")


def _link(request: Request, relation: str, cursor: str | None) -> str:
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    query = urlencode([*asked, *([("cursor", cursor)] if cursor else [])])
    url = f"{front_end_of(request).external_url}{request.url.path}{'?' if query else ''}{query}"
    return f'<{url}>; rel="{relation}"'
