"""The table of the published interface, read: what each operation takes and answers, what each schema contains."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent / "data" / "ra-api-v2.md"

_PARAMETER = re.compile(r"(?P<name>\w+) in (?P<place>\w+)(?P<required>\*?): (?P<type>.*)")
_MEMBER = re.compile(r"(?P<name>\w+)(?P<required>\*?): (?P<type>.*?)(?: =(?P<default>\w+))?")


@dataclass(frozen=True)
class Published:
    """The interface: operations by path and schemas by name, each in the form of :func:`simplified`."""

    operations: dict[str, dict[str, Any]]
    schemas: dict[str, Any]


def published() -> Published:
    """Read the table."""
    operations_text, schemas_text = TABLE.read_text().split("## Schemas\n")
    blocks = re.findall(r"^- POST (\S+) \((\w+); auth=(\w+)\)\n((?:    .*\n?)*)", operations_text, re.MULTILINE)
    operations = {path: _operation(name, auth, lines) for path, name, auth, lines in blocks}
    schemas = {}
    for header, lines in re.findall(r"^- (.+)\n((?:    .*\n?)*)", schemas_text, re.MULTILINE):
        name, _, of_type = header.partition(": ")
        schemas[name] = simplified_text(of_type) if of_type else _object(lines)
    return Published(operations, schemas)


def _operation(name: str, auth: str, lines: str) -> dict[str, Any]:
    said = dict(re.findall(r"^    (\w+): (.*?)\s*$", lines, re.MULTILINE))
    ok, _, errors = said["ok"].partition("errors:")
    status, _, content = ok.strip().partition(" ")
    return {
        "name": name,
        "auth": auth == "bearer",
        "parameters": _parameters(said["params"]),
        "body": _body(said["body"]),
        "answers": {status: content.strip(), **dict.fromkeys(errors.strip().split(","), "application/json APIError")},
    }


def _parameters(text: str) -> dict[str, Any]:
    if text == "-":
        return {}
    found = [_PARAMETER.fullmatch(part.strip()) for part in text.split(", ")]
    return {one["name"]: (one["place"], bool(one["required"]), simplified_text(one["type"])) for one in found if one}


def _body(text: str) -> str:
    if text == "-":
        return ""
    media_type, _, of_type = text.partition(": ")
    return f"{media_type} {of_type}"


def _object(lines: str) -> dict[str, Any]:
    members = {}
    for line in lines.splitlines():
        found = _MEMBER.fullmatch(line.strip())
        assert found is not None, line
        members[found["name"]] = (bool(found["required"]), simplified_text(found["type"]), found["default"])
    return members


def simplified_text(text: str) -> str:
    """Return a type of the table without what is only spelling."""
    return re.sub(r"\s+", " ", text.replace("~ ", "~").strip())


def simplified(schema: dict[str, Any]) -> str:
    """Return a schema of an OpenAPI document as the table writes it."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix("#/components/schemas/")
    if "anyOf" in schema:
        kinds = [simplified(one) for one in schema["anyOf"]]
        return " | ".join([*(kind for kind in kinds if kind != "null"), *(["null"] if "null" in kinds else [])])
    if "const" in schema or "enum" in schema:
        return f"string one of {'|'.join(schema.get('enum') or [schema['const']])}"
    if schema.get("type") == "array":
        return f"[{simplified(schema['items'])}]"
    written = str(schema["type"])
    if "format" in schema:
        written += f"<{schema['format']}>"
    if "pattern" in schema:
        written += f" ~{schema['pattern']}"
    return written
