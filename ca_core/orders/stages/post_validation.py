"""POST_VALIDATION: the certificate is what was ordered, and lints; a failure here revokes it (rules 11, 17)."""

from ca_core.certificates.assembly import check_issued
from ca_core.certificates.crmf import parse_request
from ca_core.certificates.lint import require_no_blocking
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import JobType
from ca_core.model.orders import OrderState
from ca_core.model.products import LintMode
from ca_core.orders.issuance import Issuance
from ca_core.orders.journal import Journal, RunningJob
from ca_core.orders.stages import Done, Stage, Wait


async def _run(core: Core, issuance: Issuance, journal: Journal, job: RunningJob) -> Done | Wait:
    certificate = journal.certificate
    if certificate is None or certificate.der is None:
        raise TriviumError(ErrorKind.INTERNAL, "An order reached POST_VALIDATION without its certificate.")
    csr = issuance.csr or parse_request(journal.order.csr or b"", journal.order.possession)
    kind = issuance.product.policy.profile.kind
    order = journal.order
    check_issued(certificate.der, kind=kind, identifiers=order.identifiers, spki=csr.spki, fields=order.fields)
    policy = issuance.product.policy.lint
    if _lints(issuance):
        with journal.job(
            JobType.ISSUE_POST_LINTING_CERTIFICATE_JOB, parent_id=job.id, lintSet=policy.lint_set
        ) as child:
            findings = core.linters.lint_certificate(certificate.der, policy)
            child.respond(findings=[str(finding) for finding in findings])
            require_no_blocking(findings)
    job.respond(fingerprint=certificate.fingerprint)
    return Done()


def _lints(issuance: Issuance) -> bool:
    """The certificate is stored before a lint takes its time, and together with the rest where there is none."""
    return issuance.product.policy.lint.mode is LintMode.ERROR


STAGE = Stage(
    state=OrderState.POST_VALIDATION, job_type=JobType.ISSUE_POST_ISSUE_CERTIFICATE_JOB, run=_run, barrier=_lints
)
