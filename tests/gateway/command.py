"""The ``trivium`` command in this process: what a new process would print and return, without a second of imports."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.cli import main


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def trivium(directory: Path, *arguments: str, environment: dict[str, str] | None = None) -> Done:
    """Run the command on an installation, without a terminal."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["trivium", *arguments, "--dir", str(directory)])
        patch.setattr(sys, "stdin", io.StringIO())
        for name, value in (environment or {}).items():
            patch.setenv(name, value)
        try:
            main()
            code: object = 0
        except SystemExit as end:
            code = end.code
    return Done(returncode=code if isinstance(code, int) else 0, stdout=out.getvalue(), stderr=err.getvalue())
