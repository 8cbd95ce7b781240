"""Which certificate an order replaces (RFC 9773 section 5): one of the requester's own, and no certificate twice."""

from typing import Final

from ca_core.access.visibility import sees
from ca_core.certificates.renewal import find
from ca_core.core import Core
from ca_core.model.certificates import Certificate, CertificateIdentifier
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.orders import Order, OrderState
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.orders.lifetime import is_lost
from ca_core.validation.attempt import fail_waiting_order

_OVERTAKEN: Final = Problem(
    kind=ErrorKind.NOT_READY,
    detail="The order could not be finalized any more, and another one replaces the certificate in its place.",
)


def replaced_by(
    core: Core, tx: Transaction, order: Order, identifier: CertificateIdentifier, principal: Principal
) -> Certificate:
    """Return the certificate that ``order``, which is about to be stored, replaces.

    Raises MALFORMED for one that we did not issue or that shares no identifier with the order, FORBIDDEN for one of
    another account or Client, ALREADY_REPLACED when an order replaces it that has not failed.
    """
    certificate = find(tx, identifier)
    if certificate is None:
        raise TriviumError(
            ErrorKind.MALFORMED, 'No certificate with the identifier in "replaces" was issued here; leave it out.'
        )
    earlier = tx.orders.get(certificate.order_id)
    account_id = earlier.account_id if earlier else None
    if not sees(principal, client_id=certificate.client_id, account_id=account_id):
        raise TriviumError(
            ErrorKind.FORBIDDEN,
            'The certificate in "replaces" was ordered by another account; order with that one, or leave it out.',
        )
    if not set(certificate.identifiers) & set(order.identifiers):
        raise TriviumError(
            ErrorKind.MALFORMED,
            'The certificate in "replaces" has none of the identifiers of this order; leave it out.',
        )
    _require_unreplaced(core, tx, certificate)
    return certificate


def _require_unreplaced(core: Core, tx: Transaction, certificate: Certificate) -> None:
    other = tx.orders.replacing(certificate.id)
    if other is None:
        return
    authorizations = tx.authorizations.get_many(other.authorization_ids)
    if other.state is not OrderState.NEW or not is_lost(other, authorizations, core.sources.now()):
        raise TriviumError(
            ErrorKind.ALREADY_REPLACED,
            f'The order {other.id} replaces this certificate already; use that one, or leave "replaces" out.',
        )
    fail_waiting_order(core, tx, other.id, _OVERTAKEN.recorded_as(core.sources.new_id("err")))
