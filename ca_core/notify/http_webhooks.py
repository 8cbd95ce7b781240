"""Requests to webhooks: an URL of a Client's choice is dialled as carefully as one of a validation (abuse 1-7)."""

import asyncio
import ssl
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Final

import aiohttp
from yarl import URL

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.notify.webhook_sender import SECONDS, WebhookSettings
from ca_core.validation.destinations import destinations
from ca_core.validation.pinned import NoResolver, host_header, is_tls_error, pinned
from ca_core.validation.redirects import is_host
from ca_core.validation.resolver import Resolver
from ca_core.validation.validator import NO_REQUIREMENTS, ValidationSettings

_DIAL_SECONDS: Final = 4.0
_MAX_URL: Final = 2000
_MAX_CONNECTIONS: Final = 64
_TRIVIUM: Final = "Trivium webhooks"
_DIAL_ERRORS: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


class HttpWebhooks:
    """Implements :class:`ca_core.notify.webhook_sender.WebhookSender`: no proxy, no cookie, no redirect."""

    def __init__(self, settings: WebhookSettings, resolver: Resolver) -> None:
        """Prepare; no event loop need run yet. Raises UNAVAILABLE when the file of CAs cannot be read."""
        self._settings = settings
        self._addresses = ValidationSettings(allow_private_addresses=settings.allow_private_addresses)
        self._resolver = resolver
        self._tls = _tls_context(settings.ca_file)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the client session."""
        if self._session is not None:
            await self._session.close()

    def check_url(self, url: str) -> str:
        """Return ``url``, an absolute https URL with a host and, at most, a port that the settings name."""
        self._parsed(url)
        return url

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """POST to the first address of the host, or to the other one when that cannot be dialled."""
        parsed = self._parsed(url)
        try:
            async with asyncio.timeout(SECONDS):
                return await self._send(parsed, body, headers)
        except TimeoutError as error:
            raise TriviumError(ErrorKind.CONNECTION, f"There was no answer within {SECONDS:g} s.") from error

    def _parsed(self, url: str) -> URL:
        if len(url) > _MAX_URL or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
            raise _refused(f"at most {_MAX_URL} printable ASCII characters, international names in punycode")
        try:
            parsed = URL(url)
            port = parsed.port
        except ValueError as error:
            raise _refused("an absolute https:// URL") from error
        schemes = ("https", "http") if self._settings.plain_http else ("https",)
        if parsed.scheme not in schemes or not is_host(parsed.raw_host or ""):
            raise _refused(f"an absolute {' or '.join(f'{scheme}://' for scheme in schemes)} URL with a host name")
        if parsed.user is not None or parsed.password is not None or "#" in url:
            raise _refused("a URL without user name, password and fragment")
        if port not in self._settings.ports:
            raise _refused(f"a URL whose port is one of {', '.join(map(str, self._settings.ports))}")
        return parsed

    async def _send(self, url: URL, body: bytes, headers: Mapping[str, str]) -> int:
        for address in await self._destinations(url):
            try:
                return await self._post(url, address, body, headers)
            except (aiohttp.ClientError, OSError, ValueError) as error:
                if is_tls_error(error):
                    raise TriviumError(
                        ErrorKind.TLS, "The server speaks no TLS 1.2, or has no trusted certificate for the URL's host."
                    ) from error
                if isinstance(error, _DIAL_ERRORS):
                    continue
                raise TriviumError(ErrorKind.CONNECTION, "The server broke off or did not speak HTTP/1.1.") from error
        raise TriviumError(ErrorKind.CONNECTION, "The server could not be reached.")

    async def _destinations(self, url: URL) -> tuple[IPv4Address | IPv6Address, ...]:
        """Return the addresses to try; what the resolver says of an inner network is nobody's business (abuse 6)."""
        host = url.raw_host or ""
        try:
            return await destinations(host, self._resolver, self._addresses, NO_REQUIREMENTS)
        except TriviumError as error:
            if error.kind is ErrorKind.CONNECTION:
                raise TriviumError(ErrorKind.CONNECTION, f"{host} has an address that is not a public one.") from error
            raise TriviumError(ErrorKind.DNS, f"No address of {host} was found.") from error

    async def _post(self, url: URL, address: IPv4Address | IPv6Address, body: bytes, headers: Mapping[str, str]) -> int:
        port = url.port or 0
        response = await self._client().post(
            pinned(url, address, port),
            data=body,
            headers={**headers, "Host": host_header(url, port)},
            server_hostname=None if url.scheme == "http" else url.raw_host,
            allow_redirects=False,
        )
        response.close()
        return response.status

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    force_close=True,
                    limit=_MAX_CONNECTIONS,
                    resolver=NoResolver(),
                    use_dns_cache=False,
                    ssl=self._tls,
                ),
                headers={"User-Agent": _TRIVIUM, "Accept": "*/*", "Accept-Encoding": "identity"},
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_DIAL_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                read_bufsize=4096,
            )
        return self._session


def _tls_context(ca_file: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise TriviumError(
            ErrorKind.UNAVAILABLE, f"The file of `webhooks.ca_file`, {ca_file}, holds no certificates to read: {error}."
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _refused(wanted: str) -> TriviumError:
    return TriviumError(ErrorKind.MALFORMED, f"The URL of a webhook is {wanted}.")
