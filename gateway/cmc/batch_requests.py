"""batchRequests (RFC 10002 section 6.17): messages that a registration authority has collected, answered each alone."""

from ca_core.certificates.decoding import reading
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.cmc.asn1 import BodyPartList
from gateway.cmc.exchange import Exchange
from gateway.cmc.nested import MAX_MESSAGES, refer
from gateway.cmc.pki_data import Control


async def batch_requests(exchange: Exchange, control: Control) -> None:
    """Note the messages of the batch; they are processed after the requests of the message itself."""
    exchange.require_authority("batchRequests")
    value = control.value(BodyPartList, "batchRequests")
    with reading("batchRequests"):
        numbers = tuple(one.native for one in value)
    if not 0 < len(numbers) <= MAX_MESSAGES:
        raise TriviumError(ErrorKind.TOO_LARGE, f"A batch has 1 to {MAX_MESSAGES} messages, not {len(numbers)}.")
    listed = [number for batch in exchange.nesting.batches.values() for number in batch]
    missing = [number for number in numbers if number not in exchange.data.contents]
    if missing or len({*listed, *numbers}) != len(listed) + len(numbers):
        raise TriviumError(
            ErrorKind.MALFORMED,
            f"There is no message {missing[0]} in the cmsSequence." if missing else "A message is in the batch twice.",
        )
    exchange.nesting.batches[control.body_part_id] = numbers
    for number in numbers:
        refer(exchange, (number,))
