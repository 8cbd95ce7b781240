"""The loopback DNS server that demo, tests and benchmark rely on, as its users drive it."""

import asyncio
import json
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator

import dns.asyncquery
import dns.flags
import dns.message
import pytest

from conformance.loopback_dns import LoopbackDns

NAME = "www.example.test"


@pytest.fixture
async def server() -> AsyncIterator[LoopbackDns]:
    """The server with its HTTP interface."""
    async with LoopbackDns("127.0.0.1:0", "127.0.0.1:0") as running:
        yield running


async def ask(server: LoopbackDns, rtype: str, name: str = NAME, *, edns: bool = True) -> dns.message.Message:
    """Ask as an independent client does."""
    host, _, port = server.dns.partition(":")
    query = dns.message.make_query(name, rtype, use_edns=edns, payload=4096 if edns else None)
    response, _tcp = await dns.asyncquery.udp_with_fallback(query, host, timeout=2, port=int(port))
    return response


async def values(server: LoopbackDns, rtype: str, name: str = NAME) -> list[str]:
    """Return the answer's records as text."""
    return [record.to_text() for rrset in (await ask(server, rtype, name)).answer for record in rrset]


async def command(server: LoopbackDns, path: str, body: object, method: str = "POST") -> int:
    """Send a command of the HTTP interface and return the status."""
    assert server.http is not None
    request = urllib.request.Request(f"http://{server.http}{path}", data=json.dumps(body).encode(), method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def send() -> int:
        try:
            with opener.open(request, timeout=2) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    return await asyncio.to_thread(send)


async def test_every_name_is_on_loopback(server: LoopbackDns) -> None:
    """The demo could not validate a name nobody set up."""
    assert await values(server, "A") == ["127.0.0.1"]
    assert await values(server, "AAAA") == []
    assert await values(server, "TXT") == []
    assert await values(server, "CAA") == []


async def test_records_are_set_over_http(server: LoopbackDns) -> None:
    """A hook, such as certbot's for dns-01, could not set or clear its record."""
    challenge = f"_acme-challenge.{NAME}."
    for value in ("one", 'two "quoted"'):
        assert await command(server, "/set-txt", {"host": challenge.upper(), "value": value}) == 200
    assert await values(server, "TXT", challenge) == ['"one"', '"two \\"quoted\\""']
    assert await command(server, "/clear-txt", {"host": challenge}) == 200
    assert await values(server, "TXT", challenge) == []
    assert await command(server, "/set-a", {"host": NAME, "addresses": ["192.0.2.1", "192.0.2.2"]}) == 200
    assert await command(server, "/set-aaaa", {"host": NAME, "addresses": ["2001:db8::1"]}) == 200
    assert await values(server, "A") == ["192.0.2.1", "192.0.2.2"]
    assert await values(server, "AAAA") == ["2001:db8::1"]
    assert await command(server, "/set-a", {"host": NAME, "addresses": []}) == 200
    assert await values(server, "A") == []


async def test_aliases_and_failures_are_set_over_http(server: LoopbackDns) -> None:
    """A test could not set up a CNAME or a failing zone."""
    assert await command(server, "/set-cname", {"host": NAME, "target": "other.test."}) == 200
    assert await command(server, "/set-txt", {"host": "other.test", "value": "x" * 300}) == 200
    assert await values(server, "TXT") == ["other.test.", f'"{"x" * 255}" "{"x" * 45}"']
    assert await command(server, "/clear-cname", {"host": NAME}) == 200
    assert await values(server, "TXT") == []
    assert await command(server, "/set-servfail", {"host": NAME}) == 200
    assert (await ask(server, "A")).rcode() == 2
    assert await command(server, "/clear-servfail", {"host": NAME}) == 200
    assert (await ask(server, "A")).rcode() == 0


@pytest.mark.parametrize(
    ("path", "body", "method", "status"),
    [
        ("/set-txt", {"host": "a"}, "POST", 400),
        ("/set-txt", [], "POST", 400),
        ("/set-a", {"host": "a", "addresses": ["x"]}, "POST", 400),
        ("/other", {}, "POST", 404),
        ("/set-txt", {"host": "a", "value": "b"}, "PUT", 405),
    ],
)
async def test_a_wrong_command_is_refused(
    server: LoopbackDns, path: str, body: object, method: str, status: int
) -> None:
    """A mistyped hook would believe that its record is there."""
    assert await command(server, path, body, method) == status


async def test_a_large_answer_comes_over_tcp(server: LoopbackDns) -> None:
    """An answer beyond the client's UDP size would be cut without notice."""
    for number in range(200):
        server.set_txt(NAME, f"{number:043}")
    assert len(await values(server, "TXT")) == 200
    host, _, port = server.dns.partition(":")
    query = dns.message.make_query(NAME, "TXT")
    assert (await dns.asyncquery.udp(query, host, timeout=2, port=int(port))).flags & dns.flags.TC


async def test_garbage_is_survived(server: LoopbackDns) -> None:
    """A stray packet would end the server."""
    host, _, port = server.dns.partition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        for packet in (b"", b"\x00", b"\x00" * 12, b"\xff" * 40, bytes(12) + b"\x3fabc"):
            udp.sendto(packet, (host, int(port)))
    assert await values(server, "A") == ["127.0.0.1"]


async def test_the_program_says_when_it_is_ready() -> None:
    """Whoever starts it could not know its ports, or when to go on."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "conformance.loopback_dns", "--dns", "127.0.0.1:0", "--http", "127.0.0.1:0",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
        assert line.startswith("ready dns=127.0.0.1:")
        running = LoopbackDns(line.split()[1].removeprefix("dns="))
        assert await values(running, "A") == ["127.0.0.1"]
    finally:
        process.terminate()
        await process.wait()
