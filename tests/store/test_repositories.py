"""The contract of each repository, on SQLite and on PostgreSQL."""

# Writes are lambdas of one line here, and what they return does not matter.
# mypy: disable-error-code="func-returns-value"

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from ca_core.model.accounts import AccountStatus
from ca_core.model.audit import AuditRecord, Outcome
from ca_core.model.authorizations import AuthorizationStatus, CaaPermission, ChallengeStatus
from ca_core.model.certificates import (
    CertificateStatus,
    Crl,
    PlannedRevocation,
    Revocation,
    RevocationReason,
    RevokedSerial,
)
from ca_core.model.clients import ClientSettings
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.external_accounts import ExternalAccountBinding, ExternalAccountKey
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.issuers import OwnCertificate, OwnCertificateRole, SealedKey
from ca_core.model.jobs import JobState, JobType, TimerType
from ca_core.model.orders import OrderState
from ca_core.model.repositories.orders import OrderSearch
from ca_core.model.store import Transaction
from store.crls import KEPT
from store.database import Database, open_store
from store.statements import Statement
from store.tables import crls
from tests.store.samples import (
    ACCOUNT,
    ADDRESS,
    CLIENT,
    EXAMPLE,
    HOUR,
    ISSUER,
    NOW,
    PROBLEM,
    PRODUCT,
    add_basics,
    authorization,
    certificate,
    job,
    order,
)


@pytest.fixture
async def store(database: Database) -> Database:
    """A store with a Client, an issuer, a product and an account."""
    await database.write(add_basics)
    return database


async def refused(store: Database, write: Any) -> ErrorKind:
    """The kind of error with which the write is refused."""
    with pytest.raises(TriviumError) as error:
        await store.write(write)
    return error.value.kind


async def test_clients_products_issuers_and_accounts_come_back_as_they_went(store: Database) -> None:
    """A field that the store loses or changes would change policy, tenancy or keys without a trace."""

    def check(tx: Transaction) -> None:
        assert tx.clients.get(CLIENT.id) == CLIENT
        assert tx.clients.by_name("example") == CLIENT
        assert tx.clients.all() == [CLIENT]
        assert tx.issuers.get(ISSUER.id) == ISSUER
        assert tx.issuers.all() == [ISSUER]
        assert tx.products.get(PRODUCT.id) == PRODUCT
        assert tx.products.of_client(CLIENT.id) == [PRODUCT]
        assert tx.products.of_client("cli-none") == []
        assert tx.accounts.get(ACCOUNT.id) == ACCOUNT
        assert tx.accounts.by_thumbprint("thumb") == ACCOUNT
        assert tx.accounts.get("acc-none") is None

    await store.read(check)


async def test_accounts_keep_their_binding(store: Database) -> None:
    """An account would lose whose it is, and what its object must show (RFC 8555 section 7.1.2)."""
    binding = ExternalAccountBinding(key_id="eab-1", jws='{"protected":"x"}')
    bound = replace(ACCOUNT, id="acc-2", thumbprint="other", binding=binding)
    await store.write(lambda tx: tx.accounts.add(bound))
    saved = await store.write(lambda tx: tx.accounts.save(replace(bound, contacts=())))
    assert await store.read(lambda tx: tx.accounts.get("acc-2")) == saved == replace(bound, contacts=(), revision=1)


async def test_external_account_keys(store: Database, url: str) -> None:
    """A one-time key would be used at two workers, or a list would show secrets (rule 47)."""
    keys = [
        ExternalAccountKey(
            id=f"eab-{number}",
            client_id=CLIENT.id,
            product_ids=(PRODUCT.id, "pma-2"),
            reusable=False,
            comment="for the web team",
            created_by="operator:test",
            created_at=NOW,
        )
        for number in (1, 2, 3)
    ]
    for key in keys:
        await store.write(lambda tx, key=key: tx.external_account_keys.add(key, b"\x01sealed"))  # type: ignore[misc]
    assert await store.read(lambda tx: tx.external_account_keys.get("eab-1")) == keys[0]
    assert await store.read(lambda tx: tx.external_account_keys.sealed("eab-1")) == b"\x01sealed"
    assert await store.read(lambda tx: tx.external_account_keys.get("eab-9")) is None
    assert await store.read(lambda tx: tx.external_account_keys.sealed("eab-9")) is None

    other = open_store(url)
    used = replace(keys[0], used_at=NOW)
    saved = await store.write(lambda tx: tx.external_account_keys.save(used))
    assert await refused(other, lambda tx: tx.external_account_keys.save(used)) is ErrorKind.CONFLICT
    assert await other.read(lambda tx: tx.external_account_keys.get("eab-1")) == saved == replace(used, revision=1)
    other.close()

    async def page(client_ids: frozenset[str] | None, before: str | None = None, limit: int = 2) -> list[str]:
        found = await store.read(lambda tx: tx.external_account_keys.search(client_ids, before=before, limit=limit))
        return [key.id for key in found]

    assert await page(None) == await page(frozenset({CLIENT.id})) == ["eab-3", "eab-2"]
    assert await page(None, before="eab-2") == ["eab-1"]
    assert await page(frozenset({"cli-2"})) == await page(frozenset()) == []


async def test_a_client_is_saved_and_its_name_is_its_own(store: Database) -> None:
    """Two Clients of one name could not be told apart by operators."""
    changed = replace(CLIENT, suspended=True, settings=ClientSettings(require_eab=True))
    await store.write(lambda tx: tx.clients.save(changed))
    assert await store.read(lambda tx: tx.clients.get(CLIENT.id)) == changed
    assert await refused(store, lambda tx: tx.clients.add(replace(CLIENT, id="cli-2"))) is ErrorKind.CONFLICT


async def test_a_product_keeps_every_version(store: Database) -> None:
    """An order must be issued under the version it was placed with (fault F17)."""
    second = replace(PRODUCT, version="b" * 64, policy=replace(PRODUCT.policy, public=True))
    await store.write(lambda tx: tx.products.put(second))
    assert await store.read(lambda tx: tx.products.get(PRODUCT.id)) == second
    assert await store.read(lambda tx: tx.products.version(PRODUCT.id, "a" * 64)) == PRODUCT
    await store.write(lambda tx: tx.products.put(replace(PRODUCT, name="renamed")))
    assert await store.read(lambda tx: tx.products.all(frozenset({CLIENT.id}))) == [PRODUCT]
    assert await store.read(lambda tx: tx.products.all(frozenset())) == []
    assert len(await store.read(lambda tx: tx.products.all(None))) == 1


async def test_keys_and_own_certificates(store: Database) -> None:
    """The gateway would lose its own listener and responder keys."""
    key = SealedKey(id="key-1", algorithm="p256", spki=b"\x01", sealed=b"\x02\x00", created_at=NOW)
    own = OwnCertificate(
        role=OwnCertificateRole.OCSP_RESPONDER,
        issuer_id=ISSUER.id,
        certificate_id="crt-1",
        certificate=b"\x30",
        chain=(b"\x31",),
        key_id=key.id,
        not_after=NOW,
    )
    await store.write(lambda tx: (tx.issuers.add_key(key), tx.issuers.put_own_certificate(own)))
    newer = replace(own, certificate=b"\x32", not_after=NOW + HOUR)
    await store.write(lambda tx: tx.issuers.put_own_certificate(newer))
    assert await store.read(lambda tx: tx.issuers.key("key-1")) == key
    assert await store.read(lambda tx: tx.issuers.own_certificate(own.role, ISSUER.id)) == newer
    assert await store.read(lambda tx: tx.issuers.own_certificate(OwnCertificateRole.TLS_LISTENER, ISSUER.id)) is None


async def test_an_account_key_belongs_to_one_account(store: Database) -> None:
    """Two accounts of one key break newAccount's lookup and key change (RFC 8555 sections 7.3.1 and 7.3.5)."""
    twin = replace(ACCOUNT, id="acc-2")
    assert await refused(store, lambda tx: tx.accounts.add(twin)) is ErrorKind.CONFLICT
    other = replace(twin, thumbprint="other")
    await store.write(lambda tx: tx.accounts.add(other))
    stolen = replace(other, thumbprint=ACCOUNT.thumbprint)
    assert await refused(store, lambda tx: tx.accounts.save(stolen)) is ErrorKind.CONFLICT


async def test_an_account_is_saved_by_compare_and_set(store: Database) -> None:
    """A change made on an old reading would undo a deactivation."""
    saved = await store.write(lambda tx: tx.accounts.save(replace(ACCOUNT, status=AccountStatus.DEACTIVATED)))
    assert saved.revision == 1
    assert await store.read(lambda tx: tx.accounts.get(ACCOUNT.id)) == saved
    late = replace(ACCOUNT, contacts=("mailto:b@example.com",))
    assert await refused(store, lambda tx: tx.accounts.save(late)) is ErrorKind.CONFLICT


async def test_an_order_comes_back_and_is_saved_by_compare_and_set(store: Database) -> None:
    """One order could be taken by two finalizes (rule 5)."""
    placed = order()
    await store.write(lambda tx: tx.orders.add(placed))
    assert await store.read(lambda tx: tx.orders.get(placed.id)) == placed
    failed = replace(placed, state=OrderState.FAILED, csr=b"\x30\x00", error=PROBLEM, certificate_id="crt-1")
    saved = await store.write(lambda tx: tx.orders.save(failed))
    assert await store.read(lambda tx: tx.orders.get(placed.id)) == saved == replace(failed, revision=1)
    assert await refused(store, lambda tx: tx.orders.save(failed)) is ErrorKind.CONFLICT


async def test_orders_of_an_account_are_paged(store: Database) -> None:
    """The orders list would repeat or lose orders (RFC 8555 section 7.1.2.1)."""
    placed = [order() for _ in range(5)] + [order(account_id=None)]
    await store.write(lambda tx: [tx.orders.add(one) for one in placed])
    first = await store.read(lambda tx: tx.orders.of_account(ACCOUNT.id, after=None, limit=3))
    rest = await store.read(lambda tx: tx.orders.of_account(ACCOUNT.id, after=first[-1].id, limit=3))
    assert first + rest == placed[:5]


async def test_orders_are_searched(store: Database) -> None:
    """Operators would see orders of other Clients, or miss their own."""
    other = replace(CLIENT, id="cli-2", name="other")
    second = Identifier(type=IdentifierType.DNS, value="b.example.com")
    placed = [order(), order(state=OrderState.ISSUED, identifiers=(second, second)), order(client_id=other.id)]
    await store.write(lambda tx: (tx.clients.add(other), [tx.orders.add(one) for one in placed]))

    async def found(**query: Any) -> list[str]:
        orders = await store.read(lambda tx: tx.orders.search(OrderSearch(**query)))
        return [one.id for one in orders]

    ids = [one.id for one in placed]
    assert await found(client_ids=None) == ids[::-1]
    assert await found(client_ids=frozenset({CLIENT.id})) == [ids[1], ids[0]]
    assert await found(client_ids=frozenset()) == []
    assert await found(client_ids=None, states=frozenset({OrderState.ISSUED})) == [ids[1]]
    assert await found(client_ids=None, identifier=ADDRESS.value) == [ids[2], ids[0]]
    assert await found(client_ids=frozenset({other.id}), identifier=second.value) == []
    assert await found(client_ids=None, after=ids[2], limit=1) == [ids[1]]
    assert await found(client_ids=None, account_id="acc-none") == []


async def test_new_orders_of_an_authorization_and_expired_ones(store: Database) -> None:
    """An order would wait for ever for an authorization that is there, or beyond its expiry."""
    shown = authorization()
    waiting = order(authorization_ids=(shown.id, shown.id))
    done = order(authorization_ids=(shown.id,), state=OrderState.ISSUED)
    await store.write(lambda tx: (tx.authorizations.add([shown]), tx.orders.add(waiting), tx.orders.add(done)))
    assert await store.read(lambda tx: tx.orders.referring_to(shown.id)) == [waiting]
    assert await store.read(lambda tx: tx.orders.expired(NOW + HOUR, 10)) == [waiting]
    assert await store.read(lambda tx: tx.orders.expired(NOW, 10)) == []


async def test_authorizations_come_back_with_their_challenges(store: Database) -> None:
    """A client could not find the challenge it must answer."""
    many = [authorization() for _ in range(5)]
    await store.write(lambda tx: tx.authorizations.add(many))
    ids = [one.id for one in many]
    for count in range(6):
        wanted = ids[:count][::-1]
        assert await store.read(lambda tx, wanted=wanted: tx.authorizations.get_many(wanted)) == many[:count][::-1]  # type: ignore[misc]
    assert await store.read(lambda tx: tx.authorizations.get(ids[3])) == many[3]
    assert await store.read(lambda tx: tx.authorizations.by_challenge(many[2].challenges[1].id)) == many[2]
    assert await store.read(lambda tx: tx.authorizations.by_challenge("chl-none")) is None
    assert await refused(store, lambda tx: tx.authorizations.get_many([ids[0], "azn-none"])) is ErrorKind.NOT_FOUND


async def test_valid_authorizations_of_an_account_are_found_by_identifier(store: Database) -> None:
    """An authorization of another name, of the wildcard, or an expired one would be taken for this name (rule 50)."""
    wildcard = Identifier(type=IdentifierType.DNS, value="*.www.example.com")
    valid = AuthorizationStatus.VALID
    plain = authorization(status=valid)
    star = authorization(wildcard, status=valid)
    others = [
        authorization(),
        authorization(status=valid, expires_at=NOW),
        authorization(status=valid, account_id=None),
    ]
    await store.write(lambda tx: tx.authorizations.add([plain, star, *others]))

    async def found(*identifiers: Identifier) -> list[Any]:
        return list(await store.read(lambda tx: tx.authorizations.valid_for(ACCOUNT.id, identifiers, NOW)))

    assert await found(EXAMPLE) == [plain]
    assert await found(wildcard) == [star]
    assert await found(wildcard, EXAMPLE, ADDRESS) == [plain, star]
    assert await found(ADDRESS) == []
    assert await found() == []


async def test_authorizations_that_serve_an_order_are_the_accounts_and_its_clients(store: Database) -> None:
    """An order would be served by another account's or Client's control, or not by its own (rule 50)."""
    other = replace(ACCOUNT, id="acc-2", thumbprint="other")
    valid: dict[str, Any] = {"status": AuthorizationStatus.VALID}
    own = authorization(**valid, pre_authorized=True, product_id="pma-1", product_version="1")
    of_client = authorization(**valid, account_id=None)
    rows = [
        own,
        of_client,
        authorization(**valid, account_id="acc-2"),
        authorization(**valid, client_id="cli-2", account_id=None),
        authorization(**valid, wildcard=True),
        authorization(**valid, expires_at=NOW),
        authorization(),
        authorization(ADDRESS, **valid),
    ]
    await store.write(lambda tx: tx.clients.add(replace(CLIENT, id="cli-2", name="second")))
    await store.write(lambda tx: (tx.accounts.add(other), tx.authorizations.add(rows)))
    held = await store.read(lambda tx: tx.authorizations.held_for(CLIENT.id, ACCOUNT.id, [EXAMPLE], NOW))
    assert held == [own, of_client]
    assert await store.read(lambda tx: tx.authorizations.held_for(CLIENT.id, None, [EXAMPLE], NOW)) == [of_client]
    assert await store.read(lambda tx: tx.authorizations.held_for(CLIENT.id, ACCOUNT.id, [], NOW)) == []


async def test_authorization_and_challenge_are_saved_by_compare_and_set(store: Database) -> None:
    """A late validation would overwrite the result of another (rule 51)."""
    pending = authorization()
    await store.write(lambda tx: tx.authorizations.add([pending]))
    answered = replace(pending.challenges[0], status=ChallengeStatus.INVALID, validated_at=NOW, error=PROBLEM)
    permission = CaaPermission(at=NOW, identities=("ca.example", "other.example"), dnssec=True)
    invalid = replace(pending, status=AuthorizationStatus.INVALID, expires_at=NOW, caa=permission)
    await store.write(lambda tx: (tx.authorizations.save_challenge(answered), tx.authorizations.save(invalid)))
    expected = replace(invalid, revision=1, challenges=(replace(answered, revision=1), pending.challenges[1]))
    assert await store.read(lambda tx: tx.authorizations.get(pending.id)) == expected
    assert await refused(store, lambda tx: tx.authorizations.save(invalid)) is ErrorKind.CONFLICT
    assert await refused(store, lambda tx: tx.authorizations.save_challenge(answered)) is ErrorKind.CONFLICT


async def test_a_permission_stands_in_nobodys_way(store: Database) -> None:
    """Two orders that look CAA up for one authorization would hinder each other, or whoever deactivates it."""
    valid = authorization(status=AuthorizationStatus.VALID)
    await store.write(lambda tx: tx.authorizations.add([valid]))
    permission = CaaPermission(at=NOW, identities=("ca.example",), dnssec=False)
    await store.write(lambda tx: tx.authorizations.save_permission(valid.id, permission))
    expected = replace(valid, caa=permission)
    assert await store.read(lambda tx: tx.authorizations.get(valid.id)) == expected
    ended = replace(expected, status=AuthorizationStatus.DEACTIVATED)
    assert (await store.write(lambda tx: tx.authorizations.save(ended))).revision == valid.revision + 1


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


async def test_a_job_comes_back_and_is_found(store: Database) -> None:
    """Operators would read another job than the one that ran."""
    placed = order()
    finished = job(
        order_id=placed.id,
        parent_id="job-0",
        subject_id="chl-1",
        state=JobState.FAILED,
        waiting_for="challenge",
        scheduled_at=NOW,
        started_at=NOW,
        finished_at=NOW,
        executions=2,
        response={"x": "é"},
        error=PROBLEM,
        lease_owner="w",
        lease_until=NOW,
        fence=2,
    )
    running, timer = job(order_id=placed.id, subject_id="chl-1"), job(type=TimerType.CRL)
    await store.write(lambda tx: (tx.orders.add(placed), tx.jobs.add([finished, running, timer]), tx.jobs.add([])))
    assert await store.read(lambda tx: tx.jobs.get(finished.id)) == finished
    assert await store.read(lambda tx: tx.jobs.of_order(placed.id)) == [finished, running]
    kind = JobType.ISSUE_PRE_LINTING_JOB
    assert await store.read(lambda tx: tx.jobs.open_of_type(kind, "chl-1")) == running
    assert await store.read(lambda tx: tx.jobs.open_of_type(TimerType.CRL, None)) == timer
    assert await store.read(lambda tx: tx.jobs.open_of_type(kind, None)) is None


async def test_due_jobs_are_claimed_once_and_again_after_their_lease(store: Database) -> None:
    """A job would run twice at once, or never again after its worker died."""
    due = [job(), job(state=JobState.RETRY, due_at=NOW - HOUR), job(due_at=NOW - HOUR / 2)]
    others = [
        job(due_at=NOW + HOUR),
        job(state=JobState.RETRY, due_at=None),  # a stage: its order's job is the one that is due
        job(state=JobState.WAITING),
        job(state=JobState.SCHEDULE_REQUEST),
        job(state=JobState.SUCCESS),
    ]
    await store.write(lambda tx: tx.jobs.add([*due, *others]))

    async def claim(owner: str, now: Any, limit: int = 10) -> dict[str, Any]:
        until = now + timedelta(minutes=1)
        claimed = await store.write(lambda tx: tx.jobs.claim_due(owner=owner, now=now, lease_until=until, limit=limit))
        return {one.id: one for one in claimed}

    assert set(await claim("a", NOW, limit=1)) == {due[1].id}
    first = await claim("a", NOW)
    assert set(first) == {due[0].id, due[2].id}
    mine = first[due[0].id]
    assert (mine.state, mine.fence, mine.executions, mine.started_at) == (JobState.PROCESSING, 1, 1, NOW)
    assert (mine.lease_owner, mine.lease_until) == ("a", NOW + timedelta(minutes=1))
    assert await claim("b", NOW) == {}
    later = await claim("b", NOW + timedelta(minutes=1))
    assert set(later) == {one.id for one in due}
    assert later[mine.id].fence == 2
    assert await refused(store, lambda tx: tx.jobs.save(replace(mine, state=JobState.SUCCESS))) is ErrorKind.CONFLICT
    assert await refused(store, lambda tx: tx.jobs.renew(mine, NOW + HOUR)) is ErrorKind.CONFLICT
    await store.write(lambda tx: tx.jobs.renew(later[mine.id], NOW + 2 * HOUR))
    assert mine.id not in await claim("c", NOW + HOUR)
    done = replace(later[mine.id], state=JobState.SUCCESS, finished_at=NOW, response={"ok": True})
    await store.write(lambda tx: tx.jobs.save(done))
    assert await store.read(lambda tx: tx.jobs.get(mine.id)) == done
    assert await refused(store, lambda tx: tx.jobs.renew(done, NOW)) is ErrorKind.CONFLICT


async def test_one_job_is_claimed_whatever_its_due_time(store: Database) -> None:
    """The road that ends a waiting could not run on at once, or would run what another worker has."""
    waiting, running = job(state=JobState.WAITING), job(state=JobState.PROCESSING, lease_until=NOW)
    await store.write(lambda tx: tx.jobs.add([waiting, running]))

    async def claim(job_id: str) -> Any:
        return await store.write(lambda tx: tx.jobs.claim(job_id, owner="a", now=NOW, lease_until=NOW + HOUR))

    claimed = await claim(waiting.id)
    assert (claimed.id, claimed.state, claimed.fence) == (waiting.id, JobState.PROCESSING, 1)
    assert [await claim(waiting.id), await claim(running.id), await claim("job-none")] == [None, None, None]


async def test_a_waiting_job_is_woken_once(store: Database) -> None:
    """An order whose last authorization became valid would not go on."""
    waiting = job(state=JobState.WAITING, due_at=None)
    await store.write(lambda tx: tx.jobs.add([waiting]))
    assert [await store.write(lambda tx: tx.jobs.wake(waiting.id, NOW)) for _ in range(2)] == [True, False]
    claimed = await store.write(lambda tx: tx.jobs.claim_due(owner="a", now=NOW, lease_until=NOW + HOUR, limit=9))
    assert [(one.id, one.due_at) for one in claimed] == [(waiting.id, NOW)]


async def test_only_finished_timers_are_purged(store: Database) -> None:
    """Jobs that operators read would vanish, or timers pile up for ever."""
    placed = order()
    over = {"state": JobState.SUCCESS, "finished_at": NOW}
    gone = job(type=TimerType.HOURLY, **over)
    kept = [job(**over), job(order_id=placed.id, **over), job(type=TimerType.HOURLY)]
    await store.write(lambda tx: (tx.orders.add(placed), tx.jobs.add([gone, *kept])))
    assert await store.write(lambda tx: tx.jobs.purge_timers(NOW)) == 0
    assert await store.write(lambda tx: tx.jobs.purge_timers(NOW + HOUR)) == 1
    assert await store.read(lambda tx: [tx.jobs.get(one.id) for one in [gone, *kept]]) == [None, *kept]


async def test_audit_records_come_back_in_sequence(store: Database) -> None:
    """The auditor would read another story than the one that happened (rule 89)."""
    records = [
        AuditRecord(
            id=f"aud-{index}",
            at=NOW + timedelta(microseconds=index),
            actor="operator:me",
            client_id=CLIENT.id if index else None,
            action="order.place",
            object_id="ord-1",
            outcome=Outcome.REFUSED,
            details={"b": "é", "a": [1, {"z": None}]},
        )
        for index in range(3)
    ]
    await store.write(lambda tx: (tx.audit.append(records[:2]), tx.audit.append(records[2:]), tx.audit.append([])))
    assert await store.read(lambda tx: tx.audit.get("aud-1")) == records[1]
    assert await store.read(lambda tx: tx.audit.get("aud-none")) is None
    assert await store.read(lambda tx: tx.audit.of_object("ord-1", 2)) == [records[2], records[1]]
    assert await store.read(lambda tx: tx.audit.latest()) == records[2]


async def test_a_value_is_used_once_until_it_is_forgotten(store: Database) -> None:
    """A nonce could be replayed (rule 38)."""

    async def consume(kind: str, value: str) -> bool:
        return await store.write(lambda tx: tx.once.consume(kind, value, NOW + HOUR))

    assert [await consume("nonce", "a"), await consume("nonce", "a"), await consume("eab", "a")] == [True, False, True]
    assert await store.write(lambda tx: tx.once.purge(NOW, 10)) == 0
    assert await store.write(lambda tx: tx.once.purge(NOW + HOUR, 1)) == 1
    assert await store.write(lambda tx: tx.once.purge(NOW + HOUR, 10)) == 1


async def test_a_blocked_key_keeps_its_first_reason(store: Database) -> None:
    """A compromised key could be used again (rules 25, 26)."""
    await store.write(lambda tx: tx.blocked_keys.add(b"\x01" * 32, "compromised", NOW))
    await store.write(lambda tx: tx.blocked_keys.add(b"\x01" * 32, "other", NOW))
    assert await store.read(lambda tx: tx.blocked_keys.reason(b"\x01" * 32)) == "compromised"
    assert await store.read(lambda tx: tx.blocked_keys.reason(b"\x02" * 32)) is None


async def test_text_that_cannot_be_stored_is_the_callers_fault(store: Database) -> None:
    """A lone surrogate in a request would be answered as an error of the server."""
    kind = await refused(store, lambda tx: tx.once.consume("nonce", "\ud800", NOW))
    assert kind is ErrorKind.MALFORMED
    assert await refused(store, lambda tx: tx.orders.add(order(comment="\ud800"))) is ErrorKind.MALFORMED


async def test_a_row_that_refers_to_nothing_is_refused(store: Database) -> None:
    """An order of no Client would belong to nobody."""
    assert await refused(store, lambda tx: tx.orders.add(order(client_id="cli-none"))) is ErrorKind.INTERNAL
