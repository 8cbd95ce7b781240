"""A store whose first write does what the request itself asks for beside the command that it leads to."""

from collections.abc import Callable
from typing import TypeVar

from ca_core.model.errors import TriviumError
from ca_core.model.store import Store, Transaction

T = TypeVar("T")
Act = Callable[[Transaction], None]


class FirstWriteStore:
    """A store that runs ``acts`` in the transaction of the first write: an idempotency key is claimed, a tag compared.

    So what a command does and what was demanded of the request are committed together or not at all, and no other
    request comes between. What the command itself refuses is said first: whether a tag is right is nothing to tell
    to somebody who may not see what it is of. A request makes its writes one after the other.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._acts: list[Act] = []
        self.written = False

    def also(self, act: Act) -> None:
        """Run ``act`` in the first write too; it may read, write, and raise to undo the write."""
        self._acts.append(act)

    async def read(self, fn: Callable[[Transaction], T]) -> T:
        """Read."""
        return await self._store.read(fn)

    async def write(self, fn: Callable[[Transaction], T], *, lasting: bool = True) -> T:
        """Write, and run the acts if no write has yet; raises what they raise in place of writing."""
        acts = () if self.written else tuple(self._acts)

        def together(tx: Transaction) -> T:
            refused: TriviumError | None = None
            try:
                for act in acts:
                    act(tx)
            except TriviumError as error:
                refused = error
            result = fn(tx)
            if refused is not None:
                raise refused
            return result

        result = await self._store.write(together if acts else fn, lasting=lasting)
        self.written = True
        return result
