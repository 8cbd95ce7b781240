"""``trivium import``: certificates of an earlier PKI, so that they are seen before they end."""

# ruff: noqa: PLC0415 - it imports what it needs when it runs, so that `--help` is quick

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ca_core.model.errors import TriviumError
from gateway.command_options import AsJson, Directory, operator, reading

if TYPE_CHECKING:
    from ca_core.core import Core


@dataclass
class Count:
    """What became of the certificates; ``refused`` are files with the reason, one a certificate or the whole file."""

    imported: int = 0
    already_there: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


def add_to(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("import")(import_certificates)


def import_certificates(
    directory: Directory,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="PEM, DER, PKCS #7, or folders of them.")],
    *,
    client: Annotated[str, typer.Option("--client", help="The Client that they belong to.")] = "default",
    as_json: AsJson = False,
) -> None:
    """Import certificates of another CA; exit code 1 when some are refused."""
    from gateway.console import print_facts, print_json, print_table

    count = reading(directory, lambda core: _import(core, client, files))
    if as_json:
        print_json(count)
    else:
        facts = {"imported": str(count.imported), "already there": str(count.already_there)}
        print_facts(f"Certificates of the Client {client}", facts)
        if count.refused:
            print_table("Refused", ("file", "why"), count.refused)
    if count.refused:
        raise typer.Exit(1)


async def _import(core: "Core", client: str, files: list[Path]) -> Count:
    from ca_core.certificates import external_certificates
    from gateway.user_commands import named_client

    client_id = await core.store.read(lambda tx: named_client(tx, client))
    count = Count()
    for file in _every(files):
        good = list(_good_ones(file, count))
        for start in range(0, len(good), external_certificates.MAX_AT_ONCE):
            ders = good[start : start + external_certificates.MAX_AT_ONCE]
            done = await external_certificates.import_certificates(core, client_id, ders, operator())
            count.imported += len(done.new)
            count.already_there += len(ders) - len(done.new)
    return count


def _every(files: list[Path]) -> Iterator[Path]:
    """Yield the files, and those in folders, also deeper ones."""
    for file in files:
        if file.is_dir():
            yield from sorted(one for one in file.rglob("*") if one.is_file())
        else:
            yield file


def _good_ones(file: Path, count: Count) -> Iterator[bytes]:
    """Yield the certificates (DER) of a file that can be imported, and count the others as refused."""
    from ca_core.certificates.certificate_files import MAX_FILE, certificates_in
    from ca_core.certificates.external_certificates import check

    try:
        with file.open("rb") as opened:
            found = certificates_in(opened.read(MAX_FILE + 1))
    except (OSError, TriviumError) as error:
        count.refused.append((str(file), error.detail if isinstance(error, TriviumError) else str(error.strerror)))
        return
    for number, der in enumerate(found, 1):
        try:
            check(der)
        except TriviumError as error:
            where = f"{file}, certificate {number}" if len(found) > 1 else str(file)
            count.refused.append((where, error.detail))
        else:
            yield der
