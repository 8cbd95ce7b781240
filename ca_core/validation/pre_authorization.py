"""Pre-authorization: control of an identifier shown ahead of any order (RFC 8555 section 7.4.1)."""

from ca_core.access import rate_limits
from ca_core.audit.log import entry
from ca_core.certificates.names import check_identifiers
from ca_core.core import Core
from ca_core.model.authorizations import Authorization
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, RequestedIdentifier
from ca_core.model.principals import Principal
from ca_core.model.products import Road
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.orders.product_choice import chosen_product
from ca_core.validation.new_authorization import new_authorization


async def pre_authorize(
    core: Core, product_id: str, identifier: RequestedIdentifier, principal: Principal
) -> Authorization:
    """Make a pending authorization of the ACME account ``principal``; once valid, it serves its orders while it lasts.

    Raises IDENTIFIER_REJECTED for a wildcard, else as :func:`~ca_core.orders.place.place` for product and
    identifier; RATE_LIMITED: it counts as an order.
    """
    if isinstance(identifier, Identifier) and identifier.wildcard:
        raise TriviumError(
            ErrorKind.IDENTIFIER_REJECTED,
            "Control of a wildcard cannot be shown ahead of its order (RFC 8555 section 7.4.1); place the order.",
        )
    product = await core.store.read(
        lambda tx: chosen_product(tx, principal, road=Road.ACME, product_id=product_id, profile=None)
    )
    [checked] = check_identifiers((identifier,), product.policy.names, public=product.policy.public)
    made = new_authorization(core.sources, product, principal, checked, Road.ACME)
    authorization = replace(made, pre_authorized=True)
    record = entry(core.sources, principal, "authorization.create", authorization.id, identifier=str(checked))

    def add(tx: Transaction) -> None:
        rate_limits.new_order(core, tx, principal, authorization.client_id)
        tx.authorizations.add([authorization])
        tx.audit.append([record])

    await core.store.write(add)
    return authorization
