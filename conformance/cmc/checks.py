"""The rows of the table and the functions that show each with a client: what is done, and what is refused how."""

from collections.abc import Callable, Sequence
from enum import IntEnum, StrEnum
from types import ModuleType

from conformance.cmc.lab import Lab
from conformance.cmc.reply import Reply, Status
from conformance.expect import expect
from conformance.table import Key

Check = Callable[[Lab], None]

PYASN1, BOUNCY_CASTLE, JSS, OPENSSL = CLIENTS = ("pyasn1", "bouncy-castle", "jss", "openssl")
"""Who shows it: three encoders, and scripts around openssl."""
ENCODERS = (PYASN1, BOUNCY_CASTLE, JSS)
_MIN_TEXT = 20


class Level(StrEnum):
    """What RFC 10004 demands of a CA for a row."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


MUST, SHOULD, MAY = Level


class CmcStatus(IntEnum):
    """RFC 10002 section 6.1.3."""

    SUCCESS = 0
    FAILED = 2
    PENDING = 3
    NO_SUPPORT = 4
    CONFIRM_REQUIRED = 5
    POP_REQUIRED = 6
    PARTIAL = 7


class FailInfo(IntEnum):
    """RFC 10002 section 6.1.4."""

    BAD_ALG = 0
    BAD_MESSAGE_CHECK = 1
    BAD_REQUEST = 2
    BAD_TIME = 3
    BAD_CERT_ID = 4
    UNSUPPORTED_EXT = 5
    BAD_IDENTITY = 7
    POP_REQUIRED = 8
    POP_FAILED = 9
    NO_KEY_REUSE = 10
    AUTH_DATA_FAIL = 13


CHECKS: dict[Key, Check] = {}
"""Every cell that can be tried, by row and client."""


def shows(row: str, level: Level, *clients: str) -> Callable[[Check], Check]:
    """Register the decorated function as what shows a row with these clients, the encoders by default."""

    def register(check: Check) -> Check:
        for client in clients or ENCODERS:
            key = f"{row} ({level})", client
            if key in CHECKS:
                raise ValueError(f"{key} is shown twice")
            CHECKS[key] = check
        return check

    return register


def expect_done(reply: Reply, *body_list: int) -> Reply:
    """Expect that these parts were done, and nothing failed; a Simple PKI Response implies it. Returns the reply."""
    statuses = [one.status for one in reply.statuses]
    expect(all(one == CmcStatus.SUCCESS for one in statuses), f"success was expected: {reply}")
    done = {number for one in reply.statuses for number in one.body_list}
    expect(not reply.full or set(body_list) <= done, f"success of {body_list} was expected: {reply}")
    return reply


def expect_refusal(reply: Reply, fail_info: FailInfo, *body_list: int, status: CmcStatus = CmcStatus.FAILED) -> Status:
    """Expect a Full PKI Response that refuses exactly these parts so, and tells a person why. Returns the status."""
    expect(reply.full, f"a Full PKI Response was expected: {reply}")
    found = next((one for one in reply.statuses if one.body_list == body_list), None)
    if found is None or (found.status, found.fail_info) != (status, fail_info):
        expect(None, f"{int(status)}:{','.join(map(str, body_list))}:{int(fail_info)} was expected: {reply}")
        raise AssertionError
    expect(len(found.text) >= _MIN_TEXT, f"the statusString tells nothing: {found.text!r}")
    return found


def checks_of(modules: Sequence[ModuleType]) -> list[Key]:
    """Return the cells that the modules registered, in the modules' order."""
    return [key for module in modules for key, check in CHECKS.items() if check.__module__ == module.__name__]
