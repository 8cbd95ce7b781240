"""CMC clients in a store."""

from datetime import datetime
from typing import Protocol

from ca_core.model.cmc_clients import CmcChallenge, CmcClient, CmcTransaction


class CmcClients(Protocol):
    """CMC clients, and the orders of their transactions."""

    def add(self, cmc_client: CmcClient) -> None:
        """Store a new CMC client; raises CONFLICT when its name or key is another's."""
        ...

    def save(self, cmc_client: CmcClient) -> CmcClient: ...
    def get(self, cmc_client_id: str) -> CmcClient | None: ...
    def by_name(self, name: str) -> CmcClient | None: ...
    def by_key(self, spki_sha256: bytes) -> CmcClient | None: ...
    def by_key_identifier(self, key_identifier: bytes) -> CmcClient | None: ...
    def all(self, client_ids: frozenset[str] | None) -> list[CmcClient]: ...
    def add_transaction(self, transaction: CmcTransaction) -> None: ...
    def of_transaction(self, cmc_client_id: str, transaction: bytes) -> list[CmcTransaction]:
        """In the order they were placed."""
        ...


class CmcChallenges(Protocol):
    """Challenges that CMC clients have to decrypt."""

    def put(self, challenge: CmcChallenge) -> None:
        """Store a challenge in the place of an older one for the same request."""
        ...

    def take(self, cmc_client_id: str, transaction: bytes, request: bytes) -> CmcChallenge | None:
        """Return the challenge of a request and forget it: of any number of answers, one meets it."""
        ...

    def purge(self, now: datetime, limit: int) -> int:
        """Forget challenges that have expired."""
        ...
