"""The contracts of a validation method and of the check of CAA: shown, with evidence, or the sentence why not."""

from dataclasses import dataclass
from typing import Protocol

from ca_core.model.authorizations import ValidationMethod
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier

MAX_QUOTED = 128


@dataclass(frozen=True, kw_only=True)
class ValidationSettings:
    """How validators reach the outside; one set for the whole gateway.

    ``resolver`` is ``host:port`` of the one recursive resolver that is asked (an IP address, IPv6 in brackets, port
    53 when left out); empty means the name servers of the system's ``resolv.conf``. ``http_port`` and ``https_port``
    stand for 80 and 443, on the first request of http-01 and in redirects, ``tls_alpn_port`` for 443 of tls-alpn-01;
    anything else is for tests.
    ``allow_private_addresses`` lets validations connect to reserved addresses (see ``addresses``): for private
    networks only. ``account_uri_prefixes`` are what the URLs of ACME accounts begin with, their id follows: that is
    how CAA records know them (RFC 8657 section 3). Times are in seconds: ``timeout`` bounds a whole validation,
    ``dial_timeout`` one connection attempt, ``dns_timeout`` one of the three tries of a DNS query.
    """

    resolver: str = ""
    http_port: int = 80
    https_port: int = 443
    tls_alpn_port: int = 443
    allow_private_addresses: bool = False
    account_uri_prefixes: tuple[str, ...] = ()
    timeout: float = 15.0
    dial_timeout: float = 10.0
    dns_timeout: float = 1.0
    user_agent: str = "Trivium ACME validation"


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """What the product asks of a validation beyond its method.

    ``dnssec``: every answer of the DNS is validated by the resolver (rule 59). ``registered_names``: redirects lead
    to names under a registered top-level domain only (rule 54).
    """

    dnssec: bool = False
    registered_names: bool = False


NO_REQUIREMENTS = Requirements()


@dataclass(frozen=True, kw_only=True)
class Validated:
    """The evidence of a validation (rule 65).

    ``address`` is the IP address that gave the answer (empty for dns-01), ``resolver`` the ``host:port`` of the
    resolver that was asked, ``detail`` what was seen on the way: the names queried, CNAMEs, redirects, DNSSEC.
    ``dnssec`` says that what counted was signed, as far as the DNS alone was asked.
    """

    address: str
    resolver: str
    detail: str
    dnssec: bool = False


class Validator(Protocol):
    """One validation method."""

    async def validate(
        self,
        identifier: Identifier,
        token: str,
        key_authorization: str,
        requirements: Requirements = NO_REQUIREMENTS,
    ) -> Validated:
        """Return the evidence that whoever holds ``key_authorization`` controls ``identifier`` (RFC 8555 section 8).

        ``token`` is the challenge's, base64url. Raises DNS, CONNECTION, TLS or INCORRECT_RESPONSE when control was not
        shown, IDENTIFIER_UNSUPPORTED when the method cannot show control of such an identifier. It always ends
        within ``ValidationSettings.timeout``.
        """
        ...


class CaaCheck(Protocol):
    """Whether the domain allows this CA to issue (RFC 8659)."""

    async def require(
        self,
        name: Identifier,
        *,
        identities: tuple[str, ...],
        account_id: str | None,
        methods: frozenset[ValidationMethod],
        dnssec: bool,
    ) -> str:
        """Return, for the record, where permission for the domain name ``name`` was found.

        ``identities`` are the CA's issuer domain names, ``account_id`` (``acc-``) is the ACME account that asks,
        ``methods`` are those by which it has shown control; ``dnssec`` says that unsigned answers are none. Raises
        CAA when the records forbid it, DNS when they cannot be known: that is never permission. It always ends within
        ``ValidationSettings.timeout``.
        """
        ...


class NoCaaCheck:
    """The check of a core that has no resolver: it allows nothing."""

    async def require(self, name: Identifier, **_: object) -> str:
        """Refuse."""
        raise TriviumError(
            ErrorKind.UNAVAILABLE, f"CAA of {name.value} cannot be checked: this process asks no resolver."
        )


def quoted(data: bytes) -> str:
    """Return what a stranger's server said, fit for an error sentence: at most 128 bytes, nothing but printable text.

    Invalid UTF-8 is replaced; control characters, line separators and bidirectional overrides are escaped, so that a
    sentence cannot forge a line of a log (rule 56).
    """
    text = repr(data[:MAX_QUOTED].decode("utf-8", errors="replace"))
    return f"{text}..." if len(data) > MAX_QUOTED else text
