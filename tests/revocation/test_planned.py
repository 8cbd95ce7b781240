"""Planned revocations: made and withdrawn by an operator, carried out by the worker at their time."""

from datetime import timedelta

import pytest

from ca_core.model.certificates import Certificate, CertificateStatus, RevocationReason
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import Job, JobState, JobType
from ca_core.model.orders import OrderState
from ca_core.model.permissions import Permission
from ca_core.model.principals import SYSTEM, Principal, PrincipalKind
from ca_core.orders import worker
from ca_core.revocation.planned import plan_revocation, revoke_as_planned, withdraw_planned_revocation
from ca_core.revocation.revoke import revoke_by_id
from tests.revocation.installation import CLIENT, Installation

OPERATOR = Principal(kind=PrincipalKind.OPERATOR, id="console")
SUPERSEDED = RevocationReason.SUPERSEDED


async def plan(installation: Installation, certificate: Certificate, *, hours: float = 24) -> Certificate:
    """Plan the revocation of a certificate in so many hours."""
    at = installation.clock.now() + timedelta(hours=hours)
    return await plan_revocation(installation.core, certificate.id, at, SUPERSEDED, OPERATOR)


async def refusal(installation: Installation, certificate: Certificate, **changes: object) -> TriviumError:
    """Return the refusal of a plan that differs from a good one by ``changes``."""
    arguments = {
        "certificate_id": certificate.id,
        "revoke_at": installation.clock.now() + timedelta(hours=1),
        "reason": SUPERSEDED,
        "principal": OPERATOR,
    } | changes
    with pytest.raises(TriviumError) as error:
        await plan_revocation(installation.core, **arguments)  # type: ignore[arg-type]
    return error.value


async def now_stored(installation: Installation, certificate: Certificate) -> Certificate:
    """Return the certificate as the store has it."""
    found = await installation.store.read(lambda tx: tx.certificates.get(certificate.id))
    assert found is not None
    return found


async def jobs(installation: Installation, certificate: Certificate) -> list[Job]:
    """Return the jobs of the certificate's order."""
    return await installation.store.read(lambda tx: tx.jobs.of_order(certificate.order_id))


async def claimed(installation: Installation) -> Job:
    """Claim the job whose time has come, as a worker does."""
    now = installation.clock.now()
    due = await installation.store.write(
        lambda tx: tx.jobs.claim_due(owner="test", now=now, lease_until=now + timedelta(minutes=1), limit=10)
    )
    [job] = [job for job in due if job.type is JobType.REVOKE_CERTIFICATE_JOB]
    return job


async def test_a_plan_says_when_why_and_by_whom(installation: Installation) -> None:
    """The operator could not tell afterwards who decided what (rule 86)."""
    certificate = await installation.issue()
    planned = (await plan(installation, certificate)).planned_revocation
    assert planned is not None
    assert (await now_stored(installation, certificate)).planned_revocation == planned
    assert (planned.reason, planned.planned_by) == (SUPERSEDED, "operator:console")
    assert planned.revoke_at - planned.planned_at == timedelta(hours=24)
    [record] = await installation.store.read(lambda tx: tx.audit.of_object(certificate.id, 10))
    assert (record.action, record.actor, record.client_id) == ("certificate.plan-revocation", OPERATOR.actor, CLIENT)
    assert record.details["reason"] == "superseded"
    [job] = await jobs(installation, certificate)
    assert (job.state, job.due_at, job.client_id) == (JobState.PENDING, planned.revoke_at, CLIENT)


async def test_the_worker_carries_it_out_at_its_time_and_not_before(installation: Installation) -> None:
    """Subscribers would lose time they were promised, or the certificate would stay good."""
    certificate = await installation.issue()
    await plan(installation, certificate)
    installation.clock.advance(hours=23)
    assert await worker.run_due(installation.core) == 0
    installation.clock.advance(hours=1)
    await worker.run_due(installation.core)
    revoked = await now_stored(installation, certificate)
    assert revoked.revocation is not None
    assert (revoked.status, revoked.revocation.reason) == (CertificateStatus.REVOKED, SUPERSEDED)
    assert revoked.revocation.revoked_at == installation.clock.now()
    order = await installation.store.read(lambda tx: tx.orders.get(certificate.order_id))
    assert order is not None
    assert order.state is OrderState.REVOKED
    [job] = await jobs(installation, certificate)
    assert (job.state, job.response["plannedBy"]) == (JobState.SUCCESS, "operator:console")


async def test_another_plan_takes_the_place_of_the_first(installation: Installation) -> None:
    """A revocation that was put off would be carried out at its first time all the same."""
    certificate = await installation.issue()
    await plan(installation, certificate, hours=1)
    await plan(installation, certificate, hours=3)
    installation.clock.advance(hours=2)
    assert await worker.run_due(installation.core) == 0
    assert len(await jobs(installation, certificate)) == 1
    installation.clock.advance(hours=1)
    await worker.run_due(installation.core)
    assert (await now_stored(installation, certificate)).status is CertificateStatus.REVOKED


async def test_a_plan_is_withdrawn(installation: Installation) -> None:
    """A certificate that may stay would be revoked (RFC 9773 section 4.2 would have told everybody)."""
    certificate = await installation.issue()
    await plan(installation, certificate)
    kept = await withdraw_planned_revocation(installation.core, certificate.id, OPERATOR)
    assert kept.planned_revocation is None
    records = await installation.store.read(lambda tx: tx.audit.of_object(certificate.id, 10))
    assert "certificate.withdraw-revocation" in {record.action for record in records}
    [job] = await jobs(installation, certificate)
    assert (job.state, job.response["withdrawnBy"]) == (JobState.SUCCESS, "operator:console")
    installation.clock.advance(hours=25)
    assert await worker.run_due(installation.core) == 0
    assert (await now_stored(installation, certificate)).status is CertificateStatus.ISSUED
    with pytest.raises(TriviumError) as error:
        await withdraw_planned_revocation(installation.core, certificate.id, OPERATOR)
    assert error.value.kind is ErrorKind.NOT_FOUND


async def test_a_change_while_the_worker_runs_is_heeded(installation: Installation) -> None:
    """A plan withdrawn or put off at the last moment would be carried out by the job that was claimed before."""
    certificate = await installation.issue()
    await plan(installation, certificate, hours=1)
    installation.clock.advance(hours=1)
    job = await claimed(installation)
    await withdraw_planned_revocation(installation.core, certificate.id, OPERATOR)
    await revoke_as_planned(installation.core, job)
    assert (await now_stored(installation, certificate)).status is CertificateStatus.ISSUED

    await plan(installation, certificate, hours=1)
    installation.clock.advance(hours=1)
    job = await claimed(installation)
    await plan(installation, certificate, hours=1)
    await revoke_as_planned(installation.core, job)
    assert (await now_stored(installation, certificate)).status is CertificateStatus.ISSUED
    installation.clock.advance(hours=1)
    await worker.run_due(installation.core)
    assert (await now_stored(installation, certificate)).status is CertificateStatus.REVOKED


async def test_a_certificate_revoked_before_keeps_its_date(installation: Installation) -> None:
    """The date of a revocation would be rewritten, or the job tried for ever (rule 79)."""
    certificate = await installation.issue()
    await plan(installation, certificate)
    first = (await revoke_by_id(installation.core, certificate.id, 0, OPERATOR)).revocation
    installation.clock.advance(hours=25)
    await worker.run_due(installation.core)
    assert (await now_stored(installation, certificate)).revocation == first
    [job] = await jobs(installation, certificate)
    assert (job.state, job.response["revoked"]) == (JobState.SUCCESS, False)


async def test_plans_that_cannot_be(installation: Installation) -> None:
    """A typing error would revoke at once, never, or for a reason that no CRL can say (rule 83)."""
    certificate = await installation.issue(validity=86400 * 30)
    now = installation.clock.now()
    for at in (
        now,
        now - timedelta(days=1),
        now + timedelta(seconds=59),
        certificate.not_after,
        now.replace(year=9000),
    ):
        assert (await refusal(installation, certificate, revoke_at=at)).kind is ErrorKind.MALFORMED
    for reason in (2, 6, 99):
        assert (await refusal(installation, certificate, reason=reason)).kind is ErrorKind.BAD_REASON
    for page in ("ca.example", "javascript:alert(1)", "https://ca.example/\n", "https://cä.example", "https://a b"):
        assert (await refusal(installation, certificate, explanation_url=page)).kind is ErrorKind.MALFORMED
    assert (await refusal(installation, certificate, certificate_id="crt-none")).kind is ErrorKind.NOT_FOUND
    await revoke_by_id(installation.core, certificate.id, 0, OPERATOR)
    assert (await refusal(installation, certificate)).kind is ErrorKind.ALREADY_REVOKED


_LOOKS = frozenset({Permission.CERTIFICATE_VIEW})


@pytest.mark.parametrize(
    ("principal", "kind"),
    [
        (Principal(kind=PrincipalKind.OPERATOR, id="usr-1", client_id="cli-2"), ErrorKind.NOT_FOUND),
        (Principal(kind=PrincipalKind.ACME_ACCOUNT, id="acc-2", client_id=CLIENT), ErrorKind.NOT_FOUND),
        (Principal(kind=PrincipalKind.API_USER, id="usr-2", permissions={CLIENT: _LOOKS}), ErrorKind.FORBIDDEN),
        (SYSTEM, ErrorKind.FORBIDDEN),
    ],
)
async def test_only_an_operator_plans(installation: Installation, principal: Principal, kind: ErrorKind) -> None:
    """A stranger could have somebody's certificate revoked (rules 77, 78)."""
    certificate = await installation.issue()
    assert (await refusal(installation, certificate, principal=principal)).kind is kind
    await plan(installation, certificate)
    with pytest.raises(TriviumError) as error:
        await withdraw_planned_revocation(installation.core, certificate.id, principal)
    assert error.value.kind is kind
