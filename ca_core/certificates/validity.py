"""Validity periods: counted inclusively, close to the signing, within the issuer's and the Baseline Requirements."""

from datetime import UTC, datetime, timedelta
from typing import Final

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.products import Profile

NOT_BEFORE_DISTANCE: Final = timedelta(hours=48)
"""BR 7.1.2.7: notBefore lies within 48 hours of the time of signing."""

_DAY: Final = 86400
_TLS_LIMITS: Final = (
    (datetime(2029, 3, 15, tzinfo=UTC), 47 * _DAY),
    (datetime(2027, 3, 15, tzinfo=UTC), 100 * _DAY),
)
_TLS_LIMIT: Final = 200 * _DAY


def maximum_tls_validity(at: datetime) -> int:
    """Return how long, in seconds, a public TLS certificate issued at ``at`` may be valid (BR 6.3.2, rule 15)."""
    return next((limit for since, limit in _TLS_LIMITS if at >= since), _TLS_LIMIT)


def validity_period(
    profile: Profile,
    *,
    public: bool,
    now: datetime,
    issuer_not_after: datetime,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
) -> tuple[datetime, datetime]:
    """Return notBefore and notAfter (UTC, whole seconds) of a certificate signed at ``now``.

    The period is ``profile.validity`` seconds counted inclusively, so notAfter is one second less than notBefore plus
    it (rule 14). ``not_before`` and ``not_after`` are the requester's wish (RFC 8555 section 7.4): it may shorten the
    period or begin it within 48 hours, no more; otherwise MALFORMED. A certificate that would outlive the issuer is
    refused with UNAVAILABLE (rule 16), not shortened: who ordered 90 days must not silently get 3.
    """
    start = _earliest(profile, now) if not_before is None else _whole_seconds(not_before)
    if abs(start - now) > NOT_BEFORE_DISTANCE:
        raise TriviumError(
            ErrorKind.MALFORMED, "notBefore must lie within 48 hours of the signature; leave it out to begin now."
        )
    seconds = min(profile.validity, maximum_tls_validity(now)) if public else profile.validity
    latest = start + timedelta(seconds=seconds - 1)
    end = latest if not_after is None else _whole_seconds(not_after)
    if not start < end <= latest:
        raise TriviumError(
            ErrorKind.MALFORMED,
            f"notAfter must lie behind notBefore and not after {latest:%Y-%m-%dT%H:%M:%SZ}; leave it out to get the "
            "product's validity.",
        )
    if not_after is not None and end > issuer_not_after:
        raise TriviumError(
            ErrorKind.MALFORMED,
            f"notAfter must not lie behind {issuer_not_after:%Y-%m-%dT%H:%M:%SZ}, when the issuing CA itself ends.",
        )
    if end > issuer_not_after:
        raise TriviumError(
            ErrorKind.UNAVAILABLE,
            f"The issuing CA's own certificate ends {issuer_not_after:%Y-%m-%d}, before this one would; the operator "
            "must renew the issuing CA.",
        )
    return start, end


def check_requested_period(
    profile: Profile,
    *,
    public: bool,
    now: datetime,
    issuer_not_after: datetime,
    not_before: datetime | None,
    not_after: datetime | None,
) -> None:
    """Raise MALFORMED unless a requester may ask for this period at ``now``, as :func:`validity_period` and more.

    The signature comes later: what begins no earlier than a certificate signed now would is not back-dated by it.
    """
    if not_before is not None and _whole_seconds(not_before) < _earliest(profile, now):
        raise TriviumError(
            ErrorKind.MALFORMED,
            f"notBefore must not lie before {_earliest(profile, now):%Y-%m-%dT%H:%M:%SZ}; leave it out to begin now.",
        )
    validity_period(
        profile,
        public=public,
        now=now,
        issuer_not_after=issuer_not_after,
        not_before=not_before,
        not_after=not_after,
    )


def _earliest(profile: Profile, now: datetime) -> datetime:
    return (now - timedelta(seconds=profile.backdate)).replace(microsecond=0)


def _whole_seconds(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
