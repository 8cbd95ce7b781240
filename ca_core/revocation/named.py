"""Revocation of certificates that are named by issuer and serial, several at once: all of them or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from ca_core.access.visibility import require_sees
from ca_core.certificates.distinguished_names import DistinguishedName, name_of, same_name
from ca_core.core import Core
from ca_core.model.certificates import Certificate, RevocationReason
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.revocation.reasons import check_words, parse_reason
from ca_core.revocation.revoke import insisting, revoke_for

MOST: Final = 300
"""Certificates in one call: everybody else's writes wait for it."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A certificate to be revoked. ``requestor`` is who asked the service account for it; empty: nobody is named."""

    issuer: DistinguishedName
    serial: int
    reason: RevocationReason
    requestor: str = ""


async def revoke_all(core: Core, wanted: Sequence[Wanted], principal: Principal) -> list[Certificate]:
    """Revoke these certificates, or none of them; return them as they are then.

    Raises MALFORMED for none or too many, NOT_FOUND also for another Client's, FORBIDDEN without CERTIFICATE_DELETE,
    BAD_REASON, ALREADY_REVOKED; the message says which certificate it is about.
    """
    if not 0 < len(wanted) <= MOST:
        raise TriviumError(ErrorKind.MALFORMED, f"Name from 1 to {MOST} certificates.")
    for one in wanted:
        parse_reason(one.reason)
        check_words(one.requestor)

    def act(tx: Transaction) -> list[Certificate]:
        issuers = [
            (name_of(x509.load_der_x509_certificate(issuer.certificate).subject), issuer.id)
            for issuer in tx.issuers.all()
        ]
        return [_revoke(core, tx, issuers, one, principal) for one in wanted]

    return await insisting(core, act)


def _revoke(
    core: Core, tx: Transaction, issuers: Sequence[tuple[DistinguishedName, str]], wanted: Wanted, principal: Principal
) -> Certificate:
    missing = TriviumError(
        ErrorKind.NOT_FOUND,
        f"There is no certificate {wanted.serial:x} of this issuer here; check serial number and issuer name.",
    )
    for name, issuer_id in issuers:
        certificate = tx.certificates.by_serial(issuer_id, wanted.serial) if same_name(name, wanted.issuer) else None
        if certificate is None or certificate.der is None:
            continue
        try:
            require_sees(principal, "certificate", client_id=certificate.client_id)
            return revoke_for(core, tx, certificate, wanted.reason, principal, requestor=wanted.requestor)
        except TriviumError as error:
            if error.kind is ErrorKind.NOT_FOUND:
                raise missing from None
            if error.kind is ErrorKind.CONFLICT:
                raise
            raise TriviumError(error.kind, f"Certificate {wanted.serial:x}: {error.detail}") from None
    raise missing
