"""KEY_VALIDATION: the CSR names what was ordered, and its key may be certified (rules 22-30, 49)."""

from ca_core.access.account_keys import account_spki_sha256
from ca_core.certificates.csr import ParsedCsr, parse_csr, require_names
from ca_core.core import Core
from ca_core.keys.policy import check_public_key, refuse_blocked
from ca_core.model.accounts import Account
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier
from ca_core.model.jobs import JobType
from ca_core.model.orders import OrderState
from ca_core.model.products import Product
from ca_core.orders.issuance import Issuance
from ca_core.orders.journal import Journal, RunningJob
from ca_core.orders.stages import Done, Stage, Wait


def check_csr(
    csr: bytes, *, product: Product, identifiers: tuple[Identifier, ...], account: Account | None
) -> ParsedCsr:
    """Parse a CSR (DER) and check it against what was ordered and against the product's key policy.

    Whether its key is blocked :func:`~ca_core.keys.policy.refuse_blocked` says.

    Raises BAD_CSR, BAD_KEY or BAD_ALGORITHM with a sentence for the requester (RFC 8555 section 7.4).
    """
    parsed = parse_csr(csr)
    require_names(parsed, identifiers)
    check_public_key(parsed.public_key, product.policy.keys, document=parsed.der)
    if account is not None and account_spki_sha256(account.jwk) == parsed.spki_sha256:
        raise TriviumError(
            ErrorKind.BAD_CSR, "The CSR has the account's own key; make a separate key for the certificate."
        )
    return parsed


async def _run(core: Core, issuance: Issuance, journal: Journal, job: RunningJob) -> Done | Wait:
    if issuance.csr is None:
        csr = issuance.csr = check_csr(
            journal.order.csr or b"",
            product=issuance.product,
            identifiers=journal.order.identifiers,
            account=issuance.account,
        )
        await core.store.read(lambda tx: refuse_blocked(tx, csr.spki_sha256))
    job.respond(spkiSha256=issuance.csr.spki_sha256.hex())
    return Done()


STAGE = Stage(state=OrderState.KEY_VALIDATION, job_type=JobType.ISSUE_KEY_VALIDATION_JOB, run=_run)
