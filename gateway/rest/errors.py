"""Kinds of error on the wire: the one dictionary from a kind to the HTTP status of either version and to v2's code."""

from dataclasses import dataclass
from http import HTTPStatus

from ca_core.model.errors import ErrorKind


@dataclass(frozen=True, kw_only=True)
class HttpError:
    """How a kind is answered: the status in v2 and in v3, and the ``errorCode`` of v2 (module, subject, error)."""

    v2: HTTPStatus
    v3: HTTPStatus
    code: str


def _error(code: str, v3: HTTPStatus, v2: HTTPStatus | None = None) -> HttpError:
    return HttpError(v2=v2 or v3, v3=v3, code=code)


_BAD_REQUEST = HTTPStatus.BAD_REQUEST
_UNAUTHORIZED = HTTPStatus.UNAUTHORIZED
_CONFLICT = HTTPStatus.CONFLICT

HTTP_ERRORS: dict[ErrorKind, HttpError] = {
    ErrorKind.MALFORMED: _error("200.100.0001", _BAD_REQUEST),
    ErrorKind.METHOD_NOT_ALLOWED: _error("200.100.0002", HTTPStatus.METHOD_NOT_ALLOWED),
    ErrorKind.UNSUPPORTED_MEDIA_TYPE: _error("200.100.0003", HTTPStatus.UNSUPPORTED_MEDIA_TYPE, _BAD_REQUEST),
    ErrorKind.TOO_LARGE: _error("200.100.0004", HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    ErrorKind.NOT_ACCEPTABLE: _error("200.100.0005", HTTPStatus.NOT_ACCEPTABLE, _BAD_REQUEST),
    ErrorKind.PRECONDITION_REQUIRED: _error("200.100.0006", HTTPStatus.PRECONDITION_REQUIRED, _BAD_REQUEST),
    ErrorKind.PRECONDITION_FAILED: _error("200.100.0007", HTTPStatus.PRECONDITION_FAILED, _BAD_REQUEST),
    ErrorKind.IDEMPOTENCY_MISMATCH: _error("200.100.0008", HTTPStatus.UNPROCESSABLE_ENTITY, _BAD_REQUEST),
    ErrorKind.BAD_SIGNATURE: _error("200.200.0001", _UNAUTHORIZED),
    ErrorKind.UNAUTHENTICATED: _error("200.200.0002", _UNAUTHORIZED),
    ErrorKind.ACCOUNT_UNKNOWN: _error("200.200.0003", _UNAUTHORIZED),
    ErrorKind.FORBIDDEN: _error("200.200.0004", HTTPStatus.FORBIDDEN, _UNAUTHORIZED),
    ErrorKind.AUTH_DATA_FAILED: _error("200.200.0005", _UNAUTHORIZED),
    ErrorKind.EXTERNAL_ACCOUNT_REQUIRED: _error("200.200.0006", HTTPStatus.FORBIDDEN, _UNAUTHORIZED),
    ErrorKind.TERMS_NOT_AGREED: _error("200.200.0007", HTTPStatus.FORBIDDEN, _BAD_REQUEST),
    ErrorKind.CLOCK: _error("200.200.0008", _UNAUTHORIZED),
    ErrorKind.NOT_FOUND: _error("200.300.0001", HTTPStatus.NOT_FOUND),
    ErrorKind.REPLAYED: _error("200.300.0002", _CONFLICT, _BAD_REQUEST),
    ErrorKind.NOT_READY: _error("200.300.0003", _CONFLICT, _BAD_REQUEST),
    ErrorKind.ALREADY_REVOKED: _error("200.300.0004", _CONFLICT, _BAD_REQUEST),
    ErrorKind.BAD_REASON: _error("200.300.0005", _BAD_REQUEST),
    ErrorKind.CONFLICT: _error("200.300.0006", _CONFLICT, _BAD_REQUEST),
    ErrorKind.ALREADY_REPLACED: _error("200.300.0007", _CONFLICT, _BAD_REQUEST),
    ErrorKind.INVALID_PROFILE: _error("200.300.0008", _BAD_REQUEST),
    ErrorKind.BAD_ALGORITHM: _error("200.400.0001", _BAD_REQUEST),
    ErrorKind.BAD_KEY: _error("200.400.0002", _BAD_REQUEST),
    ErrorKind.BAD_CSR: _error("200.400.0003", _BAD_REQUEST),
    ErrorKind.KEY_REUSED: _error("200.400.0004", _BAD_REQUEST),
    ErrorKind.UNSUPPORTED_EXTENSION: _error("200.400.0005", _BAD_REQUEST),
    ErrorKind.POP_FAILED: _error("200.400.0006", _BAD_REQUEST),
    ErrorKind.POP_REQUIRED: _error("200.400.0007", _BAD_REQUEST),
    ErrorKind.IDENTIFIER_REJECTED: _error("200.500.0001", _BAD_REQUEST),
    ErrorKind.IDENTIFIER_UNSUPPORTED: _error("200.500.0002", _BAD_REQUEST),
    ErrorKind.DNS: _error("200.500.0003", _BAD_REQUEST),
    ErrorKind.CONNECTION: _error("200.500.0004", _BAD_REQUEST),
    ErrorKind.TLS: _error("200.500.0005", _BAD_REQUEST),
    ErrorKind.CAA: _error("200.500.0006", _BAD_REQUEST),
    ErrorKind.INCORRECT_RESPONSE: _error("200.500.0007", _BAD_REQUEST),
    ErrorKind.INVALID_CONTACT: _error("200.500.0008", _BAD_REQUEST),
    ErrorKind.UNSUPPORTED_CONTACT: _error("200.500.0009", _BAD_REQUEST),
    ErrorKind.RATE_LIMITED: _error("200.900.0001", HTTPStatus.TOO_MANY_REQUESTS),
    ErrorKind.UNAVAILABLE: _error("200.900.0002", HTTPStatus.SERVICE_UNAVAILABLE),
    ErrorKind.INTERNAL: _error("200.900.0003", HTTPStatus.INTERNAL_SERVER_ERROR),
}
"""Every kind. v2 answers with what its document names, 400, 401, 404 and 500; with 405, 413, 429 and 503 beside it,
which say that the request did not get so far, as a proxy in front says too."""
