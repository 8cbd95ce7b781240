"""Somebody with a browser, without the browser: pages as they are served, in this process."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlencode

from starlette.types import ASGIApp

from ca_core.access import sessions
from ca_core.model.sessions import SignInMethod
from gateway.admin.page import COOKIE
from tests.access.people import ADDRESS, Person
from tests.status.asgi import call

_HIDDEN = re.compile(r'name="(csrf_token|version)" value="([^"]+)"')


@dataclass(frozen=True)
class Shown:
    """A page that was answered; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def html(self) -> str:
        """The page as it is."""
        return self.body.decode()

    @property
    def text(self) -> str:
        """What a reader sees of it, every run of blanks as one."""
        reader = _Reader()
        reader.feed(self.html)
        return " ".join(" ".join(reader.texts).split())

    @property
    def links(self) -> list[str]:
        """Where its links and forms go."""
        reader = _Reader()
        reader.feed(self.html)
        return reader.links

    @property
    def location(self) -> str:
        """Where it sends the browser on to, which it must."""
        assert self.status == 303, (self.status, self.text)
        return self.headers["location"]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.links: list[str] = []

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        self.links.extend(value or "" for name, value in attrs if name in {"href", "action"})


@dataclass(frozen=True)
class Visitor:
    """A user who is signed in at the application."""

    app: ASGIApp
    person: Person
    cookie: str

    @classmethod
    async def of(cls, app: ASGIApp, person: Person) -> "Visitor":
        """Sign a user in."""
        return cls(app, person, await sessions.begin(person.core, person.user, SignInMethod.LINK, ADDRESS))

    async def see(self, target: str, **headers: str) -> Shown:
        """Open a page."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await call(self.app, "GET", target, headers={"Cookie": f"{COOKIE}={self.cookie}", **named})
        return Shown(answer.status, answer.headers, answer.body)

    async def send(self, target: str, fields: Mapping[str, str | list[str]], *, seen: Shown | None = None) -> Shown:
        """Send a form, with the token and the version of a page that was ``seen``, or of one's own account."""
        body = urlencode({**await self._hidden(seen), **fields}, doseq=True).encode()
        return await self._post(target, body, "application/x-www-form-urlencoded")

    async def change(self, page: str, fields: Mapping[str, str | list[str]], *, target: str = "") -> Shown:
        """Open a page and send the form on it that goes to ``target``, which is the page itself unless it is named."""
        return await self.send(target or page, fields, seen=await self.see(page))

    async def upload(
        self, target: str, fields: dict[str, str], files: list[tuple[str, str, bytes]], *, seen: Shown | None = None
    ) -> Shown:
        """Send a form with files: the field, the name and the content of each."""
        hidden = await self._hidden(seen)
        parts = [(f'name="{name}"', value.encode()) for name, value in (hidden | fields).items()]
        parts += [(f'name="{field}"; filename="{name}"', content) for field, name, content in files]
        boundary = "----a-browser-s-boundary"
        body = b"".join(
            f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"
            for head, content in parts
        )
        return await self._post(
            target, body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
        )

    async def _hidden(self, seen: Shown | None) -> dict[str, str]:
        page = seen or await self.see("/admin/account")
        found = dict(_HIDDEN.findall(page.html))
        assert "csrf_token" in found, page.text
        return found

    async def _post(self, target: str, body: bytes, content_type: str) -> Shown:
        sent = {
            "Cookie": f"{COOKIE}={self.cookie}",
            "Content-Type": content_type,
            "Sec-Fetch-Site": "same-origin",
        }
        answer = await call(self.app, "POST", target, body=[body], headers=sent)
        return Shown(answer.status, answer.headers, answer.body)
