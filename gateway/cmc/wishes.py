"""What a client wishes beyond its requests: product, validity and account, from the URL, regInfo, or its default."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from ca_core.core import Core
from ca_core.model.cmc_clients import CmcClient
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.store import Transaction

NAMES: Final = ("account", "product", "validity")
_VALIDITY: Final = re.compile(r"([1-9][0-9]{0,4})([ymwdh]?)", re.ASCII)
_SECONDS: Final = {"y": 365 * 86400, "m": 30 * 86400, "w": 7 * 86400, "d": 86400, "h": 3600, "": 86400}
_MAX_REG_INFO: Final = 1024


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What to order with. ``validity`` is in seconds."""

    product_id: str
    validity: int | None


def from_reg_info(value: bytes) -> dict[str, str]:
    """Return the parameters in a regInfo (``product=tls&validity=1y``); what is no such text says nothing.

    RFC 10002 section 6.12 leaves its content to the two sides, and clients send whatever they like.
    """
    if len(value) > _MAX_REG_INFO or not value.isascii():
        return {}
    return {name: text for name, text in parse_qsl(value.decode()) if name in NAMES}


async def resolve(core: Core, parameters: Mapping[str, str], cmc_client: CmcClient) -> Wish:
    """Return what the parameters mean for this client.

    Raises FORBIDDEN for another's account or product, MALFORMED for a validity that is none.
    """

    def find(tx: Transaction) -> str:
        client = tx.clients.get(cmc_client.client_id)
        own = {cmc_client.name, cmc_client.id, cmc_client.client_id, client.name if client else ""}
        account, name = parameters.get("account"), parameters.get("product")
        if account is not None and account not in own:
            raise TriviumError(
                ErrorKind.FORBIDDEN, "The account in the URL is not that of the client that signs the message."
            )
        if name is None:
            if not cmc_client.product_ids:
                raise TriviumError(ErrorKind.FORBIDDEN, "This CMC client may order no product; ask the operator.")
            return cmc_client.product_ids[0]
        products = [tx.products.get(product_id) for product_id in cmc_client.product_ids]
        chosen = next((one for one in products if one is not None and name in {one.name, one.id}), None)
        if chosen is None:
            raise TriviumError(
                ErrorKind.FORBIDDEN, f"This CMC client may not order a product {name[:64]!a}; ask the operator."
            )
        return chosen.id

    return Wish(product_id=await core.store.read(find), validity=_validity(parameters.get("validity")))


def _validity(text: str | None) -> int | None:
    if text is None:
        return None
    match = _VALIDITY.fullmatch(text.lower())
    if match is None:
        raise TriviumError(ErrorKind.MALFORMED, "The validity is a number and a unit: 3y, 6m, 4w, 90d or 12h.")
    return int(match[1]) * _SECONDS[match[2]]
