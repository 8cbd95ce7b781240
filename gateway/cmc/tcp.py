"""CMC over TCP (RFC 10003 section 7): messages back to back in DER, each answered before the next is read.

There is no wrapping, and so no product or account beside a message; regInfo says them. Nothing is encrypted on the way:
what is secret goes into an EnvelopedData, or over HTTPS.
"""

import asyncio
import logging
import socket

from ca_core.model.errors import TriviumError
from gateway import listener_limits as limits
from gateway.cmc.ber import LIMITS
from gateway.cmc.front_end import FrontEnd, Received
from gateway.cmc.responder import respond

PORT = 5318
"""The port that is registered for it (pkix-cmc)."""
IDLE_SECONDS = 180
"""How long a connection may be silent between two messages: "typically several minutes"."""

_SEQUENCE = 0x30
_LONG_FORM = 0x80
_MAX_LENGTH_OCTETS = 4
_log = logging.getLogger("trivium.cmc")


async def serve(front_end: FrontEnd, listening: socket.socket, *, started: asyncio.Event, stop: asyncio.Event) -> None:
    """Answer messages on a listening socket until ``stop``; running ones get the drain time. Sets ``started``."""
    connections: set[_Connection] = set()

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(front_end, reader, writer)
        if len(connections) >= limits.CONNECTIONS:
            writer.transport.abort()
            return
        connections.add(connection)
        try:
            await connection.run()
        finally:
            connections.discard(connection)

    server = await asyncio.start_server(accepted, sock=listening, limit=LIMITS.size, backlog=limits.BACKLOG)
    started.set()
    await stop.wait()
    server.close()
    for connection in connections:
        connection.end()
    if connections:
        await asyncio.wait({connection.ended for connection in connections}, timeout=limits.DRAIN_SECONDS)
    for connection in connections:
        connection.cut_off()


class _Connection:
    """One peer. ``ended`` is done when the connection is over."""

    def __init__(self, front_end: FrontEnd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._front_end = front_end
        self._reader = reader
        self._writer = writer
        self._answering = False
        self._ending = False
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Answer one message after the other, until the peer or we end it."""
        try:
            while not self._ending and await self._answer_next():
                pass
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # it is gone, or too slow
        except TriviumError as error:
            _log.warning("A CMC answer could not be signed: %s", error)
        finally:
            self._writer.close()
            self.ended.set_result(None)

    def end(self) -> None:
        """End after the message that is being answered; at once when there is none."""
        self._ending = True
        if not self._answering:
            self._writer.close()

    def cut_off(self) -> None:
        """End at once."""
        self._writer.transport.abort()

    async def _answer_next(self) -> bool:
        """Read a message and answer it; return whether another one may follow."""
        async with asyncio.timeout(IDLE_SECONDS):
            first = await self._reader.read(1)
        if not first:
            return False
        async with asyncio.timeout(limits.REQUEST_SECONDS):
            body, whole = await _message(self._reader, first)
        self._answering = True
        peer = self._writer.get_extra_info("peername")
        answer = await respond(self._front_end, Received(body=body, address=str(peer[0]) if peer else ""))
        self._writer.write(answer.der)
        async with asyncio.timeout(limits.REQUEST_SECONDS):
            await self._writer.drain()
        self._answering = False
        return whole


async def _message(reader: asyncio.StreamReader, first: bytes) -> tuple[bytes, bool]:
    """Return the message that begins with ``first``, and whether it is whole.

    What is none, is too large or has no definite length is as much of it as shows that: where the next one begins,
    nobody can tell then. Raises IncompleteReadError.
    """
    head = first + await reader.readexactly(1)
    length = head[1]
    if head[0] != _SEQUENCE or length == _LONG_FORM:
        return head, False
    if length > _LONG_FORM:
        octets = length - _LONG_FORM
        if octets > _MAX_LENGTH_OCTETS:
            return head, False
        more = await reader.readexactly(octets)
        head, length = head + more, int.from_bytes(more)
    if len(head) + length > LIMITS.size:
        return head, False
    return head + await reader.readexactly(length), True
