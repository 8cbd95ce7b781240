"""What follows when a key is reported compromised: no certificate of it stays, nobody uses it again (rule 26)."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ca_core.access.account_keys import thumbprint
from ca_core.model.accounts import Account, AccountStatus
from ca_core.model.certificates import Certificate, CertificateStatus, RevocationReason
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.orders import OrderState
from ca_core.model.principals import SYSTEM
from ca_core.model.store import Transaction
from ca_core.orders import worker
from ca_core.revocation.revoke import revoke_by_id, revoke_in
from ca_core.revocation.schedule import MOST_AT_ONCE
from tests.revocation.installation import CLIENT, ISSUER_ID, Installation

COMPROMISED = RevocationReason.KEY_COMPROMISE


def new_key() -> ec.EllipticCurvePrivateKey:
    """Make a key."""
    return ec.generate_private_key(ec.SECP256R1())


async def stored(installation: Installation, *certificates: Certificate) -> list[Certificate]:
    """Return the certificates as the store has them."""

    def read(tx: Transaction) -> list[Certificate]:
        return [found for one in certificates if (found := tx.certificates.get(one.id))]

    return await installation.store.read(read)


async def test_the_keys_other_certificates_are_revoked_with_it(installation: Installation) -> None:
    """A compromised key would go on to serve under its other names, whoever ordered them (BR 4.9.1.1 (3))."""
    key = new_key()
    account = await installation.add_account(1)
    reported, *siblings = [
        await installation.issue(f"{name}.example.com", key=key, account=account.id) for name in "abc"
    ]
    other = await installation.issue("d.example.com", key=new_key())
    await revoke_by_id(installation.core, reported.id, COMPROMISED, SYSTEM)
    for sibling in await stored(installation, *siblings):
        assert sibling.status is CertificateStatus.REVOKED
        assert sibling.revocation is not None
        assert (sibling.revocation.reason, sibling.revocation.revoked_by) == (COMPROMISED, SYSTEM.actor)

    def look(tx: Transaction) -> None:
        for sibling in siblings:
            order = tx.orders.get(sibling.order_id)
            (record,) = tx.audit.of_object(sibling.id, 10)
            assert order is not None
            assert order.state is OrderState.REVOKED
            assert record.action == "certificate.revoke"
            assert record.details["reason"] == "keyCompromise"
            assert record.details["keyOf"] == reported.id
        serials = {one.serial for one in tx.certificates.revoked(ISSUER_ID, installation.clock.now())}
        assert serials == {one.serial for one in (reported, *siblings)}

    await installation.store.read(look)
    [untouched] = await stored(installation, other)
    assert untouched == other


@pytest.mark.parametrize("reason", [reason for reason in (0, 3, 4, 5, 9) if reason != COMPROMISED])
async def test_other_reasons_are_about_one_certificate(installation: Installation, reason: int) -> None:
    """A certificate that was replaced would take its successor with the same key along."""
    key = new_key()
    first, second = [await installation.issue(f"{name}.example.com", key=key) for name in "ab"]
    await revoke_by_id(installation.core, first.id, reason, SYSTEM)
    assert await stored(installation, second) == [second]
    assert await installation.store.read(lambda tx: tx.blocked_keys.reason(first.spki_sha256)) is None


async def test_siblings_that_were_revoked_before_keep_their_date(installation: Installation) -> None:
    """Rule 79: a revocation would be rewritten, or stand in the way of the report."""
    key = new_key()
    first, second = [await installation.issue(f"{name}.example.com", key=key) for name in "ab"]
    before = await revoke_by_id(installation.core, first.id, RevocationReason.SUPERSEDED, SYSTEM)
    installation.clock.advance(hours=1)
    await revoke_by_id(installation.core, second.id, COMPROMISED, SYSTEM)
    assert await stored(installation, first) == [before]


async def test_very_many_certificates_are_revoked_by_and_by(installation: Installation) -> None:
    """A key in thousands of certificates would hold up everybody's writes, or keep some of them."""
    key = new_key()
    certificates = [
        await installation.issue(f"n{number}.example.com", key=key) for number in range(2 * MOST_AT_ONCE + 4)
    ]
    await revoke_by_id(installation.core, certificates[0].id, COMPROMISED, SYSTEM)

    async def left() -> int:
        found = await stored(installation, *certificates)
        return sum(one.status is CertificateStatus.ISSUED for one in found)

    assert await left() == MOST_AT_ONCE + 3
    await worker.run_due(installation.core)
    assert await left() == 2
    await worker.run_due(installation.core)
    assert await left() == 0
    final = await stored(installation, *certificates)
    assert {one.revocation.reason for one in final if one.revocation} == {COMPROMISED}


async def test_an_account_with_the_key_ends(installation: Installation) -> None:
    """Whoever holds the compromised key could go on ordering certificates with it."""
    key = new_key()
    account = Account(
        id="acc-key",
        client_id=CLIENT,
        product_id="pma-tls",
        status=AccountStatus.VALID,
        jwk="{}",
        thumbprint=thumbprint(key.public_key()) or "",
        contacts=(),
        terms_agreed=True,
        created_at=installation.clock.now(),
    )
    await installation.store.write(lambda tx: tx.accounts.add(account))
    certificate = await installation.issue(key=key)
    await revoke_by_id(installation.core, certificate.id, COMPROMISED, SYSTEM)
    ended = await installation.store.read(lambda tx: tx.accounts.get(account.id))
    assert ended is not None
    assert ended.status is AccountStatus.REVOKED
    [record] = await installation.store.read(lambda tx: tx.audit.of_object(account.id, 10))
    assert (record.action, record.details["keyOf"]) == ("account.revoke", certificate.id)


async def test_a_report_is_whole_or_not_at_all(installation: Installation) -> None:
    """A crash in the middle would leave siblings that nobody revokes any more."""
    key = new_key()
    first, second = [await installation.issue(f"{name}.example.com", key=key) for name in "ab"]

    def fail(tx: Transaction) -> None:
        revoke_in(tx, installation.core.sources, first, COMPROMISED, SYSTEM)
        raise TriviumError(ErrorKind.INTERNAL, "The end of the world.")

    with pytest.raises(TriviumError):
        await installation.store.write(fail)
    assert await stored(installation, first, second) == [first, second]
    assert await installation.store.read(lambda tx: tx.blocked_keys.reason(first.spki_sha256)) is None
