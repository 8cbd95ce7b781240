"""Tokens over HTTP: every forgery is refused alike, on either version (abuse 13, 17, 21).

What the core makes of each is in ``tests.access.test_tokens``; here it is that no operation lets one through, and that
all of them are answered in the version's one shape.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ca_core.access import api_keys
from gateway.roads import Roads
from tests.access.people import Office, claims, encoded, signed
from tests.orders.workshop import CONSOLE
from tests.rest.conversation import Answer
from tests.status.asgi import call

HOUR: Final = 3600
MEMBERS: Final = {
    "/v2/clients": {"uuid", "errorCode", "errorMessages"},
    "/v3/clients": {"type", "title", "status", "detail", "instance", "errors"},
}
"""A route of either version, and the members of its errors."""
METHODS: Final = {"/v2/clients": "POST", "/v3/clients": "GET"}


def _now(office: Office) -> int:
    return int(office.core.sources.now().timestamp())


def _unsigned(office: Office) -> str:
    return f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{encoded(claims(office.core, 'alice'))}."


def _confused(office: Office) -> str:
    public = rsa.generate_private_key(65537, 2048).public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return signed(claims(office.core, "alice"), pem)


def _with(**changes: Any) -> Callable[[Office], str]:
    return lambda office: office.alice.token(**changes)


def _times(**seconds: int) -> Callable[[Office], str]:
    """Return what makes alice's own token, with times that many seconds from now."""

    def forge(office: Office) -> str:
        times: dict[str, Any] = {name: _now(office) + after for name, after in seconds.items()}
        return office.alice.token(**times)

    return forge


FORGERIES: Final[dict[str, Callable[[Office], str]]] = {
    "another HMAC": _with(header={"alg": "HS512"}),
    "an algorithm that the signature is not of": _with(header={"alg": "RS256"}),
    "an algorithm in small letters": _with(header={"alg": "hs256"}),
    "no signature": _unsigned,
    "none, and a signature": _with(header={"alg": "none"}),
    "a public key as the secret": _confused,
    "a key of its own": lambda office: signed(
        claims(office.core, "alice"), b"secret", {"jwk": {"kty": "oct", "k": encoded(b"secret")}}
    ),
    "no end": _with(exp=None),
    "an end too far": _times(exp=9 * HOUR),
    "a long life that began before": _times(iat=-HOUR, nbf=-HOUR, exp=8 * HOUR),
    "past its end": _times(iat=-2 * HOUR, nbf=-2 * HOUR, exp=-61),
    "not begun": _times(nbf=61),
    "another audience": _with(aud="REST"),
    "two audiences": _with(aud=["REST API", "other"]),
    "no audience": _with(aud=None),
    "another issuer": _with(iss="Somebody"),
    "no issuer": _with(iss=None),
    "unknown crit": _with(header={"crit": ["exp"], "exp": 1}),
    "crit without its header": _with(header={"crit": ["b64"]}),
    "another user's key": lambda office: office.alice.token(secret=office.bob.key.secret),
    "a stranger": lambda office: signed(claims(office.core, "nobody"), "x" * 64),
    "no token": lambda _: "a.b.c",
}


@dataclass(frozen=True)
class Door:
    """A route that every user may ask."""

    app: Roads
    path: str

    async def ask(self, token: str) -> Answer:
        """Ask with a token."""
        answer = await call(self.app, METHODS[self.path], self.path, headers={"Authorization": f"Bearer {token}"})
        return Answer(answer.status, answer.headers, answer.body)

    async def refuse(self, token: str) -> Answer:
        """Check that a token is refused, and how."""
        answer = await self.ask(token)
        assert answer.status == 401, answer.body
        assert answer.headers["www-authenticate"] == "Bearer"
        assert set(answer.json) == MEMBERS[self.path]
        if self.path.startswith("/v3"):
            assert answer.refused(401, "unauthenticated")
        else:
            assert answer.headers["content-type"] == "application/json"
        return answer


@pytest.fixture(params=MEMBERS)
def door(rest: Roads, request: pytest.FixtureRequest) -> Door:
    """A route of either version."""
    return Door(rest, request.param)


async def test_every_forgery_is_refused_alike(door: Door, office: Office) -> None:
    """Abuse 13, 17, 21: somebody would act as alice, or a stolen token would work for ever."""
    assert (await door.ask(office.alice.token())).status == 200
    for name, forge in FORGERIES.items():
        try:
            await door.refuse(forge(office))
        except AssertionError as error:
            error.add_note(name)
            raise
    assert (await door.ask(office.alice.token())).status == 200


async def test_a_deleted_key_signs_nothing(door: Door, office: Office) -> None:
    """Abuse 21: whoever has the key that was taken away would go on."""
    token = office.alice.token()
    assert (await door.ask(token)).status == 200
    await api_keys.delete(office.core, office.alice.key.key.id, CONSOLE)
    await door.refuse(token)
    await door.refuse(office.alice.token())


async def test_a_renewed_key_ends_after_a_week(door: Door, office: Office) -> None:
    """Abuse 21: the old key would stay good for ever, and renewing one that leaked would be of no use."""
    renewed = await api_keys.renew(office.core, office.alice.key.key.id, CONSOLE)
    assert (await door.ask(office.alice.token())).status == 200
    office.clock.advance(days=8)
    await door.refuse(office.alice.token())
    assert (await door.ask(office.alice.token(secret=renewed.secret))).status == 200


async def test_users_and_strangers_are_answered_alike(door: Door, office: Office) -> None:
    """Rule 52: the answer to a wrong key would tell who is a user."""
    user = await door.refuse(office.alice.token(secret="x" * 64))
    stranger = await door.refuse(signed(claims(office.core, "nobody"), "x" * 64))
    ids = {"uuid", "instance"}
    assert [(name, value) for name, value in user.json.items() if name not in ids] == [
        (name, value) for name, value in stranger.json.items() if name not in ids
    ]
