"""Commands that the documents and messages mention in passing exist, with the options they are mentioned with."""

import re
from collections.abc import Iterator

import pytest
import typer

from gateway.cli import app
from tests.running_gateway import ROOT

MENTION = re.compile(r"`trivium ([^`\n]+)`")
DOCUMENTS = (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "benchmarks" / "README.md")
SOURCES = (*ROOT.glob("gateway/**/*.py"), *ROOT.glob("ca_core/**/*.py"))


def mentions() -> Iterator[str]:
    """Yield what is written behind `trivium`, with one command where alternatives are listed."""
    for path in (*DOCUMENTS, *SOURCES):
        for words in MENTION.findall(path.read_text()):
            before, *others = words.split(" | ")
            yield before
            yield from (f"{before.rpartition(' ')[0]} {other}".strip() for other in others)


def problem(words: str) -> str | None:
    """Return what is wrong with a mentioned command; None when it exists with these options."""
    command = typer.main.get_command(app)
    for word in words.split():
        inner = getattr(command, "commands", None)
        if inner is not None and word not in inner:
            return f"there is no command {word}"
        if inner is not None:
            command = inner[word]
        elif word.startswith("--"):
            options = {name for parameter in command.params for name in parameter.opts}
            if word.partition("=")[0] not in options:
                return f"there is no option {word}"
    return None


@pytest.mark.parametrize("words", sorted(set(mentions())))
def test_mentioned_commands_exist(words: str) -> None:
    """A reader who types what a document or an error tells him gets an answer, not a usage message."""
    assert problem(words) is None


@pytest.mark.parametrize("words", ["settings --nonsense", "nonsense", "eab nonsense"])
def test_what_does_not_exist_is_found(words: str) -> None:
    """A check that finds nothing would keep nothing."""
    assert problem(words) is not None
