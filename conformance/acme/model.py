"""The nouns of the suite: what is tried (scenarios), what a client is asked for, and what it brings back."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

AccountKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Scenario(StrEnum):
    """What is tried, in the order of the table's rows; the value is the row's title."""

    REGISTER = "register"
    HTTP_01_STANDALONE = "http-01 standalone"
    HTTP_01_WEBROOT = "http-01 webroot"
    DNS_01 = "dns-01"
    TLS_ALPN_01 = "tls-alpn-01"
    SEVERAL_NAMES = "several names"
    WILDCARD = "wildcard"
    IP = "IP"
    RSA = "RSA"
    EC = "EC"
    OWN_CSR = "own CSR"
    RENEW = "renew"
    ARI = "ARI"
    EAB = "EAB"
    KEY_CHANGE = "key change"
    AFTER_KEY_CHANGE = "certificate after key change"
    CONTACT_UPDATE = "contact update"
    REVOKE_BY_ACCOUNT = "revoke by account key"
    REVOKE_BY_KEY = "revoke by certificate key"
    DEACTIVATE = "deactivate"


class Offer(StrEnum):
    """What a server may or may not have; scenarios and clients need some."""

    TLS_ALPN_01 = "tls-alpn-01"
    WILDCARD = "wildcard"
    IP = "IP"
    ARI = "ARI"
    EAB = "EAB"
    PLAIN_GET = "plain GET"


class Method(StrEnum):
    """A way in which a client shows control of a name; http-01 by its own web server or by a file in another's."""

    STANDALONE = "http-01 standalone"
    WEBROOT = "http-01 webroot"
    DNS = "dns-01"
    TLS_ALPN = "tls-alpn-01"


class KeyType(StrEnum):
    """The type of a certificate's key."""

    EC = "EC"
    RSA = "RSA"


@dataclass(frozen=True, kw_only=True)
class Request:
    """The certificate a client is asked to obtain; ``csr`` (a PEM file) takes the place of a key of its own."""

    identifiers: tuple[str, ...]
    method: Method
    key_type: KeyType = KeyType.EC
    csr: Path | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The DNS names."""
        return tuple(identifier for identifier in self.identifiers if not is_address(identifier))

    @property
    def addresses(self) -> tuple[IPv4Address | IPv6Address, ...]:
        """The IP addresses."""
        return tuple(ip_address(identifier) for identifier in self.identifiers if is_address(identifier))


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A certificate that a client obtained: PEM files. ``key`` is None when the client never had it."""

    request: Request
    chain: Path
    key: Path | None

    @property
    def certificates(self) -> list[x509.Certificate]:
        """The certificates of the chain, leaf first."""
        return x509.load_pem_x509_certificates(self.chain.read_bytes())

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate itself."""
        return self.certificates[0]


@dataclass(frozen=True, kw_only=True)
class Binding:
    """An external account binding (RFC 8555 section 7.3.4); ``hmac`` is base64url."""

    kid: str
    hmac: str


def is_address(identifier: str) -> bool:
    """Whether the identifier is an IP address rather than a DNS name."""
    try:
        ip_address(identifier)
    except ValueError:
        return False
    return True
