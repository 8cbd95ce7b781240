"""Mutated requests over HTTP: whatever a stranger sends, a problem document comes back (F11, rule 43)."""

import json
import random

import pytest

from tests.acme.acme_client import AcmeClient
from tests.acme.acme_server import EXTERNAL_URL, AcmeServer
from tests.acme.signing import Json, b64, jwk_of, jws

STRANGE: list[object] = [
    None, True, 0, -1, 1e30, "", "\x7f", "é", "\u202e", "a" * 5000, [], [[]], {}, {"": ""}, [None],
    "\ud83d\ude00", 10**19, "2030-01-01T00:00:00Z", "AAAA", "urn:x", "../..", "%00", "' OR 1=1 --", b64(b"\x30\x80"),
]  # fmt: skip

PIECES = [
    "acme", "order", "account", "orders", "finalize", "certificate", "1", "..", ".", "", "%2e%2e", "%00", "%ff",
    "ord-01a20d8f-a4e8-76c7-b0d6-a63cd94e3640", "%F0%9F%98%80", "a" * 3000, "*", ";x=y", "\\",
]  # fmt: skip

PAYLOADS: dict[str, Json] = {
    "newAccount": {"contact": ["mailto:a@example.org"], "termsOfServiceAgreed": True, "onlyReturnExisting": True},
    "newOrder": {"identifiers": [{"type": "dns", "value": "a.test"}], "notBefore": None, "notAfter": None},
    "revokeCert": {"certificate": b64(b"\x30\x03\x02\x01\x00"), "reason": 0},
    "keyChange": {"protected": "e30", "payload": "", "signature": "AAAA"},
}


def mutated(value: object, chance: random.Random) -> object:
    """Return the JSON value with one part of it replaced by something strange."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        name = chance.choice(sorted(value))
        return value | {name: mutated(value[name], chance)}
    if isinstance(value, list) and value and chance.random() < 0.8:
        return [mutated(value[0], chance), *value[1:]]
    return chance.choice(STRANGE)


@pytest.mark.parametrize("seed", range(4))
async def test_strange_payloads_get_a_problem(client: AcmeClient, seed: int) -> None:
    """A well-signed request with a member of a strange type would be a 500 or a dead worker."""
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    for _ in range(60):
        resource = chance.choice(sorted(PAYLOADS))
        payload = json.dumps(mutated(PAYLOADS[resource], chance)).encode()
        send = client.post_by_key if resource == "newAccount" else client.post
        answer = await send(client.directory[resource], payload)
        assert answer.status in {200, 201} or answer.problem, payload
        assert answer.status < 500, (payload, answer.body)


@pytest.mark.parametrize("seed", range(4))
async def test_strange_jws_headers_get_a_problem(client: AcmeClient, seed: int) -> None:
    """A header parameter of a strange type would be a 500 before anybody is known."""
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    for _ in range(60):
        signer: Json = {"kid": client.kid} if chance.random() < 0.5 else {"jwk": jwk_of(client.key)}
        header: Json = {"alg": "ES256", "nonce": "AAAA", "url": client.kid} | signer
        changed = mutated(header, chance)
        assert isinstance(changed, dict | list | str | int | float | None)
        spoiled = changed if isinstance(changed, dict) else {"alg": changed}
        answer = await client.raw(client.kid, jws(client.key, b"", **spoiled))
        assert answer.problem
        assert 400 <= answer.status < 500, (spoiled, answer.body)


@pytest.mark.parametrize("seed", range(4))
async def test_damaged_bodies_get_a_problem(client: AcmeClient, seed: int) -> None:
    """A flipped, lost or doubled byte anywhere in a good request would be a 500 (wire damage, truncation)."""
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    good = jws(client.key, b"{}", kid=client.kid, nonce=await client.nonce(), url=client.kid)
    for _ in range(100):
        position = chance.randrange(len(good))
        part = chance.choice([b"", bytes([chance.randrange(256)]), good[position : position + 2] * 2, b'"', b"\\"])
        damaged = good[:position] + part + good[position + 1 :]
        answer = await client.raw(client.kid, damaged)
        assert answer.status in {200, 400, 403, 404}, damaged
        assert answer.header("replay-nonce")


@pytest.mark.parametrize("seed", range(2))
async def test_strange_paths_get_a_problem(server: AcmeServer, client: AcmeClient, seed: int) -> None:
    """A path that no route was made for would be a 500, or a redirect to a URL that nobody signed."""
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    for _ in range(80):
        url = EXTERNAL_URL + "/" + "/".join(chance.choices(PIECES, k=chance.randint(1, 5)))
        answer = await client.post(url)
        if url == server.directory.root:  # the directory, which a POST-as-GET reads
            continue
        assert answer.problem == "malformed"
        assert answer.status in {404, 405}, url
