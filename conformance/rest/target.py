"""The server under test: our gateway, started here on loopback, or any other by what its operator says."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.gateway import Gateway, served_gateway

_UNLIMITED = "999999/1s"
_LIMITS = (
    *("orders_per_account", "certificates_per_names", "refusals_per_address"),
    *("requests_per_user", "requests_per_address"),
)


_APPROVED = ("approved", "issuance = 0", "issuance = 1")
"""A product like the first whose orders wait for an approval: its name, and what is changed in it."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """A user, and his API key."""

    user: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Target:
    """A server and its users.

    ``url`` is the https URL that ``/v2`` and ``/v3`` follow, ``tls_ca`` (PEM) what to trust for it. The ``operator``
    orders for one Client, whose name is ``client``; the ``administrator`` may do everything there is, None where the
    run was given none. The server looks for TXT records in a DNS that takes the commands of pebble-challtestsrv at
    ``dns_commands``; it has ACME accounts at ``acme_directory``, unless that is empty. Names are below ``domain``.
    """

    url: str
    tls_ca: Path
    operator: Account
    administrator: Account | None
    dns_commands: str
    client: str = "default"
    acme_directory: str = ""
    domain: str = "conformance.test"


@contextmanager
def trivium(folder: Path) -> Iterator[Target]:
    """Serve a new installation in which a user orders over REST and another may do everything."""
    with served_gateway(folder, *(f"limits.{name}={_UNLIMITED}" for name in _LIMITS)) as gateway:
        gateway.add_products("tls", _APPROVED)
        yield Target(
            url=gateway.endpoints["rest"],
            tls_ca=Path(gateway.endpoints["tls_ca"]),
            operator=_account(gateway, "integrator", "ra-operator"),
            administrator=_account(gateway, "administrator", "ca-operator"),
            dns_commands=gateway.dns_commands,
            acme_directory=gateway.endpoints["acme_directory"],
        )


def _account(gateway: Gateway, name: str, role: str) -> Account:
    made = json.loads(gateway.trivium("user", "create", name, "--service", "--role", role, "--json"))
    return Account(user=made["user"], key=made["api_key"])
