"""Hostile switches over HTTP: what a client meets that is tried out with them, and no more than that."""

import time
from dataclasses import replace

import pytest

from ca_core.catalogue import application
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.acme.nonces import Nonces
from gateway.acme.routes import build_app
from gateway.hostile import HostileNonces, hostile_core
from gateway.settings.installation import Hostile
from tests.acme.acme_client import AcmeClient
from tests.acme.acme_server import NONCE_KEY, AcmeServer
from tests.orders.workshop import CONSOLE


def hostile(server: AcmeServer, switches: Hostile) -> AcmeServer:
    """Return the server with these switches, as a worker serves it."""
    core = hostile_core(server.core, switches)
    directory = replace(server.directory, hostile=switches.model_dump())
    nonces = HostileNonces(Nonces(NONCE_KEY, core.sources), switches.reject_nonces, core.sources.entropy)
    app = build_app(core, [directory], nonces)
    return replace(server, app=app, directory=directory, installation=replace(server.installation, core=core))


def at(client: AcmeClient, server: AcmeServer) -> AcmeClient:
    """Return the client at another application of the same CA."""
    return replace(client, app=server.app)


async def test_no_public_product_comes_to_it(server: AcmeServer) -> None:
    """A catalogue applied while it runs would issue public certificates without a good authorization."""
    core = hostile_core(server.core, Hostile(reuse_authorizations=100))
    now = await application.current(core, CONSOLE)
    public = [replace(one, policy=replace(one.policy, public=True)) for one in now.products]
    with pytest.raises(TriviumError) as refused:
        await application.apply_as_compared(core, replace(now, products=tuple(public)), "0" * 64, CONSOLE)
    assert refused.value.kind is ErrorKind.FORBIDDEN


async def test_good_nonces_are_refused(server: AcmeServer, client: AcmeClient) -> None:
    """A client that never tries again would pass, and one that does would not (RFC 8555 section 6.5)."""
    refusing = at(client, hostile(server, Hostile(reject_nonces=100)))
    for _ in range(3):
        refused = await refusing.post(client.kid)
        assert refused.problem == "badNonce"
        assert refused.json["detail"].startswith("JWS has an invalid anti-replay nonce: ")
        again = await refusing.post(client.kid, nonce=refused.header("replay-nonce"))
        assert again.status == 200


async def test_a_share_of_them_is(server: AcmeServer, client: AcmeClient) -> None:
    """A switch at 50 would refuse all or none."""
    refusing = at(client, hostile(server, Hostile(reject_nonces=50)))
    answers = [(await refusing.post(client.kid)).status for _ in range(100)]
    assert 20 <= answers.count(400) <= 50


@pytest.mark.parametrize("percent", [0, 100])
async def test_authorizations_are_reused(server: AcmeServer, client: AcmeClient, percent: int) -> None:
    """A client that counts on a challenge in every order would pass (RFC 8555 section 7.1.6)."""
    reusing = hostile(server, Hostile(reuse_authorizations=percent, delay_validations=1))
    theirs = at(client, reusing)
    first = await reusing.ready_order(theirs, "a.test")
    second = await theirs.order("a.test")
    assert (second.json["status"] == "ready") is (percent == 100)
    assert (second.json["authorizations"] == first.json["authorizations"]) is (percent == 100)


class Slowest:
    """Randomness at its largest."""

    def token(self, length: int) -> bytes:
        """Return all ones."""
        return b"\xff" * length


async def test_validations_are_delayed(server: AcmeServer, client: AcmeClient) -> None:
    """A client that reads the authorization once would pass (RFC 8555 section 7.5.1)."""
    sources = replace(server.core.sources, entropy=Slowest())
    switches = Hostile(delay_validations=1)
    slow = replace(server.core, validators=hostile_core(replace(server.core, sources=sources), switches).validators)
    delaying = replace(
        server,
        app=build_app(slow, [server.directory], Nonces(NONCE_KEY, slow.sources)),
        installation=replace(server.installation, core=slow),
    )
    theirs = at(client, delaying)
    order = await theirs.order("a.test")
    began = time.monotonic()
    decided = await delaying.validate(theirs, order.json["authorizations"][0])
    assert decided.json["status"] == "valid"
    assert time.monotonic() - began >= 1


async def test_the_directory_says_so(server: AcmeServer) -> None:
    """A client's developer would look for the fault in the client."""
    switches = Hostile(reject_nonces=7)
    seen = await hostile(server, switches).client()
    assert seen.directory["meta"]["hostile"] == switches.model_dump()
    assert "hostile" not in (await server.client()).directory["meta"]
