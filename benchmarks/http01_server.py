"""The http-01 answerer: a process of its own, so that its CPU is counted for no server.

It is stateless. A name begins with ``l<lane>-``, and the thumbprint of that lane's account, given on the command line,
completes the key authorization for whichever token is asked (RFC 8555 section 8.3).
"""

import argparse
import asyncio
import re
from collections.abc import Sequence
from typing import cast

import uvloop

_REQUEST = re.compile(
    rb"GET /\.well-known/acme-challenge/([\w-]+) HTTP/1\.1\r\n(?:.*\r\n)*?host: *l(\d+)-", re.IGNORECASE
)


class _Answerer(asyncio.Protocol):
    def __init__(self, thumbprints: Sequence[bytes]) -> None:
        self._thumbprints = thumbprints
        self._transport: asyncio.Transport | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received and self._transport is not None:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            self._transport.write(self._answer(head))
        if len(self._received) > 16384 and self._transport is not None:
            self._transport.close()

    def _answer(self, head: bytes) -> bytes:
        asked = _REQUEST.match(head)
        if asked is None or int(asked[2]) >= len(self._thumbprints):
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        body = asked[1] + b"." + self._thumbprints[int(asked[2])]
        return b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n%s" % (
            len(body),
            body,
        )


async def serve(port: int, thumbprints: Sequence[bytes]) -> None:
    """Answer on 127.0.0.1:``port`` until cancelled."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Answerer(thumbprints), "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    """``python -m benchmarks.http01_server PORT THUMBPRINT...``, one thumbprint a lane, in the lanes' order."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("thumbprints", nargs="+")
    arguments = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(arguments.port, [t.encode() for t in arguments.thumbprints]))


if __name__ == "__main__":
    main()
