"""ISSUE: the signature. Serial and TBS are committed before it, the certificate right after it (rules 2-4, 9)."""

import hashlib

from ca_core.certificates.assembly import assemble
from ca_core.core import Core
from ca_core.model.certificates import Certificate, CertificateStatus, Revocation, RevocationReason
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import JobType
from ca_core.model.orders import OrderState
from ca_core.model.principals import SYSTEM
from ca_core.model.values import replace
from ca_core.orders.crash import crash_point
from ca_core.orders.issuance import Issuance
from ca_core.orders.journal import Journal, RunningJob
from ca_core.orders.stages import Done, Stage, Wait
from ca_core.orders.states import OrderEvent
from ca_core.orders.timers import make_crl_due


async def _run(core: Core, issuance: Issuance, journal: Journal, job: RunningJob) -> Done | Wait:
    intent, linted = journal.certificate, issuance.linted
    if issuance.interrupted:
        abandon_intent(core, journal)
        issuance.interrupted = False
        job.respond(abandonedSerial=f"{intent.serial:x}" if intent else "")
        return Done(event=OrderEvent.INTENT_ABANDONED)
    if intent is None or linted is None:
        raise TriviumError(ErrorKind.INTERNAL, "An order reached ISSUE without a linted TBS.")
    signer = await core.keys.signer(issuance.issuer.key_reference)
    crash_point("before-sign")
    signature = await signer.sign(linted.tbs.der)
    crash_point("after-sign")
    der = assemble(linted, signature)
    journal.certificate = issued(intent, der)
    journal.order = replace(journal.order, certificate_id=intent.id)
    journal.record("certificate.issue", certificate=intent.id, serial=f"{intent.serial:x}", der=der.hex())
    job.respond(certificate=intent.id, serial=f"{intent.serial:x}")
    return Done()


def issued(intent: Certificate, der: bytes) -> Certificate:
    """Return the certificate an intent has become."""
    return replace(intent, status=CertificateStatus.ISSUED, der=der, fingerprint=hashlib.sha256(der).hexdigest())


def abandon_intent(core: Core, journal: Journal) -> None:
    """Give up a serial whose signature may exist somewhere: it counts as revoked and goes onto the CRL (rules 3, 7)."""
    if journal.certificate is None or journal.certificate.status is not CertificateStatus.INTENDED:
        return
    intent = journal.drop_intent()
    if intent is None:
        return
    revocation = Revocation(revoked_at=core.sources.now(), reason=RevocationReason.UNSPECIFIED, revoked_by=SYSTEM.actor)
    abandoned = replace(intent, status=CertificateStatus.ABANDONED, revocation=revocation)
    journal.effect(lambda tx: tx.certificates.save(abandoned))
    journal.effect(lambda tx: make_crl_due(tx, core.sources, intent.issuer_id))
    journal.record("certificate.abandon", certificate=intent.id, serial=f"{intent.serial:x}")


STAGE = Stage(state=OrderState.ISSUE, job_type=JobType.ISSUE_ISSUE_CERTIFICATE_JOB, run=_run, barrier=lambda _: True)
