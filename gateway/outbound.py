"""The servers of others that the gateway talks to, as the settings name them: directory, webhooks, mail, provider."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ca_core.access.identity_provider import IdentityProvider, NoIdentityProvider, ProviderSettings
from ca_core.keys.sealing import read_secret_file
from ca_core.model.annotations import RecipientLanguage
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.sources import Sources
from ca_core.notify.mailer import Mailer, NoMail
from ca_core.notify.webhook_sender import WebhookSender, WebhookSettings
from ca_core.publish.directory import Directory, NoDirectory
from gateway.installation import Installation
from gateway.settings.installation import Settings
from gateway.settings.outbound import Ldap, Smtp
from gateway.sign_in_address import REDIRECT_PATH

if TYPE_CHECKING:
    from ca_core.access.openid_connect import OpenIdConnect
    from ca_core.notify.http_webhooks import HttpWebhooks
    from ca_core.publish.ldap_directory import LdapDirectory

CLIENT_SECRET_VARIABLE: Final = "TRIVIUM_OIDC_CLIENT_SECRET"  # noqa: S105 - its name
_PORTS = {"ldap": 389, "ldaps": 636, "smtp": 587, "smtps": 465}


@dataclass(frozen=True, kw_only=True)
class Outbound:
    """What talks to them."""

    directory: Directory
    webhooks: WebhookSender
    mailer: Mailer
    identity_provider: IdentityProvider


@asynccontextmanager
async def outbound(
    installation: Installation, sources: Sources, environment: Mapping[str, str]
) -> AsyncIterator[Outbound]:
    """Prepare what talks to them; nothing is connected yet.

    Raises MALFORMED when settings are missing that others need, UNAVAILABLE when a file of theirs cannot be read.
    """
    settings = installation.settings
    webhooks = _http_webhooks(settings, sources)
    mailer = _smtp_mailer(settings.smtp) if settings.smtp.url else NoMail()
    directory = _ldap_directory(settings.ldap) if settings.ldap.url else None
    provider = _openid_connect(settings, sources, environment) if settings.oidc.issuer else None
    try:
        yield Outbound(
            directory=directory or NoDirectory(),
            webhooks=webhooks,
            mailer=mailer,
            identity_provider=provider or NoIdentityProvider(),
        )
    finally:
        if provider is not None:
            await provider.close()
        if directory is not None:
            directory.close()
        await webhooks.close()


def _http_webhooks(settings: Settings, sources: Sources) -> "HttpWebhooks":
    from ca_core.notify.http_webhooks import HttpWebhooks  # noqa: PLC0415 - as validators: commands that look need none
    from ca_core.validation.resolver import Resolver  # noqa: PLC0415 - the same

    webhooks = settings.webhooks
    return HttpWebhooks(
        WebhookSettings(
            ports=webhooks.ports,
            plain_http=webhooks.plain_http,
            allow_private_addresses=webhooks.allow_private_addresses,
            ca_file=webhooks.ca_file,
        ),
        Resolver(str(settings.validation.resolver), sources),
    )


def _smtp_mailer(smtp: Smtp) -> Mailer:
    from ca_core.notify.smtp_mailer import SmtpMailer, SmtpSettings  # noqa: PLC0415 - 0.1 s for few to need

    if not smtp.sender:
        raise TriviumError(ErrorKind.MALFORMED, "`smtp.url` is set, so `smtp.sender` must be set too.")
    if bool(smtp.user) != bool(smtp.password_file):
        raise TriviumError(ErrorKind.MALFORMED, "Set both `smtp.user` and `smtp.password_file`, or neither.")
    parts = urlsplit(smtp.url)
    return SmtpMailer(
        SmtpSettings(
            host=parts.hostname or "",
            port=parts.port or _PORTS[parts.scheme],
            tls=parts.scheme == "smtps",
            start_tls=smtp.start_tls and parts.scheme == "smtp",
            sender=smtp.sender,
            language=RecipientLanguage(smtp.language),
            user=smtp.user,
            password=_secret(smtp.password_file),
            ca_file=smtp.ca_file,
        )
    )


def _ldap_directory(ldap: Ldap) -> "LdapDirectory":
    from ca_core.publish.ldap_directory import LdapDirectory, LdapSettings  # noqa: PLC0415 - 0.1 s for few to need

    if not ldap.base:
        raise TriviumError(ErrorKind.MALFORMED, "`ldap.url` is set, so `ldap.base` must be set too.")
    if bool(ldap.bind_dn) != bool(ldap.password_file):
        raise TriviumError(ErrorKind.MALFORMED, "Set both `ldap.bind_dn` and `ldap.password_file`, or neither.")
    parts = urlsplit(ldap.url)
    return LdapDirectory(
        LdapSettings(
            host=parts.hostname or "",
            port=parts.port or _PORTS[parts.scheme],
            tls=parts.scheme == "ldaps",
            start_tls=ldap.start_tls and parts.scheme == "ldap",
            base=ldap.base,
            bind_dn=ldap.bind_dn,
            password=_secret(ldap.password_file),
            ca_file=ldap.ca_file,
            filter=ldap.filter,
            new_entry=ldap.new_entry,
            attribute=ldap.attribute,
            timeout=ldap.timeout,
        )
    )


def _openid_connect(settings: Settings, sources: Sources, environment: Mapping[str, str]) -> "OpenIdConnect":
    from ca_core.access.openid_connect import OpenIdConnect  # noqa: PLC0415 - 0.1 s for few to need

    oidc = settings.oidc
    if not oidc.client_id:
        raise TriviumError(ErrorKind.MALFORMED, "`oidc.issuer` is set, so `oidc.client_id` must be set too.")
    return OpenIdConnect(
        ProviderSettings(
            issuer=oidc.issuer,
            client_id=oidc.client_id,
            client_secret=environment.get(CLIENT_SECRET_VARIABLE) or _secret(oidc.client_secret_file),
            redirect_uri=settings.acme_base + REDIRECT_PATH,
            scopes=oidc.scopes,
            label=oidc.label or urlsplit(oidc.issuer).hostname or "",
            ca_file=oidc.ca_file,
        ),
        sources,
    )


def _secret(path: str) -> str:
    """Return what a file of mode 0600 says, without the line's end; raises UNAVAILABLE."""
    try:
        return read_secret_file(Path(path)).decode().rstrip("\r\n") if path else ""
    except UnicodeDecodeError:
        raise TriviumError(ErrorKind.UNAVAILABLE, f"{path} is not a line of UTF-8 text.") from None
