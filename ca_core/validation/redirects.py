"""Where an http-01 redirect may lead: the rules of BR 3.2.2.4.19 and rule 54, apart from any network."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

from yarl import URL

from ca_core.certificates.names import icann_suffixes
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.validation.validator import quoted

MAX_REDIRECTS = 10
STATUSES = frozenset({301, 302, 307, 308})

_MAX_PATH = 2000
_MAX_NAME = 253
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def redirect_target(base: URL, location: str, ports: dict[str, int], *, registered_names: bool = False) -> URL:
    """Return the absolute URL, without fragment and port, that ``location``, a header of ``base``'s answer, leads to.

    ``ports`` are the configured ports by scheme, default 80 and 443; a redirect names them or none. With
    ``registered_names`` a host name must lie under a registered top-level domain. Raises CONNECTION for any target a
    validation must not follow; whether the host's addresses may be used is decided when it is resolved.
    """
    if not location:
        raise _refused(location, "has no Location: name the page that holds the challenge")
    try:
        target = base.join(URL(location)).with_fragment(None)
        port = target.explicit_port
    except ValueError as error:
        raise _refused(location, "is not a URL") from error
    if target.scheme not in ports:
        raise _refused(location, "does not lead to http or https")
    if target.user is not None or target.password is not None:
        raise _refused(location, "carries a user name")
    if port is not None and port != ports[target.scheme] and not target.is_default_port():
        raise _refused(location, f"leads to port {port}: only the default ports are followed")
    if len(target.raw_path_qs) > _MAX_PATH:
        raise _refused(location, f"has a path of more than {_MAX_PATH} characters")
    if not is_host(target.raw_host or ""):
        raise _refused(location, "leads to a host that is neither a domain name nor an IP address")
    if registered_names and not _is_registered(target.raw_host or ""):
        raise _refused(location, "leads to a name that is under no registered top-level domain")
    return target.with_port(None)


def literal_address(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address when ``host`` is written as one (IPv6 without brackets), None when it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_host(host: str) -> bool:
    """Whether ``host`` is an IP address in its usual form or a domain name whose last label is not a number.

    ``127.1``, ``0x7f.1`` and ``2130706433`` are addresses to some programs and names to others: they are neither here.
    """
    if literal_address(host) is not None:
        return "%" not in host
    labels = host.removesuffix(".").split(".")
    return (
        len(host) <= _MAX_NAME
        and all(_LABEL.fullmatch(label) for label in labels)
        and _NUMBER.fullmatch(labels[-1]) is None
    )


def _is_registered(host: str) -> bool:
    """Whether ``host`` is an IP address, or a name below a suffix of the Public Suffix List's ICANN section."""
    return literal_address(host) is not None or icann_suffixes().privatesuffix(host.removesuffix(".")) is not None


def _refused(location: str, why: str) -> TriviumError:
    shown = quoted(location.encode("utf-8", errors="surrogateescape"))
    return TriviumError(ErrorKind.CONNECTION, f"The redirect to {shown} {why}.")
