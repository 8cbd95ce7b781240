"""What commands print: a table for people, one JSON value for programs, one red sentence for what went wrong."""

import base64
import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_FILE_WIDTH = 200


def console(*, error: bool = False) -> Console:
    """Return the console; output that is not a terminal's is wide, so that ids stay on one line."""
    stream = sys.stderr if error else sys.stdout
    return Console(stderr=error, width=None if stream.isatty() else _FILE_WIDTH, highlight=False)


def print_json(value: object) -> None:
    """Print one JSON value."""
    sys.stdout.write(json.dumps(plain(value), indent=2) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table, or say that there is nothing to put into it."""
    if not rows:
        console().print(f"{title}: none")
        return
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False)
    for position, column in enumerate(columns):
        table.add_column(column, no_wrap=position == 0, overflow="fold")
    for row in rows:
        # Text, not markup: a name from a certificate must not style the terminal, let alone steer it.
        table.add_row(*(_cell(value) for value in row))
    console().print(table)


def print_facts(title: str, facts: Mapping[str, object]) -> None:
    """Print names and values, a line each; empty ones are left out."""
    shown = [(name, value) for name, value in facts.items() if value not in (None, "", (), [])]
    print_table(title, ("", ""), shown)


def print_error(sentence: str) -> None:
    """Print what went wrong, in red."""
    console(error=True).print(Text(_printable(sentence), style="red"))


def plain(value: Any) -> Any:
    """Return a value of the domain as JSON knows it: times in ISO 8601, bytes in base64."""
    match value:
        case datetime():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case tuple() | list() | set() | frozenset():
            return [plain(item) for item in value]
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value


def _cell(value: object) -> Text:
    if isinstance(value, Text):
        return value
    if isinstance(value, datetime):
        return Text(f"{value:%Y-%m-%d %H:%M:%S}")
    if isinstance(value, tuple | list | frozenset):
        return Text(_printable(", ".join(str(item) for item in value)))
    return Text("" if value is None else _printable(str(value)))


def _printable(text: str) -> str:
    """Escape control characters: they would move the cursor (abuse 62)."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
