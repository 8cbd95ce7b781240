"""The operations of both versions as their documents have them: where an id stands, of what, and a good body."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tests.rest.conversation import Conversation

METHODS: Final = frozenset({"get", "put", "post", "delete", "patch"})
DOCUMENTS: Final = ("/v2/openapi.json", "/v3/openapi.json")
_KIND: Final = re.compile(r"([a-z]{3})(?:\|[a-z]{3}\))?-\[0-9a-f")
_ID: Final = re.compile(r"\b([a-z]{3})-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter of a path or query; ``kind`` is the prefix of the ids that it takes, empty when it takes none."""

    name: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An operation; ``body`` is the example of its document, None without one."""

    method: str
    path: str
    in_path: tuple[Parameter, ...]
    in_query: tuple[Parameter, ...]
    body: Any
    takes_body: bool

    @property
    def name(self) -> str:
        """Method and path, as in the documents."""
        return f"{self.method} {self.path}"


async def operations(caller: Conversation) -> list[Operation]:
    """Return every operation that the served documents have."""
    found: list[Operation] = []
    for document in DOCUMENTS:
        found += _operations((await caller.get(document)).json)
    return found


def with_ids(value: Any, ids: dict[str, str]) -> Any:
    """Return a JSON value with every id replaced by the one of its kind, where there is one."""
    if isinstance(value, str):
        return _ID.sub(lambda found: ids.get(found[1], found[0]), value)
    if isinstance(value, list):
        return [with_ids(one, ids) for one in value]
    if isinstance(value, dict):
        return {name: with_ids(one, ids) for name, one in value.items()}
    return value


def _operations(document: Any) -> Iterator[Operation]:
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
            operation = item[method]
            content = operation.get("requestBody", {}).get("content", {})
            yield Operation(
                method=method.upper(),
                path=path,
                in_path=tuple(_parameters(operation, "path")),
                in_query=tuple(_parameters(operation, "query")),
                body=next((body.get("example") for body in content.values()), None),
                takes_body=bool(content),
            )


def _parameters(operation: Any, where: str) -> Iterator[Parameter]:
    for parameter in operation.get("parameters", []):
        if parameter["in"] == where:
            kind = _KIND.search(str(parameter["schema"]))
            yield Parameter(name=parameter["name"], kind=kind[1] if kind else "")
