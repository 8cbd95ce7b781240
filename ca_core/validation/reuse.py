"""Authorizations that serve more than one order: which of those that are there serve a new one (rule 50)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from ca_core.core import Core
from ca_core.model.authorizations import Authorization, ValidationMethod
from ca_core.model.identifiers import Identifier
from ca_core.model.products import Policy, Product
from ca_core.model.store import Transaction

TIME_TO_FINALIZE: Final = timedelta(minutes=10)
"""For how long at least whatever is to serve a new order must still be good."""

_TAKEN_ON_TRUST: Final = frozenset(
    {
        ValidationMethod.CONFIGURED,
        ValidationMethod.RA_VOUCHED,
        ValidationMethod.CERTIFICATE_LINKED,
    }
)


def held_authorizations(
    core: Core, tx: Transaction, product: Product, account_id: str | None, identifiers: Sequence[Identifier]
) -> dict[Identifier, Authorization]:
    """Return the authorization that serves an order of ``product`` for each identifier that has one.

    It is the account's, or the Client's own; valid, and for long enough to finalize; for exactly the identifier
    (rule 50). Those made ahead of orders always serve, the others if the product reuses authorizations. Control must
    have been shown as the product wants it, no longer ago than it allows.
    """
    now = core.sources.now()
    held = tx.authorizations.held_for(product.client_id, account_id, identifiers, now)
    serving = sorted(
        (one for one in held if _serves(core, tx, one, product, now)),
        key=lambda one: one.expires_at,
    )
    return {identifier: one for one in serving for identifier in identifiers if one.covers(identifier)}


def _serves(core: Core, tx: Transaction, authorization: Authorization, product: Product, now: datetime) -> bool:
    policy = product.policy
    if not (authorization.pre_authorized or core.reuses_authorizations(policy)):
        return False
    if authorization.domain_id is not None:  # the domain itself serves, as long as it is there
        return False
    if authorization.methods & _TAKEN_ON_TRUST:  # nobody has shown control: it is good for the order it came with
        return False
    until = min(authorization.expires_at, authorization.shown_at + timedelta(seconds=policy.authorization_lifetime))
    return until >= now + TIME_TO_FINALIZE and _shown_as_wanted(tx, authorization, policy)


def _shown_as_wanted(tx: Transaction, authorization: Authorization, policy: Policy) -> bool:
    """Whether control was shown under a policy that validates no less strictly."""
    if authorization.product_id is None:
        return True
    shown = tx.products.version(authorization.product_id, authorization.product_version or "")
    return (
        shown is not None
        and shown.policy.public >= policy.public
        and shown.policy.require_dnssec >= policy.require_dnssec
    )
