"""``trivium doctor``: looks at everything an installation needs, and says what is wrong and what to do.

It goes from the outside in, and stops where nothing further can be looked at: settings, files, the machine, the
database, and what is in it.
"""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from rich.text import Text

from ca_core.catalogue.changes import changes
from ca_core.certificates.lint import Linters
from ca_core.core import Core
from ca_core.model.errors import TriviumError
from ca_core.model.store import Transaction
from gateway import catalogue, hostile, machine_checks, settings_file, store_checks
from gateway.console import print_table
from gateway.findings import Finding, Health, good, soon, wrong
from gateway.installation import Installation
from gateway.sources import system_sources
from gateway.wiring import opened_core

_STYLE = {Health.GOOD: "green", Health.SOON: "yellow", Health.WRONG: "bold red"}


async def examine(directory: Path, environment: Mapping[str, str]) -> list[Finding]:
    """Run every check that can be run, and return what each found."""
    return [finding async for finding in _examine(directory, environment)]


def print_findings(findings: list[Finding]) -> None:
    """Print the findings as a table, and a last line that says how it stands."""
    rows = [
        (finding.check, Text(finding.health, style=_STYLE[finding.health]), finding.detail, finding.what_to_do)
        for finding in findings
    ]
    print_table("Trivium doctor", ("check", "", "found", "what to do"), rows)


async def _examine(directory: Path, environment: Mapping[str, str]) -> AsyncIterator[Finding]:
    try:
        installation = Installation(directory=directory, settings=settings_file.load(directory))
    except TriviumError as error:
        yield wrong("settings", error.detail, "Correct trivium.toml, or name the right directory.")
        return
    yield good("settings", str(installation.settings_file))
    if installation.settings.hostile.on:
        what_to_do = "Set `hostile.*` to 0 in trivium.toml, unless this installation is for testing clients alone."
        yield wrong("hostile switches", hostile.warning(installation.settings.hostile), what_to_do)
    yield _catalogue(installation)
    yield machine_checks.modes(installation)
    yield machine_checks.disk(installation)
    for finding in machine_checks.ports(installation):
        yield finding
    try:
        async with opened_core(installation, worker="doctor", linters=Linters(), environment=environment) as opened:
            async for finding in _with_core(opened.core, installation):
                yield finding
    except TriviumError as error:
        yield wrong("key-encryption key", error.detail, "Bring the key back: without it no CA key can be opened.")


async def _with_core(core: Core, installation: Installation) -> AsyncIterator[Finding]:
    yield await machine_checks.resolver(installation)
    database = await store_checks.database(core, installation)
    yield database
    if database.wrong:
        return
    yield await _applied(core, installation)
    yield await store_checks.clock(core)
    for check in (store_checks.keys, store_checks.certificates, store_checks.cmc_clients, store_checks.crls):
        for finding in await check(core):
            yield finding


async def _applied(core: Core, installation: Installation) -> Finding:
    """What the catalogue says is in force."""

    def read(tx: Transaction) -> list[str]:
        issuer_of = catalogue.issuer_from_files(installation.directory, core.sources)
        return [change.summary for change in changes(tx, content, issuer_of, core.sources)]

    try:
        content = catalogue.read(installation.catalogue_file, core.sources.now())
        differences = await core.store.read(read)
    except TriviumError as error:
        return wrong("catalogue in force", error.detail, "Correct catalogue.toml.")
    if differences:
        return soon("catalogue in force", f"not yet: {', '.join(differences)}", "trivium apply")
    return good("catalogue in force", "the store says the same")


def _catalogue(installation: Installation) -> Finding:
    try:
        content = catalogue.read(installation.catalogue_file, system_sources().now())
    except TriviumError as error:
        return wrong("catalogue", error.detail, "Correct catalogue.toml; the store keeps what was applied last.")
    return good("catalogue", f"{len(content.products)} products of {len(content.clients)} Clients")
