"""The settings of the gateway: each with its default and why, in this one place.

:class:`Settings` is what the gateway reads at start. :class:`Defaults` are the few settings that ``trivium init`` alone
understands, since they only decide what it writes into the first product and Client.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ca_core.model.rate_limits import OFF, Rate
from ca_core.publish.ldap_names import MAX_TIMEOUT, check_template, first_rdn

_PORTS = range(1, 65536)
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


@dataclass(frozen=True)
class Endpoint:
    """A host and port, written ``127.0.0.1:8443`` or ``[::1]:8443``."""

    host: str
    port: int

    @classmethod
    def parse(cls, value: object) -> "Endpoint":
        """Read ``host:port``; raises ValueError with a sentence."""
        if isinstance(value, Endpoint):
            return value
        host, _, port = str(value).rpartition(":")
        host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        if not host or not (port.isascii() and port.isdigit()) or int(port) not in _PORTS:
            raise ValueError(f"write a host and a port from 1 to 65535, such as 127.0.0.1:8443, not {value!r}")
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _base_url(value: str, scheme: str) -> str:
    parts = urlsplit(value)
    if (
        parts.scheme != scheme
        or not parts.hostname
        or parts.username is not None
        or parts.path not in ("", "/")
        or parts.query
        or parts.fragment
        or any(character.isspace() for character in value)
    ):
        raise ValueError(f"write {scheme}://host or {scheme}://host:port without a path, not {value!r}")
    if parts.port == 0:
        raise ValueError(f"write a port from 1 to 65535, not {value!r}")
    # Clients compare URLs as strings: one spelling, without a slash at the end or the scheme's own port.
    return value.rstrip("/").removesuffix(":443" if scheme == "https" else ":80")


def _https(value: str) -> str:
    return value and _base_url(value, "https")


def _http(value: str) -> str:
    return value and _base_url(value, "http")


def _database(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise ValueError("write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE")
    return value


def _absolute(value: str) -> str:
    if value and not value.startswith("/"):
        raise ValueError(f"write an absolute path, not {value!r}")
    return value


def _endpoint_or_none(value: object) -> object:
    return "" if value == "" else Endpoint.parse(value)


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


def _rate(value: object) -> Rate:
    return value if isinstance(value, Rate) else Rate.parse(str(value))


def _listed(value: object) -> object:
    """Read a list that may be written as ``a,b`` too."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _listed_ports(value: object) -> object:
    listed = _listed(value)
    return (
        [int(part) if isinstance(part, str) and part.isdigit() else part for part in listed]
        if isinstance(listed, list)
        else listed
    )


Listener = Annotated[Endpoint, BeforeValidator(Endpoint.parse), PlainSerializer(str)]
OptionalEndpoint = Annotated[Endpoint | Literal[""], BeforeValidator(_endpoint_or_none), PlainSerializer(str)]
Limit = Annotated[Rate, BeforeValidator(_rate), PlainSerializer(str)]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
Switch = Annotated[bool, Field(strict=True)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Listen(_Section):
    """Where the gateway listens."""

    acme: Listener = Field(
        default=Endpoint("127.0.0.1", 8443),
        description="Address of the TLS listener for ACME. Loopback until you decide who may reach it.",
    )
    status: Listener = Field(
        default=Endpoint("127.0.0.1", 8080),
        description="Address of the plain HTTP listener for CRL, OCSP, issuer certificates and health. Plain, because "
        "whoever checks a certificate must not need another certificate for it (RFC 5280 section 8).",
    )
    cross_origin: Switch = Field(
        default=True,
        description="Whether web pages of any origin may be ACME clients (RFC 8555 section 6.1). On: requests are "
        "signed, and nothing rests on cookies. Turn it off where only your network reaches the CA, and pages that its "
        "users visit shall not.",
    )
    cmc_tcp: OptionalEndpoint = Field(
        default="",
        description="Address of the TCP listener for CMC messages without HTTP (RFC 10003 section 7), such as "
        "10.0.0.1:5318; empty: there is none. Off, since hardly a client needs it, and nothing on it is encrypted.",
    )


class Database(_Section):
    """Where the state is."""

    url: Annotated[str, AfterValidator(_database)] = Field(
        default="sqlite:///trivium.db",
        description="Database: sqlite:///FILE (relative to the installation) or postgresql://USER:PASSWORD@HOST/NAME. "
        "SQLite needs no server and is durable; choose PostgreSQL to run the gateway on several machines. "
        "There the database must have the extension pg_trgm, or its user be allowed to create it.",
    )


class Validation(_Section):
    """How control of an identifier is checked."""

    resolver: OptionalEndpoint = Field(
        default="",
        description="DNS resolver as host:port; empty takes the system's. Name a validating one of your own where "
        "you can (rule 59).",
    )
    http_port: Port = Field(
        default=80,
        description="Port of http-01. RFC 8555 section 8.3 says 80; change it only in a laboratory.",
    )
    tls_alpn_port: Port = Field(
        default=443,
        description="Port of tls-alpn-01. RFC 8737 section 3 says 443; change it only in a laboratory.",
    )
    allow_private_addresses: Switch = Field(
        default=False,
        description="Whether validation may connect to loopback, private and reserved addresses. Off, so that nobody "
        "can use the gateway to reach your inner network (rule 55); on for an internal CA.",
    )


class Hostile(_Section):
    """How hard the gateway is on clients, for those who write them: never in production."""

    reject_nonces: Annotated[int, Field(ge=0, le=100, strict=True)] = Field(
        default=0,
        description="Percent of good nonces that are refused, though never two in a row at one worker. Clients must "
        "try again (RFC 8555 section 6.5).",
    )
    reuse_authorizations: Annotated[int, Field(ge=0, le=100, strict=True)] = Field(
        default=0,
        description="Percent of valid authorizations that serve a new order although the product does not reuse them. "
        "Clients must take an order that is ready at once (RFC 8555 section 7.1.6).",
    )
    delay_validations: Annotated[int, Field(ge=0, le=4, strict=True)] = Field(
        default=0,
        description="Seconds up to which a validation waits. Clients must poll (RFC 8555 section 7.5.1).",
    )

    @property
    def on(self) -> bool:
        """Whether anything of it is on."""
        return bool(self.reject_nonces or self.reuse_authorizations or self.delay_validations)


class Pkcs11(_Section):
    """The hardware token of keys named ``pkcs11:LABEL``."""

    module: Annotated[str, AfterValidator(_absolute)] = Field(
        default="",
        description="Path of the PKCS#11 module (a .so file); empty when no key is in a token.",
    )
    token: str = Field(default="", description="Label of the token that has the keys; a module can serve several.")
    pin_file: Annotated[str, AfterValidator(_absolute)] = Field(
        default="",
        description="File (mode 0600) with the user PIN; a file, for arguments and environments are listed (rule 31).",
    )


class Ldap(_Section):
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
    ca_file: Annotated[str, AfterValidator(_absolute)] = Field(
        default="",
        description="PEM file of the CAs that the directory's TLS certificate may come from; empty: the system's.",
    )
    bind_dn: str = Field(
        default="", description="Distinguished name to bind as, which may change the entries; empty binds anonymously."
    )
    password_file: Annotated[str, AfterValidator(_absolute)] = Field(
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


class Smtp(_Section):
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
    ca_file: Annotated[str, AfterValidator(_absolute)] = Field(
        default="",
        description="PEM file of the CAs that the mail server's TLS certificate may come from; empty: the system's.",
    )
    sender: Annotated[str, AfterValidator(_sender)] = Field(
        default="", description="Address that mail comes from, such as trivium@example.com."
    )
    user: str = Field(default="", description="User name for the mail server; empty sends without one.")
    password_file: Annotated[str, AfterValidator(_absolute)] = Field(
        default="", description="File (mode 0600) with the password of `smtp.user`, read at start."
    )
    language: Literal["EN", "DE", "FR"] = Field(
        default="EN", description="Language of the mail to recipients whose language is NEUTRAL."
    )


class Webhooks(_Section):
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
    ca_file: Annotated[str, AfterValidator(_absolute)] = Field(
        default="",
        description="PEM file of the CAs that receivers' TLS certificates may come from; empty: the system's.",
    )


class Limits(_Section):
    """How often what may happen: ``1000/1h`` is 1000 at once and as many again in an hour, ``off`` is no limit.

    The defaults stop what runs wild (a loop, a restart every second); no internal CA should meet them otherwise.
    """

    accounts_per_address: Limit = Field(
        default=Rate(1000, timedelta(hours=1)),
        description="New ACME accounts from one IPv4 address or IPv6 /48. Every machine of a site may stand behind one "
        "address; whoever floods the account table does so faster.",
    )
    orders_per_account: Limit = Field(
        default=Rate(10_000, timedelta(hours=1)),
        description="New orders of one ACME account. A fleet may share an account and renew at once; a client that "
        "orders in a loop meets this within hours, and the database grows no further.",
    )
    orders_per_client: Limit = Field(
        default=OFF,
        description="New orders of one Client, over every road. Off, since its accounts have a limit each, and since "
        "on PostgreSQL all workers take turns at a Client's one row; set it where Clients must not starve each other.",
    )
    failed_validations: Limit = Field(
        default=Rate(60, timedelta(hours=1)),
        description="Failed validations of one name by one account; then the next is not begun. The gateway must not "
        "be made to ask somebody's servers again and again, and a wrong configuration does not mend itself.",
    )
    certificates_per_names: Limit = Field(
        default=Rate(500, timedelta(days=1)),
        description="Certificates of one Client for exactly the same names. Enough for one every three minutes; a "
        "container that forgets its certificate and restarts needs more.",
    )
    refusals_per_address: Limit = Field(
        default=Rate(1000, timedelta(hours=1)),
        description="Refused requests from one IPv4 address or IPv6 /48. Each leaves an audit record; those beyond get "
        "429 and leave none, so that nobody fills the log. Good requests from the address are served as before.",
    )
    failed_sign_ins_per_address: Limit = Field(
        default=Rate(30, timedelta(minutes=15)),
        description="Failed sign-ins at the admin page from one IPv4 address or IPv6 /48; then nobody signs in from "
        "there for a while. Nothing can be guessed at it, but what runs wild shall not fill the audit log.",
    )
    requests_per_user: Limit = Field(
        default=Rate(36_000, timedelta(hours=1)),
        description="Requests of one user, over the API and of pages, of every kind: ten a second for ever, and an "
        "hour's worth at once. A script that polls without a pause meets it. The API's answers say in RateLimit how "
        "many are left.",
    )
    requests_per_address: Limit = Field(
        default=Rate(100_000, timedelta(hours=1)),
        description="Requests of users from one IPv4 address or IPv6 /48, where many users may sit, and sign-ins that "
        "begin there.",
    )
    exempt_addresses: Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_listed)] = Field(
        default=(),
        description='Networks that no limit holds for, such as ["10.1.0.0/16"] or 10.1.0.0/16,10.2.0.0/16: a reverse '
        "proxy, whose address all requests then have, or the machines of your monitoring.",
    )
    exempt_accounts: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        default=(), description="ACME accounts (acc-...) that no limit holds for."
    )
    exempt_clients: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        default=(), description="Names of Clients that no limit holds for."
    )


class Rest(_Section):
    """The RA API."""

    token_issuers: Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)] = Field(
        default=("SwissPKI", "Swiss PKI", "SwissSign CA"),
        description="Values of `iss` that a user's token may have; the first stands in the tokens that are made here. "
        "The defaults are those that clients of the published API write.",
    )
    key_in_url: Switch = Field(
        default=False,
        description="Whether GET /v2/jwt/USER/KEY gives a token, for clients that know no other way. Off: whatever "
        "logs the URL knows the key. A key that comes so is marked as exposed.",
    )


class Oidc(_Section):
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
    client_secret_file: Annotated[str, AfterValidator(_absolute)] = Field(
        default="",
        description="File (mode 0600) with the client secret, read at start; the environment variable "
        "TRIVIUM_OIDC_CLIENT_SECRET takes its place. Neither: the gateway is a public client, with PKCE alone.",
    )
    scopes: Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(_with_openid)] = Field(
        default=("openid", "email"),
        description="Scopes that are asked for. The e-mail address must come with them, and that it is verified: by "
        "it a user is found when he first signs in.",
    )
    label: str = Field(
        default="", max_length=60, description="What the button says people sign in with; empty: the issuer's host."
    )
    ca_file: Annotated[str, AfterValidator(_absolute)] = Field(
        default="",
        description="PEM file of the CAs that the provider's TLS certificate may come from; empty: the system's.",
    )


class Log(_Section):
    """What the gateway writes to stderr, a JSON object a line."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning",
        description="Least severity that is logged. Acts of requesters are in the audit log, not here.",
    )


class Settings(BaseSettings):
    """Everything the gateway reads from ``trivium.toml``; an unknown key is refused (rule 94)."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    external_url: Annotated[str, AfterValidator(_https)] = Field(
        default="",
        description="https://host[:port] under which clients reach the TLS listener, when it is not its address. ACME "
        "signs this URL into every request, so it is never taken from a Host header (rule 37).",
    )
    status_url: Annotated[str, AfterValidator(_http)] = Field(
        default="",
        description="http://host[:port] under which relying parties reach the status listener. `trivium init` writes "
        "it into what the issuer puts in its certificates.",
    )
    listen: Listen = Listen()
    database: Database = Database()
    validation: Validation = Validation()
    pkcs11: Pkcs11 = Pkcs11()
    ldap: Ldap = Ldap()
    webhooks: Webhooks = Webhooks()
    smtp: Smtp = Smtp()
    hostile: Hostile = Hostile()
    limits: Limits = Limits()
    rest: Rest = Rest()
    oidc: Oidc = Oidc()
    log: Log = Log()

    @property
    def acme_base(self) -> str:
        """The https base URL of the TLS listener, without a trailing slash."""
        return self.external_url or f"https://{self.listen.acme}"

    @property
    def status_base(self) -> str:
        """The http base URL of the status listener, without a trailing slash."""
        return self.status_url or f"http://{self.listen.status}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the file and nothing else: one place to look when something is set."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


class Acme(_Section):
    """What the default product and Client allow over ACME."""

    wildcards: Switch = Field(
        default=False,
        description="Whether the default product takes wildcard names, by dns-01. Off: one key then stands for every "
        "name below a domain, which its owner should decide.",
    )
    plain_get: Switch = Field(
        default=False,
        description="Whether orders, authorizations, challenges and certificates of the default Client answer a plain "
        "GET to whoever knows their URL, for clients such as ACMESharp. Off: RFC 8555 section 6.3 wants a signed POST.",
    )
    require_eab: Switch = Field(
        default=False,
        description="Whether the directory at /acme, of the default Client, demands an external account binding. The "
        "one at /eab always does.",
    )
    caa_identities: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        default=(),
        description="Issuer domain names, separated by commas, by which CAA records allow this CA (RFC 8659). Empty: "
        "CAA is not checked, for names of a private network seldom have such records.",
    )


class Defaults(_Section):
    """What ``trivium init --set`` takes beside the settings; afterwards it stands in ``catalogue.toml``."""

    lint: Literal["error", "off"] = Field(
        default="error",
        description="Whether a pkilint finding stops an order of the default product (rule 11).",
    )
    acme: Acme = Acme()
