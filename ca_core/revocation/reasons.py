"""Revocation reasons: which may be given, how CRL and OCSP say them (RFC 5280 section 5.3.1), and the words beside."""

from typing import Final

from cryptography import x509

from ca_core.model.certificates import RevocationReason
from ca_core.model.errors import ErrorKind, TriviumError

_FLAGS: Final = {
    RevocationReason.KEY_COMPROMISE: x509.ReasonFlags.key_compromise,
    RevocationReason.CA_COMPROMISE: x509.ReasonFlags.ca_compromise,
    RevocationReason.AFFILIATION_CHANGED: x509.ReasonFlags.affiliation_changed,
    RevocationReason.SUPERSEDED: x509.ReasonFlags.superseded,
    RevocationReason.CESSATION_OF_OPERATION: x509.ReasonFlags.cessation_of_operation,
    RevocationReason.CERTIFICATE_HOLD: x509.ReasonFlags.certificate_hold,
    RevocationReason.REMOVE_FROM_CRL: x509.ReasonFlags.remove_from_crl,
    RevocationReason.PRIVILEGE_WITHDRAWN: x509.ReasonFlags.privilege_withdrawn,
    RevocationReason.AA_COMPROMISE: x509.ReasonFlags.aa_compromise,
}

USABLE: Final = (
    RevocationReason.UNSPECIFIED,
    RevocationReason.KEY_COMPROMISE,
    RevocationReason.AFFILIATION_CHANGED,
    RevocationReason.SUPERSEDED,
    RevocationReason.CESSATION_OF_OPERATION,
    RevocationReason.PRIVILEGE_WITHDRAWN,
)
"""The others are for CA and attribute certificates, for a suspension (which we do not have) and for delta CRLs."""

_MAX_REQUESTOR: Final = 256
_MAX_COMMENT: Final = 4096
"""Characters."""


def reason_flag(reason: RevocationReason) -> x509.ReasonFlags | None:
    """Return the reason as it stands in a CRL entry or OCSP answer; None, since absent, for unspecified (rule 83)."""
    return _FLAGS.get(reason)


def reason_name(reason: RevocationReason) -> str:
    """Return the reason's name as RFC 5280 section 5.3.1 spells it, such as ``keyCompromise``."""
    flag = reason_flag(reason)
    return "unspecified" if flag is None else flag.value


def parse_reason(code: int) -> RevocationReason:
    """Return the reason an end-entity certificate may be revoked for.

    Raises BAD_REASON with the list of those that may be used (RFC 8555 section 7.6).
    """
    if code in USABLE:
        return RevocationReason(code)
    usable = ", ".join(f"{int(reason)} ({reason_name(reason)})" for reason in USABLE)
    raise TriviumError(ErrorKind.BAD_REASON, f"Reason {int(code)} cannot be used here; use one of {usable}.")


def check_words(requestor: str, comment: str = "") -> None:
    """Raise MALFORMED for the name of who asked, or a comment, that is too long to be kept."""
    if len(requestor) > _MAX_REQUESTOR or not requestor.isprintable():
        raise TriviumError(ErrorKind.MALFORMED, f"The requestor must be at most {_MAX_REQUESTOR} printable characters.")
    if len(comment) > _MAX_COMMENT:
        raise TriviumError(ErrorKind.MALFORMED, f"The comment has at most {_MAX_COMMENT} characters; shorten it.")
