"""Publications: what happened to a certificate in the directory, for operators to read."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ca_core.model.jobs import JobType


class PublicationAction(StrEnum):
    """Into the directory, or out of it."""

    PUBLISH = "publish"
    UNPUBLISH = "unpublish"


class PublicationStatus(StrEnum):
    """PENDING: still tried. SUPERSEDED: a later event came before this one was done, and counts in its place."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    SUPERSEDED = "superseded"


ACTIONS = {
    JobType.PUBLISH_CERTIFICATE_ORDER_JOB: PublicationAction.PUBLISH,
    JobType.MANUAL_PUBLISH_CERTIFICATE_JOB: PublicationAction.PUBLISH,
    JobType.MANUAL_UNPUBLISH_CERTIFICATE_JOB: PublicationAction.UNPUBLISH,
}
"""The job types of the events: the published API has none of its own for what revocation takes back."""


@dataclass(frozen=True, kw_only=True)
class PublicationEvent:
    """One publication, or its end: the job that does it (``job-``), as operators see it.

    ``asked_by`` is the actor, ``because`` what led to it: ``issued``, ``asked`` or ``revoked``. ``tries`` counts the
    attempts so far, ``next_try_at`` is that of the next. ``entries`` are the distinguished names written to, ``error``
    is a sentence.
    """

    id: str
    action: PublicationAction
    status: PublicationStatus
    asked_by: str
    because: str
    created_at: datetime
    finished_at: datetime | None
    tries: int
    next_try_at: datetime | None
    entries: tuple[str, ...] = ()
    error: str = ""
