"""The HTTP status of each kind of error, and what a page of that status is called."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from ca_core.model.errors import ErrorKind
from gateway.admin.sections import _

STATUS: Final[Mapping[ErrorKind, HTTPStatus]] = {
    **dict.fromkeys(ErrorKind, HTTPStatus.BAD_REQUEST),
    ErrorKind.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    ErrorKind.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ErrorKind.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorKind.NOT_ACCEPTABLE: HTTPStatus.NOT_ACCEPTABLE,
    ErrorKind.PRECONDITION_REQUIRED: HTTPStatus.PRECONDITION_REQUIRED,
    ErrorKind.PRECONDITION_FAILED: HTTPStatus.PRECONDITION_FAILED,
    ErrorKind.IDEMPOTENCY_MISMATCH: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorKind.BAD_SIGNATURE: HTTPStatus.UNAUTHORIZED,
    ErrorKind.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    ErrorKind.ACCOUNT_UNKNOWN: HTTPStatus.UNAUTHORIZED,
    ErrorKind.AUTH_DATA_FAILED: HTTPStatus.UNAUTHORIZED,
    ErrorKind.CLOCK: HTTPStatus.UNAUTHORIZED,
    ErrorKind.FORBIDDEN: HTTPStatus.FORBIDDEN,
    ErrorKind.EXTERNAL_ACCOUNT_REQUIRED: HTTPStatus.FORBIDDEN,
    ErrorKind.TERMS_NOT_AGREED: HTTPStatus.FORBIDDEN,
    ErrorKind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorKind.REPLAYED: HTTPStatus.CONFLICT,
    ErrorKind.NOT_READY: HTTPStatus.CONFLICT,
    ErrorKind.ALREADY_REVOKED: HTTPStatus.CONFLICT,
    ErrorKind.CONFLICT: HTTPStatus.CONFLICT,
    ErrorKind.ALREADY_REPLACED: HTTPStatus.CONFLICT,
    ErrorKind.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorKind.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorKind.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The HTTP status of a page that says an error of this kind."""

TITLES: Final[Mapping[HTTPStatus, str]] = {
    HTTPStatus.BAD_REQUEST: _("Bad request"),
    HTTPStatus.UNAUTHORIZED: _("Not signed in"),
    HTTPStatus.FORBIDDEN: _("Forbidden"),
    HTTPStatus.NOT_FOUND: _("Not found"),
    HTTPStatus.METHOD_NOT_ALLOWED: _("Method not allowed"),
    HTTPStatus.NOT_ACCEPTABLE: _("Not acceptable"),
    HTTPStatus.CONFLICT: _("Conflict"),
    HTTPStatus.PRECONDITION_FAILED: _("Precondition failed"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: _("Request too large"),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: _("Unsupported media type"),
    HTTPStatus.UNPROCESSABLE_ENTITY: _("Unprocessable request"),
    HTTPStatus.PRECONDITION_REQUIRED: _("Precondition required"),
    HTTPStatus.TOO_MANY_REQUESTS: _("Too many requests"),
    HTTPStatus.INTERNAL_SERVER_ERROR: _("Internal error"),
    HTTPStatus.SERVICE_UNAVAILABLE: _("Service unavailable"),
}
"""What such a page is called, by its status."""
