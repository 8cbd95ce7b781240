"""The pipeline on a real store, with real keys and a real lint."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509

from ca_core.certificates.lint import Finding, LintedTbs, Linters
from ca_core.certificates.tbs import Tbs
from ca_core.core import Core
from ca_core.keys.signer import KeyRing, Signer
from ca_core.model.audit import Outcome
from ca_core.model.authorizations import AuthorizationStatus
from ca_core.model.certificates import CertificateStatus, RevocationReason
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import Job, JobState, JobType, TimerType
from ca_core.model.orders import Order, OrderState
from ca_core.model.principals import SYSTEM, Principal, PrincipalKind
from ca_core.model.products import LintMode, LintPolicy
from ca_core.model.store import Transaction
from ca_core.orders import queries, worker
from ca_core.orders.pipeline import run
from ca_core.orders.root_job import root_job_id
from ca_core.orders.submit import submit_csr
from ca_core.orders.timers import CRL_INTERVAL
from tests.orders.workshop import Workshop, csr

EVERY_STAGE = [
    JobType.ISSUE_SUBMIT_CERTIFICATE_ORDER_JOB,
    JobType.ISSUE_KEY_VALIDATION_JOB,
    JobType.ISSUE_GENERATE_TBS_JOB,
    JobType.ISSUE_PRE_VALIDATION_JOB,
    JobType.ISSUE_POLICY_VALIDATION_JOB,
    JobType.ISSUE_PRE_LINTING_JOB,
    JobType.ISSUE_PRE_ISSUE_CERTIFICATE_JOB,
    JobType.ISSUE_ISSUE_CERTIFICATE_JOB,
    JobType.ISSUE_POST_ISSUE_CERTIFICATE_JOB,
    JobType.ISSUE_POST_LINTING_CERTIFICATE_JOB,
    JobType.ISSUE_FINALIZE_ISSUE_CERTIFICATE_JOB,
]


class BrokenSigner:
    """A key protection that fails: it does not answer, or signs something else."""

    def __init__(self, signer: Signer, error: TriviumError | None) -> None:
        self._signer = signer
        self._error = error
        self.algorithm = signer.algorithm
        self.public_key = signer.public_key

    async def sign(self, message: bytes) -> bytes:
        """Fail, or sign a message with one byte changed."""
        if self._error is not None:
            raise self._error
        return await self._signer.sign(message[:-1] + bytes([message[-1] ^ 1]))


class BrokenKeys:
    """A key ring whose issuing key fails as the test says."""

    def __init__(self, keys: KeyRing, error: TriviumError | None = None) -> None:
        self._keys = keys
        self._error = error
        self.new_key = keys.new_key
        self.private_key = keys.private_key

    async def signer(self, key_reference: str) -> Signer:
        """Return the failing signer."""
        return BrokenSigner(await self._keys.signer(key_reference), self._error)


async def jobs_of(core: Core, order: Order) -> list[Job]:
    """Return the order's jobs."""
    return await queries.jobs(core, order.id, SYSTEM)


async def refusal(core: Core, order: Order, request: bytes, principal: Principal = SYSTEM) -> TriviumError:
    """Submit what must be refused, and return the error."""
    with pytest.raises(TriviumError) as refused:
        await submit_csr(core, order.id, request, principal)
    return refused.value


async def test_an_order_is_issued_through_every_stage(workshop: Workshop) -> None:
    """A stage would be skipped, or leave no job row for operators to read."""
    order = await workshop.place("a.test", "b.test")
    done = await submit_csr(workshop.core, order.id, csr("b.test", "a.test"), SYSTEM)
    assert done.state is OrderState.ISSUED
    jobs = await jobs_of(workshop.core, order)
    assert {job.type for job in jobs} == set(EVERY_STAGE)
    assert {job.state for job in jobs} == {JobState.SUCCESS}
    assert all(job.executions == 1 and job.started_at and job.finished_at for job in jobs)
    root = root_job_id(order.id)
    by_id = {job.id: job for job in jobs}
    assert all(job.id == root or job.parent_id in by_id for job in jobs)
    view = await queries.get(workshop.core, order.id, SYSTEM)
    assert view.certificate is not None
    assert view.certificate.der is not None
    parsed = x509.load_der_x509_certificate(view.certificate.der)
    names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) == {"a.test", "b.test"}
    assert view.certificate.fingerprint == hashlib.sha256(view.certificate.der).hexdigest()


async def test_every_stage_leaves_its_audit_record(workshop: Workshop) -> None:
    """An act of the CA would not be in the audit log (rules 1, 86, 89)."""
    order = await workshop.place("a.test")
    await submit_csr(workshop.core, order.id, csr("a.test"), SYSTEM)
    records = await workshop.core.store.read(lambda tx: tx.audit.of_object(order.id, 100))
    actions = [record.action for record in reversed(records)]
    assert actions == [
        "order.place",
        "order.submit",
        "order.key_validation",
        "certificate.intend",
        "order.generate_tbs",
        "order.pre_validation",
        "order.pre_issue",
        "certificate.issue",
        "order.issue",
        "order.post_validation",
        "order.issued",
        "order.finalize_issuance",
    ]
    issued = next(record for record in records if record.action == "certificate.issue")
    assert x509.load_der_x509_certificate(bytes.fromhex(issued.details["der"])).serial_number == int(
        issued.details["serial"], 16
    )


async def test_one_of_many_submissions_wins(workshop: Workshop) -> None:
    """Two certificates could come out of one order (rule 5)."""
    order = await workshop.place("a.test")
    results = await asyncio.gather(
        *(submit_csr(workshop.core, order.id, csr("a.test"), SYSTEM) for _ in range(50)), return_exceptions=True
    )
    won = [result for result in results if isinstance(result, Order)]
    lost = [result for result in results if isinstance(result, TriviumError)]
    assert len(won) == 1
    assert {error.kind for error in lost} == {ErrorKind.NOT_READY}
    assert len(lost) == len(results) - 1
    certificates = await workshop.core.store.read(lambda tx: tx.certificates.of_order(order.id))
    assert len(certificates) == 1


@pytest.mark.parametrize(
    ("names", "kind"), [(("a.test", "c.test"), ErrorKind.BAD_CSR), (("b.test",), ErrorKind.BAD_CSR)]
)
async def test_a_refused_csr_leaves_the_order_as_it_was(
    workshop: Workshop, names: tuple[str, ...], kind: ErrorKind
) -> None:
    """A bad CSR would spend the order, or be stored half (rule 49)."""
    order = await workshop.place("a.test")
    error = await refusal(workshop.core, order, csr(*names))
    assert error.kind is kind
    assert (await queries.get(workshop.core, order.id, SYSTEM)).order == order
    assert [job.state for job in await jobs_of(workshop.core, order)] == [JobState.WAITING]
    again = await submit_csr(workshop.core, order.id, csr("a.test"), SYSTEM)
    assert again.state is OrderState.ISSUED


async def test_an_expired_authorization_does_not_count(workshop: Workshop) -> None:
    """A certificate could be issued for a name whose control was shown too long ago (rule 50)."""
    order = await workshop.place("a.test")
    lifetime = workshop.product.policy.authorization_lifetime
    workshop.clock.advance(seconds=lifetime)
    assert (await refusal(workshop.core, order, csr("a.test"))).kind is ErrorKind.NOT_READY


async def test_another_client_does_not_see_the_order(workshop: Workshop) -> None:
    """A tenant could finalize another tenant's order; the answer is that of an unknown id (rule 45)."""
    order = await workshop.place("a.test")
    stranger = Principal(kind=PrincipalKind.API_USER, id="eve", client_id="cli-other")
    error = await refusal(workshop.core, order, csr("a.test"), stranger)
    with pytest.raises(TriviumError) as unknown:
        await submit_csr(workshop.core, "ord-unknown", csr("a.test"), stranger)
    assert error.problem == unknown.value.problem
    assert error.kind is ErrorKind.NOT_FOUND


async def test_the_issuing_key_being_away_delays_the_order(workshop: Workshop) -> None:
    """An unreachable HSM would fail orders for good, or sign the same serial twice (rules 2, 6, F6)."""
    order = await workshop.place("a.test")
    away = TriviumError(ErrorKind.UNAVAILABLE, "The token does not answer.", retry_after=30)
    broken = replace(workshop.core, keys=BrokenKeys(workshop.core.keys, away))
    waiting = await submit_csr(broken, order.id, csr("a.test"), SYSTEM)
    assert waiting.state is OrderState.ISSUE
    assert await worker.run_due(workshop.core) == 0
    workshop.clock.advance(seconds=31)
    assert await worker.run_due(workshop.core) >= 1
    view = await queries.get(workshop.core, order.id, SYSTEM)
    assert view.order.state is OrderState.ISSUED
    certificates = await workshop.core.store.read(lambda tx: tx.certificates.of_order(order.id))
    statuses = sorted(certificate.status for certificate in certificates)
    assert statuses == [CertificateStatus.ABANDONED, CertificateStatus.ISSUED]
    assert len({certificate.serial for certificate in certificates}) == 2


async def test_a_signature_over_other_bytes_fails_the_order(workshop: Workshop) -> None:
    """A certificate could be delivered whose signed bytes are not the linted ones (rule 9)."""
    order = await workshop.place("a.test")
    broken = replace(workshop.core, keys=BrokenKeys(workshop.core.keys))
    failed = await submit_csr(broken, order.id, csr("a.test"), SYSTEM)
    assert failed.state is OrderState.FAILED
    assert failed.error is not None
    assert failed.error.kind is ErrorKind.INTERNAL
    error_id = failed.error.id
    record = await workshop.core.store.read(lambda tx: tx.audit.get(error_id))
    assert record is not None
    assert record.outcome is Outcome.REFUSED
    certificates = await workshop.core.store.read(lambda tx: tx.certificates.of_order(order.id))
    assert [(one.status, one.der) for one in certificates] == [(CertificateStatus.ABANDONED, None)]


async def test_the_serial_of_a_lost_signature_is_revoked(workshop: Workshop) -> None:
    """A signature that may exist somewhere could not be revoked (rules 3, 4)."""
    order = await workshop.place("a.test")
    broken = replace(workshop.core, keys=BrokenKeys(workshop.core.keys))
    await submit_csr(broken, order.id, csr("a.test"), SYSTEM)
    abandoned = (await workshop.core.store.read(lambda tx: tx.certificates.of_order(order.id)))[0]
    workshop.clock.advance(seconds=CRL_INTERVAL.total_seconds())
    await worker.start_timers(workshop.core)
    await worker.run_due(workshop.core)
    crl = await workshop.core.store.read(lambda tx: tx.crls.latest(abandoned.issuer_id))
    assert crl is not None
    parsed = x509.load_der_x509_crl(crl.der)
    assert parsed.get_revoked_certificate_by_serial_number(abandoned.serial) is not None


class StrictFirstLint(Linters):
    """The real lint, which accepts no finding before the signature."""

    def lint_tbs(self, tbs: Tbs, policy: LintPolicy) -> LintedTbs:
        """Lint as if the product accepted nothing."""
        return super().lint_tbs(tbs, replace(policy, accepted=()))


async def test_a_finding_before_the_signature_fails_the_order(workshop: Workshop) -> None:
    """What the lint refuses would be signed, or its order stay in processing for ever (rules 6, 11)."""
    order = await workshop.place("a.test")
    failed = await submit_csr(replace(workshop.core, linters=StrictFirstLint()), order.id, csr("a.test"), SYSTEM)
    assert failed.state is OrderState.FAILED
    assert await workshop.core.store.read(lambda tx: tx.certificates.of_order(order.id)) == []
    jobs = {job.type: job for job in await jobs_of(workshop.core, order)}
    assert jobs[JobType.ISSUE_PRE_LINTING_JOB].state is JobState.FAILED
    assert jobs[JobType.ISSUE_SUBMIT_CERTIFICATE_ORDER_JOB].state is JobState.FAILED
    assert JobType.ISSUE_ISSUE_CERTIFICATE_JOB not in jobs


def suspend_client(tx: Transaction, order: Order) -> None:
    """Suspend the order's Client."""
    client = tx.clients.get(order.client_id)
    assert client is not None
    tx.clients.save(replace(client, suspended=True))


def deactivate_authorization(tx: Transaction, order: Order) -> None:
    """Take the control of its name back."""
    [authorization] = tx.authorizations.get_many(order.authorization_ids)
    tx.authorizations.save(replace(authorization, status=AuthorizationStatus.DEACTIVATED))


def block_key(tx: Transaction, order: Order) -> None:
    """Report the key of its CSR as compromised."""
    [intent] = tx.certificates.of_order(order.id)
    tx.blocked_keys.add(intent.spki_sha256, "keyCompromise", intent.created_at)


@pytest.mark.parametrize("take_back", [suspend_client, deactivate_authorization, block_key])
async def test_what_was_taken_back_while_an_order_waited_is_not_issued(
    workshop: Workshop, take_back: Callable[[Transaction, Order], None]
) -> None:
    """A certificate could be issued for a suspended Client, a name given up or a compromised key (rules 1, 26, 50)."""
    order = await workshop.place("a.test")
    away = TriviumError(ErrorKind.UNAVAILABLE, "The token does not answer.", retry_after=30)
    broken = replace(workshop.core, keys=BrokenKeys(workshop.core.keys, away))
    await submit_csr(broken, order.id, csr("a.test"), SYSTEM)
    await workshop.core.store.write(lambda tx: take_back(tx, order))
    workshop.clock.advance(seconds=31)
    assert await worker.run_due(workshop.core) >= 1
    assert (await queries.get(workshop.core, order.id, SYSTEM)).order.state is OrderState.FAILED
    certificates = await workshop.core.store.read(lambda tx: tx.certificates.of_order(order.id))
    assert [one.status for one in certificates] == [CertificateStatus.ABANDONED]


class ReportedWhileSigning:
    """A key ring in whose signing time the certificate's key is reported compromised."""

    def __init__(self, core: Core, order: Order) -> None:
        self._core = core
        self._order = order
        self.new_key = core.keys.new_key
        self.private_key = core.keys.private_key

    async def signer(self, key_reference: str) -> Signer:
        """Block the key if its intent is committed, and return the real signer."""
        if await self._core.store.read(lambda tx: tx.certificates.of_order(self._order.id)):
            await self._core.store.write(lambda tx: block_key(tx, self._order))
        return await self._core.keys.signer(key_reference)


@pytest.mark.parametrize("lint", [LintMode.ERROR, LintMode.OFF])
async def test_a_certificate_whose_key_is_reported_meanwhile_is_revoked(workshop: Workshop, lint: LintMode) -> None:
    """The report finds no certificate to revoke yet, and the one that is made would stay valid (rule 26)."""
    product = replace(
        workshop.product,
        version=f"lint-{lint}",
        policy=replace(workshop.product.policy, lint=replace(workshop.product.policy.lint, mode=lint)),
    )
    await workshop.core.store.write(lambda tx: tx.products.put(product))
    order = await workshop.place("a.test")
    reported = replace(workshop.core, keys=ReportedWhileSigning(workshop.core, order))
    await submit_csr(reported, order.id, csr("a.test"), SYSTEM)
    [certificate] = await workshop.core.store.read(lambda tx: tx.certificates.of_order(order.id))
    assert certificate.status is CertificateStatus.REVOKED
    assert certificate.revocation is not None
    assert certificate.revocation.reason is RevocationReason.KEY_COMPROMISE


class StrictSecondLint(Linters):
    """The real lint, which accepts no finding in the final certificate."""

    def __init__(self, linters: Linters) -> None:
        super().__init__()
        self._lenient = linters

    def lint_tbs(self, tbs: Tbs, policy: LintPolicy) -> LintedTbs:
        """Lint before the signature as the product says."""
        return self._lenient.lint_tbs(tbs, policy)

    def lint_certificate(self, der: bytes, policy: LintPolicy) -> tuple[Finding, ...]:
        """Lint after the signature as if the product accepted nothing."""
        return self._lenient.lint_certificate(der, replace(policy, accepted=()))


async def test_a_failure_after_issue_revokes_the_certificate(workshop: Workshop) -> None:
    """A certificate that failed its last look would stay valid (rules 11, 17)."""
    order = await workshop.place("a.test")
    strict = replace(workshop.core, linters=StrictSecondLint(workshop.core.linters))
    failed = await submit_csr(strict, order.id, csr("a.test"), SYSTEM)
    assert failed.state is OrderState.FAILED
    certificate = (await workshop.core.store.read(lambda tx: tx.certificates.of_order(order.id)))[0]
    assert certificate.status is CertificateStatus.REVOKED
    assert certificate.der is not None
    due = await workshop.core.store.read(lambda tx: tx.jobs.open_of_type(TimerType.CRL, certificate.issuer_id))
    assert due is not None
    jobs = {job.type: job for job in await jobs_of(workshop.core, order)}
    assert jobs[JobType.ISSUE_POST_LINTING_CERTIFICATE_JOB].state is JobState.FAILED
    assert jobs[JobType.ISSUE_SUBMIT_CERTIFICATE_ORDER_JOB].state is JobState.FAILED


async def test_a_late_worker_writes_nothing(workshop: Workshop) -> None:
    """Two workers could both issue for one order when a lease was taken over (rule 5)."""
    core = workshop.core
    order = await workshop.place("a.test")
    away = TriviumError(ErrorKind.UNAVAILABLE, "The token does not answer.", retry_after=1)
    await submit_csr(replace(core, keys=BrokenKeys(core.keys, away)), order.id, csr("a.test"), SYSTEM)
    workshop.clock.advance(seconds=2)
    late = await claim(core, order)
    workshop.clock.advance(seconds=60)
    await worker.run_due(core)
    with pytest.raises(TriviumError) as refused:
        await run(core, late)
    assert refused.value.kind is ErrorKind.CONFLICT
    certificates = await core.store.read(lambda tx: tx.certificates.of_order(order.id))
    assert [one.status for one in certificates].count(CertificateStatus.ISSUED) == 1


async def claim(core: Core, order: Order) -> Job:
    """Claim the order's job as another worker would."""
    now = core.sources.now()
    claimed = await core.store.write(
        lambda tx: tx.jobs.claim(root_job_id(order.id), owner="late", now=now, lease_until=now + timedelta(seconds=10))
    )
    assert claimed is not None
    return claimed
