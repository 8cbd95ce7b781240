"""KEY_VALIDATION: the CSR names what was ordered, and its key may be certified (rules 22-30, 49)."""

from cryptography.hazmat.primitives.asymmetric import rsa

from ca_core.access.account_keys import refuse_account_key
from ca_core.certificates.crmf import parse_request
from ca_core.certificates.csr import ParsedCsr, require_names
from ca_core.core import Core
from ca_core.keys.policy import check_public_key, refuse_blocked
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier
from ca_core.model.jobs import JobType
from ca_core.model.orders import OrderState, ProofOfPossession
from ca_core.model.products import Product, Profile, Road
from ca_core.model.store import Transaction
from ca_core.orders.issuance import Issuance
from ca_core.orders.journal import Journal, RunningJob
from ca_core.orders.stages import Done, Stage, Wait


def check_csr(
    csr: bytes,
    *,
    product: Product,
    identifiers: tuple[Identifier, ...],
    road: Road,
    possession: ProofOfPossession = ProofOfPossession.SIGNATURE,
) -> ParsedCsr:
    """Parse a CSR (DER) and check it against what was ordered and against the product's key policy.

    Over a ``road`` that overrides CSRs the order's names count, whatever the CSR says. Whether its key is in use for
    something else :func:`refuse_taken_key` says.

    Raises BAD_CSR, BAD_KEY or BAD_ALGORITHM with a sentence for the requester (RFC 8555 section 7.4).
    """
    parsed = parse_request(csr, possession)
    types = product.policy.profile.kind.identifier_types
    if types and not road.overrides_csr:
        require_names(parsed, identifiers, types)
    check_public_key(parsed.public_key, product.policy.keys, document=parsed.pkcs10)
    check_purpose(parsed, product.policy.profile)
    check_possession(product, possession)
    return parsed


def check_possession(product: Product, possession: ProofOfPossession) -> None:
    """Refuse a registration authority's word for a key where the product does not take it (rule 76).

    Raises POP_FAILED.
    """
    if possession is ProofOfPossession.VERIFIED and not product.policy.ra_vouches:
        raise TriviumError(
            ErrorKind.POP_FAILED,
            f"The product {product.name} takes nobody's word for the possession of a key (ra_vouches): let the request "
            "be signed with it.",
        )


def check_purpose(csr: ParsedCsr, profile: Profile) -> None:
    """Refuse a key that cannot do what the product's certificates are for; raises BAD_CSR, BAD_KEY."""
    if csr.enciphers and not profile.key_encipherment:
        raise TriviumError(
            ErrorKind.BAD_CSR,
            "The request is for a key that only enciphers, and this product's certificates are for keys that sign; "
            "choose a product with key_encipherment.",
        )
    if profile.key_encipherment and not isinstance(csr.public_key, rsa.RSAPublicKey):
        raise TriviumError(
            ErrorKind.BAD_KEY, "This product's certificates are for keys that encipher; make a request for an RSA key."
        )


def refuse_taken_key(tx: Transaction, csr: ParsedCsr) -> None:
    """Refuse a key that is blocked or an account's, inside a store call; raises KEY_REUSED or BAD_CSR."""
    refuse_blocked(tx, csr.spki_sha256)
    refuse_account_key(tx, csr.public_key)


async def _run(core: Core, issuance: Issuance, journal: Journal, job: RunningJob) -> Done | Wait:
    if issuance.csr is None:
        csr = issuance.csr = check_csr(
            journal.order.csr or b"",
            product=issuance.product,
            identifiers=journal.order.identifiers,
            road=journal.order.road,
            possession=journal.order.possession,
        )
        await core.store.read(lambda tx: refuse_taken_key(tx, csr))
    job.respond(spkiSha256=issuance.csr.spki_sha256.hex())
    return Done()


STAGE = Stage(state=OrderState.KEY_VALIDATION, job_type=JobType.ISSUE_KEY_VALIDATION_JOB, run=_run)
