"""CMC over TCP (RFC 10003 section 7): messages back to back, and peers that send something else, or nothing."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from asn1crypto import cms

from conformance.processes import free_port
from gateway import listener_limits as limits
from gateway.cmc import tcp
from gateway.cmc.answer import PkiResponse
from gateway.cmc.ber import LIMITS
from gateway.cmc.errors import CmcFailInfo
from gateway.cmc.front_end import FrontEnd, Received
from gateway.cmc.responder import respond
from gateway.listener import bind
from tests.cmc.messages import pki_data, signed
from tests.cmc.office import Office, Read, new_key, nonce, request
from tests.cmc.test_transport import registered
from tests.gateway.command import trivium
from tests.running_gateway import RunningGateway

QUICK = 0.2
SOON = 20
"""Seconds in which something happens that is due; far more than it takes, for a machine that is busy."""
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def listening(office: Office, stop: asyncio.Event | None = None) -> AsyncIterator[int]:
    """Serve on a free port; at the end nothing listens there."""
    opened = bind("127.0.0.1", 0)
    port = opened.getsockname()[1]
    started, end = asyncio.Event(), stop or asyncio.Event()
    serving = asyncio.create_task(tcp.serve(office.front_end, opened, started=started, stop=end))
    await started.wait()
    try:
        yield port
    finally:
        end.set()
        await serving
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


async def connect(port: int) -> Connection:
    """Open a connection, and send nothing."""
    return await asyncio.open_connection("127.0.0.1", port)


def message(office: Office, name: str = "mail.example.com") -> bytes:
    """Return a new message that orders a certificate."""
    return office.signed(pki_data(request(name, key=new_key()), controls=(nonce(),)))


async def answer(office: Office, connection: Connection) -> Read:
    """Read one answer, no byte more."""
    async with asyncio.timeout(SOON):
        head = await connection[0].readexactly(4)
        assert head[1] == 0x82, "an answer is between 256 bytes and 64 KiB here"
        return office.read(head + await connection[0].readexactly(int.from_bytes(head[2:])))


async def ended(connection: Connection) -> bool:
    """Whether the connection ends, and nothing more comes."""
    rest = b""
    async with asyncio.timeout(SOON):
        with contextlib.suppress(ConnectionError):
            rest = await connection[0].read()
    connection[1].close()
    return not rest


async def test_messages_follow_each_other_on_a_connection(office: Office) -> None:
    """RFC 10003 section 7: one connection for successive requests is recommended; a client would wait for ever."""
    async with listening(office) as port:
        connection = await connect(port)
        for name in ("a.example.com", "b.example.com"):
            connection[1].write(message(office, name))
            assert (await answer(office, connection)).only.status == 0
        first, second = message(office, "c.example.com"), message(office, "d.example.com")
        connection[1].write(first[:100])
        await connection[1].drain()
        connection[1].write(first[100:] + second)
        for _ in range(2):
            assert (await answer(office, connection)).only.status == 0
        connection[1].write_eof()
        assert await ended(connection)
    assert len(await office.orders()) == 4


async def test_what_is_no_message_is_answered_and_ends_the_connection(office: Office) -> None:
    """Where the next message begins nobody knows; and a length that is believed would fill the memory."""
    async with listening(office) as port:
        for sent in (
            b"GET / HTTP/1.1\r\n\r\n",
            b"\x30\x80\x06\x09",
            b"\x30\x85\x01\x00\x00\x00\x00",
            b"\x30\x84\x7f\xff\xff\xff",
            b"\x30\x83" + (LIMITS.size + 1).to_bytes(3),
        ):
            connection = await connect(port)
            connection[1].write(sent)
            read = await answer(office, connection)
            assert (read.only.body_list, read.only.fail_info) == ((0,), CmcFailInfo.BAD_REQUEST)
            assert await ended(connection)
        refused = await connect(port)
        refused[1].write(b"\x30\x03\x02\x01\x01" + message(office))
        assert (await answer(office, refused)).only.status == 2
        assert (await answer(office, refused)).only.status == 0, "its end was known"
        refused[1].close()


async def test_idle_and_slow_peers_are_cut_off(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Abuse 70: a thousand peers that send half a message, or nothing, must not hold a thousand connections."""
    monkeypatch.setattr(limits, "REQUEST_SECONDS", QUICK)
    async with listening(office) as port:
        slow = await connect(port)
        slow[1].write(message(office)[:200])
        assert await ended(slow)
        monkeypatch.setattr(tcp, "IDLE_SECONDS", QUICK)
        assert await ended(await connect(port))
    assert await office.orders() == []


async def test_connections_are_bounded(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Idle peers would take every descriptor of the process (abuse 70)."""
    monkeypatch.setattr(limits, "CONNECTIONS", 2)
    async with listening(office) as port:
        held = [await connect(port) for _ in range(2)]
        for one in held:
            one[1].write(message(office))
            assert (await answer(office, one)).only.status == 0
        assert await ended(await connect(port))
        for one in held:
            one[1].write(message(office))
            assert (await answer(office, one)).only.status == 0
            one[1].close()


async def test_a_message_that_is_being_answered_is_answered_at_the_end(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restart would cost a client its certificate; and idle peers would hold the restart up."""
    may_answer, asked = asyncio.Event(), asyncio.Event()

    async def held_up(front_end: FrontEnd, received: Received) -> PkiResponse:
        asked.set()
        await may_answer.wait()
        return await respond(front_end, received)

    monkeypatch.setattr(tcp, "respond", held_up)
    stop = asyncio.Event()
    async with listening(office, stop) as port:
        idle, busy = await connect(port), await connect(port)
        busy[1].write(message(office))
        await asked.wait()
        stop.set()
        assert await ended(idle)
        may_answer.set()
        assert (await answer(office, busy)).only.status == 0
        assert await ended(busy)


@pytest.mark.parametrize("server", ["uvicorn", "hypercorn"])
def test_every_worker_listens_where_the_settings_say_so(server: str, tmp_path: Path) -> None:
    """Off, nothing but HTTP takes messages; on, a worker that does not listen would leave clients without an answer."""
    gateway = RunningGateway(tmp_path / "ca")
    port = free_port()
    gateway.init(f"listen.cmc_tcp=127.0.0.1:{port}")
    certificate, key = registered(gateway.directory, tmp_path)
    gateway.start(server=server, workers=2)
    try:
        assert gateway.endpoints["cmc_tcp"] == f"127.0.0.1:{port}"
        connections = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(4)]
        for number, connection in enumerate(connections):
            with connection:
                connection.sendall(signed(pki_data(request(f"{number}.example.com", key=new_key())), certificate, key))
                connection.shutdown(socket.SHUT_WR)
                received = b""
                while part := connection.recv(65536):
                    received += part
            assert len(cms.ContentInfo.load(received)["content"]["certificates"]) == 2
        findings = json.loads(trivium(gateway.directory, "doctor", "--json").stdout)
        [found] = [one for one in findings if one["check"] == "listen.cmc_tcp"]
        assert found["health"] == "good"
    finally:
        gateway.stop()
