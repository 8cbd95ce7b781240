"""Certificates of other CAs in a store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ca_core.model.external_certificates import ExternalCertificate


class ExternalCertificates(Protocol):
    """Certificates of other CAs; a Client has each once."""

    def add(self, certificates: Sequence[ExternalCertificate]) -> None:
        """Store new ones; raises CONFLICT when the Client has one of them already."""
        ...

    def get(self, certificate_id: str) -> ExternalCertificate | None: ...
    def delete(self, certificate_id: str) -> None: ...
    def known(self, client_id: str, fingerprints: Sequence[str]) -> list[ExternalCertificate]:
        """Those of the Client that have one of these fingerprints, in no order."""
        ...

    def search(
        self,
        client_ids: frozenset[str] | None,
        *,
        limit: int,
        after: ExternalCertificate | None = None,
        expires_after: datetime | None = None,
        expires_before: datetime | None = None,
    ) -> list[ExternalCertificate]:
        """Those of the Clients (None: all), the first to end first, from the one behind ``after``.

        ``expires_after`` and ``expires_before`` (UTC; the first included, the last not) bound the end.
        """
        ...
