"""The catalogue on the page: compared before it is applied, and applied as it was compared."""

import re

from starlette.types import ASGIApp

from ca_core.access import clients, roles
from ca_core.access.tokens import authenticate
from ca_core.catalogue.application import current
from tests.access.people import ADDRESS, Office, claims, signed
from tests.admin.visitor import Shown, Visitor
from tests.orders.workshop import CONSOLE

NEW_CLIENT = '[[clients]]\nname = "acme"\ndescription = "<script>alert(1)</script>"\n'
NEW_ROLE = '[[roles]]\nname = "helpdesk"\npermissions = ["ORDER_VIEW"]\n'


def digest_on(page: Shown) -> str:
    """Return the digest of the changes that a page shows."""
    found = re.search(r'name="digest" value="([0-9a-f]{64})"', page.html)
    assert found is not None, page.text
    return found[1]


async def test_what_would_change_is_seen_before_it_is_applied(chief: Visitor, office: Office) -> None:
    """Whoever pastes the wrong file would change products that are in use, and learn it from his customers."""
    page = await chief.send("/admin/catalogue/compare", {"text": NEW_CLIENT + NEW_ROLE})
    assert page.status == 200
    for said in ("client.add", "add Client acme", "role.add", "ORDER_VIEW"):
        assert said in page.text, said
    assert "<script>alert" not in page.html
    assert "helpdesk" not in {one.name for one in await roles.listing(office.core, CONSOLE)}
    applied = await chief.send("/admin/catalogue/apply", {"text": NEW_CLIENT + NEW_ROLE, "digest": digest_on(page)})
    assert (applied.status, "service-acme" in applied.text) == (200, True)
    assert (await roles.get(office.core, "helpdesk", CONSOLE)).permissions == {"ORDER_VIEW"}
    secret = re.search(r">([0-9A-Za-z]{64})<", applied.html)
    assert secret is not None
    assert await authenticate(office.core, signed(claims(office.core, "service-acme"), secret[1]), ADDRESS)
    again = await chief.send("/admin/catalogue/compare", {"text": NEW_CLIENT + NEW_ROLE})
    assert "all of it is in force" in again.text
    assert "/admin/catalogue/apply" not in again.links


async def test_only_what_was_shown_is_applied(chief: Visitor, office: Office) -> None:
    """Between the look and the click, somebody else changes the same, and it would be undone unseen."""
    text = '[[clients]]\nname = "default"\ndescription = "mine"\n[clients.settings]\ncmc = true\n'
    page = await chief.send("/admin/catalogue/compare", {"text": text})
    await clients.change(office.core, office.client_id, CONSOLE, description="theirs")
    refused = await chief.send("/admin/catalogue/apply", {"text": text, "digest": digest_on(page)})
    assert (refused.status, "compare it again" in refused.text, "mine" in refused.html) == (409, True, True)
    other = await chief.send("/admin/catalogue/compare", {"text": text})
    swapped = await chief.send("/admin/catalogue/apply", {"text": NEW_ROLE, "digest": digest_on(other)})
    assert swapped.status == 409
    assert "helpdesk" not in {one.name for one in await roles.listing(office.core, CONSOLE)}


async def test_what_is_wrong_is_said_with_the_text_kept(chief: Visitor) -> None:
    """Whoever edits a long catalogue would start again after a mistyped key."""
    refused = await chief.send("/admin/catalogue/compare", {"text": '[[roles]]\nname = "x"\nright = 1\n'})
    assert refused.status == 400
    assert "right" in refused.text
    assert re.search(r"err-[0-9a-f-]{36}", refused.text)
    assert "right = 1" in refused.html
    assert (await chief.send("/admin/catalogue/compare", {"text": "x" * 262145})).status == 413


async def test_a_file_is_taken_too(chief: Visitor) -> None:
    """A catalogue is a file, which nobody pastes if he can choose it."""
    page = await chief.upload("/admin/catalogue/compare", {"text": ""}, [("file", "catalogue.toml", NEW_ROLE.encode())])
    assert (page.status, "add role helpdesk" in page.text) == (200, True)
    wrong = await chief.upload("/admin/catalogue/compare", {"text": ""}, [("file", "a.toml", b"\xff\xfe")])
    assert (wrong.status, "UTF-8" in wrong.text) == (400, True)


async def test_what_is_in_force_changes_nothing(chief: Visitor, office: Office) -> None:
    """Whoever edits what is in force must find it to be in force, and not something else."""
    sent = await chief.see("/admin/catalogue/in-force")
    assert (sent.status, "attachment" in sent.headers["content-disposition"]) == (200, True)
    assert len((await current(office.core, CONSOLE)).products) == sent.html.count("[[products]]")
    page = await chief.send("/admin/catalogue/compare", {"text": sent.html})
    assert "all of it is in force" in page.text


async def test_it_is_for_who_may_change_the_whole_installation(
    admin: ASGIApp, alice: Visitor, chief: Visitor, office: Office
) -> None:
    """A catalogue holds every Client's products and the roles: a Client's own operator would read and change them."""
    assert "/admin/catalogue" in (await chief.see("/admin/products")).links
    head = await Visitor.of(admin, await office.person("head", "ca-operator", office.client_id))
    for visitor in (alice, head):
        assert "/admin/catalogue" not in (await visitor.see("/admin/products")).links
        assert (await visitor.see("/admin/catalogue")).status == 403
        assert (await visitor.see("/admin/catalogue/in-force")).status == 403
        for act in ("compare", "apply"):
            assert (await visitor.send(f"/admin/catalogue/{act}", {"text": NEW_ROLE, "digest": ""})).status == 403
