"""The account page: what one is, says of oneself and may do, and one's API keys."""

import re

from starlette.types import ASGIApp

from ca_core.access import api_keys, roles, users
from ca_core.access.tokens import authenticate
from ca_core.model.permissions import Permission
from ca_core.model.users import ApiKey, Role
from tests.access.people import ADDRESS, Office, Person
from tests.admin.visitor import Shown, Visitor
from tests.orders.workshop import CONSOLE

HOSTILE = "<script>alert(1)</script>\u202egpj.exe"


async def test_it_says_who_one_is_and_what_one_may_do(alice: Visitor, office: Office) -> None:
    """Somebody who cannot see his rights asks others for what he has, or for what he does not need."""
    page = await alice.see("/admin/account")
    assert page.status == 200
    for said in ("alice", "ra-operator", "default", "Permissions of ra-operator"):
        assert said in page.text, said
    assert "Nobody changes his own" in page.text
    assert 'name="permission"' not in page.html
    assert office.alice.key.secret not in page.html


async def test_what_one_says_of_oneself_is_kept_and_the_page_speaks_the_language(alice: Visitor) -> None:
    """A user would read a language that he did not choose, or get mails that he muted."""
    fields = {"first_name": "Alice", "last_name": HOSTILE, "title": "Dr", "language": "de", "mute": "yes"}
    refused = await alice.send("/admin/account", fields)
    assert (refused.status, '<html lang="en">' in refused.html) == (400, True)
    assert "printable" in refused.text
    assert re.search(r"err-[0-9a-f-]{36}", refused.text)
    assert 'value="Dr"' in refused.html
    assert "<script>alert" not in refused.html
    sent = await alice.send("/admin/account", fields | {"last_name": "Miller"})
    assert sent.location == "/admin/account?notice=saved"
    page = await alice.see(sent.location)
    assert '<html lang="de">' in page.html
    assert 'value="Miller"' in page.html
    kept = await users.get(alice.person.core, "alice", CONSOLE)
    assert (kept.personal.last_name, kept.personal.language, kept.personal.mute) == ("Miller", "de", True)


async def test_without_the_permission_nothing_is_changed(admin: ASGIApp, office: Office) -> None:
    """What is fixed by whoever looks after users must not be changed by its owner (abuse 47)."""
    looker = await visitor_with(admin, office, Permission.OWN_ACCOUNT_VIEW)
    page = await looker.see("/admin/account")
    assert page.status == 200
    assert "OWN_ACCOUNT_UPDATE" in page.text
    assert page.links.count("/admin/account") == 1, "the link in the bar, and no form"
    refused = await looker.send("/admin/account", {"first_name": "X", "language": "en"}, seen=page)
    assert refused.status == 403
    assert (await users.get(office.core, looker.person.user.name, CONSOLE)).personal.first_name == ""


async def test_a_key_is_made_and_shown_once(alice: Visitor, office: Office) -> None:
    """A key that can be read again can be read by somebody else (rule 52)."""
    made = await alice.send(
        "/admin/api-keys/alice", {"client": office.client_id, "networks": f"{ADDRESS}/32, 10.0.0.0/8"}
    )
    assert made.status == 201
    secret = secret_on(made)
    [key] = [one for one in await keys_of(office.alice) if one.id != office.alice.key.key.id]
    assert key.networks == ("10.0.0.0/8", f"{ADDRESS}/32")
    assert (await authenticate(office.core, office.alice.token(secret=secret), ADDRESS)).credential_id == key.id
    for address in ("/admin/account", f"/admin/api-keys/alice/{key.id}"):
        page = await alice.see(address)
        assert (page.status, key.id in page.text, secret in page.html) == (200, True, False)


async def test_what_is_no_network_is_said_and_kept_in_the_form(alice: Visitor, office: Office) -> None:
    """Whoever mistypes one of ten networks would type all of them again."""
    refused = await alice.send("/admin/api-keys/alice", {"client": office.client_id, "networks": "10.0.0.0/8 moon"})
    assert refused.status == 400
    assert "moon" in refused.text
    assert ">10.0.0.0/8 moon</textarea>" in refused.html
    assert len(await keys_of(office.alice)) == 1


async def test_a_renewed_key_has_a_successor_and_works_for_seven_days(alice: Visitor, office: Office) -> None:
    """Programs would stop between the new key and their change to it."""
    [old] = await keys_of(office.alice)
    renewed = await alice.send(f"/admin/api-keys/alice/{old.id}/renew", {})
    assert renewed.status == 201
    fresh = secret_on(renewed)
    assert fresh != office.alice.key.secret
    for secret in (fresh, office.alice.key.secret):
        assert await authenticate(office.core, office.alice.token(secret=secret), ADDRESS)
    page = await alice.see(f"/admin/api-keys/alice/{old.id}")
    assert "renewed" in page.text
    assert f"/admin/api-keys/alice/{old.id}/renew" not in page.links
    again = await alice.send(f"/admin/api-keys/alice/{old.id}/renew", {})
    assert again.status == 409


async def test_networks_are_taken_away_by_the_owner_and_added_by_who_looks_after_users(
    alice: Visitor, chief: Visitor, office: Office
) -> None:
    """A stolen session must not free a key of the networks that it is bound to."""
    [key] = await keys_of(office.alice)
    path = f"/admin/api-keys/alice/{key.id}"
    target = f"{path}/networks"
    saved = await alice.change(path, {"networks": "10.0.0.0/8"}, target=target)
    assert saved.location == f"{path}?notice=saved"
    refused = await alice.change(path, {"networks": "10.0.0.0/8\n192.0.2.0/24"}, target=target)
    assert (refused.status, "USER_UPDATE" in refused.text) == (403, True)
    assert (await chief.change(path, {"networks": ""}, target=target)).location == f"{path}?notice=saved"
    assert (await keys_of(office.alice))[0].networks == ()


async def test_a_key_is_suspended_by_its_owner_and_resumed_by_another(
    alice: Visitor, chief: Visitor, office: Office
) -> None:
    """A key that leaks at night is stopped by its owner; whoever holds the owner's session must not undo it."""
    [key] = await keys_of(office.alice)
    path = f"/admin/api-keys/alice/{key.id}"
    assert (await alice.send(f"{path}/suspend", {"reason": " "})).status == 400
    await alice.send(f"{path}/suspend", {"reason": HOSTILE[:25]})
    page = await alice.see(path)
    assert "<script>alert(1)</script>" in page.text
    assert "<script>alert" not in page.html
    assert f"{path}/resume" not in page.links
    assert (await alice.send(f"{path}/resume", {})).status == 403
    assert (await chief.send(f"{path}/resume", {})).location == f"{path}?notice=key-resumed"
    assert (await keys_of(office.alice))[0].suspended is None


async def test_only_the_operator_of_the_ca_deletes_a_key(alice: Visitor, chief: Visitor, office: Office) -> None:
    """Deleting ends a key without a trace of it in the list, so it is reserved."""
    [key] = await keys_of(office.alice)
    path = f"/admin/api-keys/alice/{key.id}"
    assert f"{path}/delete" not in (await alice.see(path)).links
    assert (await alice.send(f"{path}/delete", {})).status == 403
    assert f"{path}/delete" in (await chief.see(path)).links
    assert (await chief.send(f"{path}/delete", {})).location == "/admin/users/alice?notice=key-deleted"
    assert await keys_of(office.alice) == []
    assert "There is no API key" in (await alice.see("/admin/account")).text


async def test_anothers_keys_are_not_there(alice: Visitor, bob: Visitor, office: Office) -> None:
    """Abuse 46: another Client's user and key answer as those that do not exist."""
    [key] = await keys_of(office.alice)
    for path in ("/admin/api-keys/alice/new", f"/admin/api-keys/alice/{key.id}", f"/admin/api-keys/bob/{key.id}"):
        assert (await bob.see(path)).status == 404, path
    for act in ("renew", "networks", "suspend", "resume", "delete"):
        answer = await bob.send(f"/admin/api-keys/alice/{key.id}/{act}", {"reason": "x", "networks": ""})
        assert answer.status == 404, act
    assert (await bob.send("/admin/api-keys/alice", {"client": office.other_id})).status == 404
    assert await keys_of(office.alice) == [key]
    assert (await alice.see(f"/admin/api-keys/alice/{key.id}")).status == 200


async def test_without_the_permission_there_are_no_keys(admin: ASGIApp, office: Office) -> None:
    """Whoever may not see keys must not be led to them."""
    looker = await visitor_with(admin, office, Permission.OWN_ACCOUNT_VIEW)
    page = await looker.see("/admin/account")
    assert "/admin/api-keys" not in page.html
    refused = await looker.see(f"/admin/api-keys/{looker.person.user.name}/new")
    assert (refused.status, "ACCOUNT_API_KEY_VIEW" in refused.text) == (403, True)


async def visitor_with(admin: ASGIApp, office: Office, *permissions: Permission) -> Visitor:
    """Sign in somebody who has these permissions for the first Client alone."""
    await roles.create(office.core, Role(name="few", permissions=frozenset(permissions)), CONSOLE)
    return await Visitor.of(admin, await office.person("few", "few", office.client_id))


async def keys_of(person: Person) -> list[ApiKey]:
    """Return a user's keys, newest first."""
    return await api_keys.listing(person.core, person.user.name, CONSOLE)


def secret_on(page: Shown) -> str:
    """Return the key that a page shows."""
    found = re.search(r">([0-9A-Za-z]{64})<", page.html)
    assert found is not None, page.text
    return found[1]
