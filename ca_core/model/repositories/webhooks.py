"""Webhooks in a store, and the outbox of what they are to be told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ca_core.model.webhooks import Delivery, Webhook


class Webhooks(Protocol):
    """Webhooks; the sealed secrets beside them are read by nothing but a delivery."""

    def add(self, webhook: Webhook, sealed: bytes) -> None: ...
    def get(self, webhook_id: str) -> Webhook | None: ...
    def sealed(self, webhook_id: str) -> bytes | None: ...
    def save(self, webhook: Webhook) -> Webhook:
        """Replace the row whose revision is ``webhook.revision``; return it with the next one; raises CONFLICT."""
        ...

    def save_secret(self, webhook: Webhook, sealed: bytes) -> Webhook:
        """Save the webhook with another secret; raises as :meth:`save`."""
        ...

    def delete(self, webhook: Webhook) -> None:
        """Delete the webhook of this revision with its deliveries; raises CONFLICT."""
        ...

    def search(self, client_ids: frozenset[str] | None, *, before: str | None, limit: int) -> list[Webhook]:
        """The webhooks of these Clients (None: of all), newest first, from the one behind the id ``before``."""
        ...

    def of_client(self, client_id: str) -> list[Webhook]:
        """The Client's webhooks, oldest first."""
        ...


class Deliveries(Protocol):
    """Deliveries to webhooks."""

    def add(self, deliveries: Sequence[Delivery]) -> None: ...
    def get(self, delivery_id: str) -> Delivery | None: ...
    def save(self, delivery: Delivery) -> None:
        """Save what became of a delivery; one whose webhook was deleted meanwhile stays away."""
        ...

    def due(self, webhook_id: str, now: datetime, limit: int) -> list[Delivery]:
        """PENDING ones whose time has come, oldest first."""
        ...

    def next_due(self, webhook_id: str) -> datetime | None:
        """When the next PENDING one is due."""
        ...

    def is_full(self, webhook_id: str, most: int) -> bool:
        """Whether ``most`` deliveries or more are PENDING."""
        ...

    def of_webhook(self, webhook_id: str, *, before: str | None, limit: int) -> list[Delivery]:
        """Newest first; ``before`` is the id the page continues behind."""
        ...

    def purge(self, created_before: datetime, limit: int) -> int:
        """Forget old deliveries, also of webhooks that are gone."""
        ...
