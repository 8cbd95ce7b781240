"""The generated document of version 2 says what the published one says, path by path and field by field."""

from typing import Any

import pytest

from gateway.rest.front_end import FrontEnd
from gateway.rest.v2.routes import build_app
from tests.orders.workshop import Workshop
from tests.rest.published import Published, published, simplified

PUBLISHED: Published = published()


@pytest.fixture
def document(workshop: Workshop) -> dict[str, Any]:
    """Return the document that is served."""
    return build_app(FrontEnd(core=workshop.core, external_url="https://ra.example.com")).openapi()


def test_the_table_is_read_completely() -> None:
    """A line of the table that nobody reads would be compared with nothing."""
    assert len(PUBLISHED.operations) == 27
    assert len(PUBLISHED.schemas) == 32
    assert len(PUBLISHED.schemas["Product"]) == 29


def test_operations_are_those_of_the_published_document(document: dict[str, Any]) -> None:
    """A generated client would call an operation that is not there, or get an answer it has no case for."""
    assert document["openapi"].startswith("3.1")
    served = {path: described(item) for path, item in document["paths"].items()}
    assert served.keys() == PUBLISHED.operations.keys()
    for path, operation in PUBLISHED.operations.items():
        assert served[path] == operation, path


def test_schemas_are_those_of_the_published_document(document: dict[str, Any]) -> None:
    """Clients generated from the published document refuse members and values that it does not have."""
    served = {name: members(schema) for name, schema in document["components"]["schemas"].items()}
    assert served.keys() == PUBLISHED.schemas.keys()
    for name, schema in PUBLISHED.schemas.items():
        assert served[name] == schema, name


def described(item: dict[str, Any]) -> dict[str, Any]:
    """Return the one operation of a path as the table has it."""
    [(method, operation)] = item.items()
    assert method == "post"
    return {
        "name": operation["operationId"],
        "auth": operation.get("security") == [{"bearerAuth": []}],
        "parameters": {
            one["name"]: (one["in"], one["required"], simplified(one["schema"]))
            for one in operation.get("parameters", [])
        },
        "body": body(operation.get("requestBody")),
        "answers": {status: content(answer) for status, answer in operation["responses"].items()},
    }


def body(request: dict[str, Any] | None) -> str:
    """Return what a request contains."""
    if request is None:
        return ""
    assert request["required"]
    [(media_type, said)] = request["content"].items()
    schema = said["schema"]
    if "properties" in schema:
        return f"{media_type} {list(schema['properties'])}"
    return f"{media_type} {simplified(schema)}"


def content(answer: dict[str, Any]) -> str:
    """Return what an answer contains."""
    if "content" not in answer:
        return ""
    [(media_type, said)] = answer["content"].items()
    return f"{media_type} {simplified(said['schema'])}"


def members(schema: dict[str, Any]) -> Any:
    """Return the members of a schema as the table has them: required or not, type, default."""
    if "properties" not in schema:
        return simplified(schema)
    required = schema.get("required", [])
    return {
        name: (name in required, simplified(member), str(member["default"]) if "default" in member else None)
        for name, member in schema["properties"].items()
    }
