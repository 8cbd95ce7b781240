"""What a client wishes beyond its requests: product, validity and account, from the URL, regInfo, or its default."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from ca_core.access.cmc_certificates import dedicated_product
from ca_core.core import Core
from ca_core.model.cmc_clients import CmcClient
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.products import Product, ProfileKind
from ca_core.model.store import Transaction
from gateway.cmc.authenticate import Holder, Requester

NAMES: Final = ("account", "product", "validity")
_VALIDITY: Final = re.compile(r"([1-9][0-9]{0,4})([ymwdh]?)", re.ASCII)
_SECONDS: Final = {"y": 365 * 86400, "m": 30 * 86400, "w": 7 * 86400, "d": 86400, "h": 3600, "": 86400}
_MAX_REG_INFO: Final = 1024


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What to order with. ``validity`` is in seconds.

    ``renews_itself``: the product is that of the CMC client's own dedicated certificate, and it wants a new one.
    """

    product: Product
    validity: int | None
    renews_itself: bool = False


def from_reg_info(value: bytes) -> dict[str, str]:
    """Return the parameters in a regInfo (``product=tls&validity=1y``); what is no such text says nothing.

    RFC 10002 section 6.12 leaves its content to the two sides, and clients send whatever they like.
    """
    if len(value) > _MAX_REG_INFO or not value.isascii():
        return {}
    return {name: text for name, text in parse_qsl(value.decode()) if name in NAMES}


async def resolve(core: Core, parameters: Mapping[str, str], sender: Requester | Holder) -> Wish:
    """Return what the parameters mean for whoever sends them.

    Raises FORBIDDEN for another's account or product, MALFORMED for a validity that is none.
    """

    def find(tx: Transaction) -> Product:
        _require_own_account(tx, parameters.get("account"), sender)
        name = parameters.get("product")
        offered = [sender.holder.product] if isinstance(sender, Holder) else _orderable(tx, sender.cmc_client)
        if name is not None:
            itself = sender.cmc_client if isinstance(sender, Requester) and not sender.vouched else None
            dedicated = dedicated_product(tx, itself) if itself else None
            named = [*offered, dedicated] if dedicated else offered
            offered = [one for one in named if name in {one.name, one.id}]
        chosen = offered[0] if offered else None
        if chosen is None:
            what = "any product" if name is None else f"a product {name[:64]!a}"
            raise TriviumError(ErrorKind.FORBIDDEN, f"You may not order {what} over CMC; ask the operator.")
        return chosen

    product = await core.store.read(find)
    renews_itself = product.policy.profile.kind is ProfileKind.CMC_CLIENT
    if renews_itself and not (isinstance(sender, Requester) and sender.by_certificate):
        # A message that an authority vouches for says what it likes; the authority's certificate is not for it.
        raise TriviumError(
            ErrorKind.FORBIDDEN, "A dedicated certificate is renewed by a message that is signed with its own key."
        )
    return Wish(product=product, validity=_validity(parameters.get("validity")), renews_itself=renews_itself)


def _require_own_account(tx: Transaction, account: str | None, sender: Requester | Holder) -> None:
    client = tx.clients.get(sender.principal.client_id or "")
    own = {client.id, client.name} if client else set()
    if isinstance(sender, Requester):
        own |= {sender.cmc_client.id, sender.cmc_client.name}
    if account is not None and account not in own:
        raise TriviumError(
            ErrorKind.FORBIDDEN, "The account in the URL is not that of the client that signs the message."
        )


def _orderable(tx: Transaction, cmc_client: CmcClient) -> list[Product]:
    """Return what the client may order, its default first."""
    products = [tx.products.get(product_id) for product_id in cmc_client.product_ids]
    return [one for one in products if one is not None]


def _validity(text: str | None) -> int | None:
    if text is None:
        return None
    match = _VALIDITY.fullmatch(text.lower())
    if match is None:
        raise TriviumError(ErrorKind.MALFORMED, "The validity is a number and a unit: 3y, 6m, 4w, 90d or 12h.")
    return int(match[1]) * _SECONDS[match[2]]
