"""Finds the resource of a URL by the segments of its path: one look-up a segment, however many URLs there are."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

_REST = "{path:path}"


@dataclass(kw_only=True)
class _Node:
    """What can follow after a beginning of a path: fixed segments, one that is a parameter, or anything at all."""

    segments: dict[str, "_Node"] = field(default_factory=dict)
    parameter: str = ""
    after_parameter: "_Node | None" = None
    resource: ASGIApp | None = None
    anything: ASGIApp | None = None


class PathRouter(Router):
    """Routes of fixed segments, ``{parameter}`` segments and, at the end, ``{path:path}`` for whatever else there is.

    Starlette's own router matches the regular expressions of all routes one after the other.
    """

    def __init__(self, routes: Sequence[Route]) -> None:
        super().__init__(routes=routes, redirect_slashes=False)
        self._root = _Node()
        for route in routes:
            self._add(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with its resource; what is no request (the server's lifespan) Starlette knows about."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        resource, scope["path_params"] = self._find(scope["path"])
        await resource(scope, receive, send)

    def _add(self, route: Route) -> None:
        node = self._root
        for segment in route.path.split("/")[1:]:
            if segment == _REST:
                node.anything = route.app
                return
            if segment.startswith("{"):
                node.parameter = segment[1:-1]
                node.after_parameter = node.after_parameter or _Node()
                node = node.after_parameter
            else:
                node = node.segments.setdefault(segment, _Node())
        node.resource = route.app

    def _find(self, path: str) -> tuple[ASGIApp, dict[str, str]]:
        node = self._root
        parameters: dict[str, str] = {}
        anything = node.anything
        for segment in path.split("/")[1:]:
            following = node.segments.get(segment)
            if following is None and segment and node.after_parameter is not None:
                parameters[node.parameter] = segment
                following = node.after_parameter
            if following is None:
                break
            node = following
            anything = node.anything or anything
        else:
            if node.resource is not None:
                return node.resource, parameters
        return anything or self.not_found, {}
