"""CRLs: complete, numbered by the database, published whole or not at all (RFC 5280 section 5, rules 80-85)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes, CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca_core.audit.log import entry
from ca_core.certificates.tbs import certificate_der
from ca_core.certificates.throwaway import throwaway_key
from ca_core.core import Core
from ca_core.keys.signer import Signer
from ca_core.model.certificates import Crl, RevocationReason, RevokedSerial
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import Issuer
from ca_core.model.jobs import Job
from ca_core.model.principals import SYSTEM
from ca_core.model.sources import Sources
from ca_core.model.store import Transaction
from ca_core.orders.crash import crash_point
from ca_core.revocation.reasons import reason_flag

VALIDITY: Final = timedelta(days=7)
"""From thisUpdate to nextUpdate. The next CRL is made at half of it, or when a certificate is revoked: see timers."""

ROOT_VALIDITY: Final = timedelta(days=365)
"""The same for the CRL of an offline root, which a person makes."""

PAGE: Final = 1000
"""Entries read at a time: some 5 ms on SQLite, where a read holds the event loop."""

_ATTEMPTS: Final = 16
_EVERYTHING: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class _Begun:
    """A CRL that has its number: what it starts from. ``newest`` is the number of the one published before it, or 0."""

    issuer: Issuer
    number: int
    newest: int
    keep_since: datetime


async def publish_crl(core: Core, issuer_id: str) -> Crl:
    """Make, sign and publish the issuer's next CRL, and return it.

    Raises NOT_FOUND for an unknown issuer and UNAVAILABLE when the issuer's key does not answer or is offline, or
    when others publish all the time.
    """
    for _ in range(_ATTEMPTS):
        crl = await _publish_next(core, issuer_id)
        if crl is not None:
            return crl
    raise TriviumError(ErrorKind.UNAVAILABLE, f"Other CRLs of {issuer_id} were published meanwhile; try again.")


async def run_crl_job(core: Core, job: Job) -> tuple[dict[str, Any], timedelta]:
    """Publish the CRL of the job's issuer; return the response to record and the time until the next one."""
    if job.subject_id is None:
        raise TriviumError(ErrorKind.INTERNAL, f"The CRL job {job.id} names no issuer.")
    crl = await publish_crl(core, job.subject_id)
    response = {
        "number": crl.number,
        "this_update": crl.this_update.isoformat(),
        "next_update": crl.next_update.isoformat(),
        "size": len(crl.der),
    }
    return response, VALIDITY / 2


async def make_root_crl(
    root_signer: Signer,
    root_certificate: bytes,
    *,
    issuer_id: str,
    number: int,
    now: datetime,
    revoked: Sequence[RevokedSerial] = (),
) -> Crl:
    """Make the CRL of an offline root (certificate in DER) with its key, for ``tx.crls.publish``.

    ``number`` comes from ``tx.crls.next_number``; the CRL is valid for :data:`ROOT_VALIDITY` from ``now``. Raises
    INTERNAL when ``root_signer`` is not the key of ``root_certificate``.
    """
    certificate = x509.load_der_x509_certificate(root_certificate)
    return await _make(
        root_signer,
        certificate,
        issuer_id=issuer_id,
        number=number,
        now=now,
        validity=ROOT_VALIDITY,
        revoked=revoked,
    )


async def _publish_next(core: Core, issuer_id: str) -> Crl | None:
    """Make a CRL and publish it; return None when another was published meanwhile."""
    now = core.sources.now()
    begun = await core.store.write(lambda tx: _begin(tx, issuer_id, now))
    revoked = await _revoked(core, issuer_id, begun.keep_since)
    crash_point("crl-numbered")
    signer = await core.keys.signer(begun.issuer.key_reference)
    certificate = x509.load_der_x509_certificate(begun.issuer.certificate)
    crl = await _make(
        signer, certificate, issuer_id=issuer_id, number=begun.number, now=now, validity=VALIDITY, revoked=revoked
    )
    crash_point("crl-signed")
    try:
        await core.store.write(lambda tx: _publish(tx, core.sources, begun, crl))
    except TriviumError as error:
        if error.kind is ErrorKind.CONFLICT:
            return None
        raise
    crash_point("crl-published")
    return crl


async def _revoked(core: Core, issuer_id: str, keep_since: datetime) -> list[RevokedSerial]:
    """Read the list in pages, so that others have a turn: what was on it when the number was taken stays on it."""
    found: list[RevokedSerial] = []
    while True:
        after = found[-1].serial if found else 0
        page = await core.store.read(partial(_page, issuer_id, keep_since, after))
        found += page
        if len(page) < PAGE:
            return found
        await asyncio.sleep(0)


def _page(issuer_id: str, keep_since: datetime, after: int, tx: Transaction) -> list[RevokedSerial]:
    return tx.certificates.revoked(issuer_id, keep_since, after=after, limit=PAGE)


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
        # An entry stays until one CRL after the certificate's expiry; the clock may have gone back since (rule 82).
        keep_since=_EVERYTHING if latest is None else min(latest.this_update, now),
    )


async def _make(
    signer: Signer,
    issuer: x509.Certificate,
    *,
    issuer_id: str,
    number: int,
    now: datetime,
    validity: timedelta,
    revoked: Sequence[RevokedSerial],
) -> Crl:
    """Build the CRL under a throw-away key, have exactly those bytes signed, assemble and verify (rule 9)."""
    this_update = now.replace(microsecond=0)
    next_update = this_update + validity
    throwaway = throwaway_key(signer.public_key)

    def draft() -> bytes:
        builder = _builder(issuer, number, this_update, next_update, revoked)
        return builder.sign(throwaway.key, throwaway.hash).tbs_certlist_bytes

    tbs = await asyncio.to_thread(draft)
    signature = await signer.sign(tbs)
    # A CertificateList has the form of a Certificate: SEQUENCE of TBS, algorithm and signature (RFC 5280 section 5.1).
    der = certificate_der(tbs, throwaway.signature_algorithm, signature)
    await asyncio.to_thread(_verify, der, tbs, signer.public_key, issuer)
    return Crl(issuer_id=issuer_id, number=number, this_update=this_update, next_update=next_update, der=der)


def _publish(tx: Transaction, sources: Sources, begun: _Begun, crl: Crl) -> None:
    """Store the CRL as the newest, unless another was published since this one was begun.

    That one's list may have been read later: replacing it could take a revoked serial off the newest CRL again (I5).
    """
    latest = tx.crls.latest(crl.issuer_id)
    if (0 if latest is None else latest.number) != begun.newest:
        raise TriviumError(ErrorKind.CONFLICT, "Another CRL was published since this one was begun.")
    tx.crls.publish(crl)
    tx.audit.append([entry(sources, SYSTEM, "crl.publish", crl.issuer_id, number=crl.number)])


def _builder(
    issuer: x509.Certificate,
    number: int,
    this_update: datetime,
    next_update: datetime,
    revoked: Sequence[RevokedSerial],
) -> x509.CertificateRevocationListBuilder:
    """Return the builder with the whole list at once: adding 100,000 entries one by one is quadratic."""
    extensions: list[x509.ExtensionType] = [_authority_key_identifier(issuer), x509.CRLNumber(number)]
    return (
        x509.CertificateRevocationListBuilder(
            issuer_name=issuer.subject,
            extensions=[x509.Extension(value.oid, False, value) for value in extensions],  # noqa: FBT003 - positional there
            revoked_certificates=[
                x509.RevokedCertificateBuilder(one.serial, _naive(one.revoked_at), _entry_extensions(one)).build()
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


def _entry_extensions(one: RevokedSerial) -> list[x509.Extension[x509.ExtensionType]]:
    if one.invalidity_date is None:
        return _REASONS[one.reason]
    value = x509.InvalidityDate(_naive(one.invalidity_date.replace(microsecond=0)))
    return [*_REASONS[one.reason], x509.Extension(value.oid, False, value)]  # noqa: FBT003 - positional there


_REASONS: Final = {reason: _reason_extensions(reason) for reason in RevocationReason}


def _authority_key_identifier(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """Return the identifier by the issuer's own subjectKeyIdentifier, which every CA has (RFC 5280 section 4.2.1.2)."""
    own = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value)


def _verify(der: bytes, tbs: bytes, public_key: CertificateIssuerPublicKeyTypes, issuer: x509.Certificate) -> None:
    """Raise INTERNAL unless ``der`` is a CRL over exactly ``tbs``, signed by the key of ``issuer`` (rule 9)."""
    crl = x509.load_der_x509_crl(der)
    if (
        crl.tbs_certlist_bytes != tbs
        or not crl.is_signature_valid(public_key)
        or _spki(public_key) != _spki(issuer.public_key())
    ):
        raise TriviumError(ErrorKind.INTERNAL, "The CRL is not signed by the issuer's key; nothing was published.")


def _spki(public_key: CertificatePublicKeyTypes) -> bytes:
    return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
