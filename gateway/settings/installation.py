"""What the gateway reads at start: each setting with its default and why."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from gateway.settings.limits import Limits
from gateway.settings.outbound import Ldap, Oidc, Smtp, Webhooks
from gateway.settings.values import AbsolutePath, Endpoint, Listener, OptionalEndpoint, Port, Section, Switch, Texts


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


class Listen(Section):
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


class Database(Section):
    """Where the state is."""

    url: Annotated[str, AfterValidator(_database)] = Field(
        default="sqlite:///trivium.db",
        description="Database: sqlite:///FILE (relative to the installation) or postgresql://USER:PASSWORD@HOST/NAME. "
        "SQLite needs no server and is durable; choose PostgreSQL to run the gateway on several machines. "
        "There the database must have the extension pg_trgm, or its user be allowed to create it.",
    )


class Validation(Section):
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


class Hostile(Section):
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


class Pkcs11(Section):
    """The hardware token of keys named ``pkcs11:LABEL``."""

    module: AbsolutePath = Field(
        default="",
        description="Path of the PKCS#11 module (a .so file); empty when no key is in a token.",
    )
    token: str = Field(default="", description="Label of the token that has the keys; a module can serve several.")
    pin_file: AbsolutePath = Field(
        default="",
        description="File (mode 0600) with the user PIN; a file, for arguments and environments are listed (rule 31).",
    )


class Rest(Section):
    """The RA API."""

    token_issuers: Annotated[Texts, Field(min_length=1)] = Field(
        default=("SwissPKI", "Swiss PKI", "SwissSign CA"),
        description="Values of `iss` that a user's token may have; the first stands in the tokens that are made here. "
        "The defaults are those that clients of the published API write.",
    )
    key_in_url: Switch = Field(
        default=False,
        description="Whether GET /v2/jwt/USER/KEY gives a token, for clients that know no other way. Off: whatever "
        "logs the URL knows the key. A key that comes so is marked as exposed.",
    )


class Log(Section):
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
