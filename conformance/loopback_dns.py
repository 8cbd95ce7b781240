"""A small DNS server for loopback: what a demonstration, a test or a benchmark asks instead of a real resolver.

Every name has the A record 127.0.0.1 and no AAAA record unless told otherwise; TXT and CNAME records are set over a
small HTTP interface whose commands are those of pebble-challtestsrv where it has them. It answers UDP and TCP, sets
the TC bit when an answer does not fit, and stops at no CNAME of its own: it behaves as a recursive resolver would.

    python -m conformance.loopback_dns --dns 127.0.0.1:8053 --http 127.0.0.1:8055
    curl -d '{"host": "_acme-challenge.example.test.", "value": "..."}' http://127.0.0.1:8055/set-txt

Commands (POST, a JSON object; answered 200 without a body): ``/set-txt`` (host, value: adds one), ``/clear-txt``
(host), ``/set-a`` and ``/set-aaaa`` (host, addresses: replaces them, an empty list means none), ``/set-cname`` (host,
target), ``/clear-cname`` (host), ``/set-caa`` (host, tag, value: adds one), ``/clear-caa`` (host), ``/set-servfail``,
``/clear-servfail`` (host).
"""

import argparse
import asyncio
import contextlib
import ipaddress
import json
import struct
from collections.abc import Callable
from typing import Any, Self

_A, _CNAME, _TXT, _AAAA, _OPT, _CAA = 1, 5, 16, 28, 41, 257
_HEADER = struct.Struct("!HHHHHH")
_RECORD = struct.Struct("!HHIH")
_TTL = 1
_QR_RD_RA = 0x8180
_TC = 0x0200
_FORMERR, _SERVFAIL = 1, 2
_PLAIN_UDP = 512
_MAX_HTTP = 64 * 1024
_MAX_CNAMES = 16
_LOOPBACK = ipaddress.ip_address("127.0.0.1").packed


class LoopbackDns:
    """The server, as an asynchronous context; port 0 takes a free one, and ``dns`` and ``http`` say which.

    ``http=None`` leaves the HTTP interface out; in-process users call the methods.
    """

    def __init__(self, dns: str = "127.0.0.1:0", http: str | None = None) -> None:
        self.dns = dns
        self.http = http
        self.queries: list[tuple[str, int]] = []
        self.record_queries = False
        self._texts: dict[str, list[bytes]] = {}
        self._addresses: dict[tuple[str, int], list[bytes]] = {}
        self._aliases: dict[str, str] = {}
        self._caa: dict[str, list[bytes]] = {}
        self._failing: set[str] = set()
        self._closing = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        host, port = _host_and_port(self.dns)
        loop = asyncio.get_running_loop()
        tcp = await asyncio.start_server(self._serve_tcp, host, port)
        port = tcp.sockets[0].getsockname()[1]
        udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(self.answer), (host, port))
        self._closing.callback(udp.close)
        self._closing.callback(tcp.close)
        self.dns = f"{host}:{port}"
        if self.http is not None:
            host, port = _host_and_port(self.http)
            http = await asyncio.start_server(self._serve_http, host, port)
            self._closing.callback(http.close)
            self.http = f"{host}:{http.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._closing.aclose()

    def set_txt(self, host: str, value: str) -> None:
        """Add a TXT record; a value of more than 255 bytes becomes several character-strings."""
        self._texts.setdefault(_key(host), []).append(value.encode())

    def clear_txt(self, host: str) -> None:
        """Remove all TXT records of ``host``."""
        self._texts.pop(_key(host), None)

    def set_a(self, host: str, addresses: list[str]) -> None:
        """Replace the A records of ``host``."""
        self._addresses[_key(host), _A] = [ipaddress.IPv4Address(address).packed for address in addresses]

    def set_aaaa(self, host: str, addresses: list[str]) -> None:
        """Replace the AAAA records of ``host``."""
        self._addresses[_key(host), _AAAA] = [ipaddress.IPv6Address(address).packed for address in addresses]

    def set_cname(self, host: str, target: str) -> None:
        """Make ``host`` an alias of ``target``."""
        self._aliases[_key(host)] = _key(target)

    def clear_cname(self, host: str) -> None:
        """Make ``host`` no alias."""
        self._aliases.pop(_key(host), None)

    def set_caa(self, host: str, tag: str, value: str, flags: int = 0) -> None:
        """Add a CAA record."""
        record = bytes([flags, len(tag)]) + tag.encode() + value.encode()
        self._caa.setdefault(_key(host), []).append(record)

    def clear_caa(self, host: str) -> None:
        """Remove all CAA records of ``host``."""
        self._caa.pop(_key(host), None)

    def set_servfail(self, host: str) -> None:
        """Answer SERVFAIL to every query about ``host``."""
        self._failing.add(_key(host))

    def clear_servfail(self, host: str) -> None:
        """Answer queries about ``host`` again."""
        self._failing.discard(_key(host))

    def answer(self, query: bytes, limit: int = 0) -> bytes:
        """Return the answer to ``query``; ``limit`` is the transport's size in bytes, 0 means what the query offers."""
        try:
            identity, _, questions, _, _, additional = _HEADER.unpack_from(query)
            end = _name_end(query, _HEADER.size) + 4
            name = _name(query)
            (qtype,) = struct.unpack_from("!H", query, end - 4)
        except (struct.error, IndexError, ValueError):
            return query[:2] + struct.pack("!HHHHH", _QR_RD_RA | _FORMERR, 0, 0, 0, 0) if len(query) > 1 else b""
        if self.record_queries:
            self.queries.append((name, qtype))
        question = query[_HEADER.size : end]
        if name in self._failing or questions != 1:
            return _HEADER.pack(identity, _QR_RD_RA | _SERVFAIL, 1, 0, 0, 0) + question
        records = self._records(name, qtype)
        answer = _HEADER.pack(identity, _QR_RD_RA, 1, len(records), 0, 0) + question + b"".join(records)
        if len(answer) <= (limit or _PLAIN_UDP) or (not limit and len(answer) <= _udp_limit(query, end, additional)):
            return answer
        return _HEADER.pack(identity, _QR_RD_RA | _TC, 1, 0, 0, 0) + question

    def _records(self, name: str, qtype: int) -> list[bytes]:
        records: list[bytes] = []
        owner = b"\xc0\x0c"  # the question's name
        while name in self._aliases and len(records) < _MAX_CNAMES:
            name = self._aliases[name]
            records.append(_record(owner, _CNAME, _encode(name)))
            owner = _encode(name)
        if qtype == _TXT:
            values = [_strings(text) for text in self._texts.get(name, ())]
        elif qtype == _CAA:
            values = self._caa.get(name, [])
        else:
            values = self._addresses.get((name, qtype), [_LOOPBACK] if qtype == _A else [])
        return records + [_record(owner, qtype, value) for value in values]

    async def _serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError), contextlib.closing(writer):
            while True:
                query = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
                answer = self.answer(query, limit=0xFFFF)
                writer.write(len(answer).to_bytes(2) + answer)
                await writer.drain()

    async def _serve_http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one request: a command of the interface, then the connection is closed."""
        status = "400 Bad Request"
        with contextlib.suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            with contextlib.suppress(ValueError, KeyError, TypeError):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                method, path, _ = head.split(" ", 2)
                length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
                body = json.loads(await reader.readexactly(min(length, _MAX_HTTP)))
                status = self._command(method, path, body)
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
        writer.close()

    def _command(self, method: str, path: str, body: dict[str, Any]) -> str:
        commands: dict[str, tuple[Callable[..., None], tuple[str, ...]]] = {
            "/set-txt": (self.set_txt, ("host", "value")),
            "/clear-txt": (self.clear_txt, ("host",)),
            "/set-a": (self.set_a, ("host", "addresses")),
            "/set-aaaa": (self.set_aaaa, ("host", "addresses")),
            "/set-cname": (self.set_cname, ("host", "target")),
            "/clear-cname": (self.clear_cname, ("host",)),
            "/set-caa": (self.set_caa, ("host", "tag", "value")),
            "/clear-caa": (self.clear_caa, ("host",)),
            "/set-servfail": (self.set_servfail, ("host",)),
            "/clear-servfail": (self.clear_servfail, ("host",)),
        }
        if path not in commands:
            return "404 Not Found"
        if method != "post":
            return "405 Method Not Allowed"
        command, fields = commands[path]
        command(*(body[field] for field in fields))
        return "200 OK"


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self._answer = answer
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None and (answer := self._answer(data)):
            self._transport.sendto(answer, addr)


def _name_end(message: bytes, offset: int) -> int:
    """Return the offset behind the uncompressed name at ``offset``."""
    while message[offset]:
        if message[offset] > 63:  # noqa: PLR2004 - the longest label, RFC 1035 section 2.3.4
            raise ValueError
        offset += message[offset] + 1
    return offset + 1


def _name(message: bytes) -> str:
    """Return the question's name in lower case, without the final dot."""
    labels = []
    offset = _HEADER.size
    while length := message[offset]:
        labels.append(message[offset + 1 : offset + 1 + length])
        offset += length + 1
    return b".".join(labels).decode("latin-1").lower()


def _udp_limit(query: bytes, end: int, additional: int) -> int:
    """Return the UDP payload size that the query's OPT record offers (RFC 6891 section 6.2.3)."""
    if additional and query[end : end + 3] == b"\x00" + _OPT.to_bytes(2):
        return max(_PLAIN_UDP, int.from_bytes(query[end + 3 : end + 5]))
    return _PLAIN_UDP


def _record(owner: bytes, rtype: int, value: bytes) -> bytes:
    return owner + _RECORD.pack(rtype, 1, _TTL, len(value)) + value


def _encode(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode("latin-1") for label in name.split(".") if label) + b"\x00"


def _strings(text: bytes) -> bytes:
    chunks = [text[start : start + 255] for start in range(0, len(text), 255)] or [b""]
    return b"".join(bytes([len(chunk)]) + chunk for chunk in chunks)


def _key(host: str) -> str:
    return host.rstrip(".").lower()


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


async def _run(dns: str, http: str) -> None:
    async with LoopbackDns(dns, http) as server:
        print(f"ready dns={server.dns} http={server.http}", flush=True)  # noqa: T201 - whoever starts it waits for it
        await asyncio.Event().wait()


def main() -> None:
    """Run the server until it is stopped."""
    parser = argparse.ArgumentParser(description="a small DNS server for loopback")
    parser.add_argument("--dns", default="127.0.0.1:8053", metavar="HOST:PORT")
    parser.add_argument("--http", default="127.0.0.1:8055", metavar="HOST:PORT")
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(arguments.dns, arguments.http))


if __name__ == "__main__":
    main()
