"""A write that is to be refused."""

from typing import Any

import pytest

from ca_core.model.errors import ErrorKind, TriviumError
from store.database import Database


async def refused(store: Database, write: Any) -> ErrorKind:
    """Return the kind of error with which the write is refused; it fails where it is not."""
    with pytest.raises(TriviumError) as error:
        await store.write(write)
    return error.value.kind
