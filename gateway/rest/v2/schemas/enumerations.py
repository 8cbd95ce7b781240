"""The enumerations of the published document. They are frozen: a generated client refuses a value that it lacks."""

from enum import StrEnum
from typing import Annotated

from gateway.rest.v2.schemas.base import any_spelling


class KeyType(StrEnum):
    """Key algorithms with their sizes."""

    RSA_2048 = "RSA_2048"
    RSA_3072 = "RSA_3072"
    RSA_4096 = "RSA_4096"
    RSA_8192 = "RSA_8192"
    EC_SECP224K1 = "EC_secp224k1"
    EC_SECP224R1 = "EC_secp224r1"
    EC_SECP256K1 = "EC_secp256k1"
    EC_SECP256R1 = "EC_secp256r1"
    EC_SECP384R1 = "EC_secp384r1"
    EC_SECP521R1 = "EC_secp521r1"
    EC_X962_P239V1 = "EC_x962_p239v1"
    EC_X962_P239V2 = "EC_x962_p239v2"
    EC_X962_P239V3 = "EC_x962_p239v3"
    EC_BRAINPOOL224R1 = "EC_brainpool224r1"
    EC_BRAINPOOL256R1 = "EC_brainpool256r1"
    EC_BRAINPOOL320R1 = "EC_brainpool320r1"
    EC_BRAINPOOL384R1 = "EC_brainpool384r1"
    EC_BRAINPOOL512R1 = "EC_brainpool512r1"
    EC_FRP256V1 = "EC_frp256v1"


class CertificateOrderStatus(StrEnum):
    """States of an order."""

    NEW = "NEW"
    KEY_VALIDATION = "KEY_VALIDATION"
    PRE_VALIDATION = "PRE_VALIDATION"
    GENERATE_TBS = "GENERATE_TBS"
    PENDING_AUTH = "PENDING_AUTH"
    PRE_ISSUE = "PRE_ISSUE"
    ISSUE = "ISSUE"
    POST_VALIDATION = "POST_VALIDATION"
    FINALIZE_ISSUANCE = "FINALIZE_ISSUANCE"
    ISSUED = "ISSUED"
    REVOKED = "REVOKED"
    FAILED = "FAILED"
    REJECTED = "REJECTED"
    PENDING_CSR_RENEWAL = "PENDING_CSR_RENEWAL"
    UNKNOWN = "UNKNOWN"


class RevocationReason(StrEnum):
    """Reasons of a revocation; UNUSED is "unspecified"."""

    UNUSED = "UNUSED"
    KEY_COMPROMISE = "KEY_COMPROMISE"
    C_A_COMPROMISE = "C_A_COMPROMISE"
    AFFILIATION_CHANGED = "AFFILIATION_CHANGED"
    SUPERSEDED = "SUPERSEDED"
    CESSATION_OF_OPERATION = "CESSATION_OF_OPERATION"
    CERTIFICATE_HOLD = "CERTIFICATE_HOLD"
    REMOVE_FROM_CRL = "REMOVE_FROM_CRL"
    PRIVILEGE_WITHDRAWN = "PRIVILEGE_WITHDRAWN"
    A_A_COMPROMISE = "A_A_COMPROMISE"


class JobStatus(StrEnum):
    """States of a job."""

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


class ClientDomainValidationStatus(StrEnum):
    """States of a pre-validated domain."""

    PENDING = "PENDING"
    EXPIRED = "EXPIRED"
    VALID = "VALID"
    NOT_VALIDATED = "NOT_VALIDATED"


WantedStatus = Annotated[CertificateOrderStatus, any_spelling(*CertificateOrderStatus)]
WantedReason = Annotated[RevocationReason, any_spelling(*RevocationReason)]
