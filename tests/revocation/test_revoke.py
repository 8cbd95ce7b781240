"""Revocation: who may, why, and once."""

import asyncio
from datetime import timedelta

import pytest
from cryptography import x509

from ca_core.model.certificates import Certificate, CertificateStatus, RevocationReason
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import Job, JobState, TimerType
from ca_core.model.orders import OrderState
from ca_core.model.permissions import Permission
from ca_core.model.principals import ANONYMOUS, SYSTEM, Principal, PrincipalKind
from ca_core.model.store import Transaction
from ca_core.orders import worker
from ca_core.orders.timers import CRL_INTERVAL
from ca_core.revocation.crl import publish_crl
from ca_core.revocation.revoke import revoke, revoke_by_id, revoke_in
from tests.revocation.installation import CLIENT, ISSUER_ID, Installation

UNSPECIFIED = RevocationReason.UNSPECIFIED


def _der(certificate: Certificate) -> bytes:
    assert certificate.der is not None
    return certificate.der


async def _refused(
    installation: Installation, certificate: Certificate, principal: Principal, reason: int = 0
) -> TriviumError:
    """Return what the revocation is refused with, having seen that it changed nothing."""
    with pytest.raises(TriviumError) as error:
        await revoke(installation.core, _der(certificate), reason, principal)
    assert await installation.store.read(lambda tx: tx.certificates.get(certificate.id)) == certificate
    return error.value


async def _open_crl_job(installation: Installation) -> Job | None:
    return await installation.store.read(lambda tx: tx.jobs.open_of_type(TimerType.CRL, ISSUER_ID))


async def test_one_of_a_hundred_revocations_wins(installation: Installation) -> None:
    """If this fails, a revocation date is rewritten or a second caller is told that it revoked (rule 79, F12)."""
    certificate = await installation.issue()

    async def attempt(number: int) -> Certificate | ErrorKind:
        installation.clock.advance(seconds=1)
        reason = RevocationReason.SUPERSEDED if number % 2 else UNSPECIFIED
        try:
            return await revoke(installation.core, _der(certificate), reason, SYSTEM)
        except TriviumError as error:
            return error.kind

    outcomes = await asyncio.gather(*(attempt(number) for number in range(100)))
    winners = [outcome for outcome in outcomes if isinstance(outcome, Certificate)]
    assert len(winners) == 1
    assert [outcome for outcome in outcomes if outcome is ErrorKind.ALREADY_REVOKED] == [ErrorKind.ALREADY_REVOKED] * 99
    stored = await installation.store.read(lambda tx: tx.certificates.get(certificate.id))
    assert stored is not None
    assert (stored.status, stored.revocation) == (CertificateStatus.REVOKED, winners[0].revocation)


async def test_two_hundred_revocations_at_once_all_win(installation: Installation) -> None:
    """If this fails, revocations of different certificates stand in each other's way (F12)."""
    certificates = [await installation.issue() for _ in range(200)]
    revoked = await asyncio.gather(*(revoke(installation.core, _der(one), 4, SYSTEM) for one in certificates))
    assert {one.status for one in revoked} == {CertificateStatus.REVOKED}
    entries = await installation.store.read(lambda tx: tx.certificates.revoked(ISSUER_ID, installation.clock.now()))
    assert {entry.serial for entry in entries} == {one.serial for one in certificates}


@pytest.mark.parametrize("words", [{"requestor": "x" * 257}, {"requestor": "a\nb"}, {"comment": "x" * 4097}])
async def test_the_words_of_a_revocation_are_bounded(installation: Installation, words: dict[str, str]) -> None:
    """One field of a form would fill the audit log, or forge a line of it."""
    certificate = await installation.issue()
    with pytest.raises(TriviumError) as refused:
        await revoke_by_id(installation.core, certificate.id, UNSPECIFIED, SYSTEM, **words)
    assert refused.value.kind is ErrorKind.MALFORMED
    longest = {"requestor": "x" * 256, "comment": "x" * 4096}
    revoked = await revoke_by_id(installation.core, certificate.id, UNSPECIFIED, SYSTEM, **longest)
    assert revoked.status is CertificateStatus.REVOKED


async def test_everything_that_follows_is_in_the_same_transaction(installation: Installation) -> None:
    """If this fails, order, audit log, blocked keys or CRL do not follow the revocation (rules 26, 81, 89)."""
    account = await installation.add_account(1)
    certificate = await installation.issue(account=account.id)
    revoked = await revoke(installation.core, _der(certificate), RevocationReason.KEY_COMPROMISE, account)
    assert revoked.revocation is not None
    assert (revoked.revocation.reason, revoked.revocation.revoked_by) == (1, "acme-account:acc-1")

    def look(tx: Transaction) -> tuple[object, ...]:
        order = tx.orders.get(certificate.order_id)
        (record,) = tx.audit.of_object(certificate.id, 10)
        assert order is not None
        return order.state, tx.blocked_keys.reason(certificate.spki_sha256), record.action, record.details["reason"]

    assert await installation.store.read(look) == (
        OrderState.REVOKED,
        "keyCompromise",
        "certificate.revoke",
        "keyCompromise",
    )
    job = await _open_crl_job(installation)
    assert job is not None
    assert (job.state, job.due_at) == (JobState.PENDING, installation.clock.now())


async def test_a_revocation_moves_the_waiting_crl_job_forward(installation: Installation) -> None:
    """If this fails, a revocation stands on the CRL only after days (rule 81), or each one makes a CRL of its own."""
    certificates = [await installation.issue() for _ in range(3)]
    now = installation.clock.now()
    installation.clock.advance(days=3)
    later = installation.clock.now()
    installation.clock.advance(days=-3)
    timer = Job(
        id="job-1", type=TimerType.CRL, state=JobState.PENDING, created_at=now, due_at=later, subject_id=ISSUER_ID
    )
    await installation.store.write(lambda tx: tx.jobs.add([timer]))
    for certificate in certificates:
        await revoke(installation.core, _der(certificate), UNSPECIFIED, SYSTEM)
    claimed = await installation.store.write(
        lambda tx: tx.jobs.claim_due(owner="test", now=now, lease_until=later, limit=10)
    )
    assert [job.id for job in claimed] == ["job-1"]


async def test_revocations_while_a_crl_is_made_share_the_next_one(installation: Installation) -> None:
    """If this fails, a revocation misses the CRL that is being made and no other follows, or each has its own (I5)."""
    certificates = [await installation.issue() for _ in range(4)]
    now = installation.clock.now()

    async def claim() -> list[Job]:
        return await installation.store.write(
            lambda tx: tx.jobs.claim_due(owner="test", now=now, lease_until=now + timedelta(minutes=1), limit=10)
        )

    await revoke(installation.core, _der(certificates[0]), UNSPECIFIED, SYSTEM)
    assert len(await claim()) == 1
    for certificate in certificates[1:]:
        await revoke(installation.core, _der(certificate), UNSPECIFIED, SYSTEM)
    assert await claim() == []
    now += CRL_INTERVAL
    assert len(await claim()) == 1


async def test_many_revocations_share_a_crl_every_ten_seconds(installation: Installation) -> None:
    """If this fails, each of a thousand revocations makes a CRL of them all, or one misses its CRL (rule 81)."""
    published = []
    for _ in range(40):
        certificate = await installation.issue()
        await revoke(installation.core, _der(certificate), UNSPECIFIED, SYSTEM)
        await worker.run_due(installation.core)
        crl = await installation.store.read(lambda tx: tx.crls.latest(ISSUER_ID))
        assert crl is not None
        published.append(crl.number)
        installation.clock.advance(seconds=1)
    assert len(set(published)) == 4
    installation.clock.advance(seconds=10)
    await worker.run_due(installation.core)
    last = await installation.store.read(lambda tx: tx.crls.latest(ISSUER_ID))
    assert last is not None
    assert len(x509.load_der_x509_crl(last.der)) == 40


async def test_a_clock_that_went_back_delays_no_crl(installation: Installation) -> None:
    """If this fails, a corrected clock keeps revocations off the CRL for as long as it was wrong (rule 81)."""
    await publish_crl(installation.core, ISSUER_ID)
    installation.clock.advance(days=-1)
    certificate = await installation.issue()
    await revoke(installation.core, _der(certificate), UNSPECIFIED, SYSTEM)
    job = await _open_crl_job(installation)
    assert job is not None
    assert job.due_at == installation.clock.now() + CRL_INTERVAL


@pytest.mark.parametrize("reason", [2, 6, 7, 8, 10, 11, -1, 1 << 70])
async def test_a_reason_subscribers_cannot_give_is_refused(installation: Installation, reason: int) -> None:
    """If this fails, a CRL says what no end-entity certificate can be (RFC 8555 section 7.6, rule 83)."""
    error = await _refused(installation, await installation.issue(), SYSTEM, reason)
    assert error.kind is ErrorKind.BAD_REASON
    assert "0 (unspecified), 1 (keyCompromise), 3 (affiliationChanged)" in error.detail


async def test_the_account_of_the_order_may_and_another_may_not(installation: Installation) -> None:
    """If this fails, any account revokes any certificate, or a subscriber not its own (RFC 8555 section 7.6)."""
    owner, other = await installation.add_account(1), await installation.add_account(2, "other.example.com")
    certificate = await installation.issue(account=owner.id)
    assert (await _refused(installation, certificate, other)).kind is ErrorKind.FORBIDDEN
    assert (await revoke(installation.core, _der(certificate), 4, owner)).status is CertificateStatus.REVOKED


async def test_an_account_that_holds_all_authorizations_may(installation: Installation) -> None:
    """If this fails, a domain's new holder cannot revoke (RFC 8555 section 7.6), or half its names will do."""
    names = ("a.example.com", "*.b.example.com")
    owner = await installation.add_account(1)
    half = await installation.add_account(2, "a.example.com", "b.example.com")
    holder = await installation.add_account(3, *names)
    certificate = await installation.issue(*names, account=owner.id)
    assert (await _refused(installation, certificate, half)).kind is ErrorKind.FORBIDDEN
    compromise = await _refused(installation, certificate, holder, RevocationReason.KEY_COMPROMISE)
    assert compromise.kind is ErrorKind.BAD_REASON, "who holds the names may not have the key blocked everywhere"
    assert (await revoke(installation.core, _der(certificate), 5, holder)).status is CertificateStatus.REVOKED


async def test_expired_authorizations_do_not_count(installation: Installation) -> None:
    """If this fails, who once held a domain can revoke its present holder's certificates."""
    former = await installation.add_account(1, "www.example.com")
    installation.clock.advance(days=8)
    certificate = await installation.issue("www.example.com")
    assert (await _refused(installation, certificate, former)).kind is ErrorKind.FORBIDDEN


async def test_the_certificates_own_key_may(installation: Installation) -> None:
    """If this fails, who holds a leaked key cannot report it, or another key revokes (RFC 8555 section 7.6)."""
    certificate = await installation.issue()
    right = Principal(kind=PrincipalKind.CERTIFICATE_KEY, id=certificate.spki_sha256.hex())
    wrong = Principal(kind=PrincipalKind.CERTIFICATE_KEY, id="00" * 32)
    assert (await _refused(installation, certificate, wrong)).kind is ErrorKind.FORBIDDEN
    revoked = await revoke(installation.core, _der(certificate), RevocationReason.KEY_COMPROMISE, right)
    assert revoked.status is CertificateStatus.REVOKED


def user(*permissions: Permission) -> Principal:
    """Return a user with these permissions for the Client."""
    return Principal(kind=PrincipalKind.API_USER, id="usr-3", permissions={CLIENT: frozenset(permissions)})


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [
        (Principal(kind=PrincipalKind.OPERATOR, id="console"), True),
        (Principal(kind=PrincipalKind.OPERATOR, id="usr-1", client_id=CLIENT), True),
        (Principal(kind=PrincipalKind.OPERATOR, id="usr-2", client_id="cli-2"), False),
        (user(Permission.ORDER_VIEW, Permission.CERTIFICATE_DELETE), True),
        (user(Permission.ORDER_VIEW), False),
        (Principal(kind=PrincipalKind.CMC_CLIENT, id="cmc-1", client_id=CLIENT), False),
        (ANONYMOUS, False),
    ],
)
async def test_operators_may_for_their_clients(
    installation: Installation, principal: Principal, *, allowed: bool
) -> None:
    """If this fails, an operator revokes another Client's certificates, or an unlisted kind may (rules 77, 78)."""
    certificate = await installation.issue()
    if allowed:
        revoked = await revoke_by_id(installation.core, certificate.id, UNSPECIFIED, principal)
        assert revoked.status is CertificateStatus.REVOKED
    else:
        assert (await _refused(installation, certificate, principal)).kind is ErrorKind.FORBIDDEN


async def test_ids_of_others_and_of_nothing_look_alike(installation: Installation) -> None:
    """If this fails, an operator learns which ids another Client has, or revokes what was never issued."""
    stranger = Principal(kind=PrincipalKind.OPERATOR, id="usr-2", client_id="cli-2")
    certificate = await installation.issue()
    intended = await installation.issue(state=OrderState.ISSUE, status=CertificateStatus.INTENDED)
    answers = set()
    for certificate_id, principal in ((certificate.id, stranger), ("crt-none", stranger), (intended.id, SYSTEM)):
        with pytest.raises(TriviumError) as error:
            await revoke_by_id(installation.core, certificate_id, UNSPECIFIED, principal)
        answers.add((error.value.kind, error.value.detail))
    assert {kind for kind, _ in answers} == {ErrorKind.NOT_FOUND}
    assert len(answers) == 1


async def test_a_certificate_of_another_ca_is_not_found(installation: Installation) -> None:
    """If this fails, bytes that are no certificate of ours get another answer (RFC 8555 section 7.6)."""
    for der in (b"", b"\x00", installation.root, b"\x30" * 70_000):
        with pytest.raises(TriviumError) as error:
            await revoke(installation.core, der, UNSPECIFIED, SYSTEM)
        assert error.value.kind is ErrorKind.NOT_FOUND


async def test_the_pipeline_revokes_without_touching_the_order(installation: Installation) -> None:
    """If this fails, an order that failed after ISSUE is shown as revoked, or its certificate stays good (rule 7)."""
    certificate = await installation.issue(state=OrderState.POST_VALIDATION)
    revoked = await installation.store.write(
        lambda tx: revoke_in(tx, installation.core.sources, certificate, UNSPECIFIED, SYSTEM)
    )
    order = await installation.store.read(lambda tx: tx.orders.get(certificate.order_id))
    assert order is not None
    assert (revoked.status, order.state) == (CertificateStatus.REVOKED, OrderState.POST_VALIDATION)
    assert await _open_crl_job(installation) is not None


async def test_an_abandoned_serial_counts_as_revoked(installation: Installation) -> None:
    """If this fails, a serial that was given up gets a second revocation date (rules 3 and 79)."""
    abandoned = await installation.issue(state=OrderState.FAILED, status=CertificateStatus.ABANDONED)
    with pytest.raises(TriviumError) as error:
        await revoke_by_id(installation.core, abandoned.id, UNSPECIFIED, SYSTEM)
    assert error.value.kind is ErrorKind.ALREADY_REVOKED
