"""One URL as an ASGI application: its methods, its refusals, the headers that every answer has.

It stands in the place of middleware, request and response classes, which cost more than the rest of a small request.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from starlette.types import Receive, Scope, Send

from ca_core.audit.refusals import record_failure
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.principals import ANONYMOUS, Principal
from ca_core.model.values import replace
from gateway.acme.auth import SignedRequest, Unverified, read_jws
from gateway.acme.cross_origin import READABLE, asks_leave, leave
from gateway.acme.errors import RefusedWith, problem_reply
from gateway.acme.front_end import FrontEnd, Header, Reply, link
from gateway.acme.request import DisconnectedError, Request, peer_address, read_get, read_post

_LOG = logging.getLogger("trivium.acme")
_ID = re.compile(r"[a-z]{3}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)

_READING = ("GET", "HEAD")

Signed = TypeVar("Signed", bound=SignedRequest)
Read = Callable[[FrontEnd, Request], Awaitable[Reply]]
"""What answers a GET or HEAD: unsigned, so it uses no nonce up, writes nothing and leaves no record."""


@dataclass(frozen=True, kw_only=True)
class Action(Generic[Signed]):
    """What a POST does: who may sign it, and what is done then. ``name`` is what the audit log calls it."""

    name: str
    authenticate: Callable[[FrontEnd, Unverified], Awaitable[Signed]]
    perform: Callable[[FrontEnd, Signed], Awaitable[Reply]]


class Resource:
    """The ASGI application of one URL.

    ``post`` is what a POST does. ``get`` are answers to GET and HEAD that never change, ``read`` makes one, of the few
    resources that have them (RFC 8555 sections 7.1.1 and 7.2); every other is read by POST-as-GET, and a plain GET
    gets 405 (section 6.3), unless a Client has it otherwise: ``plain_get`` knows, and is not in Allow.
    ``otherwise`` is the answer to every other method, in place of the 405.
    """

    def __init__(
        self,
        front_end: FrontEnd,
        *,
        post: Action[Any] | None = None,
        get: Mapping[str, Reply] | None = None,
        read: Read | None = None,
        plain_get: Read | None = None,
        otherwise: Reply | None = None,
    ) -> None:
        self.post = post
        self.get = get or {}
        self.read = read or plain_get
        self._front_end = front_end
        methods = [*self.get, *(_READING if read else ()), *(["POST"] if post else ())]
        self._otherwise = otherwise or self._method_not_allowed(methods)
        self._leave = leave(methods) if front_end.directory.cross_origin else self._otherwise
        self._always: tuple[Header, ...] = (
            (b"cache-control", b"no-store"),
            link(front_end.directory.url, "index"),
            *(READABLE if front_end.directory.cross_origin else ()),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        method = scope["method"]
        try:
            if method == "POST" and self.post is not None:
                reply = await self._perform(self.post, scope, receive)
            elif self.read is not None and method in _READING:
                reply = await self._read(self.read, scope)
            elif method == "OPTIONS" and asks_leave(scope):
                reply = self._leave
            else:
                reply = self.get.get(method, self._otherwise)
        except DisconnectedError:
            return
        await send({"type": "http.response.start", "status": int(reply.status), "headers": self._headers(reply)})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else reply.body})

    def _headers(self, reply: Reply) -> list[Header]:
        """Return the headers of a reply and those of every answer, of whatever kind, a fresh nonce among them."""
        headers = [
            (b"replay-nonce", self._front_end.nonces.issue().encode()),
            *self._always,
            *reply.headers,
        ]
        if reply.body:
            headers.append((b"content-type", reply.content_type))
        if reply.status != HTTPStatus.NO_CONTENT:
            headers.append((b"content-length", b"%d" % len(reply.body)))
        return headers

    async def _perform(self, action: Action[Any], scope: Scope, receive: Receive) -> Reply:
        core = self._front_end.core
        principal = replace(ANONYMOUS, address=peer_address(scope))
        target = ""
        try:
            target = _target(scope["path_params"])
            unverified = read_jws(self._front_end, await read_post(scope, receive, self._front_end.directory))
            core = unverified.core
            signed = await action.authenticate(self._front_end, unverified)
            principal = signed.principal
            reply = await action.perform(self._front_end, signed)
            await signed.store.spend()
        except TriviumError as error:
            refusal, cause = RefusedWith(error), None
        except RefusedWith as error:
            refusal, cause = error, None
        except DisconnectedError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a problem document with an id
            refusal, cause = RefusedWith(_internal()), error
        else:
            return reply
        refusal = await self._recorded(core, refusal, principal, action.name, target)
        if cause is not None:
            _LOG.error("%s failed as %s", action.name, refusal.problem.id, exc_info=cause)
        return problem_reply(refusal.problem, self._front_end.directory, *refusal.headers, status=refusal.status)

    async def _read(self, read: Read, scope: Scope) -> Reply:
        directory = self._front_end.directory
        try:
            _target(scope["path_params"])
            return await read(self._front_end, read_get(scope, directory))
        except TriviumError as error:
            return problem_reply(error.problem, directory)
        except RefusedWith as error:
            return problem_reply(error.problem, directory, *error.headers, status=error.status)
        except Exception:  # noqa: BLE001 - as for a POST
            problem = _internal().problem.recorded_as(self._front_end.core.sources.new_id("err"))
            _LOG.exception("A GET failed as %s", problem.id)
            return problem_reply(problem, directory)

    async def _recorded(
        self, core: Core, refusal: RefusedWith, principal: Principal, action: str, target: str
    ) -> RefusedWith:
        """Give the refusal an id that the operator can look up; without a store the client is answered all the same.

        The record uses up the nonce of a request that has not written yet. If that was used before, this is the
        refusal: whoever repeats a request learns nothing but that.
        """
        try:
            recorded = await record_failure(core, refusal.problem, principal, action, target)
            if not recorded.id:  # too many from this address
                return RefusedWith(TriviumError.of(recorded))
            refusal.problem = recorded
        except TriviumError as error:
            if error.kind is ErrorKind.REPLAYED and core is not self._front_end.core:
                return await self._recorded(self._front_end.core, RefusedWith(error), principal, action, target)
            _LOG.warning("A refusal of %s was not recorded: %s", action, error.detail)
        return refusal

    def _method_not_allowed(self, methods: list[str]) -> Reply:
        detail = f"This URL takes {' and '.join(methods)} only."
        error = TriviumError(ErrorKind.METHOD_NOT_ALLOWED, detail)
        return problem_reply(error.problem, self._front_end.directory, (b"allow", ", ".join(methods).encode()))


def unknown_url(front_end: FrontEnd) -> Resource:
    """Return the resource behind every URL that is none: 404 malformed to every method."""
    return Resource(front_end, otherwise=problem_reply(_nothing_here().problem, front_end.directory))


def _target(path: Mapping[str, str]) -> str:
    """Return the id in the path, empty without one; raises NOT_FOUND for what is no id before a store sees it."""
    target = path.get("id", "")
    if target and not _ID.fullmatch(target):
        raise _nothing_here()
    return target


def _nothing_here() -> TriviumError:
    return TriviumError(
        ErrorKind.NOT_FOUND, "There is nothing at this URL; take URLs from the directory and from answers."
    )


def _internal() -> TriviumError:
    return TriviumError(ErrorKind.INTERNAL, "Something is wrong on our side; tell the operator the id of this problem.")
