"""A directory, and an installation whose certificates go into it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.orders.conftest import installation, linters, template, workshop
from tests.publish.slapd import Slapd, prepare, serving

__all__ = ["installation", "linters", "template", "workshop"]


@pytest.fixture
def slapd_at_rest(tmp_path: Path) -> Slapd:
    """Make a directory that knows anna and bert, who has two entries; nobody runs it."""
    directory = tmp_path / "slapd"
    directory.mkdir()
    return prepare(directory, {"anna": "anna@example.test", "bert": "bert@example.test", "bert2": "bert@example.test"})


@pytest.fixture
def slapd(slapd_at_rest: Slapd) -> Iterator[Slapd]:
    """Run the directory."""
    with serving(slapd_at_rest):
        yield slapd_at_rest
