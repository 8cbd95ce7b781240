"""Pre-validated domains in a store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ca_core.model.domains import ClientDomain


class Domains(Protocol):
    """Pre-validated domains; a Client has registered each name once."""

    def add(self, domains: Sequence[ClientDomain]) -> None:
        """Store new domains; raises CONFLICT when the Client has one of them already."""
        ...

    def get(self, domain_id: str) -> ClientDomain | None: ...
    def save(self, domain: ClientDomain) -> ClientDomain:
        """Replace the row whose revision is ``domain.revision``; return it with the next one; raises CONFLICT."""
        ...

    def delete(self, domain: ClientDomain) -> None:
        """Delete the row of this revision; raises CONFLICT."""
        ...

    def of_client(self, client_id: str) -> list[ClientDomain]:
        """The Client's domains, by name."""
        ...

    def search(self, client_ids: frozenset[str] | None, *, text: str, after: str, limit: int) -> list[ClientDomain]:
        """The domains of these Clients (None: of all) with ``text`` in the name, by name, behind the place ``after``.

        The text may have the wildcards ? and *.
        """
        ...

    def named(self, client_id: str, names: Sequence[str]) -> list[ClientDomain]:
        """The Client's domains of exactly these names."""
        ...

    def awaiting_check(self, now: datetime, *, after: str, limit: int) -> list[ClientDomain]:
        """Domains whose token is usable at ``now`` and has not shown control yet, by id, behind the id ``after``."""
        ...
