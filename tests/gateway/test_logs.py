"""The log on stderr: no line can be forged in it, and one that cannot be written stops nothing."""

import errno
import io
import json
import logging
import subprocess
import sys

import pytest

from gateway.logs import JsonLines, LosingLines


class FullDisk(io.StringIO):
    """A stream without room until somebody makes some."""

    full = True

    def write(self, text: str) -> int:
        """Write, if there is room."""
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


def record(message: str, *arguments: object) -> logging.LogRecord:
    """Return a record as a module of ours makes it."""
    return logging.LogRecord("trivium", logging.WARNING, "file", 1, message, arguments, None)


def test_log_line_cannot_be_forged() -> None:
    """Abuse 62: whatever a stranger sends stays inside one JSON string, and cannot steer the terminal that shows it."""
    hostile = 'x"}\n{"level": "forged"}\r\x1b[2J\u2028\u202eabc'
    line = JsonLines().format(record("refused %s", hostile))
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["message"] == f"refused {hostile}"


def test_log_on_a_full_disk_loses_lines_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """A disk full of log ends the gateway, or fills what room is left with tracebacks about the log itself."""
    disk = FullDisk()
    handler = LosingLines(disk)
    handler.handle(record("lost"))
    disk.full = False
    handler.handle(record("written"))
    assert disk.getvalue() == "written\n"
    assert capsys.readouterr().err == ""


def test_record_that_cannot_be_formatted_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """A defect of ours is silent, and the line that it should have been is missed when it is needed."""
    stream = io.StringIO()
    LosingLines(stream).handle(record("%d of them", "many"))
    assert stream.getvalue() == ""
    assert "Logging error" in capsys.readouterr().err


def test_program_survives_a_log_that_takes_nothing() -> None:
    """The log as it is set up for the gateway, on a device that is always full: the program goes on and ends well."""
    program = "import logging, gateway.logs as logs; logs.configure('info'); logging.warning('lost'); print('goes on')"
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=full, text=True, check=True
        )
    assert done.stdout == "goes on\n"
