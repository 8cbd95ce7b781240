"""PRE_ISSUE: the last look before the intent: the key protection answers, and nothing was taken back meanwhile.

Where a product requires CT, the precertificate goes to the logs here.
"""

from ca_core.access.suspension import require_not_stopped
from ca_core.certificates.crmf import parse_request
from ca_core.certificates.csr import ParsedCsr
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import JobType
from ca_core.model.orders import Order, OrderState
from ca_core.model.store import Transaction
from ca_core.orders.caa import check_caa
from ca_core.orders.issuance import Issuance
from ca_core.orders.journal import Journal, RunningJob
from ca_core.orders.stages import Done, Stage, Wait
from ca_core.orders.stages.key_validation import refuse_taken_key
from ca_core.orders.stages.pre_validation import lint, require_authorized


async def _run(core: Core, issuance: Issuance, journal: Journal, job: RunningJob) -> Done | Wait:
    order = journal.order
    if journal.certificate is None:
        raise TriviumError(ErrorKind.INTERNAL, "An order reached PRE_ISSUE without its intent.")
    if issuance.linted is None:  # an earlier run waited here: what was linted is not kept, and CAA may have changed
        await check_caa(core, issuance, journal, job.id)
        issuance.linted = lint(core, issuance, journal, job.id)
    # A protection that is away costs a retry here, and would cost a serial in the next stage.
    await core.keys.signer(issuance.issuer.key_reference)
    csr = issuance.csr = issuance.csr or parse_request(order.csr or b"", order.possession)
    journal.require(lambda tx: _require_still_allowed(core, tx, order, csr))
    job.respond(certificateTransparency="not required by the product")
    return Done()


def _require_still_allowed(core: Core, tx: Transaction, order: Order, csr: ParsedCsr) -> None:
    """Look once more, in the transaction that commits the intent: no deactivation slips between look and signature.

    Raises FORBIDDEN, NOT_READY, BAD_KEY or BAD_CSR (rules 1, 26, 29, 48, 50).
    """
    require_not_stopped(tx, order)
    held = tuple(tx.authorizations.get_many(order.authorization_ids))
    require_authorized(core, order, held)
    if any(one.domain_id is not None and tx.domains.get(one.domain_id) is None for one in held):
        raise TriviumError(ErrorKind.NOT_READY, "A pre-validated domain that the order relies on was deleted.")
    tx.blocked_keys.hold(csr.spki_sha256)
    refuse_taken_key(tx, csr)


STAGE = Stage(state=OrderState.PRE_ISSUE, job_type=JobType.ISSUE_PRE_ISSUE_CERTIFICATE_JOB, run=_run)
