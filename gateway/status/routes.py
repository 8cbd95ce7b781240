"""The status application: what certificates point to by CDP and AIA, on plain HTTP (RFC 5280, 5019, 6960)."""

import hashlib
import logging
from datetime import timedelta
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ca_core.certificates.chain import pem_certificate
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import Issuer
from ca_core.revocation.ocsp import MAX_REQUEST, OcspAnswer, respond
from gateway.status.codec import caching, is_unmodified, parse_get, parse_issuer_id, read_body

_CRL_CACHE_SECONDS: Final = 60
"""A revocation is to be seen within a minute (rule 81), so no cache may keep a CRL for longer."""

_ISSUER_CACHE_SECONDS: Final = 86400
_RETRY_SECONDS: Final = 5
_SERVER_ERROR: Final = 500

_STATUS_CODES: Final = {
    ErrorKind.MALFORMED: 400,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.TOO_LARGE: 413,
    ErrorKind.UNAVAILABLE: 503,
}
"""The kinds this front end meets; any other is a fault of ours."""

_log = logging.getLogger("trivium.status")


def build_app(core: Core) -> Starlette:
    """Return the ASGI application that serves CRLs, OCSP, issuer certificates and health of this installation."""
    status = _Status(core)
    app = Starlette(
        routes=[
            Route("/crl/{issuer_id}.crl", status.crl, methods=["GET"]),
            Route("/ocsp", status.ocsp_post, methods=["POST"]),
            Route("/ocsp/", status.ocsp_post, methods=["POST"]),
            Route("/ocsp/{request:path}", status.ocsp_get, methods=["GET"]),
            Route("/ca/{issuer_id}.cer", status.issuer_der, methods=["GET"]),
            Route("/ca/{issuer_id}.pem", status.issuer_pem, methods=["GET"]),
            Route("/health", status.health, methods=["GET"]),
        ],
        exception_handlers={TriviumError: _problem},
    )
    app.router.redirect_slashes = False  # a redirect would take its host from the request's Host header
    return app


class _Status:
    """The handlers, and the issuers they have seen: an issuer never changes under its id."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._issuers: dict[str, Issuer] = {}

    async def crl(self, request: Request) -> Response:
        issuer_id = parse_issuer_id(request.path_params["issuer_id"])
        crl = await self._core.store.read(lambda tx: tx.crls.latest(issuer_id))
        if crl is None:
            raise TriviumError(ErrorKind.NOT_FOUND, "This issuer has published no CRL.")
        headers = caching(
            tag=str(crl.number), seconds=_CRL_CACHE_SECONDS, modified=crl.this_update, expires=crl.next_update
        )
        return _cacheable(request, crl.der, "application/pkix-crl", headers)

    async def ocsp_post(self, request: Request) -> Response:
        return _ocsp(request, await respond(self._core, await read_body(request, MAX_REQUEST)))

    async def ocsp_get(self, request: Request) -> Response:
        return _ocsp(request, await respond(self._core, parse_get(request.path_params["request"], MAX_REQUEST)))

    async def issuer_der(self, request: Request) -> Response:
        issuer = await self._issuer(request)
        return _cacheable(request, issuer.certificate, "application/pkix-cert", _issuer_caching(issuer))

    async def issuer_pem(self, request: Request) -> Response:
        issuer = await self._issuer(request)
        pem = pem_certificate(issuer.certificate).encode()
        return _cacheable(request, pem, "application/pem-certificate-chain", _issuer_caching(issuer))

    async def health(self, request: Request) -> Response:  # noqa: ARG002 - Starlette passes it
        await self._core.store.read(lambda tx: tx.issuers.all())
        return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})

    async def _issuer(self, request: Request) -> Issuer:
        issuer_id = parse_issuer_id(request.path_params["issuer_id"])
        issuer = self._issuers.get(issuer_id)
        if issuer is None:
            issuer = await self._core.store.read(lambda tx: tx.issuers.get(issuer_id))
            if issuer is None:
                raise TriviumError(ErrorKind.NOT_FOUND, "There is no such issuer here; check the URL.")
            self._issuers[issuer_id] = issuer
        return issuer


def _issuer_caching(issuer: Issuer) -> dict[str, str]:
    return caching(
        tag=hashlib.sha256(issuer.certificate).hexdigest(),
        seconds=_ISSUER_CACHE_SECONDS,
        modified=issuer.created_at,
    )


def _ocsp(request: Request, answer: OcspAnswer) -> Response:
    media_type = "application/ocsp-response"
    if answer.this_update is None or request.method == "POST":
        return Response(answer.der, media_type=media_type, headers={"Cache-Control": "no-store"})
    headers = caching(
        tag=hashlib.sha256(answer.der).hexdigest(),
        seconds=answer.cache_seconds,
        modified=answer.this_update,
        expires=answer.this_update + timedelta(seconds=answer.cache_seconds),
    )
    return _cacheable(request, answer.der, media_type, headers)


def _cacheable(request: Request, body: bytes, media_type: str, headers: dict[str, str]) -> Response:
    if is_unmodified(request, headers):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def _problem(_request: Request, error: Exception) -> Response:
    """Answer in plain text; what failed inside is for the log, not for strangers."""
    if not isinstance(error, TriviumError):
        raise error
    status = _STATUS_CODES.get(error.kind, 500)
    headers = {"Cache-Control": "no-store"}
    detail = error.detail
    if status >= _SERVER_ERROR:
        _log.warning("A status request could not be answered: %s", error)
        headers["Retry-After"] = str(error.problem.retry_after or _RETRY_SECONDS)
        detail = "The gateway cannot answer now; try again later."
    return PlainTextResponse(f"{detail}\n", status_code=status, headers=headers)
