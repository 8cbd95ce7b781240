"""The window in which a certificate should be renewed (RFC 9773 section 4.2)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ca_core.certificates.renewal import suggested_window
from ca_core.model.certificates import (
    Certificate,
    CertificateStatus,
    PlannedRevocation,
    Revocation,
    RevocationReason,
)

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


def certificate(serial: int = 1, *, days: float = 90) -> Certificate:
    """Return a certificate of so many days."""
    return Certificate(
        id="crt-1",
        order_id="ord-1",
        client_id="cli-1",
        issuer_id="iss-1",
        serial=serial,
        status=CertificateStatus.ISSUED,
        identifiers=(),
        subject="",
        not_before=BEGIN,
        not_after=BEGIN + timedelta(days=days),
        spki_sha256=b"",
        tbs=b"",
        der=b"",
        created_at=BEGIN,
    )


def planned(*, days: float, made_after: float = 0) -> PlannedRevocation:
    """Return the plan to revoke ``days`` after the certificate began, made so many days after that."""
    return PlannedRevocation(
        revoke_at=BEGIN + timedelta(days=days),
        reason=RevocationReason.SUPERSEDED,
        planned_at=BEGIN + timedelta(days=made_after),
        planned_by="operator:test",
    )


@pytest.mark.parametrize("days", [0.25, 6, 47, 90, 200, 3650])
def test_the_window_lies_in_the_last_third_with_time_to_spare(days: float) -> None:
    """Clients would renew too early, or have no time left when something goes wrong."""
    for serial in range(1, 400):
        start, end = suggested_window(certificate(serial, days=days))
        assert BEGIN + timedelta(days=days * 2 / 3) <= start < end
        assert end <= BEGIN + timedelta(days=days * 5 / 6)


def test_windows_are_spread() -> None:
    """A thousand certificates issued in one minute would all be renewed in one minute."""
    starts = sorted(suggested_window(certificate(serial))[0] for serial in range(1, 1001))
    first, last = BEGIN + timedelta(days=60), BEGIN + timedelta(days=67.5)
    tenths = [sum(1 for one in starts if int((one - first) / (last - first) * 10) == tenth) for tenth in range(10)]
    assert min(tenths) > 50


def test_the_window_is_the_same_whenever_it_is_asked_for() -> None:
    """A client that asks again and again could be put off for ever."""
    assert suggested_window(certificate(7)) == suggested_window(certificate(7))
    assert suggested_window(certificate(7)) != suggested_window(certificate(8))


def test_the_window_of_a_revoked_certificate_is_past() -> None:
    """A client would go on with a certificate that nobody trusts (RFC 9773 section 4.2)."""
    at = BEGIN + timedelta(days=3)
    revocation = Revocation(revoked_at=at, reason=RevocationReason.SUPERSEDED, revoked_by="operator:test")
    revoked = replace(certificate(), revocation=revocation, planned_revocation=planned(days=50))
    start, end = suggested_window(revoked)
    assert start < end <= at


def test_a_planned_revocation_pulls_the_window_forward() -> None:
    """Clients would learn of the revocation by their relying parties."""
    plan = planned(days=6, made_after=2)
    start, end = suggested_window(replace(certificate(), planned_revocation=plan))
    assert (start, end) == (BEGIN + timedelta(days=2), BEGIN + timedelta(days=4))


@pytest.mark.parametrize("hours", [0, 0.0001, 1, 2])
def test_the_window_before_a_revocation_at_once_is_not_empty(hours: float) -> None:
    """RFC 9773 section 4.2: the end MUST be after the start, in whole seconds too; a client would refuse the answer."""
    plan = planned(days=2 + hours / 24, made_after=2)
    start, end = suggested_window(replace(certificate(), planned_revocation=plan))
    assert end - start >= timedelta(hours=1)
    assert start <= plan.planned_at <= end <= plan.revoke_at


def test_a_planned_revocation_in_the_window_cuts_it_short() -> None:
    """A client that drew the end of the window would renew too late."""
    plain = suggested_window(certificate())
    assert plain[0] < BEGIN + timedelta(days=66) < BEGIN + timedelta(days=69) < plain[1]
    start, end = suggested_window(replace(certificate(), planned_revocation=planned(days=72, made_after=66)))
    assert (start, end) == (plain[0], BEGIN + timedelta(days=69))


def test_a_revocation_planned_behind_the_window_changes_nothing() -> None:
    """Clients would renew early without need."""
    late = replace(certificate(), planned_revocation=planned(days=89, made_after=62))
    assert suggested_window(late) == suggested_window(certificate())
