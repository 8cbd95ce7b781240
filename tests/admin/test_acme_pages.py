"""The ACME pages: accounts, tokens and external account keys."""

import re

from starlette.types import ASGIApp

from ca_core.access import external_account_keys
from ca_core.access.external_account_keys import ExternalAccountKeyRequest
from ca_core.model.external_accounts import ExternalAccountKeyStatus
from ca_core.model.products import Road
from ca_core.model.values import replace
from tests.access.people import Office
from tests.admin.visitor import Visitor
from tests.orders.workshop import CONSOLE
from tests.rest.shop import Shop, acme_account

NAUGHTY = '<script>alert(1)</script>\u202e"=cmd|'


async def test_accounts_are_shown_and_ended(office: Office, shop: Shop, alice: Visitor) -> None:
    """An operator who can not see or end an account can not stop a stolen client."""
    empty = await alice.see("/admin/acme")
    assert "No ACME account matches" in empty.text
    account = replace(acme_account(office.core, shop.product), contacts=("mailto:" + NAUGHTY,))
    await office.core.store.write(lambda tx: tx.accounts.add(account))
    shown = await alice.see("/admin/acme")
    assert account.id in shown.text
    assert "<script>alert" not in shown.html
    assert "[U+202E]" in shown.text
    ended = await alice.send(f"/admin/acme/accounts/{account.id}/end", {})
    assert ended.location == "/admin/acme?notice=account-ended"
    after = await alice.see(ended.location)
    assert "The account has ended" in after.text
    assert f"/admin/acme/accounts/{account.id}/end" not in after.links
    filtered = await alice.see("/admin/acme?status=valid")
    assert account.id not in filtered.text


async def test_another_client_s_accounts_are_not_there(office: Office, shop: Shop, bob: Visitor) -> None:
    """Abuse 46: an id that was guessed or overheard must open nothing."""
    account = acme_account(office.core, shop.product)
    await office.core.store.write(lambda tx: tx.accounts.add(account))
    assert account.id not in (await bob.see("/admin/acme")).text
    assert (await bob.send(f"/admin/acme/accounts/{account.id}/end", {})).status == 404


async def test_a_key_is_made_shown_once_and_revoked(office: Office, shop: Shop, chief: Visitor) -> None:
    """A secret that appears again leaks; one that never appears is of no use."""
    form = {"client": office.client_id, "product": shop.product.id, "comment": NAUGHTY}
    made = await chief.send("/admin/acme/keys", form)
    assert made.status == 201, made.text
    [found] = await external_account_keys.search(office.core, CONSOLE, before=None, limit=5)
    secret = re.search(r"--eab-hmac-key ([A-Za-z0-9_-]{43})", made.text)
    assert secret is not None
    assert f"-ExternalAccountKID {found.id} -ExternalAccountMACKey {secret[1]}" in made.text
    again = await chief.see("/admin/acme/keys")
    assert found.id in again.text
    assert secret[1] not in again.text
    assert "<script>alert" not in again.html
    revoked = await chief.send(f"/admin/acme/keys/{found.id}/revoke", {})
    assert revoked.location == "/admin/acme/keys?notice=key-revoked"
    [after] = await external_account_keys.search(office.core, CONSOLE, before=None, limit=5)
    assert after.status is ExternalAccountKeyStatus.REVOKED


async def test_another_client_s_keys_and_products_are_refused(admin: ASGIApp, office: Office, shop: Shop) -> None:
    """Abuse 46: nobody makes a key for a Client, or of a product, that is not his."""
    bob = await Visitor.of(admin, await office.person("bob-2", "ca-operator", office.other_id))
    request = ExternalAccountKeyRequest(client_id=office.client_id, product_ids=(shop.product.id,))
    key, _ = await external_account_keys.create(office.core, request, CONSOLE)
    assert key.id not in (await bob.see("/admin/acme/keys")).text
    assert (await bob.send(f"/admin/acme/keys/{key.id}/revoke", {})).status == 404
    for client in (office.client_id, office.other_id):
        refused = await bob.send("/admin/acme/keys", {"client": client, "product": shop.product.id})
        assert refused.status == 404, refused.text


async def test_tokens_are_searched(alice: Visitor) -> None:
    """What a filter does not know it must say, not ignore."""
    assert "No token matches" in (await alice.see("/admin/acme/tokens?domain=www.example.com&enrolled=yes")).text
    refused = await alice.see("/admin/acme/tokens?method=magic")
    assert refused.status == 400
    assert "choose one of the list" in refused.text


async def test_the_section_is_there_where_acme_is(office: Office, shop: Shop, alice: Visitor) -> None:
    """Who has nothing to do with ACME must not be bothered with it."""
    assert "/admin/acme" in (await alice.see("/admin/")).links
    without = replace(shop.product, version="without", roads=shop.product.roads - {Road.ACME})
    await office.core.store.write(lambda tx: tx.products.put(without))
    assert "/admin/acme" not in (await alice.see("/admin/")).links
