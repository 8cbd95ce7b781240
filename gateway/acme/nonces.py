"""Anti-replay nonces (RFC 8555 section 6.5): made without a write, used up by one.

A nonce is its time of issue, 11 random bytes and a MAC over both under a key that every worker of the installation has.
So it is good at every worker and after a restart, a GET that hands one out writes nothing, and only a nonce that came
back costs a row.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.sources import Sources
from ca_core.model.store import Store, Transaction
from ca_core.orders.crash import crash_point
from gateway.acme.codec import decode_base64url, encode_base64url

# Some clients do not retry on badNonce, so one that is younger than an hour must never be refused; the second hour is
# for clients that sleep between two requests, and clocks that were set. It is not a day, because each nonce that was
# used stays in the table of used ones until its age refuses it.
LIFETIME = timedelta(hours=2)

KEY_BYTES = 32
_TIME_BYTES, _RANDOM_BYTES, _MAC_BYTES = 5, 11, 16
_BODY_BYTES = _TIME_BYTES + _RANDOM_BYTES
_ONCE_KIND = "acme-nonce"

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Nonce:
    """A nonce we made that is not too old; whether it has been used only :meth:`consume` finds out."""

    value: str
    expires_at: datetime

    def consume(self, tx: Transaction) -> None:
        """Use it up; raises REPLAYED when it has been used before, at whichever worker (rule 38)."""
        if not tx.once.consume(_ONCE_KIND, self.value, self.expires_at):
            raise bad_nonce("it has been used before")


class SpendingStore:
    """A store that uses a nonce up in the first write of the request that brought it.

    A write of its own would be as dear as the cheapest command, and most commands write. So the nonce goes into the
    transaction of the command's first write (or of the record of its refusal): nothing happens without it, and what
    does happen and the nonce are committed together or not at all. A request makes its writes one after the other.
    Without a nonce, of a request that will be refused for that, there is nothing to use up.

    A request that only ``reads`` uses it up with its first read, in one transaction too.
    """

    def __init__(self, store: Store, nonce: Nonce | None, *, reads: bool = False) -> None:
        self._store = store
        self._nonce = nonce
        self._reads = reads

    async def read(self, fn: Callable[[Transaction], T]) -> T:
        """Read; what was read leaves the gateway only after :meth:`spend`."""
        if self._reads and self._nonce is not None:
            return await self._spend_with(fn)
        return await self._store.read(fn)

    async def write(self, fn: Callable[[Transaction], T], *, lasting: bool = True) -> T:
        """Write, and use the nonce up if no write has yet; raises REPLAYED in place of writing."""
        nonce = self._nonce
        if nonce is None:
            return await self._store.write(fn, lasting=lasting)

        def use_up_and_write(tx: Transaction) -> T:
            nonce.consume(tx)
            return fn(tx)

        result = await self._store.write(use_up_and_write, lasting=lasting)
        self._nonce = None
        return result

    async def spend(self) -> None:
        """Use the nonce up now if nothing has; raises REPLAYED."""
        if self._nonce is not None:
            await self._spend_with(lambda _: None)

    async def _spend_with(self, fn: Callable[[Transaction], T]) -> T:
        """Use the nonce of a request up that only reads.

        Nothing but the nonce is written, and it need not outlast a power cut. What that could undo is the last
        moment's; whoever then has a copy of such a request, which came under TLS, could have it answered a second
        time, and change nothing by it.
        """
        read = await self.write(fn, lasting=False)
        crash_point("nonce-used")
        return read


class Nonces:
    """Makes and reads nonces under ``key`` (32 bytes, the same at every worker and after every restart)."""

    def __init__(self, key: bytes, sources: Sources) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the key of the nonces must have {KEY_BYTES} bytes")
        self._key = key
        self._sources = sources

    def issue(self) -> str:
        """Return a fresh nonce: base64url of 5 bytes of time, 11 random ones and a MAC of 16."""
        seconds = int(self._sources.now().timestamp())
        body = seconds.to_bytes(_TIME_BYTES) + self._sources.entropy.token(_RANDOM_BYTES)
        return encode_base64url(body + self._mac(body))

    def open(self, value: str | None) -> Nonce:
        """Check that we made the nonce less than two hours ago; raises REPLAYED: clients try again with a new one.

        None, which is a request without a nonce, is refused in the same way (RFC 8555 section 6.5).
        """
        if value is None:
            raise bad_nonce("there is none in its header")
        sealed = decode_base64url(value, "The nonce")
        body = sealed[:_BODY_BYTES]
        if not hmac.compare_digest(self._mac(body), sealed[_BODY_BYTES:]):
            raise bad_nonce("it was not made here")
        issued_at = datetime.fromtimestamp(int.from_bytes(body[:_TIME_BYTES]), UTC)
        expires_at = issued_at + LIFETIME
        if self._sources.now() >= expires_at:
            raise bad_nonce("it is older than two hours")
        return Nonce(value=value, expires_at=expires_at)

    def _mac(self, body: bytes) -> bytes:
        return hashlib.blake2s(body, key=self._key, digest_size=_MAC_BYTES).digest()  # RFC 7693 section 2.9


def bad_nonce(why: str) -> TriviumError:
    """Make the error after which clients try again with a fresh nonce."""
    # acme.sh knows the error by the first words.
    return TriviumError(ErrorKind.REPLAYED, f"JWS has an invalid anti-replay nonce: {why}. Repeat with a fresh one.")
