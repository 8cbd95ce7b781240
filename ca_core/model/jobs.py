"""Jobs: the background work of orders, part of the domain, since operators read it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from ca_core.model.errors import Problem


class JobState(StrEnum):
    """The users' job states, and how the worker uses them.

    WAITING: for children or an outside event. SCHEDULE_REQUEST: written, not claimable yet. PENDING: due.
    PROCESSING: leased. SCHEDULE_RESPONSE: done, parent not yet woken. RETRY: due again later.
    CONNECTION_OR_CHANNEL_CLOSED and UNKNOWN are reserved by the published API and never set.
    """

    WAITING = "WAITING"
    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    SCHEDULE_REQUEST = "SCHEDULE_REQUEST"
    SCHEDULE_RESPONSE = "SCHEDULE_RESPONSE"
    RETRY = "RETRY"
    CONNECTION_OR_CHANNEL_CLOSED = "CONNECTION_OR_CHANNEL_CLOSED"
    UNKNOWN = "UNKNOWN"


class JobType(StrEnum):
    """The job types of the published API, in its order; those of protocols that are not served are only reserved."""

    ISSUE_SUBMIT_CERTIFICATE_ORDER_JOB = "ISSUE_SUBMIT_CERTIFICATE_ORDER_JOB"
    ISSUE_CERTIFICATE_RENEWAL_VALIDATION_JOB = "ISSUE_CERTIFICATE_RENEWAL_VALIDATION_JOB"
    ISSUE_KEY_VALIDATION_JOB = "ISSUE_KEY_VALIDATION_JOB"
    ISSUE_PRE_VALIDATION_JOB = "ISSUE_PRE_VALIDATION_JOB"
    ISSUE_GENERATE_TBS_JOB = "ISSUE_GENERATE_TBS_JOB"
    ISSUE_POLICY_VALIDATION_JOB = "ISSUE_POLICY_VALIDATION_JOB"
    ISSUE_CAA_CHECK_VALIDATION_JOB = "ISSUE_CAA_CHECK_VALIDATION_JOB"
    ISSUE_DOMAIN_OWNER_CHECK_VALIDATION_JOB = "ISSUE_DOMAIN_OWNER_CHECK_VALIDATION_JOB"
    ISSUE_END_USER_EMAIL_VALIDATION_JOB = "ISSUE_END_USER_EMAIL_VALIDATION_JOB"
    ISSUE_PRE_LINTING_JOB = "ISSUE_PRE_LINTING_JOB"
    ISSUE_PRE_ISSUE_CERTIFICATE_JOB = "ISSUE_PRE_ISSUE_CERTIFICATE_JOB"
    ISSUE_CT_LOG_PRE_CERT_PUBLICATION_JOB = "ISSUE_CT_LOG_PRE_CERT_PUBLICATION_JOB"
    ISSUE_ISSUE_CERTIFICATE_JOB = "ISSUE_ISSUE_CERTIFICATE_JOB"
    ISSUE_ISSUE_SWS_CERTIFICATE_JOB = "ISSUE_ISSUE_SWS_CERTIFICATE_JOB"
    ISSUE_POST_ISSUE_CERTIFICATE_JOB = "ISSUE_POST_ISSUE_CERTIFICATE_JOB"
    ISSUE_FINALIZE_ISSUE_CERTIFICATE_JOB = "ISSUE_FINALIZE_ISSUE_CERTIFICATE_JOB"
    ISSUE_POST_LINTING_CERTIFICATE_JOB = "ISSUE_POST_LINTING_CERTIFICATE_JOB"
    ISSUE_CT_LOG_PUBLICATION_JOB = "ISSUE_CT_LOG_PUBLICATION_JOB"
    ISSUE_AUTHORIZATION_JOB = "ISSUE_AUTHORIZATION_JOB"
    ISSUE_NOTIFY_ISSUED_JOB = "ISSUE_NOTIFY_ISSUED_JOB"
    ISSUE_NOTIFY_RENEWAL_JOB = "ISSUE_NOTIFY_RENEWAL_JOB"
    ISSUE_UPDATE_RENEWAL_JOB = "ISSUE_UPDATE_RENEWAL_JOB"
    ISSUE_REVOKE_RENEWED_CERTIFICATE_JOB = "ISSUE_REVOKE_RENEWED_CERTIFICATE_JOB"
    ISSUE_NOTIFY_P12_RETRIEVAL_JOB = "ISSUE_NOTIFY_P12_RETRIEVAL_JOB"
    ISSUE_NOTIFY_HSM_RETRIEVAL_JOB = "ISSUE_NOTIFY_HSM_RETRIEVAL_JOB"
    ISSUE_SET_P12_PIN_JOB = "ISSUE_SET_P12_PIN_JOB"
    ISSUE_SEND_P12_PIN_JOB = "ISSUE_SEND_P12_PIN_JOB"
    PUBLISH_POST_CERTIFICATE_JOB = "PUBLISH_POST_CERTIFICATE_JOB"
    REVOKE_CERTIFICATE_JOB = "REVOKE_CERTIFICATE_JOB"
    PUBLISH_CERTIFICATE_ORDER_JOB = "PUBLISH_CERTIFICATE_ORDER_JOB"
    RA_AUTHORIZE_CERT_REVOKE_JOB = "RA_AUTHORIZE_CERT_REVOKE_JOB"
    RA_NOTIFY_AUTHORIZE_CERT_REVOKE_JOB = "RA_NOTIFY_AUTHORIZE_CERT_REVOKE_JOB"
    SEND_EMAIL_JOB = "SEND_EMAIL_JOB"
    RESEND_END_USER_SELF_SERVICE_VALIDATION_EMAIL_JOB = "RESEND_END_USER_SELF_SERVICE_VALIDATION_EMAIL_JOB"
    REVOKE_SWS_CERTIFICATE_JOB = "REVOKE_SWS_CERTIFICATE_JOB"
    MANUAL_PUBLISH_CERTIFICATE_JOB = "MANUAL_PUBLISH_CERTIFICATE_JOB"
    MANUAL_UNPUBLISH_CERTIFICATE_JOB = "MANUAL_UNPUBLISH_CERTIFICATE_JOB"
    SCEP_PKI_OPERATION_JOB = "SCEP_PKI_OPERATION_JOB"
    MICROSOFT_CES_REQUEST_JOB = "MICROSOFT_CES_REQUEST_JOB"
    MICROSOFT_CES_STATUS_JOB = "MICROSOFT_CES_STATUS_JOB"
    MICROSOFT_ENROLMENT_POLICIES_JOB = "MICROSOFT_ENROLMENT_POLICIES_JOB"
    MICROSOFT_CES_QUERY_STATUS_JOB = "MICROSOFT_CES_QUERY_STATUS_JOB"
    MICROSOFT_CES_UNKNOWN_JOB = "MICROSOFT_CES_UNKNOWN_JOB"
    SNOW_REVOKE_ALL_CLIENT_CERTIFICATES_JOB = "SNOW_REVOKE_ALL_CLIENT_CERTIFICATES_JOB"
    SNOW_REVOKE_ALL_POLICY_MAPPING_CERTIFICATES_JOB = "SNOW_REVOKE_ALL_POLICY_MAPPING_CERTIFICATES_JOB"


class TimerType(StrEnum):
    """The gateway's own recurring and triggered work: never part of an order, never on the published API's wire."""

    CRL = "CRL_TIMER"
    OWN_CERTIFICATES = "OWN_CERTIFICATES_TIMER"
    HOURLY = "HOURLY_TIMER"
    NIGHTLY = "NIGHTLY_TIMER"
    DOMAINS = "DOMAINS_TIMER"
    RENEWALS = "RENEWALS_TIMER"
    WEBHOOK = "WEBHOOK_TIMER"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One piece of work (``job-``), with its own data, times, number of executions, response and error.

    ``request`` and ``response`` are JSON objects for operators to read. ``subject_id`` is what a job without an order,
    or one that serves an order through something else, works on: a challenge, an issuer. ``waiting_for`` says, for a
    WAITING job, what ends the waiting. ``fence`` rises with every claim; a late worker's result is refused by it.
    """

    id: str
    type: JobType | TimerType
    state: JobState
    created_at: datetime
    order_id: str | None = None
    client_id: str | None = None
    parent_id: str | None = None
    subject_id: str | None = None
    waiting_for: str = ""
    scheduled_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    due_at: datetime | None = None
    executions: int = 0
    request: dict[str, Any] = field(default_factory=dict)
    response: dict[str, Any] = field(default_factory=dict)
    error: Problem | None = None
    lease_owner: str = ""
    lease_until: datetime | None = None
    fence: int = 0
