"""The name policy: which identifiers may stand in a certificate, and in which spelling (rules 63 and 64).

Upper case in domain names is folded, since DNS names are case-insensitive (RFC 4343) and one name must not be two
identifiers; everything else comes back as it was sent. IP addresses must come in their canonical text form
(RFC 8738 section 3): RFC 1123 section 2.1 for IPv4, RFC 5952 section 4 for IPv6.

A name is *internal* when it lies under no suffix of the ICANN section of the Public Suffix List (``.test``,
``.internal``, ``.lan``), under ``home.arpa``, or has one label. Only private products take them, and only when their
policy says so. Suffixes of the list's private section (``github.io``) are ordinary names: they have an owner.
"""

import functools
import ipaddress
import re
from collections.abc import Iterable
from typing import Final

import idna
from publicsuffixlist import PublicSuffixList

from ca_core.model.errors import ErrorKind, SubProblem, TriviumError
from ca_core.model.identifiers import HOSTS, Identifier, IdentifierType, RequestedIdentifier, UnknownIdentifier
from ca_core.model.products import NamePolicy
from ca_core.validation.addresses import special_purpose

_MAX_NAME: Final = 253
_MAX_LABEL: Final = 63
_MAX_LABELS: Final = 10
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_MAX_MAIL_ADDRESS: Final = 254
_MAX_LOCAL_PART: Final = 64
_LOCAL_PART: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label the system's resolver would read as part of an IPv4 address (``0x7f.1``)."""

_HOME: Final = "home.arpa"
_REVERSE_ZONES: Final = ("in-addr.arpa", "ip6.arpa")

_PRIVATE_NETWORKS: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
    )
)
"""Addresses that hosts of a private network have: RFC 1918, RFC 6598, RFC 3927, RFC 4193 and the loopback."""


def check_identifiers(
    identifiers: Iterable[RequestedIdentifier],
    policy: NamePolicy,
    *,
    public: bool,
    types: frozenset[IdentifierType] = HOSTS,
) -> tuple[Identifier, ...]:
    """Check all identifiers of an order; return them in the order given, without repetitions.

    They must be of one of the ``types``. ``public`` products never take internal names or private addresses, whatever
    ``policy`` says. Raises MALFORMED when there is none, IDENTIFIER_REJECTED when there are more than
    ``policy.max_identifiers``, and otherwise one error with a sub-problem for each identifier that is refused
    (RFC 8555 section 6.7.1).
    """
    asked = tuple(dict.fromkeys(identifiers))
    if not asked:
        raise TriviumError(ErrorKind.MALFORMED, "The order names no identifier; name at least one.")
    if len(asked) > policy.max_identifiers:
        raise TriviumError(
            ErrorKind.IDENTIFIER_REJECTED,
            f"The order has {len(asked)} identifiers; this product takes at most {policy.max_identifiers} in one.",
        )
    checked: dict[Identifier, None] = {}
    refused: list[SubProblem] = []
    for identifier in asked:
        try:
            checked[check_identifier(identifier, policy, public=public, types=types)] = None
        except TriviumError as error:
            refused.append(SubProblem(kind=error.kind, detail=error.detail, identifier=identifier))
    if refused:
        kinds = {problem.kind for problem in refused}
        raise TriviumError(
            kinds.pop() if len(kinds) == 1 else ErrorKind.IDENTIFIER_REJECTED,
            refused[0].detail if len(refused) == 1 else f"{len(refused)} identifiers are refused; see each of them.",
            subproblems=tuple(refused),
        )
    return tuple(checked)


def check_identifier(
    identifier: RequestedIdentifier, policy: NamePolicy, *, public: bool, types: frozenset[IdentifierType] = HOSTS
) -> Identifier:
    """Return the identifier as it will stand in the certificate.

    Raises IDENTIFIER_REJECTED or IDENTIFIER_UNSUPPORTED with the sentence that says what to change.
    """
    if isinstance(identifier, UnknownIdentifier) or identifier.type not in types:
        raise TriviumError(
            ErrorKind.IDENTIFIER_UNSUPPORTED,
            f"Identifiers of the type {_shown(identifier.type)} are not certified; the types are "
            f"{' and '.join(sorted(types))}.",
        )
    match identifier.type:
        case IdentifierType.DNS:
            value = _check_domain_name(identifier.value, policy, public=public)
        case IdentifierType.IP:
            value = _check_address(identifier.value, policy, public=public)
        case IdentifierType.EMAIL:
            value = _check_mail_address(identifier.value, policy, public=public)
    return identifier if value == identifier.value else Identifier(type=identifier.type, value=value)


def _check_domain_name(value: str, policy: NamePolicy, *, public: bool) -> str:
    if not value.isascii():
        raise _rejected(value, "write it in ASCII, international labels in punycode (xn--)")
    if len(value) > _MAX_NAME:
        raise _rejected(value, f"a domain name has at most {_MAX_NAME} characters")
    name = value.lower()
    if name.endswith("."):
        raise _rejected(value, "leave out the dot at the end")
    if _is_numeric(name):
        raise _rejected(value, "it is an IP address, not a domain name; order it as an identifier of type ip")
    base = name.removeprefix("*.")
    if "*" in base:
        raise _rejected(value, "a wildcard is the whole left-most label (*.example.com) and nothing else")
    if base != name and not policy.wildcards:
        raise _rejected(value, "this product takes no wildcard names")
    labels = base.split(".")
    if len(name.split(".")) > _MAX_LABELS:
        raise _rejected(value, f"a name has at most {_MAX_LABELS} labels")
    for label in labels:
        _check_label(value, label)
    _check_place(value, base, policy, wildcard=base != name, public=public)
    return name


def _check_mail_address(value: str, policy: NamePolicy, *, public: bool) -> str:
    """Check an rfc822Name (RFC 5280 section 4.2.1.6): its local part stays as it is, its domain is a domain name."""
    local, at, domain = value.rpartition("@")
    if not at or len(value) > _MAX_MAIL_ADDRESS or len(local) > _MAX_LOCAL_PART or not _LOCAL_PART.fullmatch(local):
        raise _rejected(value, "it is not a mail address in ASCII, such as user@example.com (RFC 5321 section 4.1.2)")
    if domain.startswith("*"):
        raise _rejected(value, "a mail address has no wildcard")
    return f"{local}@{_check_domain_name(domain, policy, public=public)}"


def _is_numeric(name: str) -> bool:
    """Whether the name is an IP address in any spelling a resolver takes for one."""
    return ":" in name or _NUMBER.fullmatch(name.rpartition(".")[2]) is not None


def _check_label(value: str, label: str) -> None:
    if not label:
        raise _rejected(value, "it has an empty label; write single dots between labels")
    if len(label) > _MAX_LABEL:
        raise _rejected(value, f"a label has at most {_MAX_LABEL} characters")
    if "_" in label:
        raise _rejected(value, "an underscore is not allowed in a host name")
    if not _LABEL.fullmatch(label):
        raise _rejected(value, "labels consist of letters, digits and inner hyphens only")
    if label[2:4] != "--":
        return
    if not label.startswith("xn--"):
        raise _rejected(value, "labels with hyphens in third and fourth place are reserved (RFC 5890)")
    try:
        canonical = idna.alabel(idna.ulabel(label)).decode("ascii") == label
    except UnicodeError:
        canonical = False
    if not canonical:
        raise _rejected(value, f"{label} is not a valid internationalised label (RFC 5891)")


def _check_place(value: str, base: str, policy: NamePolicy, *, wildcard: bool, public: bool) -> None:
    """Check where in the DNS the name lies: not a public suffix, not a reverse zone, and internal only by policy."""
    if _is_under(base, "onion"):
        raise TriviumError(
            ErrorKind.IDENTIFIER_UNSUPPORTED, f"{_shown(value)} is refused: this CA issues no onion names (RFC 9799)."
        )
    if any(_is_under(base, zone) for zone in _REVERSE_ZONES):
        raise _rejected(value, "names of the reverse zones are not certified (BR 7.1.2.7.12)")
    suffix = icann_suffixes().publicsuffix(base)
    internal = suffix is None or _is_under(base, _HOME)
    if base == suffix:
        raise _rejected(value, f"{base} is a public suffix; name a domain below it")
    if internal and (public or not policy.internal_names):
        raise _rejected(value, "it does not end in a public top-level domain; this product takes no internal names")
    single = "." not in base
    if single and not policy.single_labels:
        raise _rejected(value, "a name needs at least two labels for this product")
    if single and wildcard:
        raise _rejected(value, "a wildcard cannot stand directly above a top-level name")


def _is_under(name: str, zone: str) -> bool:
    return name == zone or name.endswith("." + zone)


@functools.cache
def icann_suffixes() -> PublicSuffixList:
    """Return the ICANN section of the Public Suffix List: 22 ms to build at the first call, 2 us to ask."""
    return PublicSuffixList(only_icann=True, accept_unknown=False)


def _check_address(value: str, policy: NamePolicy, *, public: bool) -> str:
    try:
        address = ipaddress.ip_address(value)
    except ValueError as error:
        raise _rejected(value, "it is not an IP address (RFC 8738: dotted decimal, or RFC 5952 for IPv6)") from error
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            raise _rejected(value, "an address in a certificate has no zone")
        if address.ipv4_mapped is not None:
            raise _rejected(value, f"write it as the IPv4 address {address.ipv4_mapped}")
    if str(address) != value:
        raise _rejected(value, f"write it in its canonical form, {address} (RFC 8738 section 3)")
    if any(address in network for network in _PRIVATE_NETWORKS):
        if public or not policy.private_addresses:
            raise _rejected(value, "it is a private address, and this product takes none")
        return value
    purpose = special_purpose(address)
    if purpose is not None:
        raise _rejected(value, f"it is in a range reserved for {purpose} and belongs to no single host")
    return value


def _shown(value: str) -> str:
    """Return the requester's text fit for a sentence: printable ASCII, bounded."""
    return ascii(value[:_MAX_NAME])


def _rejected(value: str, why: str) -> TriviumError:
    return TriviumError(ErrorKind.IDENTIFIER_REJECTED, f"{_shown(value)} is refused: {why}.")
