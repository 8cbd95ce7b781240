"""Reads the commands a document shows to its readers, and runs them as a reader would, in order, in one shell."""

import os
import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROMPT = "$ "
_INDENT = "    "
_END = "END OF PROGRAM"
_MARK = "\x1e"

# A network of its own, where one may be made: the ports a document names are free there, whatever runs beside.
_OWN_NETWORK = ("unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")

_SCRIPT = """
set -euo pipefail
trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
"""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A command and what it printed; what runs in the background prints into later commands too."""

    command: str
    output: str


def commands_of(markdown: str) -> list[str]:
    """Return the commands of all ``console`` blocks: lines after a prompt, and those below that are indented.

    Other lines of such a block are output that the reader will see. A ``python`` block is a program, run whole. A block
    without a prompt, or one called ``sh`` or ``bash``, would be commands that nobody runs; raises ValueError.
    """
    commands: list[str] = []
    for language, content in _BLOCK.findall(markdown):
        if language in {"sh", "bash", "shell"}:
            raise ValueError(f"write commands in a console block, with prompts: {content!r}")
        if language == "console":
            found = _prompted(content)
            if not found:
                raise ValueError(f"a console block without a prompt: {content!r}")
            commands += found
        if language == "python":
            commands.append(f"python - <<'{_END}'\n{content}{_END}")
    return commands


def _prompted(content: str) -> list[str]:
    found: list[str] = []
    for line in content.splitlines():
        if line.startswith(_PROMPT):
            found.append(line.removeprefix(_PROMPT))
        elif found and line.startswith(_INDENT):
            found[-1] += "\n" + line
    return found


def run_commands(commands: Sequence[str], *, directory: Path, home: Path, seconds: float) -> list[Ran]:
    """Run the commands in one shell that stops at the first failure; AssertionError shows what was printed until then.

    ``home`` is the shell's home directory. What still runs in the background at the end is told to end.
    """
    script = _SCRIPT + "".join(f"printf '{_MARK}'\n{command}\n" for command in commands)
    transcript = home / "transcript"
    with transcript.open("wb") as output:  # a pipe would be held open by what runs in the background
        process = subprocess.Popen(
            [*_own_network(), "bash", "-c", script],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={"HOME": str(home), "PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            start_new_session=True,
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
    _, *outputs = transcript.read_text(errors="replace").split(_MARK)
    ran = [Ran(command=command, output=printed) for command, printed in zip(commands, outputs, strict=False)]
    assert code == 0, "\n".join(f"$ {item.command}\n{item.output}" for item in ran)
    return ran


def _own_network() -> tuple[str, ...]:
    try:
        can = subprocess.run([*_OWN_NETWORK, "true"], capture_output=True, check=False, timeout=10).returncode == 0
    except FileNotFoundError:
        can = False
    return _OWN_NETWORK if can else ()
