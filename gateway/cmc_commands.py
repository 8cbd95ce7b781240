"""``trivium cmc``: CMC messages in files (RFC 10003 section 4)."""

# ruff: noqa: PLC0415 - each command imports what it needs, so that `--help` is quick

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.command_options import Directory, with_keys

if TYPE_CHECKING:
    from ca_core.core import Core
    from gateway.cmc.answer import PkiResponse

cmc = typer.Typer(help="CMC messages in files.", no_args_is_help=True)


@cmc.callback()
def _group() -> None:
    """Keep ``process`` a word of its own, though it is the only one."""


@cmc.command("process")
def process(
    directory: Directory,
    request: Annotated[Path, typer.Argument(metavar="IN", help="A message in DER, PEM or base64: .crq, or .p10.")],
    answer: Annotated[Path, typer.Argument(metavar="OUT", help="The answer: .crp, .p7c, or without: what it is.")],
    *,
    account: Annotated[str, typer.Option(help="As in the URL: who sends a .p10 with its secret in it.")] = "",
    product: Annotated[str, typer.Option(help="As in the URL: the product that is ordered.")] = "",
    validity: Annotated[str, typer.Option(help="As in the URL: 3y, 90d.")] = "",
) -> None:
    """Answer the CMC message in a file, as the gateway would over HTTP.

    The exit code is 0 when all was done, 3 when something was refused, 4 when something waits.
    """
    from gateway.cmc import files
    from gateway.cmc.front_end import FrontEnd
    from gateway.console import print_error

    given = {"account": account, "product": product, "validity": validity}
    parameters = {name: value for name, value in given.items() if value}

    async def run(core: "Core") -> tuple["PkiResponse", Path]:
        return await files.process(await FrontEnd.of(core), request, answer, parameters)

    reply, file = with_keys(directory, run)
    for status in reply.statuses:
        parts = ", ".join(str(number) for number in status.body_list)
        typer.echo(f"part {parts}: {status.status.name.lower().replace('_', ' ')}. {status.text}".rstrip())
    typer.echo(f"The answer is in {file}.")
    if file.suffix.lower() != files.suffix_of(reply):
        print_error(f"The answer is not what {file.name} says: name such a file {files.suffix_of(reply)}.")
    raise typer.Exit(files.outcome_of(reply).value)
