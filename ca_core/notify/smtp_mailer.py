"""Mail over SMTP (RFC 5321): aiosmtplib, bounded in time, over TLS unless the settings say otherwise."""

import asyncio
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

import aiosmtplib

from ca_core.model.annotations import RecipientLanguage
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.notify.mailer import Mail
from ca_core.validation.validator import quoted

SECONDS: Final = 20.0
"""For a whole delivery, within a job's lease."""

_PERMANENT: Final = 500


@dataclass(frozen=True, kw_only=True)
class SmtpSettings:
    """The server mail is handed to.

    ``tls``: whether ``port`` speaks TLS from the first byte; ``start_tls``: whether it is asked to. ``sender`` is the
    address mail comes from. ``ca_file`` is a PEM file of the CAs to trust in place of the system's.
    """

    host: str
    port: int
    tls: bool
    start_tls: bool
    sender: str
    language: RecipientLanguage = RecipientLanguage.EN
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""


class SmtpMailer:
    """Implements :class:`ca_core.notify.mailer.Mailer`; every mail has a connection of its own."""

    def __init__(self, settings: SmtpSettings) -> None:
        """Prepare; nothing is connected yet. Raises UNAVAILABLE when the file of CAs cannot be read."""
        self._settings = settings
        self.language = settings.language
        try:
            self._tls = ssl.create_default_context(cafile=settings.ca_file or None)
        except OSError as error:
            raise TriviumError(
                ErrorKind.UNAVAILABLE,
                f"The file of `smtp.ca_file`, {settings.ca_file}, holds no certificates to read: {error}.",
            ) from error
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2

    async def send(self, mail: Mail) -> str:
        """Connect, hand the mail over, and return the server's answer."""
        settings = self._settings
        try:
            async with asyncio.timeout(SECONDS):
                _, answer = await aiosmtplib.send(
                    self.message(mail),
                    hostname=settings.host,
                    port=settings.port,
                    use_tls=settings.tls,
                    start_tls=settings.start_tls,
                    tls_context=self._tls if settings.tls or settings.start_tls else None,
                    username=settings.user or None,
                    password=settings.password or None,
                    timeout=SECONDS,
                )
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
            raise TriviumError(
                ErrorKind.MALFORMED if _is_permanent(error) else ErrorKind.UNAVAILABLE,
                f"The mail server does not take mail for {mail.to}: {_said(error)}.",
            ) from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            where = f"{settings.host}:{settings.port}"
            raise TriviumError(ErrorKind.UNAVAILABLE, f"No mail goes by the server {where}: {_said(error)}.") from error
        return quoted(answer.encode())

    def message(self, mail: Mail) -> EmailMessage:
        """Return the mail as a message (RFC 5322); raises ValueError for a header with a line break (abuse 44)."""
        message = EmailMessage(policy=SMTP)
        message["From"] = self._settings.sender
        message["To"] = mail.to
        message["Subject"] = mail.subject
        message["Date"] = mail.date
        message["Message-ID"] = f"<{mail.id}@{self._settings.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice in return
        message.set_content(mail.text, cte="quoted-printable")
        message["Content-Language"] = mail.language.lower()
        return message


def _is_permanent(error: aiosmtplib.SMTPException) -> bool:
    refusals = error.recipients if isinstance(error, aiosmtplib.SMTPRecipientsRefused) else [error]
    return all(getattr(one, "code", 0) >= _PERMANENT for one in refusals)


def _said(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return "; ".join(_said(one) for one in error.recipients)
    return quoted(str(error).encode())
