"""GENERATE_TBS: serial and to-be-signed bytes are made from the product and stay as they are (rules 2, 3, 13)."""

from ca_core.certificates.crmf import parse_request
from ca_core.certificates.serials import new_serial
from ca_core.certificates.tbs import build_tbs
from ca_core.core import Core
from ca_core.model.certificates import Certificate, CertificateStatus
from ca_core.model.jobs import JobType
from ca_core.model.orders import OrderState
from ca_core.orders.issuance import Issuance
from ca_core.orders.journal import Journal, RunningJob
from ca_core.orders.stages import Done, Stage, Wait


async def _run(core: Core, issuance: Issuance, journal: Journal, job: RunningJob) -> Done | Wait:
    order = journal.order
    csr = issuance.csr or parse_request(order.csr or b"", order.possession)
    now = core.sources.now()
    tbs = build_tbs(
        product=issuance.product,
        issuer=issuance.issuer,
        csr=csr,
        identifiers=order.identifiers,
        serial=new_serial(core.sources.entropy),
        now=now,
        not_before=order.not_before,
        not_after=order.not_after,
        fields=order.fields,
    )
    issuance.csr, issuance.tbs, issuance.linted = csr, tbs, None
    journal.certificate = Certificate(
        id=core.sources.new_id("crt"),
        order_id=order.id,
        client_id=order.client_id,
        issuer_id=issuance.issuer.id,
        serial=tbs.serial,
        status=CertificateStatus.INTENDED,
        identifiers=order.identifiers,
        subject=tbs.subject,
        not_before=tbs.not_before,
        not_after=tbs.not_after,
        spki_sha256=csr.spki_sha256,
        tbs=tbs.der,
        created_at=now,
    )
    # Rules 1 and 3: after the restore of an older database the log still tells which serials may have been signed.
    journal.record("certificate.intend", certificate=journal.certificate.id, serial=f"{tbs.serial:x}")
    job.respond(serial=f"{tbs.serial:x}", productVersion=issuance.product.version)
    return Done()


STAGE = Stage(state=OrderState.GENERATE_TBS, job_type=JobType.ISSUE_GENERATE_TBS_JOB, run=_run)
