"""What a peer may take of a listener, the same on either server: bytes of a head, time, connections (F9, abuse 70).

None of it is a setting: a client that meets one of these limits is broken or hostile, whatever the installation.
"""

import asyncio
from collections.abc import Collection
from typing import Protocol

HANDSHAKE_SECONDS = 10
"""A TLS handshake must be over within this time. Peers in it are not among the counted connections yet."""
HEAD_SECONDS = 10
"""The head of a request must be in within this time of its first byte; the first byte too, after connecting."""
REQUEST_SECONDS = 30
"""A request must be in within this time of its first byte, head and body, however steadily it drips."""
KEEP_ALIVE_SECONDS = 30
"""An idle connection is kept this long: ACME clients poll every few seconds."""
CLOSE_SECONDS = 2
"""A peer must answer the end of TLS within this time; whoever keeps a connection idle reads it much later, or never."""
DRAIN_SECONDS = 20
"""At the end, running requests get this long."""
HEAD_BYTES = 16 * 1024
"""Request line and headers together."""
CONNECTIONS = 2000
"""Connections that a worker and listener hold at once; one more is cut off."""
BACKLOG = 1024
"""Connections that wait for a worker to accept them."""
LOOK_SECONDS = 1.0
"""How often somebody looks for peers that are overdue."""


class PeerClock:
    """How long the peer of a connection has been waited for, and for what; times are the event loop's, in seconds."""

    def __init__(self, now: float) -> None:
        """Begin with the connection: a peer that sends nothing is waited for too."""
        self.in_head = True
        self._since: float | None = now

    def received(self, now: float) -> None:
        """Bytes have come: if nothing was waited for, a request begins."""
        if self._since is None:
            self._since = now

    def head_ended(self) -> None:
        """The head is complete; the body is waited for."""
        self.in_head = False

    def request_ended(self) -> None:
        """The request is complete: nothing is waited for until the next one begins."""
        self.in_head = True
        self._since = None

    def overdue(self, now: float) -> bool:
        """Whether the peer has taken too long and is to be cut off."""
        allowed = HEAD_SECONDS if self.in_head else REQUEST_SECONDS
        return self._since is not None and now - self._since > allowed


class Peer(Protocol):
    """A connection, seen by whoever looks after the time."""

    def overdue(self, now: float) -> bool:
        """Whether the peer has taken too long."""
        ...

    def cut_off(self) -> None:
        """End the connection at once."""
        ...


async def cut_off_the_overdue(peers: Collection[Peer]) -> None:
    """Look after the peers, who come and go, until cancelled."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        now = asyncio.get_running_loop().time()
        for peer in list(peers):
            if peer.overdue(now):
                peer.cut_off()
