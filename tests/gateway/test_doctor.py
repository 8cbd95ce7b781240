"""``trivium doctor``: finds each fault that is planted, and says what to do."""

import asyncio
import os
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from ca_core.audit.log import entry
from ca_core.model.sources import Sources
from gateway import machine_checks, store_checks
from gateway.doctor import examine
from gateway.findings import Finding, Health
from gateway.installation import Installation
from gateway.sources import system_sources
from gateway.wiring import reading_core
from tests.gateway.installations import OPERATOR, make_installation


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with nothing wrong but that its resolver is a socket that swallows everything."""
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        resolver = f"validation.resolver=127.0.0.1:{silent.getsockname()[1]}"
        yield make_installation(tmp_path_factory.mktemp("doctor") / "ca", resolver).installation


@pytest.fixture
def installation(healthy: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A copy to plant faults in; the resolver is not waited for."""
    monkeypatch.setattr(machine_checks, "_SECONDS", 0.05)
    shutil.copytree(healthy.directory, tmp_path / "ca")
    return replace(healthy, directory=tmp_path / "ca")


def found(installation: Installation, check: str) -> Finding:
    """Run the doctor and return what one check found."""
    findings = asyncio.run(examine(installation.directory, dict(os.environ)))
    by_name = {finding.check: finding for finding in findings}
    assert check in by_name, sorted(by_name)
    return by_name[check]


def test_silent_resolver_alone_is_wrong_here(installation: Installation) -> None:
    """A resolver that does not answer fails every validation; nothing else may be called ill for it."""
    findings = asyncio.run(examine(installation.directory, dict(os.environ)))
    assert [finding.check for finding in findings if finding.health is not Health.GOOD] == ["resolver"]
    assert len(findings) >= 12


def _break_settings(at: Installation) -> None:
    at.settings_file.write_text("listen.acmee = 1")


def _break_catalogue(at: Installation) -> None:
    at.catalogue_file.write_text("[[product]]")


def _expose_key(at: Installation) -> None:
    at.key_encryption_key_file.chmod(0o644)


def _lose_key(at: Installation) -> None:
    at.key_encryption_key_file.unlink()


def _swap_key(at: Installation) -> None:
    at.key_encryption_key_file.write_text("ab" * 32)


def _lose_database(at: Installation) -> None:
    (at.directory / "trivium.db").unlink()


def _damage_database(at: Installation) -> None:
    (at.directory / "trivium.db").write_bytes(b"no database" * 1000)


def _sql(statement: str) -> Callable[[Installation], None]:
    def plant(at: Installation) -> None:
        with sqlite3.connect(at.directory / "trivium.db") as connection:
            connection.execute(statement)
        connection.close()

    return plant


class Planted(NamedTuple):
    """A fault, where the doctor should see it, and what it should say."""

    plant: Callable[[Installation], None]
    check: str
    words: str


FAULTS = {
    "settings": Planted(_break_settings, "settings", "did you mean `listen.acme`?"),
    "catalogue": Planted(_break_catalogue, "catalogue", "`product` is not a setting"),
    "mode": Planted(_expose_key, "file modes", "others may read"),
    "no key": Planted(_lose_key, "key-encryption key", "cannot be read"),
    "other key": Planted(_swap_key, "key of issuing", "another key-encryption key"),
    "no database": Planted(_lose_database, "database", "does not exist"),
    "old schema": Planted(_sql("DELETE FROM alembic_version"), "database", "older than this program"),
    "damaged database": Planted(_damage_database, "database", "could not be opened"),
    "no CRL": Planted(_sql("DELETE FROM crls"), "CRL of issuing", "there is none"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_found(installation: Installation, name: str) -> None:
    """A fault the doctor does not see is one the clients find first."""
    fault = FAULTS[name]
    fault.plant(installation)
    finding = found(installation, fault.check)
    assert finding.wrong
    assert fault.words in finding.detail
    assert finding.what_to_do


def test_taken_port_is_found(installation: Installation) -> None:
    """Another program on the listener's port keeps the gateway from starting."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", installation.settings.listen.acme.port))
        other.listen()
        finding = found(installation, "listen.acme")
    assert finding.wrong
    assert "another program listens there" in finding.detail


def test_full_disk_is_found(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk stops every write; the doctor must say so before."""
    sizes = shutil.disk_usage(installation.directory)
    for free, health in ((1 << 20, Health.WRONG), (500 << 20, Health.SOON), (50 << 30, Health.GOOD)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _path, free=free: sizes._replace(free=free))
        assert machine_checks.disk(installation).health is health


def test_clock_that_went_back_is_found(installation: Installation) -> None:
    """Certificates are dated by the clock: one behind what has happened already makes them invalid or too long."""

    async def happen_tomorrow() -> None:
        async with reading_core(installation) as core:
            record = replace(
                entry(core.sources, OPERATOR, "test.happen", "x"), at=datetime.now(UTC) + timedelta(days=1)
            )
            await core.store.write(lambda tx: tx.audit.append([record]))

    asyncio.run(happen_tomorrow())
    finding = found(installation, "clock")
    assert finding.wrong
    assert "NTP" in finding.what_to_do


def test_catalogue_that_was_not_applied_is_found(installation: Installation) -> None:
    """An operator who edits a product and forgets to apply it believes in a policy that is not in force."""
    edited = installation.catalogue_file.read_text("utf-8").replace("wildcards = false", "wildcards = true", 1)
    installation.catalogue_file.write_text(edited, "utf-8")
    finding = found(installation, "catalogue in force")
    assert finding.health is Health.SOON
    assert "change product tls" in finding.detail


class _Later:
    """A clock that is ahead."""

    def __init__(self, ahead: timedelta) -> None:
        self._ahead = ahead

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead


@pytest.mark.parametrize(
    ("days", "check", "health"),
    [
        (0, "certificate of issuing", Health.GOOD),
        (3650 - 300, "certificate of issuing", Health.SOON),
        (3650 - 60, "certificate of issuing", Health.WRONG),
        (3650 + 1, "certificate of issuing", Health.WRONG),
        (7300 - 300, "certificate of root", Health.SOON),
        (3, "CRL of issuing", Health.GOOD),
        (8, "CRL of issuing", Health.WRONG),
        (340, "CRL of root", Health.SOON),
        (366, "CRL of root", Health.WRONG),
    ],
)
def test_what_ends_is_found_in_time(installation: Installation, days: int, check: str, health: Health) -> None:
    """Rule 16: an issuing CA near its end refuses orders, and a CRL past its end makes every certificate suspect."""

    async def look() -> list[Finding]:
        async with reading_core(installation) as core:
            sources = Sources(clock=_Later(timedelta(days=days)), entropy=system_sources().entropy)
            later = replace(core, sources=sources)
            return [*await store_checks.certificates(later), *await store_checks.crls(later)]

    findings = {finding.check: finding for finding in asyncio.run(look())}
    assert findings[check].health is health
