"""Warming up: what a server does before it answers, so that no order waits for it on the event loop."""

from collections.abc import Iterable

from ca_core.certificates.names import icann_suffixes
from ca_core.certificates.tbs import prepare
from ca_core.model.issuers import Issuer


def warm_up(issuers: Iterable[Issuer]) -> None:
    """Load the Public Suffix List and make the throw-away keys of the issuers' algorithms (0.1 s for RSA)."""
    icann_suffixes()
    for issuer in issuers:
        prepare(issuer)
