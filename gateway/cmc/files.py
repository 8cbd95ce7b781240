"""CMC in files (RFC 10003 section 4): one message in a file, whose name says what it is."""

import asyncio
import os
from enum import Enum
from pathlib import Path

from ca_core.model.errors import ErrorKind, TriviumError
from gateway.cmc.answer import PkiResponse
from gateway.cmc.errors import CmcStatus
from gateway.cmc.front_end import FrontEnd, Received
from gateway.cmc.responder import respond
from gateway.cmc.transport import MAX_BODY, decoded_body

SIMPLE_REQUEST = ".p10"
FULL_REQUEST = ".crq"
SIMPLE_RESPONSE = ".p7c"
FULL_RESPONSE = ".crp"

_DONE = frozenset({CmcStatus.SUCCESS})
_REFUSED = frozenset({CmcStatus.FAILED, CmcStatus.NO_SUPPORT})


class Outcome(Enum):
    """What an answer comes to, as the exit code of a command; 1 and 2 are for commands that failed or were wrong."""

    DONE = 0
    REFUSED = 3
    WAITING = 4


def outcome_of(answer: PkiResponse) -> Outcome:
    """Return what the answer comes to: refused when anything of the message was, done when everything was done."""
    statuses = {one.status for one in answer.statuses}
    if statuses & _REFUSED:
        return Outcome.REFUSED
    return Outcome.DONE if statuses <= _DONE else Outcome.WAITING


async def process(
    front_end: FrontEnd, request: Path, answer: Path, parameters: dict[str, str]
) -> tuple[PkiResponse, Path]:
    """Answer the message in ``request`` (DER, PEM or base64) in a file; return the answer and that file (DER).

    ``answer`` without a suffix gets the right one. Raises MALFORMED for file names that say something else, before
    anything is done; NOT_FOUND and UNAVAILABLE for files that cannot be read or written.
    """
    _check_suffix(request, SIMPLE_REQUEST, FULL_REQUEST)
    if answer.suffix:
        _check_suffix(answer, SIMPLE_RESPONSE, FULL_RESPONSE)
    body = decoded_body(await asyncio.to_thread(_read, request, answer))
    reply = await respond(front_end, Received(body=body, address="", parameters=parameters))
    file = answer if answer.suffix else answer.with_suffix(suffix_of(reply))
    try:
        await asyncio.to_thread(file.write_bytes, reply.der)
    except OSError as error:
        raise TriviumError(ErrorKind.UNAVAILABLE, f"{file} cannot be written: {error.strerror}.") from error
    return reply, file


def suffix_of(answer: PkiResponse) -> str:
    """Return the suffix that a file with this answer should have."""
    return SIMPLE_RESPONSE if answer.certs_only else FULL_RESPONSE


def _read(file: Path, answer: Path) -> bytes:
    if not os.access(answer.parent, os.W_OK):  # the message would be used up, and its answer lost
        raise TriviumError(ErrorKind.NOT_FOUND, f"{answer} cannot be written; name a file in a folder of yours.")
    try:
        if file.stat().st_size > MAX_BODY:
            raise TriviumError(ErrorKind.TOO_LARGE, f"{file} is too large for a message.")
        return file.read_bytes()
    except OSError as error:
        raise TriviumError(ErrorKind.NOT_FOUND, f"{file} cannot be read: {error.strerror}.") from error


def _check_suffix(file: Path, simple: str, full: str) -> None:
    if file.suffix.lower() not in {simple, full}:
        raise TriviumError(
            ErrorKind.MALFORMED, f"{file}: name the file of a simple message {simple}, of a full one {full}."
        )
