"""What the REST front end works with, and what its operations are given."""

from dataclasses import dataclass

from starlette.requests import Request

from ca_core.core import Core
from ca_core.model.principals import Principal


@dataclass(frozen=True, kw_only=True)
class FrontEnd:
    """The front end on a core. ``external_url`` is the https base URL that its paths follow.

    ``key_in_url`` lets old clients ask for a token with their API key in the URL.
    """

    core: Core
    external_url: str
    key_in_url: bool = False


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An authenticated request: who asks, and the front end he asks."""

    front_end: FrontEnd
    principal: Principal

    @property
    def core(self) -> Core:
        """The core that answers."""
        return self.front_end.core


def front_end_of(request: Request) -> FrontEnd:
    """Return the front end that a request came to."""
    front_end: FrontEnd = request.app.state.front_end
    return front_end


def peer_address(request: Request) -> str:
    """Return the peer's IP address, empty where the listener has none."""
    return request.client.host if request.client else ""
