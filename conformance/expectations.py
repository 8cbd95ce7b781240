"""What a suite found beside the table that its repository has of the last accepted run."""

import sys
from pathlib import Path

from conformance.table import Table, failures, news, parse, regressions, render, render_differences


def document(tables: dict[str, Table]) -> str:
    """Write the tables of servers as Markdown, and where several servers differ."""
    sections = [render(name, table) for name, table in tables.items()]
    if len(tables) > 1:
        sections.append(render_differences(tables))
    return "\n".join(sections)


def judge(tables: dict[str, Table], file: Path, preamble: str, *, accept: bool, whole: bool = False) -> int:
    """Print what is not as ``file`` expects; return 1 when a cell that was good is not any more.

    With ``accept`` the tables become what is expected, under the ``preamble``: in the place of what was, where the run
    was a ``whole`` one. Of a server about which nothing is
    expected, every cell that failed counts.
    """
    expected = parse(file.read_text()) if file.exists() else {}
    if accept:
        kept = {name: {} if whole and name in tables else table for name, table in expected.items()}
        merged = {name: kept.get(name, {}) | tables.get(name, {}) for name in {**expected, **tables}}
        file.write_text(f"{preamble}\n{document(merged)}")
        return 0
    broken = [
        f"{name}: {line}"
        for name, table in tables.items()
        for line in (regressions(expected[name], table) if name in expected else failures(table))
    ]
    for name in tables.keys() & expected.keys():
        for line in news(expected[name], tables[name]):
            say(f"new: {name}: {line}")
    for line in broken:
        say(f"BROKEN: {line}")
    return 1 if broken else 0


def say(text: str) -> None:
    """Print a line, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
