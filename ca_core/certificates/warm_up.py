"""Warming up: what a server does before it answers, so that no order waits for it on the event loop."""

from collections.abc import Iterable

from ca_core.certificates.lint import Linters
from ca_core.certificates.names import icann_suffixes
from ca_core.certificates.tbs import prepare
from ca_core.model.issuers import Issuer
from ca_core.model.products import Product


def warm_up(issuers: Iterable[Issuer], products: Iterable[Product], linters: Linters) -> None:
    """Load the Public Suffix List, build the validators of the products' lint sets (140 ms each).

    And make the throw-away keys of the issuers' algorithms (0.1 s for RSA).
    """
    icann_suffixes()
    linters.prepare({product.policy.lint.lint_set for product in products})
    for issuer in issuers:
        prepare(issuer)
