"""A user who talks JSON with version 3, in this process."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.types import ASGIApp

from tests.access.people import Office, Person
from tests.status.asgi import call


@dataclass(frozen=True)
class Answer:
    """What was answered; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The JSON value in the body."""
        return json.loads(self.body)

    def refused(self, status: int, kind: str) -> str:
        """Check that it is a problem document of this status and kind; return what it says."""
        assert self.status == status, self.body
        assert self.headers["content-type"] == "application/problem+json"
        assert (self.json["type"], self.json["status"]) == (f"urn:trivium:error:{kind}", status)
        detail: str = self.json["detail"]
        return detail


@dataclass(frozen=True)
class Conversation:
    """A user at the application."""

    app: ASGIApp
    office: Office
    person: Person | None

    def by(self, person: Person | None) -> "Conversation":
        """Return another user at the same application."""
        return replace(self, person=person)

    async def ask(
        self, method: str, target: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request: a JSON value, or bytes as they are."""
        sent = dict(headers or {})
        pieces: list[bytes] = []
        if self.person is not None:
            sent["Authorization"] = f"Bearer {self.person.token()}"
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            pieces = [body if isinstance(body, bytes) else json.dumps(body).encode()]
        answer = await call(self.app, method, target, body=pieces, headers=sent)
        return Answer(answer.status, answer.headers, answer.body)

    async def get(self, target: str, **headers: str) -> Answer:
        """GET."""
        return await self.ask("GET", target, headers=_named(headers))

    async def post(self, target: str, body: object = None, **headers: str) -> Answer:
        """POST."""
        return await self.ask("POST", target, body, _named(headers))

    async def put(self, target: str, body: object, **headers: str) -> Answer:
        """PUT."""
        return await self.ask("PUT", target, body, _named(headers))

    async def patch(self, target: str, body: object, **headers: str) -> Answer:
        """PATCH."""
        return await self.ask("PATCH", target, body, _named(headers))

    async def delete(self, target: str, **headers: str) -> Answer:
        """DELETE."""
        return await self.ask("DELETE", target, headers=_named(headers))


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
