"""The server under test: our gateway, started here on loopback, or any other by what its operator says."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.gateway import served_gateway

_UNLIMITED = "999999/1s"
_LIMITS = (
    *("orders_per_account", "certificates_per_names", "refusals_per_address"),
    *("requests_per_user", "requests_per_address"),
)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A server and a user of it.

    ``url`` is the https URL that ``/v2`` and ``/v3`` follow, ``tls_ca`` (PEM) what to trust for it. ``user`` may do
    everything for one Client, and ``key`` is his API key. The server looks for TXT records in a DNS that takes the
    commands of pebble-challtestsrv at ``dns_commands``. Names are below ``domain``.
    """

    name: str
    url: str
    tls_ca: Path
    user: str
    key: str
    dns_commands: str
    domain: str = "conformance.test"


@contextmanager
def trivium(folder: Path) -> Iterator[Target]:
    """Serve a new installation in which a user orders over REST."""
    with served_gateway(folder, *(f"limits.{name}={_UNLIMITED}" for name in _LIMITS)) as gateway:
        made = json.loads(gateway.trivium("user", "create", "integrator", "--service", "--json"))
        yield Target(
            name="trivium",
            url=gateway.endpoints["rest"],
            tls_ca=Path(gateway.endpoints["tls_ca"]),
            user=made["user"],
            key=made["api_key"],
            dns_commands=gateway.dns_commands,
        )
