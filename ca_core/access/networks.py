"""Source addresses: which networks a key or a CMC client may be used from."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from ca_core.model.errors import ErrorKind, TriviumError


def networks_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Return addresses and networks (``192.0.2.7``, ``2001:db8::/32``) in their normal form; raises MALFORMED."""
    return tuple(sorted({_network(text) for text in texts}))


def within(networks: tuple[str, ...], address: str) -> bool:
    """Whether ``address`` lies in one of the networks; any does when there is none, and an unknown one never."""
    if not networks:
        return True
    parsed = address_of(address)
    return parsed is not None and any(parsed in ip_network(network) for network in networks)


def narrower(networks: tuple[str, ...], than: tuple[str, ...]) -> bool:
    """Whether ``networks`` lets in nobody whom ``than`` does not."""
    outer = [ip_network(network) for network in than]
    return not outer or (bool(networks) and all(_lies_in(ip_network(network), outer) for network in networks))


def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """Return a peer's address, an IPv4 one that stands in IPv6 as itself; None where it is no address."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def _lies_in(network: IPv4Network | IPv6Network, outer: list[IPv4Network | IPv6Network]) -> bool:
    return any(one.version == network.version and network.subnet_of(one) for one in outer)  # type: ignore[arg-type]


def _network(text: str) -> str:
    try:
        return str(ip_network(text.strip()))
    except ValueError:
        detail = f"{text!r} is neither an IP address nor a network such as 192.0.2.0/24 (without host bits)."
        raise TriviumError(ErrorKind.MALFORMED, detail) from None
