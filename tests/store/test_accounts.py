"""What Clients, products, issuers, accounts and their keys are in the store, on SQLite and on PostgreSQL."""

# Writes are lambdas of one line here, and what they return does not matter.
# mypy: disable-error-code="func-returns-value"

from dataclasses import replace

from ca_core.model.accounts import AccountStatus
from ca_core.model.clients import ClientSettings
from ca_core.model.errors import ErrorKind
from ca_core.model.external_accounts import ExternalAccountBinding, ExternalAccountKey
from ca_core.model.issuers import OwnCertificate, OwnCertificateRole, SealedKey
from ca_core.model.store import Transaction
from store.database import Database, open_store
from tests.store.refused import refused
from tests.store.samples import (
    ACCOUNT,
    CLIENT,
    HOUR,
    ISSUER,
    NOW,
    PRODUCT,
)


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
