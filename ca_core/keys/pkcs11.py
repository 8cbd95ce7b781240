"""Keys in a PKCS#11 token: one thread owns the module and works off a queue."""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ca_core.keys.pkcs11_module import Module, TokenPublicKey, unavailable
from ca_core.keys.signer import KeyAlgorithm

T = TypeVar("T")

SIGN_TIMEOUT = 10.0
"""Seconds a caller waits for its turn and its signature."""
GENERATE_TIMEOUT = 120.0
"""Seconds a caller waits for a new key."""
_CLOSE_TIMEOUT = 5.0


class Pkcs11Token:
    """A token's door: finds, makes and uses keys by label, from any number of tasks.

    The module is loaded by the first call, so it may be made before a fork. One token a module and process.
    """

    def __init__(self, module: Path, token_label: str, pin: str, *, timeout: float = SIGN_TIMEOUT) -> None:
        """Take the path of the PKCS#11 module and the user PIN; ``timeout`` in seconds bounds every signature."""
        self.token_label = token_label
        self._timeout = timeout
        self._module = Module(module, token_label, pin)
        self._thread = _TokenThread(f"pkcs11-{token_label}")

    async def signer(self, label: str) -> "Pkcs11Signer":
        """Return the signer of the key pair with this label; raises UNAVAILABLE."""
        algorithm, public_key = await self._call(lambda: self._module.public_key(label), self._timeout)
        return Pkcs11Signer(token=self, label=label, algorithm=algorithm, public_key=public_key)

    async def generate_key(self, label: str, algorithm: KeyAlgorithm) -> "Pkcs11Signer":
        """Make a key pair that cannot leave the token; raises CONFLICT when the label is taken, UNAVAILABLE."""
        await self._call(lambda: self._module.generate(label, algorithm), GENERATE_TIMEOUT)
        return await self.signer(label)

    async def sign(self, label: str, algorithm: KeyAlgorithm, public_key: TokenPublicKey, message: bytes) -> bytes:
        """Sign with the private key of this label and verify the signature; raises UNAVAILABLE.

        A handle of a token that was away may name another key when it is back; the public key would tell.
        """
        return await self._call(lambda: self._module.sign(label, algorithm, public_key, message), self._timeout)

    def close(self) -> None:
        """Log out and unload; waits for the signature under way, 5 s at most. Calls after it raise UNAVAILABLE."""
        self._thread.close(self._module.close)

    async def _call(self, call: Callable[[], T], timeout: float) -> T:  # noqa: ASYNC109 - it bounds a thread's work
        try:
            return await asyncio.wait_for(asyncio.wrap_future(self._thread.submit(call)), timeout)
        except TimeoutError:
            raise unavailable(f"The token {self.token_label} did not answer within {timeout:g} seconds.") from None

    def __repr__(self) -> str:
        return f"<Pkcs11Token {self.token_label}>"


@dataclass(frozen=True, kw_only=True)
class Pkcs11Signer:
    """A :class:`~ca_core.keys.signer.Signer` whose key is in a token."""

    token: Pkcs11Token
    label: str
    algorithm: KeyAlgorithm
    public_key: TokenPublicKey

    async def sign(self, message: bytes) -> bytes:
        """Sign in the token; raises UNAVAILABLE."""
        return await self.token.sign(self.label, self.algorithm, self.public_key, message)


class _TokenThread:
    """The one thread; it ends with the process, even if the module never answers again."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Queue a call; one that is cancelled before its turn is never made."""
        future: Future[T] = Future()

        def run() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as error:  # noqa: BLE001 - it is raised where the result is awaited
                    future.set_exception(error)

        with self._lock:
            if self._closed:
                raise unavailable("The token is closed, because the gateway shuts down.")
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
            self._calls.put(run)
        return future

    def close(self, last: Callable[[], None]) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._calls.put(last)
            self._calls.put(None)
        if self._thread is not None:
            self._thread.join(_CLOSE_TIMEOUT)

    def _work(self) -> None:
        while (run := self._calls.get()) is not None:
            run()
