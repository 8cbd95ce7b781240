"""Tokens that users sign with their API keys: who asks over REST."""

from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.principals import Principal


async def authenticate(core: Core, token: str, address: str) -> Principal:
    """Return the user whose API key signed ``token``; raises UNAUTHENTICATED: there are no API keys yet."""
    del core, token, address
    raise TriviumError(
        ErrorKind.UNAUTHENTICATED, "The token is not valid; get a new one with the user name and an API key."
    )
