"""Certificates and CRLs in the store, on SQLite and on PostgreSQL."""

# Writes are lambdas of one line here, and what they return does not matter.
# mypy: disable-error-code="func-returns-value"

from dataclasses import replace
from typing import Any

from sqlalchemy import func, select

from ca_core.model.certificates import (
    CertificateStatus,
    Crl,
    PlannedRevocation,
    Revocation,
    RevocationReason,
    RevokedSerial,
)
from ca_core.model.errors import ErrorKind
from ca_core.model.orders import OrderState
from store.crls import KEPT
from store.database import Database
from store.statements import Statement
from store.tables import crls
from tests.store.refused import refused
from tests.store.samples import (
    HOUR,
    ISSUER,
    NOW,
    certificate,
    order,
)


async def test_a_serial_is_used_once_by_an_issuer(store: Database) -> None:
    """Two certificates of one serial cannot be revoked apart (rule 2)."""
    placed = order()
    largest = (1 << 159) - 1
    intent = certificate(placed.id, largest)
    await store.write(lambda tx: (tx.orders.add(placed), tx.certificates.add(intent)))
    assert await store.read(lambda tx: tx.certificates.by_serial(ISSUER.id, largest)) == intent
    assert await refused(store, lambda tx: tx.certificates.add(certificate(placed.id, largest))) is ErrorKind.CONFLICT
    for serial in (-1, 1, 1 << 160):
        assert await store.read(lambda tx, serial=serial: tx.certificates.by_serial(ISSUER.id, serial)) is None  # type: ignore[misc]


async def test_a_certificate_is_signed_then_revoked_once(store: Database) -> None:
    """A second revocation would rewrite the date of the first (rule 79)."""
    placed = order()
    intent = certificate(placed.id, 5)
    await store.write(lambda tx: (tx.orders.add(placed), tx.certificates.add(intent)))
    signed = replace(intent, status=CertificateStatus.ISSUED, der=b"\x30\x82", fingerprint="ab" * 32)
    signed = await store.write(lambda tx: tx.certificates.save(signed))
    assert await store.read(lambda tx: tx.certificates.by_fingerprint("ab" * 32)) == signed
    assert await store.read(lambda tx: tx.certificates.all_issued("", 10)) == [signed]
    revocation = Revocation(
        revoked_at=NOW, reason=RevocationReason.SUPERSEDED, revoked_by="operator:me", invalidity_date=NOW - HOUR
    )
    revoked = replace(signed, status=CertificateStatus.REVOKED, revocation=revocation)
    stored = await store.write(lambda tx: tx.certificates.save(revoked))
    assert await store.read(lambda tx: tx.certificates.of_order(placed.id)) == [stored]
    assert await refused(store, lambda tx: tx.certificates.save(revoked)) is ErrorKind.CONFLICT
    again = replace(stored, revocation=replace(revocation, revoked_at=NOW + HOUR))
    assert await refused(store, lambda tx: tx.certificates.save(again)) is ErrorKind.CONFLICT


async def test_a_planned_revocation_comes_back_and_goes(store: Database) -> None:
    """A certificate would be revoked at another time than its subscriber was told, or although it was withdrawn."""
    placed = order()
    intent = certificate(placed.id, 7)
    await store.write(lambda tx: (tx.orders.add(placed), tx.certificates.add(intent)))
    planned = PlannedRevocation(
        revoke_at=NOW + HOUR,
        reason=RevocationReason.SUPERSEDED,
        planned_at=NOW,
        planned_by="operator:me",
        explanation_url="https://ca.example/why",
    )
    saved = await store.write(lambda tx: tx.certificates.save(replace(intent, planned_revocation=planned)))
    assert await store.read(lambda tx: tx.certificates.get(intent.id)) == saved
    assert saved.planned_revocation == planned
    saved = await store.write(lambda tx: tx.certificates.save(replace(saved, planned_revocation=None)))
    assert await store.read(lambda tx: tx.certificates.get(intent.id)) == saved


async def test_a_certificate_is_replaced_by_one_order_that_did_not_fail(store: Database) -> None:
    """Two requests at once, at two workers, would both replace it (RFC 9773 section 5)."""
    first, second = order(replaces="crt-1"), order(replaces="crt-1")
    await store.write(lambda tx: tx.orders.add(first))
    assert await store.read(lambda tx: tx.orders.replacing("crt-1")) == first
    assert await store.read(lambda tx: tx.orders.replacing("crt-2")) is None
    assert await refused(store, lambda tx: tx.orders.add(second)) is ErrorKind.CONFLICT
    await store.write(lambda tx: tx.orders.save(replace(first, state=OrderState.FAILED)))
    assert await store.read(lambda tx: tx.orders.replacing("crt-1")) is None
    await store.write(lambda tx: tx.orders.add(second))
    assert await store.read(lambda tx: tx.orders.replacing("crt-1")) == second


async def test_revoked_and_abandoned_serials_stand_on_the_crl(store: Database) -> None:
    """A serial that may have been signed, or was revoked, would be missing on the CRL (rules 3, 82)."""
    placed = order()
    revocation = Revocation(revoked_at=NOW + HOUR, reason=RevocationReason.KEY_COMPROMISE, revoked_by="x")
    rows = [
        certificate(placed.id, 300, status=CertificateStatus.REVOKED, revocation=revocation),
        certificate(placed.id, 20, status=CertificateStatus.ABANDONED),
        certificate(placed.id, 21, status=CertificateStatus.ISSUED),
        certificate(placed.id, 22, status=CertificateStatus.REVOKED, revocation=revocation, not_after=NOW),
    ]
    await store.write(lambda tx: (tx.orders.add(placed), [tx.certificates.add(row) for row in rows]))
    assert await store.read(lambda tx: tx.certificates.revoked(ISSUER.id, NOW)) == [
        RevokedSerial(serial=20, revoked_at=NOW, reason=RevocationReason.UNSPECIFIED),
        RevokedSerial(serial=300, revoked_at=NOW + HOUR, reason=RevocationReason.KEY_COMPROMISE),
    ]


async def test_crl_numbers_rise_and_an_older_crl_is_refused(store: Database) -> None:
    """A relying party refuses a CRL whose number went back (rule 80, RFC 5280 section 5.2.3)."""
    assert [await store.write(lambda tx: tx.crls.next_number(ISSUER.id)) for _ in range(3)] == [1, 2, 3]

    def crl(number: int) -> Crl:
        return Crl(issuer_id=ISSUER.id, number=number, this_update=NOW, next_update=NOW + HOUR, der=b"\x30")

    assert await store.read(lambda tx: tx.crls.latest(ISSUER.id)) is None
    await store.write(lambda tx: tx.crls.publish(crl(3)))
    for stale in (2, 3):
        assert await refused(store, lambda tx, stale=stale: tx.crls.publish(crl(stale))) is ErrorKind.CONFLICT
    await store.write(lambda tx: tx.crls.publish(crl(9)))
    assert await store.read(lambda tx: tx.crls.latest(ISSUER.id)) == crl(9)
    assert await store.write(lambda tx: tx.crls.next_number(ISSUER.id)) == 10
    later = replace(crl(11), this_update=NOW + HOUR)
    await store.write(lambda tx: tx.crls.publish(later))
    for moment, found in ((NOW, None), (NOW + HOUR, crl(9)), (NOW + 2 * HOUR, later)):
        assert await store.read(lambda tx, at=moment: tx.crls.latest_before(ISSUER.id, at)) == found  # type: ignore[misc]


async def test_old_crls_are_forgotten(store: Database) -> None:
    """A CA that revokes all day would fill its disk with lists that nobody fetches any more."""
    count = Statement(select(func.count().label("rows")).select_from(crls))

    def rows(tx: Any) -> dict[str, int]:
        return tx.crls._run.one(count, {})  # type: ignore[no-any-return]

    newest = Crl(issuer_id=ISSUER.id, number=KEPT + 5, this_update=NOW, next_update=NOW, der=b"crl")
    for number in range(1, newest.number + 1):
        crl = replace(newest, number=number)
        await store.write(lambda tx, crl=crl: tx.crls.publish(crl))  # type: ignore[misc]
    assert await store.read(lambda tx: tx.crls.latest(ISSUER.id)) == newest
    assert await store.read(rows) == {"rows": KEPT}
