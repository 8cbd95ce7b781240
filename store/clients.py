"""Clients in the store."""

from functools import partial

from sqlalchemy import bindparam, insert, select, update

from ca_core.model.clients import Client
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.values import of_members
from store.statements import Executor, Reader, Statement
from store.tables import clients

_CLIENTS = Reader(partial(of_members, Client))
_ADD = Statement(insert(clients))
_SAVE = Statement(
    update(clients)
    .where(clients.c.id == bindparam("id"))
    .values({name: bindparam(name) for name in ("name", "description", "suspended", "settings")})
)
_GET = Statement(select(clients).where(clients.c.id == bindparam("id")))
_BY_NAME = Statement(select(clients).where(clients.c.name == bindparam("name")))
_ALL = Statement(select(clients).order_by(clients.c.name))


class ClientTable:
    """Implements :class:`ca_core.model.store.Clients`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def add(self, client: Client) -> None:
        """Store a new Client; raises CONFLICT when its id or name is taken."""
        self._run.change(_ADD, vars(client))

    def save(self, client: Client) -> None:
        """Replace the Client's row; raises NOT_FOUND when there is none."""
        if not self._run.change(_SAVE, vars(client)):
            raise TriviumError(ErrorKind.NOT_FOUND, f"There is no Client {client.id}.")

    def get(self, client_id: str) -> Client | None:
        """Return the Client of this id."""
        return self._run.value(_CLIENTS, _GET, {"id": client_id})

    def by_name(self, name: str) -> Client | None:
        """Return the Client of this name."""
        return self._run.value(_CLIENTS, _BY_NAME, {"name": name})

    def all(self) -> list[Client]:
        """Return every Client, by name."""
        return self._run.values(_CLIENTS, _ALL, {})
