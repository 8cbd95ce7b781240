"""What sends to webhooks, as the core sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from ca_core.model.errors import ErrorKind, TriviumError

SECONDS: Final = 10.0
"""For a whole delivery, well within a job's lease."""


@dataclass(frozen=True, kw_only=True)
class WebhookSettings:
    """Where webhooks may be.

    ``ports`` are those an URL may name, ``plain_http`` lets it be http, ``allow_private_addresses`` lets it lead to
    reserved addresses (for private networks only). ``ca_file`` is a PEM file of the CAs to trust in place of the
    system's.
    """

    ports: tuple[int, ...] = (443,)
    plain_http: bool = False
    allow_private_addresses: bool = False
    ca_file: str = ""


class WebhookSender(Protocol):
    """What sends to webhooks."""

    def check_url(self, url: str) -> str:
        """Return ``url`` if a webhook can have it; raises MALFORMED, saying what to change."""
        ...

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """POST ``body`` and return the status of the answer, whatever it is; ends within SECONDS.

        Raises MALFORMED as :meth:`check_url`, and DNS, CONNECTION or TLS when there was no answer.
        """
        ...


class NoWebhooks:
    """The sender of a command that only looks."""

    def check_url(self, url: str) -> str:
        """Refuse."""
        raise TriviumError(ErrorKind.UNAVAILABLE, f"This process sends nothing, and so knows nothing of {url}.")

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Refuse."""
        del body, headers
        raise TriviumError(ErrorKind.UNAVAILABLE, f"This process sends nothing, and so not to {url}.")
