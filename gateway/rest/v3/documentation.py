"""The OpenAPI document, and the page that shows it to people: made of the document, with our own style and no script.

Both are made when somebody asks for the first time: that takes a second, which no worker's start should.
"""

import functools
import json
from collections.abc import Callable, Iterator
from html import escape
from importlib.resources import files
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Json = dict[str, Any]
PAGE: Final = "/v3/documentation"
_STYLE: Final = "/v3/documentation.css"
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
)
_CACHED: Final = {"Cache-Control": "public, max-age=300"}
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    **_CACHED,
}
_METHODS: Final = ("get", "post", "put", "patch", "delete")


def documentation_routes(document: Callable[[], Json], document_url: str) -> list[Route]:
    """Return the routes of the document, of the page and of its style; what they show is made once, in a thread."""
    style = files("gateway.rest.v3").joinpath("documentation.css").read_bytes()

    @functools.cache
    def page() -> bytes:
        return page_of(document(), document_url).encode()

    def show_document(_: Request) -> Response:
        return JSONResponse(document(), headers=_CACHED)

    def show(_: Request) -> Response:
        return Response(page(), headers=_HEADERS, media_type="text/html")

    async def show_style(_: Request) -> Response:
        return Response(style, headers=_HEADERS, media_type="text/css")

    return [
        Route(document_url, show_document, methods=["GET"], include_in_schema=False),
        Route(PAGE, show, methods=["GET"], name="documentation"),
        Route("/v3", show, methods=["GET"], name="documentation_at_root"),
        Route(_STYLE, show_style, methods=["GET"], name="documentation_style"),
    ]


def page_of(document: Json, document_url: str) -> str:
    """Return the page as HTML; whatever stands in the document is text."""
    return "".join(_page(document, document_url))


def _page(document: Json, document_url: str) -> Iterator[str]:
    title, tags = escape(document["info"]["title"]), document["tags"]
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<link rel="stylesheet" href="{_STYLE}"></head><body><nav><h1>{title}</h1><ul>'
    yield from (f'<li><a href="#{_anchor(tag)}">{escape(tag["name"])}</a></li>' for tag in tags)
    yield f'<li><a href="#schemas">Schemas</a></li></ul><p><a href="{escape(document_url)}">OpenAPI 3.1</a></p></nav>'
    yield f"<main>{_paragraphs(document['info']['description'])}"
    for tag in tags:
        yield f'<section id="{_anchor(tag)}"><h2>{escape(tag["name"])}</h2>{_paragraphs(tag["description"])}'
        for path, item in document["paths"].items():
            for method in _METHODS:
                if tag["name"] in item.get(method, {}).get("tags", ()):
                    yield from _operation(method, path, item[method])
        yield "</section>"
    yield '<section id="schemas"><h2>Schemas</h2>'
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield from _schema(name, schema)
    yield "</section></main></body></html>"


def _operation(method: str, path: str, operation: Json) -> Iterator[str]:
    yield f'<details id="{escape(operation["operationId"])}"><summary><span class="method {method}">{method.upper()}'
    yield f"</span> <code>{escape(path)}</code> {escape(operation.get('summary', ''))}</summary>"
    yield _paragraphs(operation.get("description", ""))
    if parameters := operation.get("parameters"):
        yield "<h4>Parameters</h4><table><tr><th>Name</th><th>In</th><th>Type</th><th>Description</th></tr>"
        for one in parameters:
            name = f"<code>{escape(one['name'])}</code>{'*' if one.get('required') else ''}"
            yield f"<tr><td>{name}</td><td>{escape(one['in'])}</td><td>{_type(one['schema'])}</td>"
            yield f"<td>{escape(one.get('description') or one['schema'].get('description', ''))}</td></tr>"
        yield "</table>"
    if body := operation.get("requestBody"):
        yield "<h4>Body</h4>"
        yield from _content(body["content"])
    yield "<h4>Answers</h4>"
    for status, answer in sorted(operation["responses"].items()):
        yield f'<details class="answer"><summary><code>{status}</code> {escape(answer["description"])}</summary>'
        yield from _content(answer.get("content", {}))
        yield "</details>"
    yield "</details>"


def _content(content: Json) -> Iterator[str]:
    for media_type, body in content.items():
        yield f"<p><code>{escape(media_type)}</code> {_type(body.get('schema', {}))}</p>"
        if "example" in body:
            example = body["example"]
            text = example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False)
            yield f"<pre>{escape(text)}</pre>"


def _schema(name: str, schema: Json) -> Iterator[str]:
    yield f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code></summary>'
    yield _paragraphs(schema.get("description", ""))
    if members := schema.get("properties"):
        required = schema.get("required", ())
        yield "<table><tr><th>Member</th><th>Type</th><th>Description</th></tr>"
        for member, one in members.items():
            yield f"<tr><td><code>{escape(member)}</code>{'*' if member in required else ''}</td>"
            yield f"<td>{_type(one)}</td><td>{escape(one.get('description', ''))}</td></tr>"
        yield "</table>"
    elif values := schema.get("enum"):
        yield f"<p>{', '.join(f'<code>{escape(str(value))}</code>' for value in values)}</p>"
    yield "</details>"


def _type(schema: Json) -> str:
    """Return what a value may be, in a few words; named schemas are links."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    for alternatives in ("anyOf", "oneOf", "allOf"):
        if alternatives in schema:
            return " or ".join(_type(one) for one in schema[alternatives])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    words = [str(schema.get("type", "anything"))]
    words += [str(schema[word]) for word in ("format",) if word in schema]
    words += [f"= {schema['const']}"] if "const" in schema else []
    words += [" | ".join(str(value) for value in schema["enum"])] if "enum" in schema else []
    return escape(" ".join(words))


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(one)}</p>" for one in text.split("\n\n") if one)


def _anchor(tag: Json) -> str:
    return escape(str(tag["name"]).lower().replace(" ", "-"))
