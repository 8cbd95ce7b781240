"""An installation from before CMC: it goes on as it is, and gets CMC by what docs/cmc.md says (rule 94)."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path

import pytest

from ca_core.catalogue.entries import Catalogue
from ca_core.certificates.lint import Linters
from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.products import ProfileKind, Road
from conformance.processes import free_port
from gateway import initialise
from gateway.cmc.front_end import FrontEnd
from gateway.first_catalogue import first_catalogue
from gateway.initialise import Wish
from gateway.installation import Installation
from gateway.sources import system_sources
from gateway.wiring import opened_core
from tests.cmc.office import open_office
from tests.cmc.test_transport import message
from tests.gateway.command import Done, trivium
from tests.orders.workshop import CONSOLE, OwnClock, Workshop
from tests.running_gateway import ROOT, refused_serve

DOCUMENT = ROOT / "docs" / "cmc.md"


def older(*arguments: object, **named: object) -> Catalogue:
    """Return the catalogue that `trivium init` wrote before there was CMC."""
    now = first_catalogue(*arguments, **named)  # type: ignore[arg-type]
    before = tuple(
        replace(one, roads=tuple(road for road in one.roads if road not in {Road.CMC, Road.REST, Road.PAGE}))
        for one in now.products
        if one.policy.profile.kind in {ProfileKind.TLS_SERVER, ProfileKind.OCSP_RESPONDER}
    )
    products = tuple(replace(one, policy=replace(one.policy, ra_vouches=False)) for one in before)
    clients = tuple(replace(one, settings=replace(one.settings, cmc=False)) for one in now.clients)
    return replace(now, clients=clients, products=products)


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an installation as it was made then."""
    monkeypatch.setattr(initialise, "first_catalogue", older)
    wish = Wish(
        name="Test",
        algorithm=KeyAlgorithm.P256,
        key_in_token=False,
        root_passphrase="correct horse",
        assignments=(f"listen.acme=127.0.0.1:{free_port()}", f"listen.status=127.0.0.1:{free_port()}"),
    )
    return initialise.initialise(tmp_path / "ca", wish, system_sources(), CONSOLE, {}).installation.directory


def documented() -> str:
    """Return what the document says to add to the catalogue."""
    text = DOCUMENT.read_text("utf-8")
    return "\n".join(re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL))


async def run(directory: Path, *arguments: str) -> Done:
    """Run the command, which has an event loop of its own."""
    return await asyncio.to_thread(trivium, directory, *arguments)


async def test_the_document_brings_cmc(directory: Path, tmp_path: Path) -> None:
    """An operator who follows it would get a catalogue that is refused, or CMC that signs no answer."""
    catalogue = directory / "catalogue.toml"
    assert "gateway-cmc" not in catalogue.read_text("utf-8")
    assert "not served" in (await run(directory, "doctor")).stdout
    refused = await run(directory, "cmc-client", "add", "early", "--secret", "--product", "tls")
    assert (refused.returncode, "over CMC" in refused.stderr) == (1, True)
    text = catalogue.read_text("utf-8").replace("cmc = false", "cmc = true", 1)
    text = text.replace('roads = ["acme"]', 'roads = ["acme", "cmc"]')
    catalogue.write_text(text.replace("ra_vouches = false", "ra_vouches = true", 1) + documented(), "utf-8")
    applied = await run(directory, "apply")
    assert applied.returncode == 0, applied.stderr
    assert applied.stdout.count("add product gateway-cmc") == 3
    assert "not served" not in (await run(directory, "doctor")).stdout
    async with opened_core(
        Installation.open(directory), worker="test", linters=Linters.build(), environment={}
    ) as opened:
        products = await opened.core.store.read(lambda tx: tx.products.all(None))
        tls = next(one for one in products if one.policy.profile.kind is ProfileKind.TLS_SERVER)
        office = await open_office(Workshop(opened.core, OwnClock(), tls), tmp_path)
        assert not (await office.send(message(office))).full
        assert isinstance(office.front_end, FrontEnd)


def test_without_the_products_a_tcp_listener_is_refused(directory: Path) -> None:
    """A listener that nobody answers would look like a gateway that hangs."""
    settings = directory / "trivium.toml"
    values = settings.read_text("utf-8").replace("[listen]", f'[listen]\ncmc_tcp = "127.0.0.1:{free_port()}"', 1)
    settings.write_text(values, "utf-8")
    said = refused_serve(directory)
    assert "listen.cmc_tcp" in said
    assert "docs/cmc.md" in said
