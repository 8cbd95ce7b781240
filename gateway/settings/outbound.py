"""The servers of others: directory, mail server, webhooks, identity provider."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from ca_core.publish.ldap_names import MAX_TIMEOUT, check_template, first_rdn
from gateway.settings.values import AbsolutePath, Port, Section, Switch, Texts, listed

_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


def _server(value: str, scheme: str) -> str:
    parts = urlsplit(value)
    if value and (
        parts.scheme not in {scheme, f"{scheme}s"}
        or not parts.hostname
        or parts.username is not None
        or parts.path not in ("", "/")
        or parts.query
        or parts.fragment
        or parts.port == 0
    ):
        raise ValueError(f"write {scheme}://host[:port] or {scheme}s://host[:port] and nothing else, not {value!r}")
    return value


def _ldap(value: str) -> str:
    return _server(value, "ldap")


def _smtp(value: str) -> str:
    return _server(value, "smtp")


def _sender(value: str) -> str:
    if value and not _ADDRESS.fullmatch(value):
        raise ValueError(f"write an address such as trivium@example.com, without a display name, not {value!r}")
    return value


def _issuer(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme != "https" or not parts.hostname or parts.username or parts.query or parts.fragment):
        raise ValueError(f"write https://host[:port][/path] as the provider writes it, not {value!r}")
    return value


def _with_openid(value: tuple[str, ...]) -> tuple[str, ...]:
    if "openid" not in value:
        raise ValueError("openid must be one of them")
    return value


def _new_entry(value: str) -> str:
    if value:
        first_rdn(check_template(value))
    return value


def _listed_ports(value: object) -> object:
    parts = listed(value)
    return (
        [int(part) if isinstance(part, str) and part.isdigit() else part for part in parts]
        if isinstance(parts, list)
        else parts
    )


class Ldap(Section):
    """The directory in which certificates of products with `publish_ldap` are published."""

    url: Annotated[str, AfterValidator(_ldap)] = Field(
        default="",
        description="ldap://host[:port] or ldaps://host[:port] of the directory; empty: there is none, and what is to "
        "be published waits.",
    )
    start_tls: Switch = Field(
        default=True,
        description="Whether an ldap:// connection is encrypted by StartTLS before anything is said on it. Turn it off "
        "only where nobody can listen: the password would cross in the clear.",
    )
    ca_file: AbsolutePath = Field(
        default="",
        description="PEM file of the CAs that the directory's TLS certificate may come from; empty: the system's.",
    )
    bind_dn: str = Field(
        default="", description="Distinguished name to bind as, which may change the entries; empty binds anonymously."
    )
    password_file: AbsolutePath = Field(
        default="", description="File (mode 0600) with the password of `ldap.bind_dn`, read at start."
    )
    base: str = Field(default="", description="Distinguished name of the entry below which people are.")
    filter: Annotated[str, AfterValidator(check_template)] = Field(
        default="(mail={mail})",
        description="Filter that finds the one entry of a certificate's e-mail address below `ldap.base`, with {mail}, "
        "{local}, {domain} and {cn} filled in.",
    )
    new_entry: Annotated[str, AfterValidator(_new_entry)] = Field(
        default="",
        description="Name below `ldap.base` of the entry (inetOrgPerson) that is made for an address without one, such "
        "as mail={mail}. Empty: none is made, since the people of a directory are its owner's affair.",
    )
    attribute: str = Field(
        default="userCertificate;binary",
        min_length=1,
        description="Attribute that certificates are values of (RFC 4523 section 2.1).",
    )
    timeout: Annotated[int, Field(ge=1, le=MAX_TIMEOUT, strict=True)] = Field(
        default=MAX_TIMEOUT,
        description="Seconds for connecting to the directory, and for each of its answers.",
    )


class Smtp(Section):
    """The server that mail to the recipients of orders is handed to."""

    url: Annotated[str, AfterValidator(_smtp)] = Field(
        default="",
        description="smtp://host[:port] (587) or smtps://host[:port] (465) of the mail server; empty: there is none, "
        "and mail waits.",
    )
    start_tls: Switch = Field(
        default=True,
        description="Whether an smtp:// connection is encrypted by STARTTLS before anything is said on it. Turn it off "
        "for a server on the same machine alone.",
    )
    ca_file: AbsolutePath = Field(
        default="",
        description="PEM file of the CAs that the mail server's TLS certificate may come from; empty: the system's.",
    )
    sender: Annotated[str, AfterValidator(_sender)] = Field(
        default="", description="Address that mail comes from, such as trivium@example.com."
    )
    user: str = Field(default="", description="User name for the mail server; empty sends without one.")
    password_file: AbsolutePath = Field(
        default="", description="File (mode 0600) with the password of `smtp.user`, read at start."
    )
    language: Literal["EN", "DE", "FR"] = Field(
        default="EN", description="Language of the mail to recipients whose language is NEUTRAL."
    )


class Webhooks(Section):
    """Where the webhooks of Clients may be."""

    ports: Annotated[tuple[Port, ...], BeforeValidator(_listed_ports)] = Field(
        default=(443,),
        description="Ports that the URLs of webhooks may name, such as [443, 8443]: whoever makes a webhook shall not "
        "talk to other services through the gateway.",
    )
    plain_http: Switch = Field(
        default=False,
        description="Whether they may be http:// too, on the same ports. Off: who listens would learn what happens to "
        "a Client's certificates.",
    )
    allow_private_addresses: Switch = Field(
        default=False,
        description="Whether they may lead to loopback, private and reserved addresses. Off, so that nobody can use "
        "the gateway to reach your inner network; on for receivers that are in it.",
    )
    ca_file: AbsolutePath = Field(
        default="",
        description="PEM file of the CAs that receivers' TLS certificates may come from; empty: the system's.",
    )


class Oidc(Section):
    """The identity provider at which people sign in to the admin page (OpenID Connect)."""

    issuer: Annotated[str, AfterValidator(_issuer)] = Field(
        default="",
        description="Issuer of the provider, exactly as it writes it, such as https://id.example.com/realms/staff; "
        "empty: there is none, and people sign in with passkeys.",
    )
    client_id: str = Field(
        default="",
        description="Client id under which the gateway is registered there, with the redirect URI that "
        "docs/admin.md names.",
    )
    client_secret_file: AbsolutePath = Field(
        default="",
        description="File (mode 0600) with the client secret, read at start; the environment variable "
        "TRIVIUM_OIDC_CLIENT_SECRET takes its place. Neither: the gateway is a public client, with PKCE alone.",
    )
    scopes: Annotated[Texts, AfterValidator(_with_openid)] = Field(
        default=("openid", "email"),
        description="Scopes that are asked for. The e-mail address must come with them, and that it is verified: by "
        "it a user is found when he first signs in.",
    )
    label: str = Field(
        default="", max_length=60, description="What the button says people sign in with; empty: the issuer's host."
    )
    ca_file: AbsolutePath = Field(
        default="",
        description="PEM file of the CAs that the provider's TLS certificate may come from; empty: the system's.",
    )
