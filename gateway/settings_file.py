"""Reading and writing ``trivium.toml``: strictly, with a sentence that names the key (rule 94)."""

import difflib
import re
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ca_core.model.errors import ErrorKind, TriviumError
from gateway.settings.defaults import Defaults
from gateway.settings.installation import Settings

FILE_NAME = "trivium.toml"

_PASSWORD = re.compile(r"(://[^:/@]+):.*@")
"""The password in a URL."""


@dataclass(frozen=True, kw_only=True)
class Documented:
    """One setting as documentation shows it; ``value`` is the one in force, as TOML without passwords."""

    key: str
    default: str
    value: str | None
    description: str
    at_init_only: bool


def documented(in_force: Settings | None = None) -> list[Documented]:
    """Return every setting, in the order of the file, with the values of ``in_force`` where it is given."""
    return [*_documented(Settings, in_force, at_init_only=False), *_documented(Defaults, None, at_init_only=True)]


def load(directory: Path) -> Settings:
    """Read ``trivium.toml`` of an installation; raises MALFORMED with a sentence that names the key."""
    path = directory / FILE_NAME
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise TriviumError(
            ErrorKind.NOT_FOUND,
            f"There is no installation in {directory}; make one with `trivium init --dir {directory}`.",
        ) from None
    except OSError as error:
        raise TriviumError(ErrorKind.UNAVAILABLE, f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TriviumError(ErrorKind.MALFORMED, f"{path}: this is not TOML: {error}.") from error
    return parse(values, str(path))


def parse(values: Mapping[str, Any], where: str) -> Settings:
    """Check settings; ``where`` starts the sentence of what is refused. Raises MALFORMED."""
    for key in Defaults.model_fields:
        if key in values:
            raise TriviumError(
                ErrorKind.MALFORMED,
                f"{where}: `{key}` is for `trivium init --set` only; change the product or Client in catalogue.toml.",
            )
    try:
        return Settings(**values)
    except ValidationError as error:
        raise TriviumError(ErrorKind.MALFORMED, f"{where}: {what_is_wrong(error, _keys(Settings))}") from error


def parse_assignments(assignments: list[str]) -> tuple[dict[str, Any], Settings, Defaults]:
    """Read the ``KEY=VALUE`` of ``trivium init --set``: the values for the file, the settings, the defaults.

    A value is TOML (``true``, ``8443``) or, when it is not, a string. Raises MALFORMED.
    """
    file_values: dict[str, Any] = {}
    default_values: dict[str, Any] = {}
    default_keys = {setting.key for setting in documented() if setting.at_init_only}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not key:
            raise TriviumError(ErrorKind.MALFORMED, f"--set {assignment}: write --set KEY=VALUE.")
        _put(default_values if key in default_keys else file_values, key, _toml_value(text))
    try:
        defaults = Defaults(**default_values)
    except ValidationError as error:
        raise TriviumError(ErrorKind.MALFORMED, f"--set: {what_is_wrong(error, _keys(Defaults))}") from error
    return file_values, parse(file_values, "--set"), defaults


def what_is_wrong(error: ValidationError, known: list[str]) -> str:
    """Say in one sentence what the first error is, and which ``known`` key was meant; never repeats a value."""
    first = error.errors(include_input=False, include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
        hint = f"; did you mean `{close[0]}`?" if close else "."
        return f"`{key}` is not a setting{hint}"
    return f"`{key}`: {first['msg'].removeprefix('Value error, ').rstrip('.')}."


def toml(values: Mapping[str, Any]) -> str:
    """Write the file: what was set as it was set, and every other setting as a comment with its default."""
    lines = ["# The settings of this gateway. Commented lines show the defaults; an unknown key is refused at start."]
    section = ""
    for setting in documented():
        if setting.at_init_only:
            continue
        table, _, name = setting.key.rpartition(".")
        if table != section:
            lines += ["", f"[{table}]"]
            section = table
        lines += ["", *(f"# {line}" for line in textwrap.wrap(setting.description, 110))]
        given = _get(values, setting.key)
        lines.append(f"# {name} = {setting.default}" if given is None else f"{name} = {_toml_literal(given)}")
    return "\n".join(lines) + "\n"


def _documented(
    model: type[BaseModel], in_force: BaseModel | None, *, at_init_only: bool, prefix: str = ""
) -> Iterator[Documented]:
    for name, field in model.model_fields.items():
        default, value = field.get_default(), getattr(in_force, name, None)
        if isinstance(default, BaseModel):
            yield from _documented(type(default), value, at_init_only=at_init_only, prefix=f"{prefix}{name}.")
        else:
            yield Documented(
                key=prefix + name,
                default=_toml_literal(default),
                value=None if value is None else _PASSWORD.sub(r"\1:***@", _toml_literal(value)),
                description=field.description or "",
                at_init_only=at_init_only,
            )


def _keys(model: type[BaseModel]) -> list[str]:
    return [setting.key for setting in _documented(model, None, at_init_only=False)]


def _put(values: dict[str, Any], key: str, value: object) -> None:
    *tables, name = key.split(".")
    for table in tables:
        inner = values.setdefault(table, {})
        if not isinstance(inner, dict):
            raise TriviumError(ErrorKind.MALFORMED, f"--set {key}: `{table}` has a value of its own already.")
        values = inner
    values[name] = value


def _get(values: Mapping[str, Any], key: str) -> object:
    found: Any = values
    for part in key.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _toml_value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _toml_literal(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml_literal, value))}]"
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
