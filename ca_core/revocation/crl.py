"""CRLs: complete, numbered by the database, published whole or not at all (RFC 5280 section 5, rules 80-85)."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from ca_core.audit.log import entry
from ca_core.certificates.assembly import certificate_der
from ca_core.certificates.throwaway import throwaway_key
from ca_core.core import Core
from ca_core.model.certificates import Crl, RevocationReason, RevokedSerial
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import Issuer
from ca_core.model.jobs import Job
from ca_core.model.principals import SYSTEM
from ca_core.model.store import Transaction
from ca_core.revocation.reasons import reason_flag
from ca_core.revocation.schedule import make_crl_due

VALIDITY: Final = timedelta(days=7)
"""From thisUpdate to nextUpdate. The next CRL is made at half of it, or when a certificate is revoked."""

ROOT_VALIDITY: Final = timedelta(days=365)
"""The same for the CRL of an offline root, which a person makes."""

_ATTEMPTS: Final = 16
_EVERYTHING: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class _Begun:
    """A CRL that has its number: what it starts from. ``newest`` is the number of the one published before it, or 0."""

    issuer: Issuer
    number: int
    newest: int
    this_update: datetime
    keep_since: datetime


async def publish_crl(core: Core, issuer_id: str) -> Crl:
    """Make, sign and publish the issuer's next CRL, have the one after it made in time, and return it.

    Raises NOT_FOUND for an unknown issuer and UNAVAILABLE when the issuer's key does not answer or is offline, or
    when others publish all the time.
    """
    for _ in range(_ATTEMPTS):
        begun = await core.store.write(lambda tx: _begin(tx, issuer_id, core.sources.now()))
        crl = await _make(core, begun)
        try:
            await core.store.write(lambda tx, begun=begun, crl=crl: _publish(core, tx, begun, crl))  # type: ignore[misc]
        except TriviumError as error:
            if error.kind is not ErrorKind.CONFLICT:
                raise
        else:
            return crl
    raise TriviumError(ErrorKind.UNAVAILABLE, f"Other CRLs of {issuer_id} were published meanwhile; try again.")


async def run_crl_job(core: Core, job: Job) -> dict[str, Any]:
    """Run a CRL job: publish the CRL of the issuer that is the job's subject, and return the response to record."""
    if job.subject_id is None:
        raise TriviumError(ErrorKind.INTERNAL, f"The CRL job {job.id} names no issuer.")
    crl = await publish_crl(core, job.subject_id)
    return {
        "number": crl.number,
        "this_update": crl.this_update.isoformat(),
        "next_update": crl.next_update.isoformat(),
        "size": len(crl.der),
    }


def make_root_crl(
    root_key: CertificateIssuerPrivateKeyTypes,
    root_certificate: bytes,
    *,
    issuer_id: str,
    number: int,
    now: datetime,
    revoked: Iterable[RevokedSerial] = (),
) -> Crl:
    """Make the CRL of an offline root (certificate in DER) with its key, for ``tx.crls.publish``.

    ``number`` comes from ``tx.crls.next_number``; the CRL is valid for :data:`ROOT_VALIDITY` from ``now``.
    """
    certificate = x509.load_der_x509_certificate(root_certificate)
    this_update = now.replace(microsecond=0)
    next_update = this_update + ROOT_VALIDITY
    builder = _builder(certificate, number, this_update, next_update, revoked)
    signed = builder.sign(root_key, throwaway_key(root_key.public_key()).hash)
    return Crl(
        issuer_id=issuer_id,
        number=number,
        this_update=this_update,
        next_update=next_update,
        der=signed.public_bytes(Encoding.DER),
    )


def _begin(tx: Transaction, issuer_id: str, now: datetime) -> _Begun:
    """Take the number, in a write of its own, before the list is read: a higher number never has an older list."""
    issuer = tx.issuers.get(issuer_id)
    if issuer is None:
        raise TriviumError(ErrorKind.NOT_FOUND, f"There is no issuer {issuer_id} here.")
    if not issuer.key_reference:
        raise TriviumError(
            ErrorKind.UNAVAILABLE, f"The key of {issuer.name} is offline: make its CRL with `trivium crl --root`."
        )
    latest = tx.crls.latest(issuer_id)
    return _Begun(
        issuer=issuer,
        number=tx.crls.next_number(issuer_id),
        newest=0 if latest is None else latest.number,
        this_update=now.replace(microsecond=0),
        # An entry stays until one CRL after the certificate's expiry; the clock may have gone back since (rule 82).
        keep_since=_EVERYTHING if latest is None else min(latest.this_update, now),
    )


async def _make(core: Core, begun: _Begun) -> Crl:
    revoked = await core.store.read(lambda tx: tx.certificates.revoked(begun.issuer.id, begun.keep_since))
    signer = await core.keys.signer(begun.issuer.key_reference)
    certificate = x509.load_der_x509_certificate(begun.issuer.certificate)
    next_update = begun.this_update + VALIDITY
    throwaway = throwaway_key(signer.public_key)

    def draft() -> bytes:
        builder = _builder(certificate, begun.number, begun.this_update, next_update, revoked)
        return builder.sign(throwaway.key, throwaway.hash).tbs_certlist_bytes

    tbs = await asyncio.to_thread(draft)
    signature = await signer.sign(tbs)
    # A CertificateList has the form of a Certificate: SEQUENCE of TBS, algorithm and signature (RFC 5280 section 5.1).
    der = certificate_der(tbs, throwaway.signature_algorithm, signature)
    await asyncio.to_thread(_verify, der, tbs, certificate)
    return Crl(
        issuer_id=begun.issuer.id,
        number=begun.number,
        this_update=begun.this_update,
        next_update=next_update,
        der=der,
    )


def _publish(core: Core, tx: Transaction, begun: _Begun, crl: Crl) -> None:
    """Store the CRL as the newest, unless another was published since this one was begun.

    That one's list may have been read later: replacing it could take a revoked serial off the newest CRL again (I5).
    """
    latest = tx.crls.latest(crl.issuer_id)
    if (0 if latest is None else latest.number) != begun.newest:
        raise TriviumError(ErrorKind.CONFLICT, "Another CRL was published since this one was begun.")
    tx.crls.publish(crl)
    make_crl_due(tx, core.sources, crl.issuer_id, crl.this_update + VALIDITY / 2)
    tx.audit.append([entry(core.sources, SYSTEM, "crl.publish", crl.issuer_id, number=crl.number)])


def _builder(
    issuer: x509.Certificate,
    number: int,
    this_update: datetime,
    next_update: datetime,
    revoked: Iterable[RevokedSerial],
) -> x509.CertificateRevocationListBuilder:
    """Return the builder with the whole list at once: adding 100,000 entries one by one is quadratic."""
    extensions: list[x509.ExtensionType] = [_authority_key_identifier(issuer), x509.CRLNumber(number)]
    return (
        x509.CertificateRevocationListBuilder(
            issuer_name=issuer.subject,
            extensions=[x509.Extension(value.oid, False, value) for value in extensions],  # noqa: FBT003 - positional there
            revoked_certificates=[
                x509.RevokedCertificateBuilder(one.serial, _naive(one.revoked_at), _REASONS[one.reason]).build()
                for one in revoked
            ],
        )
        .last_update(this_update)
        .next_update(next_update)
    )


def _naive(moment: datetime) -> datetime:
    """Return an aware UTC time without its zone, as the builder's constructor keeps it."""
    return moment.replace(tzinfo=None)


def _reason_extensions(reason: RevocationReason) -> list[x509.Extension[x509.ExtensionType]]:
    flag = reason_flag(reason)
    return [] if flag is None else [x509.Extension(x509.CRLReason.oid, False, x509.CRLReason(flag))]  # noqa: FBT003


_REASONS: Final = {reason: _reason_extensions(reason) for reason in RevocationReason}


def _authority_key_identifier(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier.value)


def _verify(der: bytes, tbs: bytes, issuer: x509.Certificate) -> None:
    """Raise INTERNAL unless ``der`` is a CRL over exactly ``tbs`` that the issuer's key signed (rule 9)."""
    try:
        crl = x509.load_der_x509_crl(der)
        sound = crl.tbs_certlist_bytes == tbs and crl.is_signature_valid(issuer.public_key())
    except (ValueError, TypeError):
        sound = False
    if not sound:
        raise TriviumError(ErrorKind.INTERNAL, "The CRL's signature does not verify under the issuer's key.")
