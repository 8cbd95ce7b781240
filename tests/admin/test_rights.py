"""A user's rights: on the page those that he has over REST, and none over what is another Client's."""

from dataclasses import dataclass, replace

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from ca_core.model.permissions import Permission
from ca_core.model.sessions import Passkey
from ca_core.model.users import Role
from gateway.admin import sections
from gateway.admin.routes import ROUTES
from gateway.admin.sections import Section
from gateway.rest.front_end import FrontEnd
from gateway.rest.routes import applications
from gateway.roads import Roads
from tests.access.people import Office, Person
from tests.admin.visitor import Visitor
from tests.orders.workshop import Workshop
from tests.rest.conversation import Conversation
from tests.rest.shop import Shop
from tests.rest.test_idor import Owned, give_everything

NOBODYS = "0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"
KINDS = {
    "product_id": "pma",
    "order_id": "ord",
    "certificate_id": "crt",
    "document_id": "doc",
    "account_id": "acc",
    "domain_id": "cld",
    "client_id": "cli",
    "record_id": "aud",
    "passkey_id": "psk",
    "external_certificate_id": "ext",
    "name": "name",
    "role": "role",
}
"""What the parameters of a page's path name; a `key_id` is one of two."""

LISTS: dict[Section, str] = {
    sections.DASHBOARD: "/v3/certificates",
    sections.ORDERS: "/v3/orders",
    sections.APPROVALS: "/v3/pending-approvals",
    sections.DOMAINS: "/v3/domains",
    sections.ACME: "/v3/acme-accounts",
    sections.CMC: "/v3/cmc-clients",
    sections.CLIENTS: "/v3/clients",
    sections.USERS: "/v3/users",
    sections.ROLES: "/v3/roles",
    sections.PRODUCTS: "/v3/products",
    sections.AUDIT: "/v3/audit",
    sections.ACCOUNT: "/v3/me",
}
"""The sections, and the operation of version 3 that says what each shows; that of issuance places orders."""


@dataclass(frozen=True)
class Act:
    """The same act over REST and on the page; ``{kind}`` in a path is the first Client's thing of that kind."""

    permission: Permission
    method: str
    operation: str
    body: object
    form: str
    fields: dict[str, str | list[str]]


ACTS = (
    Act(Permission.CERTIFICATE_DELETE, "POST", "/v3/certificates/{crt}/revoke", {"reason": "superseded"},
        "/admin/certificates/{crt}/revoke", {"reason": "superseded"}),
    Act(Permission.ORDER_UPDATE, "POST", "/v3/orders/{ord}/comments", {"text": "seen"},
        "/admin/orders/{ord}/comments", {"text": "seen"}),
    Act(Permission.ORDER_DELETE, "POST", "/v3/orders/{ord}/cancel", {"reason": "no longer wanted"},
        "/admin/orders/{ord}/cancel", {"reason": "no longer wanted"}),
    Act(Permission.PUBLICATION_CREATE, "POST", "/v3/certificates/{crt}/publish", None,
        "/admin/certificates/{crt}/publish", {}),
    Act(Permission.PUBLICATION_DELETE, "POST", "/v3/certificates/{crt}/unpublish", None,
        "/admin/certificates/{crt}/unpublish", {}),
    Act(Permission.DOMAIN_UPDATE, "POST", "/v3/domains/{cld}/token", None, "/admin/domains/{cld}/token", {}),
    Act(Permission.DOMAIN_DELETE, "DELETE", "/v3/domains/{cld}", None, "/admin/domains/{cld}/delete", {}),
    Act(Permission.DOMAIN_CREATE, "POST", "/v3/domains", {"client": "{cli}", "names": ["new.example.net"]},
        "/admin/domains", {"client": "{cli}", "names": "new.example.net"}),
    Act(Permission.ACME_ACCOUNT_DELETE, "POST", "/v3/acme-accounts/{acc}/deactivate", None,
        "/admin/acme/accounts/{acc}/end", {}),
    Act(Permission.EXTERNAL_ACCOUNT_KEY_CREATE, "POST", "/v3/external-account-keys",
        {"client": "{cli}", "products": ["{pma}"]}, "/admin/acme/keys", {"client": "{cli}", "product": "{pma}"}),
    Act(Permission.EXTERNAL_ACCOUNT_KEY_DELETE, "DELETE", "/v3/external-account-keys/{eab}", None,
        "/admin/acme/keys/{eab}/revoke", {}),
    Act(Permission.CMC_CLIENT_UPDATE, "POST", "/v3/cmc-clients/{name}/disable", None,
        "/admin/cmc-clients/{name}/disable", {}),
    Act(Permission.CMC_CLIENT_UPDATE, "PATCH", "/v3/cmc-clients/{name}", {"secret": True},
        "/admin/cmc-clients/{name}/secret", {}),
    Act(Permission.CMC_CLIENT_UPDATE, "PATCH", "/v3/cmc-clients/{name}", {"secret": False},
        "/admin/cmc-clients/{name}/secret/end", {}),
    Act(Permission.CLIENT_UPDATE, "POST", "/v3/clients/{cli}/suspend", {"reason": "unpaid"},
        "/admin/clients/{cli}/suspend", {"reason": "unpaid"}),
    Act(Permission.OWN_ACCOUNT_UPDATE, "PATCH", "/v3/me", {"title": "Dr"},
        "/admin/account", {"title": "Dr", "language": "en"}),
)  # fmt: skip


@pytest.fixture
def rest(workshop: Workshop) -> ASGIApp:
    """REST on the core that the page is on."""
    front_end = FrontEnd(core=workshop.core, external_url="https://ra.example.com")
    return Roads({}, applications(front_end), PlainTextResponse("nowhere"))


@pytest.fixture
async def owned(rest: ASGIApp, office: Office, shop: Shop) -> Owned:
    """What the first Client has: one of everything, and a passkey of its user."""
    has = await give_everything(Conversation(rest, office, office.alice), shop)
    passkey = Passkey(
        id=office.core.sources.new_id("psk"),
        user_id=office.alice.user.id,
        name="laptop",
        credential_id=b"credential",
        public_key=b"key",
        sign_count=0,
        created_at=office.clock.now(),
    )
    await office.core.store.write(lambda tx: tx.passkeys.add(passkey))
    return replace(has, ids={**has.ids, "psk": passkey.id})


async def person_with(office: Office, name: str, permissions: frozenset[Permission]) -> Person:
    """Return a new user of the first Client who holds these permissions for it."""
    await office.core.store.write(lambda tx: tx.roles.put(Role(name=name, permissions=permissions)))
    return await office.person(name, name, office.client_id)


def filled(value: object, ids: dict[str, str]) -> object:
    """Return a path, a body or fields with the things that they name."""
    if isinstance(value, str):
        for kind, known in ids.items():
            value = value.replace(f"{{{kind}}}", known)
        return value
    if isinstance(value, list):
        return [filled(one, ids) for one in value]
    return {name: filled(one, ids) for name, one in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("section", LISTS, ids=lambda section: section.path.rpartition("/")[2] or "dashboard")
async def test_a_section_is_open_to_who_may_see_it_over_rest(
    admin: ASGIApp, rest: ASGIApp, office: Office, shop: Shop, section: Section
) -> None:
    """Who may look over REST would be kept out here, or the other way round."""
    every = frozenset(Permission)
    for name, permissions, status in (("only", {section.permission}, 200), ("but", every - {section.permission}, 403)):
        person = await person_with(office, name, frozenset(permissions))
        over_rest = await Conversation(rest, office, person).get(LISTS[section])
        visitor = await Visitor.of(admin, person)
        page = await visitor.see(section.path)
        assert (over_rest.status, page.status) == (status, status), (name, over_rest.body, page.text)
        if section in sections.WORK[1:] + sections.ADMINISTRATION:  # the others are linked from every page
            assert (section.path in page.links) == (status == 200)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.form.rpartition("/admin/")[2])
async def test_an_act_is_allowed_here_as_over_rest(
    admin: ASGIApp, rest: ASGIApp, office: Office, owned: Owned, act: Act
) -> None:
    """Somebody would do here what he may not over REST, or be kept from his work."""
    ids = {**owned.ids, "name": "alice"}
    for name, permissions in (("but", frozenset(Permission) - {act.permission}), ("all", frozenset(Permission))):
        person = await person_with(office, name, permissions)
        talk, visitor = Conversation(rest, office, person), await Visitor.of(admin, person)
        target, body, fields = (filled(one, ids) for one in (act.form, act.body, act.fields))
        assert isinstance(target, str)
        assert isinstance(fields, dict)
        here = await visitor.send(target, fields)
        there = await talk.ask(act.method, str(filled(act.operation, ids)), body, {"If-Match": "*"})
        forbidden = name == "but"
        assert (here.status == 403, there.status == 403) == (forbidden, forbidden), (here.text, there.body)
        if forbidden:
            assert act.permission in here.text


async def test_what_is_anothers_is_not_there_on_any_page(admin: ASGIApp, office: Office, owned: Owned) -> None:
    """Abuse 46: every page and form with the ids of another Client's, for a user who may do everything for his own."""
    await office.core.store.write(lambda tx: tx.roles.put(Role(name="all", permissions=frozenset(Permission))))
    rival = await Visitor.of(admin, await office.person("rival", "all", office.other_id))
    swept = 0
    leaks: list[tuple[object, ...]] = []
    for route in ROUTES:
        parameters = {*route.param_convertors} - {"role", "digest"}
        if not parameters or "static" in route.path:
            continue
        swept += 1
        answers = []
        for ids in (owned.ids, {kind: f"{kind}-{NOBODYS}" for kind in owned.ids} | {"role": "ra-operator"}):
            kinds = {**KINDS, "key_id": "eab" if "/acme/" in route.path else "key"}
            path = route.path
            for parameter in route.param_convertors:
                path = path.replace(f"{{{parameter}}}", ids[kinds[parameter]])
            answer = await (rival.see(path) if "GET" in (route.methods or ()) else rival.send(path, {}))
            answers.append(answer)
        theirs, nothing = answers
        if theirs.status not in {400, 404} or ("GET" in (route.methods or ()) and theirs.status != 404):
            leaks.append((route.path, theirs.status, theirs.text))
        if theirs.status != nothing.status:
            leaks.append((route.path, theirs.status, nothing.status))
    assert not leaks, "\n".join(map(str, leaks))
    assert swept > 40
