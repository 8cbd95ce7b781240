"""CMCStatus and CMCFailInfo (RFC 10002 section 6.1): the one dictionary from kinds of error to CMC's codes."""

from enum import IntEnum

from ca_core.model.errors import ErrorKind


class CmcStatus(IntEnum):
    """RFC 10002 section 6.1.3."""

    SUCCESS = 0
    FAILED = 2
    PENDING = 3
    NO_SUPPORT = 4
    CONFIRM_REQUIRED = 5
    POP_REQUIRED = 6
    PARTIAL = 7


class CmcFailInfo(IntEnum):
    """RFC 10002 section 6.1.4."""

    BAD_ALG = 0
    BAD_MESSAGE_CHECK = 1
    BAD_REQUEST = 2
    BAD_TIME = 3
    BAD_CERT_ID = 4
    UNSUPPORTED_EXT = 5
    MUST_ARCHIVE_KEYS = 6
    BAD_IDENTITY = 7
    POP_REQUIRED = 8
    POP_FAILED = 9
    NO_KEY_REUSE = 10
    INTERNAL_CA_ERROR = 11
    TRY_LATER = 12
    AUTH_DATA_FAIL = 13


FAIL_INFOS: dict[ErrorKind, CmcFailInfo] = {
    ErrorKind.MALFORMED: CmcFailInfo.BAD_REQUEST,
    ErrorKind.METHOD_NOT_ALLOWED: CmcFailInfo.BAD_REQUEST,
    ErrorKind.UNSUPPORTED_MEDIA_TYPE: CmcFailInfo.BAD_REQUEST,
    ErrorKind.TOO_LARGE: CmcFailInfo.BAD_REQUEST,
    ErrorKind.NOT_ACCEPTABLE: CmcFailInfo.BAD_REQUEST,
    ErrorKind.PRECONDITION_REQUIRED: CmcFailInfo.BAD_REQUEST,
    ErrorKind.PRECONDITION_FAILED: CmcFailInfo.BAD_REQUEST,
    ErrorKind.IDEMPOTENCY_MISMATCH: CmcFailInfo.BAD_REQUEST,
    ErrorKind.BAD_SIGNATURE: CmcFailInfo.BAD_MESSAGE_CHECK,
    ErrorKind.UNAUTHENTICATED: CmcFailInfo.BAD_IDENTITY,
    ErrorKind.ACCOUNT_UNKNOWN: CmcFailInfo.BAD_IDENTITY,
    ErrorKind.FORBIDDEN: CmcFailInfo.BAD_IDENTITY,
    ErrorKind.NOT_FOUND: CmcFailInfo.BAD_CERT_ID,
    ErrorKind.REPLAYED: CmcFailInfo.BAD_REQUEST,
    ErrorKind.BAD_ALGORITHM: CmcFailInfo.BAD_ALG,
    ErrorKind.BAD_KEY: CmcFailInfo.BAD_ALG,
    ErrorKind.BAD_CSR: CmcFailInfo.BAD_REQUEST,
    ErrorKind.KEY_REUSED: CmcFailInfo.NO_KEY_REUSE,
    ErrorKind.UNSUPPORTED_EXTENSION: CmcFailInfo.UNSUPPORTED_EXT,
    ErrorKind.POP_FAILED: CmcFailInfo.POP_FAILED,
    ErrorKind.AUTH_DATA_FAILED: CmcFailInfo.AUTH_DATA_FAIL,
    ErrorKind.POP_REQUIRED: CmcFailInfo.POP_REQUIRED,
    ErrorKind.IDENTIFIER_REJECTED: CmcFailInfo.BAD_REQUEST,
    ErrorKind.IDENTIFIER_UNSUPPORTED: CmcFailInfo.BAD_REQUEST,
    ErrorKind.DNS: CmcFailInfo.BAD_REQUEST,
    ErrorKind.CONNECTION: CmcFailInfo.BAD_REQUEST,
    ErrorKind.TLS: CmcFailInfo.BAD_REQUEST,
    ErrorKind.CAA: CmcFailInfo.BAD_REQUEST,
    ErrorKind.INCORRECT_RESPONSE: CmcFailInfo.BAD_REQUEST,
    ErrorKind.INVALID_CONTACT: CmcFailInfo.BAD_REQUEST,
    ErrorKind.UNSUPPORTED_CONTACT: CmcFailInfo.BAD_REQUEST,
    ErrorKind.TERMS_NOT_AGREED: CmcFailInfo.BAD_REQUEST,
    ErrorKind.EXTERNAL_ACCOUNT_REQUIRED: CmcFailInfo.BAD_IDENTITY,
    ErrorKind.INVALID_PROFILE: CmcFailInfo.BAD_REQUEST,
    ErrorKind.NOT_READY: CmcFailInfo.BAD_REQUEST,
    ErrorKind.ALREADY_REVOKED: CmcFailInfo.BAD_REQUEST,
    ErrorKind.ALREADY_REPLACED: CmcFailInfo.BAD_REQUEST,
    ErrorKind.BAD_REASON: CmcFailInfo.BAD_REQUEST,
    ErrorKind.CONFLICT: CmcFailInfo.BAD_REQUEST,
    ErrorKind.CLOCK: CmcFailInfo.BAD_TIME,
    ErrorKind.RATE_LIMITED: CmcFailInfo.TRY_LATER,
    ErrorKind.UNAVAILABLE: CmcFailInfo.TRY_LATER,
    ErrorKind.INTERNAL: CmcFailInfo.INTERNAL_CA_ERROR,
}
"""Every kind and the failInfo it is answered with."""
