"""Clients in a store."""

from dataclasses import dataclass
from typing import Protocol

from ca_core.model.clients import Client


@dataclass(frozen=True, kw_only=True)
class ClientSearch:
    """What Clients are searched by. ``client_ids`` None is every Client; ``text`` may have the wildcards ? and *.

    A page begins behind the id ``after``, and there with the ``offset``-th.
    """

    client_ids: frozenset[str] | None
    text: str = ""
    after: str = ""
    offset: int = 0
    limit: int = 50


class Clients(Protocol):
    """Clients by id and name."""

    def add(self, client: Client) -> None: ...
    def save(self, client: Client) -> None: ...
    def get(self, client_id: str) -> Client | None: ...
    def by_name(self, name: str) -> Client | None: ...
    def all(self) -> list[Client]: ...
    def search(self, query: ClientSearch) -> list[Client]:
        """The page of those that match, oldest first."""
        ...

    def count(self, query: ClientSearch) -> tuple[int, int]:
        """How many there are of ``query.client_ids``, and how many of them match."""
        ...
