"""Approvals, and what else people do to orders that wait: four eyes, cancel, retry (rule 57 of the abuse list)."""

import asyncio
import json
from dataclasses import replace

import pytest
from cryptography import x509

from ca_core.model.certificates import CertificateStatus, RevocationReason
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import JobState, JobType
from ca_core.model.orders import Order, OrderRequest, OrderState
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.products import ApprovalPolicy, Product, Road
from ca_core.orders import maintenance
from ca_core.orders.approvals import approve, listing, reject
from ca_core.orders.cancel import cancel
from ca_core.orders.enrol import enrol
from ca_core.orders.retry import retry
from ca_core.orders.root_job import root_job_id
from ca_core.revocation.revoke import revoke_by_id
from gateway.installation import Installation
from tests.gateway.command import trivium
from tests.orders.test_fields import new_csr, product_with
from tests.orders.workshop import CONSOLE, Workshop


async def people(workshop: Workshop, product: Product, *names: str) -> list[Principal]:
    """Return users of the product's Client who may do everything."""
    return [await workshop.user(product.client_id, name) for name in names]


async def waiting(workshop: Workshop, issuance: int = 1, revocation: int = 0) -> tuple[Product, Order]:
    """Place an order, by the user Ann, of a product that needs so many approvals."""
    approval = ApprovalPolicy(issuance=issuance, revocation=revocation)
    product = await product_with(workshop, "tls", approval=approval)
    csr = new_csr(x509.DNSName("a.test"))
    request = OrderRequest(product_id=product.id, road=Road.REST, identifiers=(), csr=csr)
    return product, await enrol(workshop.core, request, await workshop.user(product.client_id, "ann"))


async def kind_of_refusal(attempt: object) -> ErrorKind:
    """Return the kind of error that an attempt ends with."""
    with pytest.raises(TriviumError) as refused:
        await attempt  # type: ignore[misc]
    return refused.value.kind


async def stored(workshop: Workshop, order: Order) -> Order:
    """Return the order as it is in the store."""
    found = await workshop.core.store.read(lambda tx: tx.orders.get(order.id))
    assert found is not None
    return found


async def test_two_others_must_approve(workshop: Workshop) -> None:
    """One person issues alone what the product wants several to agree to."""
    core = workshop.core
    product, order = await waiting(workshop, issuance=2)
    ann, bob, eve = await people(workshop, product, "ann", "bob", "eve")
    assert order.state is OrderState.PENDING_AUTH
    jobs = await core.store.read(lambda tx: tx.jobs.of_order(order.id))
    [job] = [one for one in jobs if one.type is JobType.ISSUE_AUTHORIZATION_JOB]
    assert job.state is JobState.WAITING
    assert await kind_of_refusal(approve(core, order.id, ann)) is ErrorKind.FORBIDDEN
    may_look = frozenset({Permission.ORDER_VIEW, Permission.APPROVAL_VIEW})
    viewer = await workshop.user(product.client_id, "vera", may_look)
    assert await kind_of_refusal(approve(core, order.id, viewer)) is ErrorKind.FORBIDDEN
    stranger = Principal(kind=PrincipalKind.API_USER, id="usr-x", permissions={"cli-other": frozenset(Permission)})
    assert await kind_of_refusal(approve(core, order.id, stranger)) is ErrorKind.NOT_FOUND
    assert (await approve(core, order.id, bob, "known")).state is OrderState.PENDING_AUTH
    assert await kind_of_refusal(approve(core, order.id, bob)) is ErrorKind.FORBIDDEN
    assert (await approve(core, order.id, eve)).state is OrderState.ISSUED
    assert await kind_of_refusal(approve(core, order.id, CONSOLE)) is ErrorKind.NOT_READY
    decided = await listing(core, order.id, viewer)
    assert [(one.approver, one.granted, one.reason) for one in decided] == [
        ("api-user:usr-bob", True, "known"),
        ("api-user:usr-eve", True, ""),
    ]


async def test_approvals_at_once_issue_one_certificate(workshop: Workshop) -> None:
    """Two approvers who press at the same moment issue two certificates, or none because each saw himself alone."""
    core = workshop.core
    product, order = await waiting(workshop, issuance=2)
    others = await people(workshop, product, "bob", "eve", "kim", "lee")
    await asyncio.gather(*(approve(core, order.id, one) for one in others), return_exceptions=True)
    assert (await stored(workshop, order)).state is OrderState.ISSUED
    certificates = await core.store.read(lambda tx: tx.certificates.of_order(order.id))
    assert [one.status for one in certificates] == [CertificateStatus.ISSUED]


async def test_one_rejection_ends_the_order(workshop: Workshop) -> None:
    """What somebody refused is issued when two others agree, or its serial is used for something else."""
    core = workshop.core
    product, order = await waiting(workshop, issuance=2)
    ann, bob, eve = await people(workshop, product, "ann", "bob", "eve")
    assert await kind_of_refusal(reject(core, order.id, bob, " ")) is ErrorKind.MALFORMED
    assert await kind_of_refusal(reject(core, order.id, ann, "no")) is ErrorKind.FORBIDDEN
    rejected = await reject(core, order.id, bob, "who is that?")
    assert rejected.state is OrderState.REJECTED
    assert rejected.error is not None
    assert "who is that?" in rejected.error.detail
    assert await kind_of_refusal(approve(core, order.id, eve)) is ErrorKind.NOT_READY
    [intent] = await core.store.read(lambda tx: tx.certificates.of_order(order.id))
    assert intent.status is CertificateStatus.ABANDONED
    jobs = await core.store.read(lambda tx: tx.jobs.of_order(order.id))
    assert not [job for job in jobs if job.state in {JobState.WAITING, JobState.PENDING, JobState.PROCESSING}]


async def test_what_nobody_approves_expires(workshop: Workshop) -> None:
    """An order that everybody forgot is issued a year later, when nobody remembers what it was for."""
    core = workshop.core
    product, order = await waiting(workshop)
    [bob] = await people(workshop, product, "bob")
    workshop.clock.advance(days=8)
    job = await core.store.read(lambda tx: tx.jobs.get(root_job_id(order.id)))
    assert job is not None
    await maintenance.tidy(core, job)
    expired = await stored(workshop, order)
    assert expired.state is OrderState.FAILED
    assert expired.error is not None
    assert "before it was approved" in expired.error.detail
    assert await kind_of_refusal(approve(core, order.id, bob)) is ErrorKind.NOT_READY


async def test_a_late_approval_gets_a_fresh_certificate(workshop: Workshop) -> None:
    """BR 7.1.2.7: what was approved after three days is signed with a notBefore of then, or fails for ever."""
    core = workshop.core
    product, order = await waiting(workshop)
    [bob] = await people(workshop, product, "bob")
    workshop.clock.advance(days=3)
    issued = await approve(core, order.id, bob)
    assert issued.state is OrderState.ISSUED, issued.error
    certificate = await core.store.read(lambda tx: tx.certificates.get(issued.certificate_id or ""))
    assert certificate is not None
    assert (workshop.clock.time - certificate.not_before).days == 0


async def test_a_revocation_waits_for_its_approval(workshop: Workshop) -> None:
    """One person takes a service down alone; or a compromised key stays good until somebody has time."""
    core = workshop.core
    product, order = await waiting(workshop, issuance=0, revocation=1)
    ann, bob = await people(workshop, product, "ann", "bob")
    certificate_id = order.certificate_id or ""
    asked = await revoke_by_id(core, certificate_id, RevocationReason.SUPERSEDED, ann)
    assert asked.status is CertificateStatus.ISSUED
    assert await kind_of_refusal(approve(core, order.id, ann)) is ErrorKind.FORBIDDEN
    assert (await reject(core, order.id, bob, "in use")).state is OrderState.ISSUED
    await revoke_by_id(core, certificate_id, RevocationReason.SUPERSEDED, ann)
    assert (await approve(core, order.id, bob)).state is OrderState.REVOKED
    certificate = await core.store.read(lambda tx: tx.certificates.get(certificate_id))
    assert certificate is not None
    assert certificate.revocation is not None
    assert certificate.revocation.reason is RevocationReason.SUPERSEDED
    _, urgent = await waiting(workshop, issuance=0, revocation=1)
    revoked = await revoke_by_id(core, urgent.certificate_id or "", RevocationReason.KEY_COMPROMISE, ann)
    assert revoked.status is CertificateStatus.REVOKED


async def test_cancel_ends_what_waits_and_nothing_else(workshop: Workshop) -> None:
    """An order that nobody wants is issued later, or a certificate that exists loses its order."""
    core = workshop.core
    product, order = await waiting(workshop)
    ann, bob = await people(workshop, product, "ann", "bob")
    may_order = frozenset({Permission.ORDER_VIEW, Permission.ORDER_CREATE})
    seller = await workshop.user(product.client_id, "vera", may_order)
    assert await kind_of_refusal(cancel(core, order.id, seller)) is ErrorKind.FORBIDDEN
    assert await kind_of_refusal(cancel(core, order.id, ann, "x" * 1001)) is ErrorKind.MALFORMED
    cancelled = await cancel(core, order.id, ann, "a typing error")
    assert cancelled.state is OrderState.FAILED
    assert cancelled.error is not None
    assert "a typing error" in cancelled.error.detail
    assert await kind_of_refusal(approve(core, order.id, bob)) is ErrorKind.NOT_READY
    placed = await workshop.place("b.test")
    assert (await cancel(core, placed.id, CONSOLE)).state is OrderState.FAILED
    _, issued = await waiting(workshop, issuance=0)
    assert await kind_of_refusal(cancel(core, issued.id, CONSOLE)) is ErrorKind.NOT_READY
    assert (await stored(workshop, issued)).state is OrderState.ISSUED


async def test_retry_makes_due_what_waits_for_its_next_try(workshop: Workshop) -> None:
    """An operator who has mended the key protection must wait out a back-off of minutes; or revives what has failed."""
    core = workshop.core
    _, order = await waiting(workshop)
    assert await kind_of_refusal(retry(core, order.id, CONSOLE)) is ErrorKind.NOT_READY
    root = await core.store.read(lambda tx: tx.jobs.get(root_job_id(order.id)))
    assert root is not None
    later = workshop.clock.time.replace(year=2100)
    await core.store.write(lambda tx: tx.jobs.save(replace(root, state=JobState.RETRY, due_at=later)))
    [job] = await retry(core, order.id, CONSOLE)
    assert (job.id, job.state, job.due_at) == (root.id, JobState.PENDING, workshop.clock.time)
    assert await kind_of_refusal(retry(core, order.id, CONSOLE, "job-none")) is ErrorKind.NOT_FOUND
    await cancel(core, order.id, CONSOLE)
    assert await kind_of_refusal(retry(core, order.id, CONSOLE)) is ErrorKind.NOT_READY


async def test_the_console_decides_too(workshop: Workshop, installation: Installation) -> None:
    """The operator has no way to let an order go on, or to end it, while nobody else is there."""

    async def run(*arguments: str) -> dict[str, str]:
        done = await asyncio.to_thread(trivium, installation.directory, *arguments, "--json")
        assert done.returncode == 0, done.stderr
        row: dict[str, str] = json.loads(done.stdout)
        return row

    _, first = await waiting(workshop)
    assert (await run("approve", first.id))["state"] == "ISSUED"
    _, second = await waiting(workshop)
    assert (await run("reject", second.id, "--reason", "a stranger"))["state"] == "REJECTED"
    _, third = await waiting(workshop)
    cancelled = await run("cancel", third.id, "--reason", "a typing error")
    assert cancelled["state"] == "FAILED"
    assert "a typing error" in cancelled["error"]
    done = await asyncio.to_thread(trivium, installation.directory, "retry", third.id)
    assert (done.returncode, "place a new one" in " ".join(done.stderr.split())) == (1, True)
