"""The mail server and the webhooks that trivium.toml names are those the gateway works with."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ca_core.certificates.lint import Linters
from ca_core.model.annotations import RecipientLanguage
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.notify.mailer import Mail
from gateway.installation import Installation
from gateway.wiring import opened_core
from tests.notify.mail_server import PASSWORD, USER, Mailbox, taking_mail
from tests.notify.test_http_webhooks import trusted
from tests.publish.test_installation import write


async def test_the_settings_lead_to_the_mail_server(
    installation: Installation, linters: Linters, tmp_path: Path
) -> None:
    """An operator would set everything right and no mail would leave."""
    context, ca_file = trusted(tmp_path, "localhost")
    password = tmp_path / "password"
    password.write_text(f"{PASSWORD}\n")
    password.chmod(0o600)
    mailbox = Mailbox()
    mail = Mail(id="job-1", to="a@b.test", subject="x", text="x", language=RecipientLanguage.EN, date=datetime.now(UTC))
    configured = write(
        installation,
        "smtp",
        url=f"smtp://localhost:{mailbox.port}",
        ca_file=ca_file,
        sender="ca@example.test",
        user=USER,
        password_file=password,
        language="FR",
    )
    with taking_mail(mailbox, tls=context):
        async with opened_core(configured, worker="test", linters=linters, environment={}) as opened:
            await opened.core.mailer.send(mail)
            assert opened.core.mailer.language is RecipientLanguage.FR
    assert [one["To"] for one in mailbox.mails()] == ["a@b.test"]
    password.chmod(0o644)
    with pytest.raises(TriviumError, match="Others may read"):
        Installation.open(installation.directory)


@pytest.mark.parametrize(
    ("smtp", "sentence"),
    [
        ({}, "`smtp.sender` must be set too"),
        ({"sender": "ca@example.test", "user": USER}, "Set both `smtp.user` and `smtp.password_file`"),
    ],
)
async def test_half_a_mail_server_is_refused_at_start(
    installation: Installation, linters: Linters, smtp: dict[str, str], sentence: str
) -> None:
    """The gateway would start, and fail at the first mail (rule 94)."""
    configured = write(installation, "smtp", url="smtp://127.0.0.1:1", **smtp)
    with pytest.raises(TriviumError, match=sentence) as refused:
        async with opened_core(configured, worker="test", linters=linters, environment={}):
            raise AssertionError
    assert refused.value.kind is ErrorKind.MALFORMED


async def test_webhooks_are_as_careful_as_the_settings_say(installation: Installation, linters: Linters) -> None:
    """Receivers inside could not be told, or those of a careless default could be anywhere (abuse 1, 7)."""
    async with opened_core(installation, worker="test", linters=linters, environment={}) as opened:
        for url in ("http://hooks.example.test/", "https://hooks.example.test:8443/"):
            with pytest.raises(TriviumError):
                opened.core.webhooks.check_url(url)
        with pytest.raises(TriviumError, match="not a public one"):
            await opened.core.webhooks.send("https://127.0.0.1/", b"", {})
    configured = write(installation, "webhooks", plain_http=True)
    text = configured.settings_file.read_text("utf-8")
    configured.settings_file.write_text(f"{text}\nports = [443, 8443]\n", "utf-8")
    configured = Installation.open(installation.directory)
    async with opened_core(configured, worker="test", linters=linters, environment={}) as opened:
        assert opened.core.webhooks.check_url("http://hooks.example.test:8443/")
