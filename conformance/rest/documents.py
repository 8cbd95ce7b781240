"""What schemathesis says of the operations of an OpenAPI document, with every check that it has."""

import json
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

from conformance.processes import ProgramError, run
from conformance.rest import hooks
from conformance.rest.belongings import Belongings, belongings
from conformance.rest.session import Session
from conformance.table import Cell, Verdict

DOCUMENTS: Final = {"v2": "/v2/openapi.json", "v3": "/v3/openapi.json"}
SCHEMATHESIS: Final = "schemathesis"

_SETTINGS: Final = Path(__file__).with_name("schemathesis.toml")
_SECONDS: Final = 3600
_SEED: Final = 10004
_OFTEN: Final = 0.8
_REASON_LENGTH: Final = 300
_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch"})


def schemathesis_version() -> str:
    """Return its version."""
    return metadata.version(SCHEMATHESIS)


def operations(document: dict[str, Any]) -> dict[str, str]:
    """Return the operations of a document: ``POST /v2/issue`` and the like, with their ids."""
    return {
        f"{method.upper()} {path}": operation["operationId"]
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in _METHODS
    }


def examine(session: Session, version: str, folder: Path, *, examples: int) -> dict[str, Cell]:
    """Let schemathesis send what the document of a version allows and forbids; return a cell an operation.

    ``examples`` is how many requests an operation gets in each phase. Where it ends early every cell says so.
    """
    target, path = session.target, DOCUMENTS[version]
    names = operations(session.ask("GET", path))
    settings, report = folder / "schemathesis.toml", folder / "junit.xml"
    has = belongings(session, folder)
    settings.write_text(f"hooks = {json.dumps(hooks.__file__)}\n{_SETTINGS.read_text()}{_real_values(has)}")
    command: list[str | Path] = [
        *(Path(sys.executable).with_name(SCHEMATHESIS), "--config-file", settings, "run", target.url + path),
        *("--checks", "all", "--max-examples", str(examples), "--seed", str(_SEED), "--continue-on-failure"),
        *("--tls-verify", target.tls_ca, "--header", f"Authorization: Bearer {session.token}"),
        *("--report", "junit", "--report-junit-path", report, "--no-color", "--generation-database", "none"),
    ]
    try:
        said = run(command, seconds=_SECONDS, cwd=folder, env={hooks.SPARED: json.dumps(has.spared)})
    except ProgramError as error:  # it fails when an operation does, too
        said = str(error)
    (folder / "schemathesis.log").write_text(said)
    if not report.exists():
        return _failed(names, said[-_REASON_LENGTH:])
    if session.ask_if_allowed("GET", "/v3/me") is None:
        return _failed(names, "The user was locked out on the way: nothing that was found counts.")
    found = dict(_cells(report))
    missing = Cell(verdict=Verdict.FAIL, reason="schemathesis did not try it")
    return {operation: found.get(name, missing) for name, operation in names.items()}


def _failed(names: dict[str, str], reason: str) -> dict[str, Cell]:
    return dict.fromkeys(names.values(), Cell(verdict=Verdict.FAIL, reason=_short(reason)))


def _real_values(has: Belongings) -> str:
    """Return settings with which most requests name things that exist. JSON strings and lists are TOML's, too."""
    lines = ["", "[dictionaries]"]
    for below, known in has.values.items():
        lines += [
            f"{json.dumps(_dictionary(below, key))} = {{ values = {json.dumps(values)} }}"
            for key, values in known.items()
        ]
    for below, known in has.values.items():
        bound = (
            f"{json.dumps(key)} = {{ dictionary = {json.dumps(_dictionary(below, key))}, probability = {_OFTEN} }}"
            for key in known
        )
        if below:
            lines += ["", "[[operations]]", f"include-path-regex = {json.dumps(f'^{below}')}"]
            lines += [f"parameters = {{ {', '.join(bound)} }}"]
        else:
            lines += ["", "[parameters]", *bound]
    return "\n".join([*lines, ""])


def _dictionary(below: str, key: str) -> str:
    return re.sub(r"\W+", "-", f"{below} {key}").strip("-")


def _cells(report: Path) -> Iterator[tuple[str, Cell]]:
    """Read the report: a test case is an operation."""
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314 - it is of our own program
        wrong = [*case.findall("failure"), *case.findall("error")]
        reason = _short(" ".join(filter(None, (one.get("message") or one.text for one in wrong))))
        verdict = Verdict.FAIL if wrong else Verdict.OK
        yield case.get("name", ""), Cell(verdict=verdict, reason=reason, seconds=float(case.get("time", "0")))


def _short(text: str) -> str:
    return " ".join(text.split())[:_REASON_LENGTH].replace("|", "/")
