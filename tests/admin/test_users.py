"""The pages of users: searched, made, invited, given roles, suspended and resumed."""

import re
from dataclasses import replace

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from ca_core.access import sessions, sign_in_links, users
from ca_core.model.permissions import Permission
from ca_core.model.sessions import SignInMethod
from ca_core.model.users import Role, UserKind
from gateway.admin.front_end import FrontEnd
from gateway.admin.paging import PAGE
from gateway.admin.routes import applications
from gateway.roads import Roads
from tests.access.people import ADDRESS, Office
from tests.admin.visitor import Visitor
from tests.notify.mail_server import Mailbox, taking_mail
from tests.notify.test_mail import mailing
from tests.orders.workshop import CONSOLE


@pytest.fixture
async def head(admin: ASGIApp, office: Office) -> Visitor:
    """Somebody who looks after the users of the first Client."""
    everything = frozenset(Permission) - {Permission.ACCOUNT_API_KEY_DELETE}
    await office.core.store.write(lambda tx: tx.roles.put(Role(name="head", permissions=everything)))
    return await Visitor.of(admin, await office.person("head", "head", office.client_id))


async def test_the_list_is_searched_and_filtered(head: Visitor, chief: Visitor, office: Office) -> None:
    """Among thousands of users, one must be found by what is known of him, and only by who may know of him."""
    await users.change(office.core, "bob", CONSOLE, email="robert@example.com")
    assert "/admin/users/bob" in (await chief.see("/admin/users?text=ROBERT@")).links
    assert "/admin/users/alice" not in (await chief.see("/admin/users?text=ROBERT@")).links
    here = (await chief.see(f"/admin/users?client={office.client_id}")).links
    assert ("/admin/users/alice" in here, "/admin/users/bob" in here) == (True, False)
    own = (await head.see("/admin/users")).links
    assert ("/admin/users/alice" in own, "/admin/users/bob" in own) == (True, False)
    assert "No user matches" in (await head.see("/admin/users?text=bob")).text


async def test_a_long_list_goes_on(chief: Visitor, office: Office) -> None:
    """The 51st user could be reached by nobody."""
    for number in range(PAGE):
        await users.create(office.core, new(f"u{number}", office), CONSOLE)
    first = await chief.see("/admin/users")
    following = re.search(r'rel="next" href="([^"]+)"', first.html)
    assert following is not None
    second = await chief.see(following[1].replace("&amp;", "&"))
    seen = {one for page in (first, second) for one in page.links if one.startswith("/admin/users/")}
    assert {f"/admin/users/u{number}" for number in range(PAGE)} <= seen


async def test_a_service_account_is_made_with_a_key(head: Visitor, office: Office) -> None:
    """A program could get no access, or its key be read again."""
    fields = {"name": "printer", "kind": "service-account", "role": "ra-viewer", "client": office.client_id}
    made = await head.send("/admin/users", {**fields, "language": "en", "with_key": "yes", "networks": "10.0.0.0/8"})
    assert (made.status, bool(re.search(r">[0-9A-Za-z]{64}<", made.html))) == (201, True)
    page = await head.see("/admin/users/printer")
    assert "10.0.0.0/8" in page.text
    assert not re.search(r">[0-9A-Za-z]{64}<", page.html)
    assert "/admin/users/printer/invite" not in page.links, "a service account does not sign in"
    assert (await head.send("/admin/users/printer/sign-in-link", {})).status == 403


async def test_what_is_wrong_is_said_and_what_was_typed_is_kept(head: Visitor, office: Office) -> None:
    """Whoever mistypes an address would fill the form in again."""
    fields = {"name": "carol", "kind": "operator", "role": "ra-viewer", "client": office.client_id}
    refused = await head.send("/admin/users", {**fields, "language": "fr", "email": "<script>", "first_name": "Carol"})
    assert refused.status == 400
    assert "no e-mail address" in refused.text
    assert "<script>" not in refused.html.replace("<script src=", "")
    for kept in ('value="carol"', 'value="Carol"', 'value="ra-viewer" selected', 'value="fr" selected'):
        assert kept in refused.html, kept
    unknown = await head.send("/admin/users", {**fields, "language": "en", "kind": "king"})
    assert (unknown.status, "service-account" in unknown.text) == (400, True)


async def test_nobody_gives_what_he_does_not_have(head: Visitor, office: Office) -> None:
    """Abuse 47: who looks after a Client's users would make himself the operator of the CA."""
    fields = {"name": "mole", "kind": "operator", "role": "ca-operator", "client": office.client_id, "language": "en"}
    refused = await head.send("/admin/users", fields)
    assert (refused.status, "ACCOUNT_API_KEY_DELETE" in refused.text) == (403, True)
    assert (await head.send("/admin/users", {**fields, "client": "*"})).status == 403
    assert (await head.send("/admin/users", {**fields, "client": office.other_id})).status == 404
    assert (await head.send("/admin/users/head/roles", {"role": "ca-operator", "client": "*"})).status == 403
    assert "mole" not in (await head.see("/admin/users")).text


async def test_roles_are_given_and_taken_back(chief: Visitor, office: Office) -> None:
    """A user whose work changes must be able to do the new, and no longer the old."""
    given = await chief.send("/admin/users/alice/roles", {"role": "ra-viewer", "client": office.other_id})
    assert given.location == "/admin/users/alice?notice=role-given"
    assert "other" in (await chief.see("/admin/users/alice")).text
    taken = await chief.send("/admin/users/alice/roles/ra-operator/withdraw", {"client": office.client_id})
    assert taken.location == "/admin/users/alice?notice=role-withdrawn"
    left = [(one.role, one.client_id) for one in await users.assignments(office.core, "alice", CONSOLE)]
    assert left == [("ra-viewer", office.other_id)]


async def test_a_user_is_changed(chief: Visitor, office: Office) -> None:
    """The address by which a login finds somebody must be kept right by who looks after users."""
    fields = {"email": "alice@example.com", "first_name": "Alice", "language": "fr"}
    assert (await chief.change("/admin/users/alice", fields)).location == "/admin/users/alice?notice=saved"
    kept = await users.get(office.core, "alice", CONSOLE)
    assert (kept.email, kept.personal.first_name, kept.personal.language) == ("alice@example.com", "Alice", "fr")
    refused = await chief.change("/admin/users/alice", {**fields, "email": "nowhere"})
    assert (refused.status, 'value="nowhere"' in refused.html) == (400, True)


async def test_a_suspended_user_is_out_at_once(chief: Visitor, alice: Visitor, office: Office) -> None:
    """Whoever leaves in anger must not finish what he has open."""
    assert (await alice.see("/admin/account")).status == 200
    assert (await chief.send("/admin/users/alice/suspend", {"reason": " "})).status == 400
    await chief.send("/admin/users/alice/suspend", {"reason": "left <b>us</b>"})
    assert (await alice.see("/admin/account")).status == 303
    page = await chief.see("/admin/users/alice")
    assert "left <b>us</b>" in page.text
    assert "<b>us" not in page.html
    assert "/admin/users/alice/invite" not in page.links
    assert (await chief.send("/admin/users/alice/resume", {})).location == "/admin/users/alice?notice=user-resumed"
    assert (await users.get(office.core, "alice", CONSOLE)).suspended is None


async def test_a_link_signs_in_once_and_is_shown_once(chief: Visitor, office: Office) -> None:
    """Where there is no mail, somebody is let in by what is handed over; twice, it would let in a second one."""
    made = await chief.send("/admin/users/alice/sign-in-link", {})
    assert made.status == 201
    token = re.search(r">https://ra\.example\.com/admin/sign-in/link#([A-Za-z0-9_-]+)<", made.html)
    assert token is not None, made.text
    assert (await sign_in_links.redeem(office.core, token[1])).name == "alice"
    assert token[1] not in (await chief.see("/admin/users/alice")).html


async def test_an_invitation_goes_to_the_user_in_his_language(chief: Visitor, office: Office) -> None:
    """Somebody new could not come in, or a link for him would go to somebody else."""
    assert "/admin/users/alice/invite" not in (await chief.see("/admin/users/alice")).links
    no_address = await chief.send("/admin/users/alice/invite", {})
    assert (no_address.status, "no e-mail address" in no_address.text) == (400, True)
    await users.change(
        office.core,
        "alice",
        CONSOLE,
        email="alice@example.test",
        personal=replace(office.alice.user.personal, language="de"),
    )
    no_server = await chief.send("/admin/users/alice/invite", {})
    assert (no_server.status, "smtp.url" in no_server.text) == (409, True)
    mailbox = Mailbox()
    front_end = FrontEnd(core=mailing(office.core, mailbox), external_url="https://ra.example.com")
    sender = replace(chief, app=Roads({}, applications(front_end), PlainTextResponse("nowhere")))
    with taking_mail(mailbox):
        assert (await sender.send("/admin/users/alice/invite", {})).location == "/admin/users/alice?notice=invited"
    [mail] = mailbox.mails()
    assert (mail["To"], "Zugang" in str(mail["Subject"])) == ("alice@example.test", True)
    token = re.search(r"https://ra\.example\.com/admin/sign-in/link#([A-Za-z0-9_-]+)", mail.get_content())
    assert token is not None
    assert await sessions.begin(
        office.core, await sign_in_links.redeem(office.core, token[1]), SignInMethod.LINK, ADDRESS
    )


async def test_another_clients_user_is_not_there(head: Visitor, bob: Visitor, office: Office) -> None:
    """Abuse 46: what is another's answers like what does not exist."""
    assert (await bob.see("/admin/users")).status == 403
    for name in ("bob", "nobody"):
        path = f"/admin/users/{name}"
        assert (await head.see(path)).status == 404
        fields = {"email": "", "language": "en", "reason": "x", "role": "ra-viewer", "client": office.client_id}
        for act in ("", "/roles", "/suspend", "/resume", "/invite", "/sign-in-link", "/roles/ra-operator/withdraw"):
            assert (await head.send(path + act, fields)).status == 404, (name, act)


async def test_who_may_only_look_has_no_buttons(admin: ASGIApp, office: Office) -> None:
    """An auditor who is offered to suspend somebody would try it."""
    auditor = await Visitor.of(admin, await office.person("auditor", "auditor", office.client_id))
    page = await auditor.see("/admin/users/alice")
    assert page.status == 200
    assert [one for one in page.links if one.startswith("/admin/users/alice")] == []
    refused = await auditor.send("/admin/users/alice/suspend", {"reason": "x"})
    assert (refused.status, "USER_UPDATE" in refused.text) == (403, True)


def new(name: str, office: Office) -> users.NewUser:
    """Return a user to be made for the first Client."""
    kind = UserKind.OPERATOR
    return users.NewUser(name=name, kind=kind, role="ra-viewer", client_id=office.client_id, with_key=False)
