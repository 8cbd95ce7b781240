"""HTTP to an identity provider: https, no proxy, no cookie, no redirect, and so much of an answer as is sensible.

The provider is the operator's choice and may be in his network, so that its addresses are anybody's who resolves them.
"""

import asyncio
import base64
import json
import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import aiohttp

from ca_core.access.identity_provider import SECONDS
from ca_core.model.errors import ErrorKind, TriviumError

_MAX_BODY: Final = 256 * 1024
_MAX_CONNECTIONS: Final = 16


class ProviderClient:
    """Asks for JSON; it keeps one client session a process, without any connection kept alive."""

    def __init__(self, ca_file: str) -> None:
        """Prepare; no event loop need run yet. Raises UNAVAILABLE when the file of CAs cannot be read."""
        try:
            self._tls = ssl.create_default_context(cafile=ca_file or None)
        except OSError as error:
            detail = f"The file of `oidc.ca_file`, {ca_file}, holds no certificates to read: {error}."
            raise TriviumError(ErrorKind.UNAVAILABLE, detail) from error
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the client session."""
        if self._session is not None:
            await self._session.close()

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> tuple[int, dict[str, Any]]:
        """Return the status and the JSON object of an answer, empty where it is none; raises UNAVAILABLE."""
        return await self._asked("GET", url, None, headers or {})

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Send a form, and do the same."""
        return await self._asked("POST", url, form, headers)

    async def _asked(
        self, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, Any]]:
        try:
            async with (
                asyncio.timeout(SECONDS),
                self._client().request(method, url, data=form, headers=headers, allow_redirects=False) as response,
            ):
                return response.status, _object(await _read(response.content))
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            host = url.split("/")[2] if url.count("/") > 1 else url
            raise TriviumError(
                ErrorKind.UNAVAILABLE,
                f"The identity provider at {host} cannot be reached, or its TLS certificate is not trusted here; try "
                "again, or sign in another way.",
                retry_after=60,
            ) from error

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True, limit=_MAX_CONNECTIONS, ssl=self._tls),
                headers={"User-Agent": "Trivium", "Accept": "application/json", "Accept-Encoding": "identity"},
                timeout=aiohttp.ClientTimeout(total=SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


def basic(client_id: str, secret: str) -> str:
    """Return the Authorization of a client (RFC 6749 section 2.3.1: both parts are form-encoded first)."""
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


async def _read(content: aiohttp.StreamReader) -> bytes:
    """Read a body as far as one byte behind the limit; raises ValueError for a longer one."""
    body = b""
    while chunk := await content.read(_MAX_BODY + 1 - len(body)):
        body += chunk
        if len(body) > _MAX_BODY:
            raise ValueError("the answer is too long")
    return body


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
