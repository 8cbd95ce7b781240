"""DNS look-ups for validation: one resolver, asked afresh each time, whose failure is never permission (rules 58-59).

Queries are written and sent by hand and answers read by :mod:`~ca_core.validation.dns_answer`: a pair of A and AAAA
look-ups costs a tenth of what dnspython's own resolver needs, and it is part of every validation. Each try has its own
random id and, from the kernel, its own random port on a connected socket, so that an answer counts only from the
resolver's address, to that port, with that id and that question (RFC 5452 section 9). Nothing is cached beyond a
look-up. The resolver validates DNSSEC; its verdict is the AD bit, which the AD bit of a query asks for (RFC 6840
section 5.7), or SERVFAIL. It tells the truth only as far as the way to it can be trusted.
"""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Generic

import dns.exception
import dns.rcode
import dns.resolver
from dns.flags import AD, RD
from dns.rdatatype import AAAA, CAA, TXT, A, RdataType

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.sources import Sources
from ca_core.validation.caa_records import Property, parse_property
from ca_core.validation.dns_answer import RESPONSE, TRUNCATED, Answer, Data, name_text, parse_answer, wire_name

_TRIES = 3
_UDP_PAYLOAD = 4096
_MAX_TCP_ANSWER = 32 * 1024
_MAX_RECORDS = 256
_MAX_ALIASES = 8
_HEADER = 12
_MAX_PORT = 65535
_CLASS_IN = b"\x00\x01"
# One OPT record: root name, type 41, our UDP payload size, no flags, no options (RFC 6891 section 6.1).
_EDNS = b"\x00\x00\x29" + _UDP_PAYLOAD.to_bytes(2) + bytes(6)
_COUNTS = bytes.fromhex("0001 0000 0000 0001")
_FLAGS = int(RD | AD).to_bytes(2)


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """The addresses of a name, IPv6 first; ``aliases`` are the CNAME targets passed, ``authenticated`` the AD bit."""

    addresses: tuple[IPv4Address | IPv6Address, ...]
    aliases: tuple[str, ...]
    authenticated: bool


@dataclass(frozen=True, kw_only=True)
class Texts:
    """The TXT records of a name, each with its character-strings joined; none when the name has no such record."""

    records: tuple[bytes, ...]
    aliases: tuple[str, ...]
    authenticated: bool


@dataclass(frozen=True, kw_only=True)
class _Found(Generic[Data]):
    records: tuple[Data, ...]
    aliases: tuple[str, ...]
    authenticated: bool


class Resolver:
    """Asks one recursive resolver; safe to share between all validations of a process.

    A look-up with ``dnssec`` takes no answer that the resolver has not validated: an unsigned zone is an error then.
    """

    def __init__(self, address: str, sources: Sources, *, timeout: float = 1.0) -> None:
        """Ask the resolver at ``address`` (``host:port``), or the system's when it is empty.

        ``timeout`` is for each of the three tries, in seconds. Raises MALFORMED when ``address`` is none.
        """
        self._servers = (_parse_server(address),) if address else _system_servers()
        self._sources = sources
        self._timeout = timeout
        self.name = ", ".join(_server_text(*server) for server in self._servers)

    async def addresses(self, name: str, *, dnssec: bool = False) -> Addresses:
        """Look up the AAAA and A records of ``name``; raises DNS when neither gives an address.

        One family may fail while the other has addresses: many servers answer AAAA with an error.
        """
        a, aaaa = await asyncio.gather(
            self._lookup(name, A, IPv4Address, dnssec=dnssec),
            self._lookup(name, AAAA, IPv6Address, dnssec=dnssec),
            return_exceptions=True,
        )
        found = [answer for answer in (aaaa, a) if isinstance(answer, _Found) and answer.records]
        if not found:
            for outcome in (a, aaaa):
                if isinstance(outcome, BaseException):
                    raise outcome
            raise TriviumError(ErrorKind.DNS, f"{name} has neither an A nor an AAAA record: add one.")
        return Addresses(
            addresses=tuple(address for answer in found for address in answer.records),
            aliases=found[0].aliases,
            authenticated=all(answer.authenticated for answer in found),
        )

    async def texts(self, name: str, *, dnssec: bool = False) -> Texts:
        """Look up the TXT records of ``name``; raises DNS when the resolver reports an error or gives no answer."""
        found = await self._lookup(name, TXT, _joined_strings, dnssec=dnssec)
        return Texts(records=found.records, aliases=found.aliases, authenticated=found.authenticated)

    async def caa(self, name: str, *, dnssec: bool = False) -> tuple[Property, ...]:
        """Look up the CAA records of ``name`` alone; raises DNS when they cannot be known.

        A name that does not exist has none, but a top-level domain that does not exist is an error (rule 60): whoever
        answers so about it has lost the root.
        """
        found = await self._lookup(name, CAA, parse_property, dnssec=dnssec, may_be_absent="." in name)
        return found.records

    async def _lookup(
        self,
        name: str,
        rdtype: RdataType,
        read: Callable[[bytes], Data],
        *,
        dnssec: bool,
        may_be_absent: bool = False,
    ) -> _Found[Data]:
        """Follow CNAMEs to the records of ``name``, asking again where the resolver did not chase one."""
        try:
            qname = wire_name(name)
        except ValueError as error:
            raise TriviumError(ErrorKind.DNS, f"{name!r} is not a domain name.") from error
        aliases: list[str] = []
        authenticated = True
        for _ in range(_MAX_ALIASES):
            answer = await self._ask(qname, rdtype, read)
            authenticated &= answer.authenticated
            if not (may_be_absent and answer.rcode == dns.rcode.NXDOMAIN):
                _check_rcode(answer.rcode, name, rdtype)
            if dnssec and not authenticated:
                raise TriviumError(
                    ErrorKind.DNS,
                    f"The answer about the {rdtype.name} records of {name} is not signed: sign its zone (DNSSEC), "
                    "which this product requires.",
                )
            try:
                *_, canonical = chain = answer.chain(qname)
            except dns.exception.FormError as error:
                raise TriviumError(
                    ErrorKind.DNS, f"The CNAME records of {name} run in a loop: correct them."
                ) from error
            aliases += map(name_text, chain[1:])
            records = tuple(answer.records.get(canonical.lower(), ()))
            if len(records) > _MAX_RECORDS:
                raise TriviumError(
                    ErrorKind.DNS, f"{name} has more than {_MAX_RECORDS} {rdtype.name} records: remove the unused ones."
                )
            if records or canonical is qname:
                return _Found(records=records, aliases=tuple(aliases), authenticated=authenticated)
            qname = canonical
        raise TriviumError(ErrorKind.DNS, f"{name} is behind a chain of CNAME records that does not end: shorten it.")

    async def _ask(self, qname: bytes, rdtype: RdataType, read: Callable[[bytes], Data]) -> Answer[Data]:
        """Ask until an answer comes, three times at most; only a timeout is tried again."""
        question = qname.lower() + rdtype.to_bytes(2) + _CLASS_IN
        for attempt in range(_TRIES):
            server = self._servers[attempt % len(self._servers)]
            query = self._sources.entropy.token(2) + _FLAGS + _COUNTS + question + _EDNS
            try:
                async with asyncio.timeout(self._timeout):
                    answer = await _ask_udp(server, query, question)
                    if int.from_bytes(answer[2:4]) & TRUNCATED:
                        answer = await _ask_tcp(server, query, question)
                return parse_answer(answer, rdtype, read)
            except TimeoutError:
                continue
            except (OSError, EOFError, dns.exception.DNSException, ValueError) as error:
                raise TriviumError(
                    ErrorKind.DNS,
                    f"The resolver gave no usable answer about the {rdtype.name} records of {_text(qname)} "
                    f"({type(error).__name__}): try again later.",
                ) from error
        raise TriviumError(
            ErrorKind.DNS,
            f"No answer about the {rdtype.name} records of {_text(qname)} within {_TRIES} tries of "
            f"{self._timeout:g} s: check that its name servers answer.",
        )


async def _ask_udp(server: tuple[str, int], query: bytes, question: bytes) -> bytes:
    """Send ``query`` from a fresh socket and return the first packet that answers it; others are ignored."""
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as udp:
        udp.connect(server)
        udp.send(query)
        while True:
            packet = await loop.sock_recv(udp, _UDP_PAYLOAD)
            if _answers(packet, query, question):
                return packet


async def _ask_tcp(server: tuple[str, int], query: bytes, question: bytes) -> bytes:
    """Ask again over TCP after a truncated answer (RFC 7766 section 5)."""
    reader, writer = await asyncio.open_connection(*server)
    try:
        writer.write(len(query).to_bytes(2) + query)
        length = int.from_bytes(await reader.readexactly(2))
        if length > _MAX_TCP_ANSWER:
            raise dns.exception.TooBig
        packet = await reader.readexactly(length)
    finally:
        writer.transport.abort()
    if not _answers(packet, query, question):
        raise dns.exception.FormError
    return packet


def _answers(packet: bytes, query: bytes, question: bytes) -> bool:
    """Whether ``packet`` is a response with the query's id and its question, compared without regard to case."""
    return (
        packet[:2] == query[:2]
        and len(packet) >= _HEADER
        and bool(int.from_bytes(packet[2:4]) & RESPONSE)
        and packet[_HEADER : _HEADER + len(question)].lower() == question.lower()
    )


def _joined_strings(data: bytes) -> bytes:
    """Return the character-strings of a TXT record, at least one, as one (RFC 1035 section 3.3.14)."""
    text, at = b"", 0
    while at < len(data):
        text += data[at + 1 : at + 1 + data[at]]
        at += 1 + data[at]
    if not data or at != len(data):
        raise dns.exception.FormError
    return text


def _check_rcode(rcode: dns.rcode.Rcode, name: str, rdtype: RdataType) -> None:
    if rcode == dns.rcode.NOERROR:
        return
    if rcode == dns.rcode.NXDOMAIN:
        raise TriviumError(ErrorKind.DNS, f"The domain name {name} does not exist (NXDOMAIN): create its records.")
    raise TriviumError(
        ErrorKind.DNS,
        f"The resolver answered {dns.rcode.to_text(rcode)} about the {rdtype.name} records of {name}: check its name "
        "servers and its DNSSEC signatures.",
    )


def _text(qname: bytes) -> str:
    return name_text(qname).removesuffix(".")


def _parse_server(address: str) -> tuple[str, int]:
    host, colon, port = address.rpartition(":")
    if not colon or address.endswith("]"):
        host, port = address, "53"
    host = host.removeprefix("[").removesuffix("]")
    if not (_is_address(host) and port.isascii() and port.isdigit() and 0 < int(port) <= _MAX_PORT):
        raise TriviumError(
            ErrorKind.MALFORMED,
            f"The resolver {address!r} is not an IP address with a port: write it as 192.0.2.1:53 or [2001:db8::1]:53.",
        )
    return host, int(port)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _system_servers() -> tuple[tuple[str, int], ...]:
    try:
        system = dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration as error:
        raise TriviumError(
            ErrorKind.UNAVAILABLE, "The system names no DNS resolver: set validation.resolver to one."
        ) from error
    return tuple((str(server), system.port) for server in system.nameservers)


def _server_text(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
