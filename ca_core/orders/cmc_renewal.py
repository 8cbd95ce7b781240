"""A CMC client renews its own dedicated certificate: an order of the product that issued it, for the same subject."""

from collections.abc import Callable

from cryptography import x509
from cryptography.x509.oid import NameOID

from ca_core.access.cmc_certificates import renewal_in, take_over
from ca_core.certificates.crmf import parse_request
from ca_core.certificates.csr import ParsedCsr
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.orders import Order, OrderRequest, OrderState
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.orders.enrol import enrol


async def renew(
    core: Core,
    request: OrderRequest,
    principal: Principal,
    *,
    beside: Callable[[Transaction, Order], None] | None = None,
) -> Order:
    """Order a new dedicated certificate for the CMC client that ``principal`` is; return the order as it is then.

    With another key the new certificate takes over when it is first used, with the same key at once: who signs without
    sending a certificate would never use it. Raises as :func:`~ca_core.orders.enrol.enrol`, BAD_CSR for another
    subject, KEY_REUSED for the key of another client.
    """
    parsed = parse_request(request.csr or b"", request.possession)
    await core.store.read(lambda tx: _require_own(tx, parsed, principal))
    order = await enrol(core, request, principal, beside=beside)
    if order.state is OrderState.ISSUED:
        await core.store.write(lambda tx: _take_over_same_key(core, tx, order, parsed, principal))
    return order


def _require_own(tx: Transaction, parsed: ParsedCsr, principal: Principal) -> None:
    cmc_client = tx.cmc_clients.get(principal.id)
    der = cmc_client.certificate if cmc_client else None
    subject = x509.load_der_x509_certificate(der).subject if der else x509.Name([])
    names = [str(attribute.value) for attribute in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if [parsed.common_name] != names:
        raise TriviumError(
            ErrorKind.BAD_CSR,
            "A dedicated certificate is renewed for its own subject: copy the common name into the request.",
        )
    other = tx.cmc_clients.by_key(parsed.spki_sha256)
    if other is not None and other.id != principal.id:
        raise TriviumError(ErrorKind.KEY_REUSED, "This is the key of another CMC client; make a new one.")


def _take_over_same_key(core: Core, tx: Transaction, order: Order, parsed: ParsedCsr, principal: Principal) -> None:
    certificate = tx.certificates.get(order.certificate_id or "")
    renewal = renewal_in(tx, certificate.der) if certificate is not None and certificate.der is not None else None
    if renewal is not None and renewal[0].spki_sha256 == parsed.spki_sha256:
        take_over(core, tx, *renewal, principal)
