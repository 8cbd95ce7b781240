"""http-01: a page under the name shows the key authorization (RFC 8555 section 8.3, rules 54-57).

The connection is made to a checked address (see :mod:`~ca_core.validation.destinations`) written into the URL: aiohttp
never resolves anything here. Each redirect starts that over.
"""

import asyncio
import hmac
import os
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address

import aiohttp
from yarl import URL

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.validation.destinations import destinations
from ca_core.validation.pinned import NoResolver, host_header, is_tls_error, pinned
from ca_core.validation.redirects import MAX_REDIRECTS, STATUSES, redirect_target
from ca_core.validation.resolver import Resolver
from ca_core.validation.validator import NO_REQUIREMENTS, Requirements, Validated, ValidationSettings, quoted

_MAX_BODY = 128
_MAX_SHOWN_URL = 300
_MAX_CONNECTIONS = 512  # far below the usual limit of open files; validations beyond it wait, within their timeout
_DIAL_ERRORS = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


@dataclass(frozen=True, kw_only=True)
class _Page:
    """One answer: ``body`` is cut one byte behind the limit, ``location`` is empty without such a header."""

    status: int
    location: str
    body: bytes
    address: str


class Http01:
    """The http-01 validator; it keeps one client session a process, without any connection kept alive."""

    def __init__(self, settings: ValidationSettings, resolver: Resolver) -> None:
        self._settings = settings
        self._resolver = resolver
        self._ports = {"http": settings.http_port, "https": settings.https_port}
        self._session: aiohttp.ClientSession | None = None

    async def validate(
        self,
        identifier: Identifier,
        token: str,
        key_authorization: str,
        requirements: Requirements = NO_REQUIREMENTS,
    ) -> Validated:
        """Fetch the challenge's page; see :class:`ca_core.validation.validator.Validator`.

        An IP address is its own host (RFC 8738 section 4). A wildcard is never validated this way (rule 66).
        """
        if identifier.wildcard:
            raise TriviumError(
                ErrorKind.IDENTIFIER_UNSUPPORTED, "http-01 cannot show control of a wildcard name: use dns-01."
            )
        return await self.fetch(identifier, f"/.well-known/acme-challenge/{token}", key_authorization, requirements)

    async def fetch(self, identifier: Identifier, path: str, expected: str, requirements: Requirements) -> Validated:
        """Return the evidence that the page at ``path`` under the identifier shows ``expected``; raises as above."""
        host = f"[{identifier.value}]" if _is_ipv6(identifier) else identifier.value
        start = URL(f"http://{host}{path}")
        try:
            async with asyncio.timeout(self._settings.timeout):
                return await self._follow(start, expected, requirements)
        except TimeoutError as error:
            raise TriviumError(
                ErrorKind.CONNECTION, f"Fetching {start} took longer than {self._settings.timeout:g} s: answer faster."
            ) from error

    async def close(self) -> None:
        """Close the client session."""
        if self._session is not None:
            await self._session.close()

    async def _follow(self, start: URL, expected: str, requirements: Requirements) -> Validated:
        """Follow redirects by hand to the page that shows what is expected, or to the reason why there is none."""
        url = start
        visited = [start]
        while True:
            page = await self._fetch(url, requirements)
            if page.status not in STATUSES:
                break
            url = redirect_target(url, page.location, self._ports, registered_names=requirements.registered_names)
            if url in visited:
                raise TriviumError(ErrorKind.CONNECTION, f"{start} is redirected in a loop: correct the redirects.")
            if len(visited) > MAX_REDIRECTS:
                raise TriviumError(
                    ErrorKind.CONNECTION, f"{start} is redirected more than {MAX_REDIRECTS} times: shorten the way."
                )
            visited.append(url)
        _check(page, url, expected)
        return Validated(
            address=page.address, resolver=self._resolver.name, detail=" -> ".join(_shown(hop) for hop in visited)
        )

    async def _fetch(self, url: URL, requirements: Requirements) -> _Page:
        """Get one page: from the first IPv6 address if there is one, once more over IPv4 if that cannot be dialled."""
        first, *fallbacks = await destinations(url.raw_host or "", self._resolver, self._settings, requirements)
        for address in (first, *fallbacks):
            try:
                return await self._get(url, address)
            except (aiohttp.ClientError, OSError, ValueError) as error:
                if is_tls_error(error):
                    raise TriviumError(
                        ErrorKind.TLS, f"No TLS connection to {url.raw_host} ({address}): offer TLS 1.2 or later."
                    ) from error
                if isinstance(error, _DIAL_ERRORS):
                    dial_error = error
                    continue
                raise TriviumError(
                    ErrorKind.CONNECTION,
                    f"The server of {_shown(url)} at {address} broke off or did not speak HTTP/1.1.",
                ) from error
        raise TriviumError(
            ErrorKind.CONNECTION,
            f"No connection for {_shown(url)} to {address} port {self._ports[url.scheme]} "
            f"({_dial_reason(dial_error)}): let the server be reached there.",
        ) from dial_error

    async def _get(self, url: URL, address: IPv4Address | IPv6Address) -> _Page:
        """Make one request to ``address``, and to nothing else, under the name of ``url``."""
        port = self._ports[url.scheme]
        response = await self._client().get(
            pinned(url, address, port),
            headers={"Host": host_header(url, port)},
            server_hostname=None if url.scheme == "http" else url.raw_host,
            allow_redirects=False,
        )
        try:
            return _Page(
                status=response.status,
                location=response.headers.get("Location", ""),
                body=b"" if response.status in STATUSES else await _read_page(response.content),
                address=str(address),
            )
        finally:
            response.close()

    def _client(self) -> aiohttp.ClientSession:
        """Make the session at the first use: it belongs to the running event loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    force_close=True,
                    limit=_MAX_CONNECTIONS,
                    resolver=NoResolver(),
                    use_dns_cache=False,
                    ssl=_tls_context(),
                ),
                headers={"User-Agent": self._settings.user_agent, "Accept": "*/*", "Accept-Encoding": "identity"},
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._settings.dial_timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                read_bufsize=4096,
            )
        return self._session


async def _read_page(content: aiohttp.StreamReader) -> bytes:
    """Read as far as one byte behind the limit, and no further."""
    body = b""
    while len(body) <= _MAX_BODY and (chunk := await content.read(_MAX_BODY + 1 - len(body))):
        body += chunk
    return body


def _check(page: _Page, url: URL, expected: str) -> None:
    """Compare the page with what is expected, as RFC 8555 section 8.3 has it: trailing white space is ignored."""
    if page.status != HTTPStatus.OK:
        raise TriviumError(
            ErrorKind.INCORRECT_RESPONSE,
            f"{_shown(url)} at {page.address} answered status {page.status} instead of 200: {quoted(page.body)}.",
        )
    if len(page.body) > _MAX_BODY or not hmac.compare_digest(page.body.rstrip(), expected.encode("ascii")):
        raise TriviumError(
            ErrorKind.INCORRECT_RESPONSE,
            f"{_shown(url)} at {page.address} should show exactly {expected} and shows {quoted(page.body)}.",
        )


def _tls_context() -> ssl.SSLContext:
    """Return the context for https redirect targets: nothing is verified, since the name is what is being validated."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _dial_reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.errno is not None:
        return os.strerror(error.os_error.errno)
    return "no answer in time"


def _shown(url: URL) -> str:
    """Return ``url``, percent-encoded and so printable, cut: a stranger chose its path."""
    text = str(url)
    return text if len(text) <= _MAX_SHOWN_URL else f"{text[:_MAX_SHOWN_URL]}..."


def _is_ipv6(identifier: Identifier) -> bool:
    return identifier.type is IdentifierType.IP and ":" in identifier.value
