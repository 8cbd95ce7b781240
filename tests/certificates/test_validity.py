"""Validity periods (rules 14-16)."""

from datetime import UTC, datetime, timedelta

import pytest

from ca_core.certificates.validity import check_requested_period, maximum_tls_validity, validity_period
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.products import Profile, ProfileKind

NOW = datetime(2026, 12, 1, 12, 0, 0, 123456, tzinfo=UTC)
FAR = NOW + timedelta(days=3650)
PROFILE = Profile(kind=ProfileKind.TLS_SERVER, validity=90 * 86400)


def period(
    *, not_before: datetime | None = None, not_after: datetime | None = None, issuer_not_after: datetime = FAR
) -> tuple[datetime, datetime]:
    """Return the period of a private product."""
    return validity_period(
        PROFILE,
        public=False,
        now=NOW,
        issuer_not_after=issuer_not_after,
        not_before=not_before,
        not_after=not_after,
    )


@pytest.mark.parametrize(
    ("at", "days"),
    [
        (datetime(2026, 3, 15, tzinfo=UTC), 200),
        (datetime(2027, 3, 14, 23, 59, 59, tzinfo=UTC), 200),
        (datetime(2027, 3, 15, tzinfo=UTC), 100),
        (datetime(2029, 3, 14, 23, 59, 59, tzinfo=UTC), 100),
        (datetime(2029, 3, 15, tzinfo=UTC), 47),
        (datetime(2035, 1, 1, tzinfo=UTC), 47),
    ],
)
def test_the_limits_of_the_baseline_requirements(at: datetime, days: int) -> None:
    """Public certificates are valid for too long from a date on (rule 15)."""
    assert maximum_tls_validity(at) == days * 86400


def test_the_period_is_counted_inclusively() -> None:
    """Every certificate is valid one second too long (rule 14)."""
    start, end = period()
    assert end - start + timedelta(seconds=1) == timedelta(seconds=PROFILE.validity)
    assert start == NOW.replace(microsecond=0) - timedelta(seconds=PROFILE.backdate)


def test_a_public_product_follows_the_limit_of_the_day() -> None:
    """A product made before a limit fell goes on as before (rule 15)."""
    at = datetime(2029, 3, 15, tzinfo=UTC)
    start, end = validity_period(PROFILE, public=True, now=at, issuer_not_after=at + timedelta(days=999))
    assert end - start == timedelta(days=47, seconds=-1)


def test_wishes_shorten_and_put_off() -> None:
    """A client's notBefore and notAfter are not heard (RFC 8555 section 7.4)."""
    wish = (NOW + timedelta(hours=47)).replace(microsecond=0)
    assert period(not_before=wish) == (wish, wish + timedelta(days=90, seconds=-1))
    end = (NOW + timedelta(days=3)).replace(microsecond=0)
    assert period(not_after=end)[1] == end


@pytest.mark.parametrize(
    ("not_before", "not_after"),
    [
        (NOW - timedelta(hours=49), None),
        (NOW + timedelta(hours=49), None),
        (None, NOW + timedelta(days=91)),
        (None, NOW - timedelta(days=1)),
        (NOW + timedelta(hours=10), NOW + timedelta(hours=9)),
    ],
    ids=["back-dated", "too late", "too long", "in the past", "reversed"],
)
def test_wishes_beyond_the_product_are_refused(not_before: datetime | None, not_after: datetime | None) -> None:
    """A requester gets a back-dated certificate, or one longer than the product's (rule 14)."""
    with pytest.raises(TriviumError) as refused:
        period(not_before=not_before, not_after=not_after)
    assert refused.value.kind is ErrorKind.MALFORMED


def test_nothing_outlives_the_issuer() -> None:
    """A certificate is valid when its issuer no longer is (rule 16)."""
    end = NOW.replace(microsecond=0) + timedelta(days=30)
    assert period(issuer_not_after=end, not_after=end)[1] == end
    with pytest.raises(TriviumError, match="renew the issuing CA") as refused:
        period(issuer_not_after=end)
    assert refused.value.kind is ErrorKind.UNAVAILABLE
    with pytest.raises(TriviumError, match="when the issuing CA itself ends") as refused:
        period(issuer_not_after=end, not_after=end + timedelta(seconds=1))
    assert refused.value.kind is ErrorKind.MALFORMED


def test_a_wish_is_heard_until_the_signature_and_no_further_back() -> None:
    """An order finalized an hour later would fail, or one be placed for a certificate dated back (rule 14)."""
    earliest = NOW.replace(microsecond=0) - timedelta(seconds=PROFILE.backdate)
    for later in (timedelta(0), timedelta(hours=47) - timedelta(seconds=PROFILE.backdate)):
        start, _ = validity_period(PROFILE, public=False, now=NOW + later, issuer_not_after=FAR, not_before=earliest)
        assert start == earliest

    def ask(not_before: datetime) -> None:
        check_requested_period(
            PROFILE, public=False, now=NOW, issuer_not_after=FAR, not_before=not_before, not_after=None
        )

    ask(earliest)
    with pytest.raises(TriviumError, match="must not lie before") as refused:
        ask(earliest - timedelta(seconds=1))
    assert refused.value.kind is ErrorKind.MALFORMED
