"""``trivium cmc``: CMC messages in files (RFC 10003 section 4)."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.command_options import Directory, with_keys

cmc = typer.Typer(help="CMC messages in files.", no_args_is_help=True)


@cmc.callback()
def _group() -> None:
    """Keep ``process`` a word of its own, though it is the only one."""


@cmc.command("process")
def process(
    directory: Directory,
    request: Annotated[Path, typer.Argument(metavar="IN.crq")],
    answer: Annotated[Path, typer.Argument(metavar="OUT.crp")],
) -> None:
    """Answer the CMC message in a file, as the gateway would over HTTP."""
    from gateway import cmc_files  # noqa: PLC0415 - so that `--help` is quick

    with_keys(directory, lambda core: cmc_files.process(core, request, answer))
    typer.echo(f"The answer is in {answer}.")
