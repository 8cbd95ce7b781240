"""Signing in: whichever way a user shows who he is, a session begins, or the failure is counted and recorded."""

from collections.abc import Awaitable, Callable

from ca_core.access import rate_limits, sessions
from ca_core.audit.refusals import record_failure
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.principals import ANONYMOUS
from ca_core.model.sessions import SignInMethod
from ca_core.model.users import User
from ca_core.model.values import replace


async def sign_in(core: Core, method: SignInMethod, address: str, show: Callable[[], Awaitable[User]]) -> str:
    """Begin a session of the user that ``show`` returns; return the value of its cookie.

    ``show`` finds out who he is, and raises when he is not. What is raised then, or because he may have no session,
    carries the id of its audit record. Raises RATE_LIMITED when too many sign-ins from the ``address`` have failed.
    """
    stranger = replace(ANONYMOUS, address=address)
    await core.store.read(lambda tx: rate_limits.require_sign_in(core, tx, stranger))
    try:
        return await sessions.begin(core, await show(), method, address)
    except TriviumError as error:
        if error.kind is not ErrorKind.UNAVAILABLE:
            await core.store.write(lambda tx: rate_limits.count_failed_sign_in(core, tx, stranger))
        problem = await record_failure(core, error.problem, stranger, f"sign-in.{method}")
        raise TriviumError.of(problem) from error
