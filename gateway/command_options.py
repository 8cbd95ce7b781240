"""What the ``trivium`` commands share: their options, who sits at the console, and a core for each."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.principals import Principal, PrincipalKind

if TYPE_CHECKING:
    from ca_core.core import Core

T = TypeVar("T")

Directory = Annotated[Path, typer.Option("--dir", envvar="TRIVIUM_DIR", help="The installation.", show_default=False)]
AnyDirectory = Annotated[
    Path | None, typer.Option("--dir", envvar="TRIVIUM_DIR", help="The installation, if there is one.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")]


def operator() -> Principal:
    """Return whoever sits at the machine's console: sees every Client."""
    return Principal(kind=PrincipalKind.OPERATOR, id=getpass.getuser())


def reading(directory: Path, command: Callable[["Core"], Awaitable[T]]) -> T:
    """Run a command on the store, which opens no key."""
    from gateway.installation import Installation  # noqa: PLC0415 - so that `--help` is quick
    from gateway.wiring import reading_core  # noqa: PLC0415

    installation = Installation.open(directory)

    async def run() -> T:
        async with reading_core(installation) as core:
            return await command(core)

    return asyncio.run(run())


def with_keys(directory: Path, command: Callable[["Core"], Awaitable[T]]) -> T:
    """Run a command that needs the key-encryption key."""
    from ca_core.certificates.lint import Linters  # noqa: PLC0415 - so that `--help` is quick
    from gateway.installation import Installation  # noqa: PLC0415
    from gateway.wiring import opened_core  # noqa: PLC0415

    installation = Installation.open(directory)

    async def run() -> T:
        async with opened_core(installation, worker="console", linters=Linters()) as opened:
            return await command(opened.core)

    return asyncio.run(run())


def choice(option: str, value: str, choices: object) -> str:
    """Return ``value`` if it is one of ``choices``; raises MALFORMED with all of them."""
    known = [str(one) for one in choices]  # type: ignore[attr-defined]
    if value not in known:
        raise TriviumError(ErrorKind.MALFORMED, f"{option} {value}: choose one of {', '.join(known)}.")
    return value
