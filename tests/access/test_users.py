"""Users, roles and API keys: nobody gives away, or takes, what he does not have (abuse 45, 47)."""

from dataclasses import replace

import pytest

from ca_core.access import api_keys, roles, users
from ca_core.access.users import NewUser
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.users import PersonalData, Role, UserKind
from tests.access.people import ADDRESS, Office, Person
from tests.orders.workshop import CONSOLE

HEAD_OF_RA = frozenset(
    {
        *(one for one in Permission if one.endswith("_VIEW")),
        *(Permission.ORDER_CREATE, Permission.USER_CREATE, Permission.USER_UPDATE),
        *(Permission.ACCOUNT_API_KEY_CREATE, Permission.ACCOUNT_API_KEY_UPDATE),
    }
)


async def refused(act: object) -> ErrorKind:
    """Return the kind of the error that an act ends with."""
    with pytest.raises(TriviumError) as error:
        await act  # type: ignore[misc]
    return error.value.kind


async def head_of(office: Office, client_id: str) -> Principal:
    """Return a user who looks after the users of a Client, and may order but not revoke."""
    await roles.create(office.core, Role(name="head-of-ra", permissions=HEAD_OF_RA), CONSOLE)
    return await (await office.person("head", "head-of-ra", client_id)).principal()


def wanted(name: str, role: str, client_id: str | None) -> NewUser:
    """Return a user to be made."""
    return NewUser(name=name, kind=UserKind.OPERATOR, role=role, client_id=client_id)


async def test_a_key_is_64_letters_and_digits(office: Office) -> None:
    """ra.md: deployed clients take no other; and two keys alike would let one user sign as another."""
    keys = {office.alice.key.secret, office.bob.key.secret, office.chief.key.secret}
    assert len(keys) == 3
    for key in keys:
        assert (len(key), key.isalnum(), key.isascii()) == (64, True, True)


async def test_keys_are_sealed(office: Office) -> None:
    """Rule 75: a copy of the database would be a copy of every key."""
    stored = await office.core.store.read(lambda tx: tx.api_keys.sealed_of("alice", office.clock.now(), 8))
    key_id, sealed = stored[0]
    assert key_id == office.alice.key.key.id
    assert office.alice.key.secret.encode() not in sealed
    records = await office.core.store.read(lambda tx: tx.audit.of_object(key_id, 10))
    assert [record.action for record in records] == ["api-key.create"]
    assert office.alice.key.secret not in repr(records)


async def test_users_are_seen_by_their_clients_alone(office: Office) -> None:
    """Abuse 45: one tenant would read who works for another."""
    head = await head_of(office, office.client_id)
    found = await users.search(office.core, head, before=None, limit=100)
    assert {one.name for one in found} == {"alice", "head", "service-default"}
    assert await refused(users.get(office.core, "bob", head)) is ErrorKind.NOT_FOUND
    assert await refused(users.get(office.core, "chief", head)) is ErrorKind.NOT_FOUND
    both = frozenset({office.client_id, office.other_id})
    asked = await users.search(office.core, head, client_ids=both, before=None, limit=100)
    assert asked == found
    alice = await office.alice.principal()
    assert (await users.get(office.core, "alice", alice)).id == office.alice.user.id
    assert await refused(users.get(office.core, "head", alice)) is ErrorKind.NOT_FOUND
    everybody = await users.search(office.core, await office.chief.principal(), before=None, limit=100)
    assert {"alice", "bob", "chief", "head"} <= {one.name for one in everybody}


async def test_nobody_makes_a_user_who_may_do_more_than_he(office: Office) -> None:
    """Whoever may make users would make himself the operator of the CA."""
    head, alice = await head_of(office, office.client_id), await office.alice.principal()
    core = office.core
    for role, client_id, kind in (
        ("ra-operator", office.client_id, ErrorKind.FORBIDDEN),  # it revokes
        ("ca-operator", office.client_id, ErrorKind.FORBIDDEN),
        ("ca-operator", None, ErrorKind.FORBIDDEN),
        ("ra-viewer", office.other_id, ErrorKind.NOT_FOUND),
        ("ra-viewer", "cli-0", ErrorKind.NOT_FOUND),
        ("no-role", office.client_id, ErrorKind.NOT_FOUND),
        ("head-of-ra", None, ErrorKind.FORBIDDEN),
    ):
        assert await refused(users.create(core, wanted("new", role, client_id), head)) is kind, role
    assert (
        await refused(users.create(core, wanted("new", "head-of-ra", office.client_id), alice)) is ErrorKind.FORBIDDEN
    )
    assert await refused(users.assign(core, "head", "ca-operator", office.client_id, head)) is ErrorKind.FORBIDDEN
    assert await refused(users.assign(core, "alice", "ca-operator", None, alice)) is ErrorKind.FORBIDDEN
    assert await refused(users.withdraw(core, "alice", "ra-operator", office.client_id, head)) is ErrorKind.FORBIDDEN
    made = await users.create(core, wanted("new", "head-of-ra", office.client_id), head)
    assert made.key is not None
    assert await refused(users.create(core, wanted("new", "head-of-ra", office.client_id), head)) is ErrorKind.CONFLICT


async def test_a_role_for_one_client_is_not_for_every_one(office: Office) -> None:
    """An operator of a Client would be made one of all of them by a slip."""
    refusal = refused(users.create(office.core, wanted("new", "ra-operator", None), CONSOLE))
    assert await refusal is ErrorKind.MALFORMED


async def test_a_higher_role_makes_a_key_for_who_may_not(office: Office) -> None:
    """Issue's rule: a higher role may make a key for a user who lacks ACCOUNT_API_KEY_CREATE; a lower one may not."""
    await roles.create(
        office.core,
        Role(name="plain", permissions=frozenset({Permission.ORDER_VIEW, Permission.OWN_ACCOUNT_VIEW})),
        CONSOLE,
    )
    plain = await office.person("plain", "plain", office.client_id)
    own = api_keys.create(office.core, "plain", office.client_id, await plain.principal())
    assert await refused(own) is ErrorKind.FORBIDDEN
    head = await head_of(office, office.client_id)
    made = await api_keys.create(office.core, "plain", office.client_id, head)
    assert await Person(office.core, plain.user, made).principal()
    # alice revokes, which the head may not: with a key of hers he could.
    assert await refused(api_keys.create(office.core, "alice", office.client_id, head)) is ErrorKind.FORBIDDEN
    assert await refused(api_keys.renew(office.core, office.alice.key.key.id, head)) is ErrorKind.FORBIDDEN
    assert await refused(api_keys.create(office.core, "bob", office.other_id, head)) is ErrorKind.NOT_FOUND
    assert await refused(api_keys.create(office.core, "alice", office.other_id, CONSOLE)) is ErrorKind.MALFORMED


async def test_a_user_keeps_his_own_keys(office: Office) -> None:
    """A user could not renew a key, or see which he has; or he would see and renew others'."""
    alice, bob = await office.alice.principal(), await office.bob.principal()
    office.clock.advance(seconds=1)
    renewed = await api_keys.renew(office.core, office.alice.key.key.id, alice)
    assert await refused(api_keys.renew(office.core, office.alice.key.key.id, alice)) is ErrorKind.CONFLICT
    listed = await api_keys.listing(office.core, "alice", alice)
    assert [key.id for key in listed] == [renewed.key.id, office.alice.key.key.id]
    assert (listed[1].expires_at, listed[0].expires_at) == (office.clock.time + api_keys.OVERLAP, None)
    for act in (
        api_keys.get(office.core, renewed.key.id, bob),
        api_keys.renew(office.core, renewed.key.id, bob),
        api_keys.delete(office.core, renewed.key.id, bob),
        api_keys.listing(office.core, "alice", bob),
    ):
        assert await refused(act) is ErrorKind.NOT_FOUND


async def test_only_the_cas_operator_deletes_keys(office: Office) -> None:
    """ra.md: deleting is reserved to the operator of the CA."""
    key_id = office.alice.key.key.id
    assert await refused(api_keys.delete(office.core, key_id, await office.alice.principal())) is ErrorKind.FORBIDDEN
    await api_keys.delete(office.core, key_id, await office.chief.principal())
    assert await refused(office.alice.principal()) is ErrorKind.UNAUTHENTICATED
    assert await refused(api_keys.get(office.core, key_id, CONSOLE)) is ErrorKind.NOT_FOUND


async def test_a_user_has_a_bounded_number_of_keys(office: Office) -> None:
    """Each is tried with every token: one with a thousand keys would slow everybody down."""
    for _ in range(api_keys.MAX_KEYS - 1):
        await api_keys.create(office.core, "alice", office.client_id, CONSOLE)
    assert await refused(api_keys.create(office.core, "alice", office.client_id, CONSOLE)) is ErrorKind.CONFLICT


async def test_nobody_frees_himself_of_his_networks(office: Office) -> None:
    """A stolen key would be used from an allowed host once, to make one that works from anywhere."""
    core, key_id = office.core, office.alice.key.key.id
    await api_keys.restrict(core, key_id, ("192.0.2.0/24",), CONSOLE)
    alice = await office.alice.principal()
    for networks in ((), ("192.0.0.0/16",), ("192.0.2.0/25", "198.51.100.1"), ("2001:db8::/32",)):
        assert await refused(api_keys.restrict(core, key_id, networks, alice)) is ErrorKind.FORBIDDEN
        made = api_keys.create(core, "alice", office.client_id, alice, networks=networks)
        assert await refused(made) is ErrorKind.FORBIDDEN
    assert (await api_keys.restrict(core, key_id, ("192.0.2.0/28",), alice)).networks == ("192.0.2.0/28",)
    assert (await api_keys.create(core, "alice", office.client_id, alice, networks=("192.0.2.7",))).key.networks
    for nonsense in ("192.0.2.1/24", "host.example.com", "", "1.2.3"):
        assert await refused(api_keys.restrict(core, key_id, (nonsense,), CONSOLE)) is ErrorKind.MALFORMED


async def test_a_key_acts_for_its_client_alone(office: Office) -> None:
    """Abuse 21: the key for one Client would reach whatever else its user has to do with."""
    await users.assign(office.core, "alice", "ra-viewer", office.other_id, CONSOLE)
    assert set((await office.alice.principal()).permissions) == {office.client_id}
    made = await api_keys.create(office.core, "alice", office.other_id, CONSOLE)
    other = await Person(office.core, office.alice.user, made).principal()
    assert set(other.permissions) == {office.other_id}
    assert Permission.ORDER_CREATE not in other.permissions[office.other_id]


async def test_a_role_that_is_taken_back_is_gone_at_once(office: Office) -> None:
    """Whoever lost a role would have it for as long as his token lasts."""
    await users.withdraw(office.core, "alice", "ra-operator", office.client_id, CONSOLE)
    assert (await office.alice.principal()).permissions == {office.client_id: frozenset()}
    again = users.withdraw(office.core, "alice", "ra-operator", office.client_id, CONSOLE)
    assert await refused(again) is ErrorKind.NOT_FOUND


async def test_a_role_that_is_no_longer_for_every_client_can_be_taken_back(office: Office) -> None:
    """It would stay in force everywhere, and nobody could end it but by deleting the role."""
    core = office.core
    auditor = await roles.get(core, "auditor", CONSOLE)
    watcher = await office.person("watcher", "auditor", None)
    await roles.change(core, replace(auditor, for_every_client=False), CONSOLE)
    assert await refused(users.assign(core, "alice", "auditor", None, CONSOLE)) is ErrorKind.MALFORMED
    alice = await office.alice.principal()
    assert await refused(users.withdraw(core, "watcher", "auditor", None, alice)) is ErrorKind.FORBIDDEN
    assert await refused(users.withdraw(core, "watcher", "no-role", None, CONSOLE)) is ErrorKind.NOT_FOUND
    await users.withdraw(core, "watcher", "auditor", None, await office.chief.principal())
    assert not (await watcher.principal()).everywhere


async def test_roles_are_the_cas_operators(office: Office) -> None:
    """A tenant's operator would give himself every permission by changing his role."""
    alice, chief = await office.alice.principal(), await office.chief.principal()
    grab = Role(name="ra-operator", permissions=frozenset(Permission))
    for act in (
        roles.change(office.core, grab, alice),
        roles.create(office.core, replace(grab, name="new"), alice),
        roles.delete(office.core, "auditor", alice),
        roles.listing(office.core, alice),
    ):
        assert await refused(act) is ErrorKind.FORBIDDEN
    assert {role.name for role in await roles.listing(office.core, chief)} == {
        *("auditor", "ca-operator", "ra-operator", "ra-viewer")
    }
    await roles.create(office.core, Role(name="new", permissions=frozenset()), chief)
    assert (
        await refused(roles.create(office.core, Role(name="new", permissions=frozenset()), chief)) is ErrorKind.CONFLICT
    )
    await roles.delete(office.core, "new", chief)
    assert await refused(roles.get(office.core, "new", chief)) is ErrorKind.NOT_FOUND
    assert await refused(roles.delete(office.core, "ra-operator", chief)) is ErrorKind.CONFLICT
    looks = frozenset({Permission.ORDER_VIEW})
    await roles.change(office.core, Role(name="ra-operator", permissions=looks), chief)
    assert (await office.alice.principal()).permissions == {office.client_id: looks}


async def test_the_first_roles_say_what_they_may(office: Office) -> None:
    """An auditor who changes something, or an operator of a Client who deletes keys or reads the CA's audit log."""
    found = {role.name: role for role in await roles.listing(office.core, CONSOLE)}
    assert found["ca-operator"].permissions == frozenset(Permission)
    assert {one.rpartition("_")[2] for one in found["auditor"].permissions} == {"VIEW"}
    assert Permission.AUDIT_VIEW in found["auditor"].permissions
    holders = {name for name, role in found.items() if Permission.ACCOUNT_API_KEY_DELETE in role.permissions}
    assert holders == {"ca-operator"}
    ra = found["ra-operator"].permissions
    assert ra >= {Permission.ORDER_CREATE, Permission.CERTIFICATE_DELETE, Permission.ACCOUNT_API_KEY_CREATE}
    assert not any(one.startswith(("USER_", "ROLE_", "CLIENT_C", "CLIENT_U", "AUDIT_")) for one in ra)
    assert found["ra-viewer"].permissions < ra


async def test_what_a_user_says_of_himself(office: Office) -> None:
    """A user could not change his own page, or change the address by which a login finds him."""
    alice = await office.alice.principal()
    said = PersonalData(first_name="Alice", last_name="Ällister", title="Dr", language="de-CH", mute=True)
    assert (await users.change(office.core, "alice", alice, personal=said)).personal == said
    assert await refused(users.change(office.core, "alice", alice, email="x@evil.test")) is ErrorKind.FORBIDDEN
    assert await refused(users.change(office.core, "bob", alice, personal=said)) is ErrorKind.NOT_FOUND
    chief = await office.chief.principal()
    assert (await users.change(office.core, "alice", chief, email="a@example.com")).email == "a@example.com"
    for bad in ("x", "a@b\r\nBcc: c@d", "a@b, c@d", "<a@b>"):
        assert await refused(users.change(office.core, "alice", chief, email=bad)) is ErrorKind.MALFORMED
    for wrong in (replace(said, title="a\nb"), replace(said, language="../x"), replace(said, first_name="x" * 257)):
        assert await refused(users.change(office.core, "alice", alice, personal=wrong)) is ErrorKind.MALFORMED


@pytest.mark.parametrize("name", ["", " a", "a b", "-a", "a/b", "a\n", "é", "x" * 129, "../a"])
async def test_names_can_stand_in_urls_and_tokens(office: Office, name: str) -> None:
    """A user whose name no URL can hold gets no token, and one with a control character forges a line of a log."""
    assert await refused(users.create(office.core, wanted(name, "ra-viewer", office.client_id), CONSOLE)) is (
        ErrorKind.MALFORMED
    )


async def test_the_address_of_a_request_is_recorded(office: Office) -> None:
    """The audit log would not say from where a key was made."""
    made = await api_keys.create(office.core, "alice", office.client_id, await office.alice.principal())
    [record] = await office.core.store.read(lambda tx: tx.audit.of_object(made.key.id, 10))
    assert (record.actor, record.details["address"]) == (f"api-user:{office.alice.user.id}", ADDRESS)


async def test_an_operators_address_is_his_alone(office: Office) -> None:
    """Whoever makes users could block another's first sign-in at the identity provider, or take it for one of his."""
    head, email = await head_of(office, office.client_id), "a@example.com"
    await users.change(office.core, "alice", CONSOLE, email=email)
    second = replace(wanted("second", "head-of-ra", office.client_id), email=email)
    assert await refused(users.create(office.core, second, head)) is ErrorKind.CONFLICT
    assert await refused(users.change(office.core, "bob", CONSOLE, email=email)) is ErrorKind.CONFLICT
    assert (await users.change(office.core, "bob", CONSOLE, email="A@example.com")).email == "A@example.com"
    assert (await users.change(office.core, "alice", CONSOLE, email=email)).email == email
    program = replace(second, name="program", kind=UserKind.SERVICE_ACCOUNT)
    assert (await users.create(office.core, program, head)).user.email == email


async def test_an_address_that_two_have_already_may_stay(office: Office) -> None:
    """After an update, nothing else of the two could be changed until somebody sorts their addresses out."""
    for who in (office.alice, office.bob):
        await office.core.store.write(lambda tx, who=who: tx.users.save(replace(who.user, email="a@example.com")))  # type: ignore[misc]
    said = PersonalData(first_name="Alice")
    changed = await users.change(office.core, "alice", CONSOLE, email="a@example.com", personal=said)
    assert changed.personal == said
