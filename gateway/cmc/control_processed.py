"""controlProcessed (RFC 10002 section 6.19): controls that a registration authority has dealt with already."""

from ca_core.certificates.decoding import reading
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.cmc.asn1 import BodyPartPath
from gateway.cmc.asn1_controls import ControlsProcessed
from gateway.cmc.exchange import Exchange
from gateway.cmc.nested import data_at, path_from, refer
from gateway.cmc.pki_data import Control


async def control_processed(exchange: Exchange, control: Control) -> None:
    """Pass over the named controls, known here or not: of this message, or of the nested ones paths lead to."""
    exchange.require_authority("controlProcessed")
    value = control.value(ControlsProcessed, "controlProcessed")
    with reading("controlProcessed"):
        chosen = [one.chosen for one in value["body_list"]]
        paths = [path_from(one) if isinstance(one, BodyPartPath) else (one.native,) for one in chosen]
    for path in paths:
        data = await data_at(exchange, path[:-1])
        if not path or (data and path[-1] not in {one.body_part_id for one in data.controls}):
            raise TriviumError(ErrorKind.MALFORMED, f"There is no control at {list(path)}, where this points.")
        refer(exchange, path[:-1])
        exchange.nesting.statements.processed.add(path)
