"""The one exception family: a kind, a sentence for the reader, sub-problems per identifier, a time to retry."""

from dataclasses import dataclass, replace
from enum import StrEnum

from ca_core.model.identifiers import RequestedIdentifier


class ErrorKind(StrEnum):
    """What went wrong. Each front end maps every kind to its wire in one dictionary, and a test asserts it is total."""

    MALFORMED = "malformed"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    TOO_LARGE = "too_large"
    NOT_ACCEPTABLE = "not_acceptable"
    PRECONDITION_REQUIRED = "precondition_required"
    PRECONDITION_FAILED = "precondition_failed"
    IDEMPOTENCY_MISMATCH = "idempotency_mismatch"
    BAD_SIGNATURE = "bad_signature"
    UNAUTHENTICATED = "unauthenticated"
    ACCOUNT_UNKNOWN = "account_unknown"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    REPLAYED = "replayed"
    BAD_ALGORITHM = "bad_algorithm"
    BAD_KEY = "bad_key"
    BAD_CSR = "bad_csr"
    KEY_REUSED = "key_reused"
    UNSUPPORTED_EXTENSION = "unsupported_extension"
    POP_FAILED = "pop_failed"
    AUTH_DATA_FAILED = "auth_data_failed"
    POP_REQUIRED = "pop_required"
    IDENTIFIER_REJECTED = "identifier_rejected"
    IDENTIFIER_UNSUPPORTED = "identifier_unsupported"
    DNS = "dns"
    CONNECTION = "connection"
    TLS = "tls"
    CAA = "caa"
    INCORRECT_RESPONSE = "incorrect_response"
    INVALID_CONTACT = "invalid_contact"
    UNSUPPORTED_CONTACT = "unsupported_contact"
    TERMS_NOT_AGREED = "terms_not_agreed"
    EXTERNAL_ACCOUNT_REQUIRED = "external_account_required"
    NOT_READY = "not_ready"
    ALREADY_REVOKED = "already_revoked"
    BAD_REASON = "bad_reason"
    CONFLICT = "conflict"
    ALREADY_REPLACED = "already_replaced"
    INVALID_PROFILE = "invalid_profile"
    CLOCK = "clock"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


@dataclass(frozen=True, kw_only=True)
class SubProblem:
    """What went wrong with one identifier of a request (RFC 8555 section 6.7.1)."""

    kind: ErrorKind
    detail: str
    identifier: RequestedIdentifier | None = None


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A failure as a value: stored with orders, jobs and challenges, and carried by :class:`TriviumError`.

    ``id`` is the ``err-`` id under which ``trivium explain`` and the audit log find the failure; it is empty until
    the failure is recorded. ``retry_after`` is in seconds.
    """

    kind: ErrorKind
    detail: str
    subproblems: tuple[SubProblem, ...] = ()
    retry_after: int | None = None
    id: str = ""

    def recorded_as(self, error_id: str) -> "Problem":
        """Give the problem the id under which it is recorded."""
        return replace(self, id=error_id)


class TriviumError(Exception):
    """The one exception of the core and its front ends; ``problem`` says everything about it."""

    def __init__(
        self,
        kind: ErrorKind,
        detail: str,
        *,
        subproblems: tuple[SubProblem, ...] = (),
        retry_after: int | None = None,
    ) -> None:
        super().__init__(f"{kind}: {detail}")
        self.problem = Problem(kind=kind, detail=detail, subproblems=subproblems, retry_after=retry_after)

    @property
    def kind(self) -> ErrorKind:
        """The kind of the problem."""
        return self.problem.kind

    @property
    def detail(self) -> str:
        """The sentence that tells the reader what to change."""
        return self.problem.detail

    @classmethod
    def of(cls, problem: Problem) -> "TriviumError":
        """Raise a stored problem again."""
        error = cls(problem.kind, problem.detail)
        error.problem = problem
        return error
