"""What ``trivium doctor`` looks at around the gateway: files, disk, ports, resolver, token."""

import errno
import json
import shutil
import stat
import urllib.request
from collections.abc import Iterator
from typing import Final

import dns.asyncquery
import dns.exception
import dns.message
import dns.resolver

from gateway.findings import Finding, good, soon, wrong
from gateway.installation import Installation
from gateway.listener import bind
from gateway.settings.values import Endpoint

_MEBIBYTE: Final = 1 << 20
DISK_WRONG: Final = 100 * _MEBIBYTE
DISK_SOON: Final = 1024 * _MEBIBYTE
_DNS_PORT: Final = 53
_SECONDS: Final = 3


def modes(installation: Installation) -> Finding:
    """Files with secrets are their owner's alone (abuse 77)."""
    exposed = installation.exposed()
    if exposed:
        paths = " ".join(str(path) for path in exposed)
        return wrong("file modes", f"others may read {paths}", f"chmod go= {paths}; consider what they hold as known.")
    if stat.S_IMODE(installation.directory.stat().st_mode) & stat.S_IRWXO:
        return soon("file modes", f"everybody may enter {installation.directory}", f"chmod o= {installation.directory}")
    return good("file modes", "secrets are their owner's alone")


def disk(installation: Installation) -> Finding:
    """There is room for the database to grow."""
    free = shutil.disk_usage(installation.directory).free
    detail = f"{free // _MEBIBYTE} MiB free"
    what_to_do = "Make room: a full disk stops issuance, though it loses nothing."
    if free < DISK_WRONG:
        return wrong("disk", detail, what_to_do)
    return soon("disk", detail, what_to_do) if free < DISK_SOON else good("disk", detail)


def ports(installation: Installation) -> Iterator[Finding]:
    """The listeners' addresses are free, or this installation's own gateway answers there."""
    served = _is_served(installation)
    listen = installation.settings.listen
    listeners = (("listen.acme", listen.acme), ("listen.status", listen.status), ("listen.cmc_tcp", listen.cmc_tcp))
    for setting, endpoint in listeners:
        if endpoint:
            yield _port(setting, endpoint, served=served)


def _port(setting: str, endpoint: Endpoint, *, served: bool) -> Finding:
    try:
        bind(endpoint.host, endpoint.port).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE and served:
            return good(setting, f"this gateway serves {endpoint}")
        taken = error.errno == errno.EADDRINUSE
        reason = "another program listens there" if taken else error.strerror
        return wrong(setting, f"{endpoint}: {reason}", f"End that program, or change `{setting}` in trivium.toml.")
    if served:
        return wrong(setting, f"nothing listens on {endpoint}, though the gateway runs", "Restart the gateway.")
    return good(setting, f"{endpoint} is free")


def _is_served(installation: Installation) -> bool:
    """Whether the gateway that wrote ``endpoints.json`` answers on the status listener."""
    if not installation.endpoints_file.exists():
        return False
    url = f"http://{installation.settings.listen.status}/health"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_SECONDS) as answer:
            return bool(json.load(answer).get("status") == "ok")
    except (OSError, ValueError):
        return False


async def resolver(installation: Installation) -> Finding:
    """The resolver answers, whatever it answers."""
    configured = installation.settings.validation.resolver
    try:
        server = configured or Endpoint(str(dns.resolver.get_default_resolver().nameservers[0]), _DNS_PORT)
        query = dns.message.make_query(".", "SOA")
        await dns.asyncquery.udp(query, server.host, timeout=_SECONDS, port=server.port, raise_on_truncation=False)
    except (OSError, IndexError, dns.exception.DNSException) as error:
        detail = f"{configured or 'the system resolver'} does not answer ({type(error).__name__})"
        return wrong("resolver", detail, "Start it, or change `validation.resolver` in trivium.toml.")
    return good("resolver", f"{server} answers")
