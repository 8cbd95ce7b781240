"""Messages in the cmsSequence of a registration authority's message: found by body part paths, opened once, counted.

They are looked at where a control refers to them and ignored otherwise (RFC 10002 section 3.2.1). The guard has passed
each with the message around it; depth and number are limited here (rule 62).
"""

from typing import Any, Final

from ca_core.model.errors import ErrorKind, TriviumError
from gateway.cmc.authority import NestedMessage, Path
from gateway.cmc.exchange import Exchange
from gateway.cmc.pki_data import MAX_REQUESTS, OtherRequest, PkiData, parse_pki_data
from gateway.cmc.unwrap import opaque, unwrapped

MAX_DEPTH: Final = 3
"""Layers below the outermost message: so many authorities may stand between a client and us."""

MAX_MESSAGES: Final = 50
"""Nested messages in one outermost message, however deep: each answer is a signature of ours."""


async def opened(exchange: Exchange, path: Path) -> NestedMessage:
    """Return the nested message at the end of a path from this message; raises what is wrong with it.

    MALFORMED when there is none, TOO_LARGE beyond the limits, and as :func:`~gateway.cmc.unwrap.unwrapped`.
    """
    message, data, here = None, exchange.data, exchange.nesting.path
    for number in path:
        _require_content(data, number)
        here = (*here, number)
        if here not in exchange.nesting.opened:
            exchange.nesting.opened[here] = await _open(exchange, data.contents[number], here)
        found = exchange.nesting.opened[here]
        if isinstance(found, TriviumError):
            raise found
        message, data = found, found.data
    if message is None:
        raise TriviumError(ErrorKind.MALFORMED, "The path to a nested message is empty.")
    return message


async def _open(exchange: Exchange, der: bytes, path: Path) -> NestedMessage | TriviumError:
    if len(path) > MAX_DEPTH or len(exchange.nesting.opened) >= MAX_MESSAGES:
        return _too_large(f"Messages are nested at most {MAX_DEPTH} deep, and at most {MAX_MESSAGES} come in one.")
    try:
        with opaque(der):
            message = await unwrapped(exchange.front_end, der)
            data = parse_pki_data(message.content)
    except TriviumError as error:
        return error
    others = sum(len(one.data.requests) for one in exchange.nesting.opened.values() if isinstance(one, NestedMessage))
    if others + len(data.requests) > MAX_REQUESTS:
        return _too_large(f"The messages nested in one have at most {MAX_REQUESTS} requests.")
    return NestedMessage(message=message, data=data)


async def data_at(exchange: Exchange, path: Path) -> PkiData | None:
    """Return the PKIData at the end of a path, this message's own for an empty one.

    None where a nested message cannot be opened: its own answer says so. Raises MALFORMED when the path leads nowhere.
    """
    if not path:
        return exchange.data
    parent = await data_at(exchange, path[:-1])
    if parent is None:
        return None
    _require_content(parent, path[-1])
    try:
        return (await opened(exchange, path)).data
    except TriviumError:
        return None


async def require_requests(exchange: Exchange, path: Path, numbers: tuple[int, ...]) -> tuple[Path, ...]:
    """Return the paths of certification requests of the PKIData at ``path``, and note the reference to what holds them.

    Raises MALFORMED when one is not there.
    """
    data = await data_at(exchange, path)
    known = {one.body_part_id for one in data.requests if not isinstance(one, OtherRequest)} if data else set(numbers)
    missing = sorted(set(numbers) - known)
    if missing or not numbers:
        raise TriviumError(
            ErrorKind.MALFORMED, f"There is no certification request {missing[0] if missing else ''} where this points."
        )
    refer(exchange, path)
    return tuple((*path, number) for number in dict.fromkeys(numbers))


def refer(exchange: Exchange, path: Path) -> None:
    """Note that a control refers to a nested message or to something in it: then it is processed."""
    if path:
        exchange.nesting.referred[path[0]] = None


def path_from(value: Any) -> Path:
    """Return a decoded BodyPartPath; a 0 in front names the PKIData that it is in. Raises TOO_LARGE."""
    numbers = tuple(one.native for one in value)
    path = numbers[1:] if numbers[:1] == (0,) else numbers
    if len(path) > MAX_DEPTH + 1:
        raise _too_large(f"A path leads through at most {MAX_DEPTH} nested messages.")
    return path


def _require_content(data: PkiData, number: int) -> None:
    if number not in data.contents:
        raise TriviumError(
            ErrorKind.MALFORMED, f"There is no message {number} in the cmsSequence that this points into."
        )


def _too_large(detail: str) -> TriviumError:
    return TriviumError(ErrorKind.TOO_LARGE, detail)
