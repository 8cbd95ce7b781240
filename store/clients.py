"""Clients in the store."""

from functools import partial

from sqlalchemy import ColumnElement, bindparam, func, insert, or_, select, update

from ca_core.model.clients import Client
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.repositories.clients import ClientSearch
from ca_core.model.values import of_members
from store.columns import among
from store.statements import Executor, Reader, Statement
from store.tables import clients
from store.wildcards import matches

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

    def search(self, query: ClientSearch) -> list[Client]:
        """Return the page of those that match, oldest first."""
        page = (
            select(clients)
            .where(*_visible(query), *_matching(query), clients.c.id > query.after)
            .order_by(clients.c.id)
            .offset(query.offset)
            .limit(query.limit)
        )
        return [of_members(Client, row) for row in self._run.search(page)]

    def count(self, query: ClientSearch) -> tuple[int, int]:
        """Return how many there are of ``query.client_ids``, and how many of them match."""
        conditions = {"total": _visible(query), "found": [*_visible(query), *_matching(query)]}
        counts = [
            select(func.count()).select_from(clients).where(*where).scalar_subquery().label(name)
            for name, where in conditions.items()
        ]
        [row] = self._run.search(select(*counts))
        return row["total"], row["found"]


def _visible(query: ClientSearch) -> list[ColumnElement[bool]]:
    return [] if query.client_ids is None else [among(clients.c.id, query.client_ids)]


def _matching(query: ClientSearch) -> list[ColumnElement[bool]]:
    return [or_(matches(clients.c.name, query.text), matches(clients.c.description, query.text))] if query.text else []
