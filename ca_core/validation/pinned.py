"""HTTP requests to a checked address: aiohttp is given the address in the URL and never resolves a name (rule 55)."""

import ssl
from ipaddress import IPv4Address, IPv6Address
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class NoResolver(AbstractResolver):
    """Fails whatever asks aiohttp to resolve a name: a request without a checked address never leaves."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        """Refuse."""
        del port, family
        raise OSError(f"{host} was to be dialled without an address that was checked")

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""
        return


def pinned(url: URL, address: IPv4Address | IPv6Address, port: int) -> URL:
    """Return the URL whose host is ``address``, for the same path and query."""
    authority = f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004 - the IP version
    return URL(f"{url.scheme}://{authority}:{port}{url.raw_path_qs}", encoded=True)


def host_header(url: URL, port: int) -> str:
    """Return the Host of a request for ``url`` that goes to ``port``."""
    host = url.host_subcomponent or ""
    return host if port == DEFAULT_PORTS[url.scheme] else f"{host}:{port}"


def is_tls_error(error: Exception) -> bool:
    """Whether the TLS handshake failed. A failed connect has an errno, a peer that leaves during the handshake none."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return isinstance(error, aiohttp.ClientSSLError) or error.os_error.errno is None
    return isinstance(error, ssl.SSLError)
