"""Users of two Clients, and the tokens they sign."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from ca_core.access import users
from ca_core.access.api_keys import MadeKey
from ca_core.access.tokens import authenticate
from ca_core.access.users import NewUser
from ca_core.core import Core
from ca_core.model.clients import Client
from ca_core.model.principals import Principal
from ca_core.model.users import User, UserKind
from tests.orders.workshop import CONSOLE, OwnClock, Workshop

ADDRESS = "192.0.2.7"


@dataclass(frozen=True)
class Person:
    """A user with his key."""

    core: Core
    user: User
    key: MadeKey

    def token(self, *, secret: str | None = None, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """Sign a token as he does; ``changes`` are of its claims, None leaves one out."""
        return signed(claims(self.core, self.user.name, **changes), secret or self.key.secret, header)

    async def principal(self) -> Principal:
        """Return who he is to the core."""
        return await authenticate(self.core, self.token(), ADDRESS)


@dataclass(frozen=True)
class Office:
    """Two Clients: ``default`` and ``other``, and a user for each; and one of the CA."""

    core: Core
    clock: OwnClock
    client_id: str
    other_id: str
    alice: Person
    bob: Person
    chief: Person

    async def person(self, name: str, role: str, client_id: str | None, **more: Any) -> Person:
        """Make another user."""
        return await person(self.core, name, role, client_id, **more)


async def furnish(workshop: Workshop) -> Office:
    """Add the Client ``other``; a user of each Client, who orders, and the CA's operator."""
    core = workshop.core
    other = Client(id=core.sources.new_id("cli"), name="other", created_at=core.sources.now())
    await core.store.write(lambda tx: tx.clients.add(other))
    default = await core.store.read(lambda tx: tx.clients.by_name("default"))
    assert default is not None
    return Office(
        core=core,
        clock=workshop.clock,
        client_id=default.id,
        other_id=other.id,
        alice=await person(core, "alice", "ra-operator", default.id),
        bob=await person(core, "bob", "ra-operator", other.id),
        chief=await person(core, "chief", "ca-operator", None),
    )


async def person(core: Core, name: str, role: str, client_id: str | None, **more: Any) -> Person:
    """Make a user at the console."""
    request = NewUser(name=name, kind=UserKind.OPERATOR, role=role, client_id=client_id, **more)
    made = await users.create(core, request, CONSOLE)
    assert made.key is not None
    return Person(core, made.user, made.key)


def claims(core: Core, name: str, **changes: Any) -> dict[str, Any]:
    """Return the claims of a token that holds for an hour."""
    now = int(core.sources.now().timestamp())
    good = {"iss": "SwissPKI", "aud": "REST API", "sub": name, "iat": now, "nbf": now, "exp": now + 3600}
    return {claim: value for claim, value in (good | changes).items() if value is not None}


def signed(payload: object, secret: str | bytes, header: dict[str, Any] | None = None) -> str:
    """Sign with HMAC of the hash that ``alg`` names, SHA-256 for any other, whatever the header says."""
    head = {"alg": "HS256", "typ": "JWT"} | (header or {})
    signing_input = f"{encoded(head)}.{encoded(payload)}"
    key = secret.encode() if isinstance(secret, str) else secret
    digest = {"HS384": hashlib.sha384, "HS512": hashlib.sha512}.get(str(head["alg"]), hashlib.sha256)
    return f"{signing_input}.{base64url(hmac.new(key, signing_input.encode(), digest).digest())}"


def encoded(value: object) -> str:
    """Return base64url of JSON; of bytes as they are."""
    return base64url(value if isinstance(value, bytes) else json.dumps(value).encode())


def base64url(value: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
