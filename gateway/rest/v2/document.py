"""The OpenAPI document, generated from what is served; it says what the published one says."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

_NEVER_ANSWERED: Final = "422"
"""FastAPI documents its own answer to bad input; here that is 400, in the version's own words."""


def publish_document(app: FastAPI) -> None:
    """Let the application serve the document without what the published one lacks."""

    def document() -> dict[str, Any]:
        if not app.openapi_schema:
            made = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                tags=app.openapi_tags,
                routes=app.routes,
            )
            _tidy(made)
            app.openapi_schema = made
        return app.openapi_schema

    vars(app)["openapi"] = document  # FastAPI's way to change the document


def _tidy(document: dict[str, Any]) -> None:
    for path in document.get("paths", {}).values():
        for operation in path.values():
            operation["responses"].pop(_NEVER_ANSWERED, None)
    schemas = document.get("components", {}).get("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    _without_noise(document)


def _without_noise(node: Any) -> None:
    """Take out titles made from the names of members, and defaults that only say that a member may be left out."""
    if isinstance(node, list):
        for one in node:
            _without_noise(one)
    elif isinstance(node, dict):
        if "type" in node or "anyOf" in node or "$ref" in node or "enum" in node:
            if isinstance(node.get("title"), str):
                del node["title"]
            if not isinstance(node.get("default"), bool):
                node.pop("default", None)
        for one in node.values():
            _without_noise(one)
