"""A mail server for tests: aiosmtpd on loopback, with STARTTLS and a password where the test wants them."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from conformance.processes import free_port

USER, PASSWORD = "trivium", "correct horse"


@dataclass
class Mailbox:
    """What the server took, and what it answers to recipients it does not want."""

    port: int = field(default_factory=free_port)
    refusals: dict[str, str] = field(default_factory=dict)
    received: list[tuple[list[str], bytes]] = field(default_factory=list)

    @property
    def gateway_settings(self) -> tuple[str, ...]:
        """What ``trivium init --set`` is told of it."""
        return (f"smtp.url=smtp://127.0.0.1:{self.port}", "smtp.start_tls=false", "smtp.sender=ca@example.test")

    def mails(self) -> list[EmailMessage]:
        """Return the mails received, as a mail program reads them."""
        parsed = [message_from_bytes(content, policy=POLICY) for _, content in self.received]
        return [mail for mail in parsed if isinstance(mail, EmailMessage)]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: object, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or say why not."""
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        """Keep a mail."""
        self.received.append((list(envelope.rcpt_tos), envelope.original_content or b""))
        return "250 Taken as number 1"


def _authenticated(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and data == LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)


@contextmanager
def taking_mail(mailbox: Mailbox, *, tls: ssl.SSLContext | None = None) -> Iterator[None]:
    """Run the server while the block runs; with ``tls`` it wants STARTTLS, then the password."""
    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=mailbox.port,
        tls_context=tls,
        require_starttls=tls is not None,
        auth_required=tls is not None,
        authenticator=_authenticated,
    )
    controller.start()
    try:
        yield
    finally:
        controller.stop()
