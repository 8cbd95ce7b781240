"""What sends mail, as the core sees it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ca_core.model.annotations import RecipientLanguage
from ca_core.model.errors import ErrorKind, TriviumError


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail to one address, in plain text. ``id`` is the same at every try, so that a second copy can be told."""

    id: str
    to: str
    subject: str
    text: str
    language: RecipientLanguage
    date: datetime


class Mailer(Protocol):
    """What sends mail. ``language`` is that of recipients who have none of their own, never NEUTRAL."""

    language: RecipientLanguage

    async def send(self, mail: Mail) -> str:
        """Hand the mail to the server and return what it answers; ends within a job's lease.

        Raises UNAVAILABLE when it may work later, MALFORMED when the server refuses this mail for good.
        """
        ...


class NoMail:
    """The mailer of an installation without a mail server: what is to be sent waits until there is one."""

    language = RecipientLanguage.EN

    async def send(self, mail: Mail) -> str:
        """Refuse."""
        raise TriviumError(ErrorKind.UNAVAILABLE, f"There is no server to send mail to {mail.to} by: set `smtp.url`.")
