"""RateLimit and RateLimit-Policy on every answer (draft-ietf-httpapi-ratelimit-headers)."""

from collections.abc import Sequence
from datetime import timedelta

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ca_core.model.rate_limits import Allowance


class RateLimitHeaders:
    """An application whose answers, refusals among them, say what is left of the limits that the request counts to."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        state = scope.setdefault("state", {})

        async def send_with_headers(message: Message) -> None:
            allowances: Sequence[Allowance] = state.get("allowances", ())
            if message["type"] == "http.response.start" and allowances:
                message = {**message, "headers": [*message["headers"], *_headers(allowances)]}
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _headers(allowances: Sequence[Allowance]) -> list[tuple[bytes, bytes]]:
    policies = ", ".join(
        f'"{one.limit}";q={one.rate.count};w={one.rate.period // timedelta(seconds=1)}' for one in allowances
    )
    left = ", ".join(f'"{one.limit}";r={one.remaining};t={one.full_in}' for one in allowances)
    return [(b"ratelimit-policy", policies.encode()), (b"ratelimit", left.encode())]
