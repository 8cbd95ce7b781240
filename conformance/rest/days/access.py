"""Who may do what: one's own account, Clients, users, roles and API keys, with version 3."""

import secrets

import ra_api
from ra_api.models import (
    Assignment,
    Catalogue,
    CatalogueToApply,
    ClientChange,
    NewApiKey,
    NewClient,
    NewRole,
    NewUser,
    Personal,
    Restriction,
    RoleContent,
    Suspension,
    UserChange,
)

from conformance.rest.days.steps import Desk, etag, operation, refused, require

_RUN = secrets.token_hex(4)
_NETWORKS = ["192.0.2.0/24"]


def work(desk: Desk) -> None:
    """Make a Client with its people, and leave them as they were found."""
    client = _clients(ra_api.ClientsApi(desk.api))
    role = _roles(ra_api.RolesApi(desk.api))
    user = _users(ra_api.UsersApi(desk.api), client, role)
    _api_keys(ra_api.APIKeysApi(desk.api), client, user)
    _catalogue(ra_api.CatalogueApi(desk.api))
    with operation("delete_role"):
        ra_api.RolesApi(desk.api).delete_role(role)
        refused(404, lambda: ra_api.RolesApi(desk.api).get_role(role))


def _catalogue(api: ra_api.CatalogueApi) -> None:
    with operation("get_catalogue"):
        text = api.get_catalogue().text
        require(f"client-{_RUN}" in text, "the new Client is in it")
    with operation("compare_catalogue"):
        compared = api.compare_catalogue(Catalogue(text=text))
        require(not any(one.differences for one in compared.changes), "it differs in nothing from itself")
    with operation("apply_catalogue"):
        applied = api.apply_catalogue(CatalogueToApply(text=text, digest=compared.digest))
        require(applied.changes == compared.changes, "what was compared is applied")


def _clients(api: ra_api.ClientsApi) -> str:
    with operation("create_client"):
        wanted = NewClient(name=f"client-{_RUN}", description="For a day")
        key = f"create-client-{_RUN}"
        made = api.create_client(wanted, idempotency_key=key)
        require(api.create_client(wanted, idempotency_key=key) == made, "the same answer is given again")
        require(len(made.account.key.secret) == 64, "the service account has a key")  # noqa: PLR2004
        refused(409, lambda: api.create_client(wanted))
    with operation("list_clients"):
        found = api.list_clients(text=f"client-{_RUN}", limit=1)
        require([one.id for one in found.items] == [made.client.id], "the Client is found by its name")
    with operation("get_client"):
        shown = api.get_client_with_http_info(made.client.id)
        require(shown.data == made.client, "a Client is the same everywhere")
    with operation("change_client"):
        tag = etag(shown)
        changed = api.change_client(made.client.id, tag, ClientChange(description="For two days"))
        require(changed.description == "For two days", "it has changed")
        require(changed.settings == made.client.settings, "the rest has not")
        refused(412, lambda: api.change_client(made.client.id, tag, ClientChange(description="For three days")))
    with operation("suspend_client"):
        require(api.suspend_client(made.client.id, Suspension(reason="A pause")).suspended, "it is suspended")
    with operation("resume_client"):
        require(not api.resume_client(made.client.id).suspended, "it goes on")
    return str(made.client.id)


def _roles(api: ra_api.RolesApi) -> str:
    name = f"role-{_RUN}"
    with operation("create_role"):
        made = api.create_role(NewRole(name=name, permissions=["ORDER_VIEW"]))
        require(made.permissions == ["ORDER_VIEW"], "it permits what was said")
    with operation("list_roles"):
        require(name in [one.name for one in api.list_roles()], "the list has it")
    with operation("get_role"):
        shown = api.get_role_with_http_info(name)
        require(shown.data == made, "it is the same alone")
    with operation("change_role"):
        wanted = RoleContent(permissions=["CERTIFICATE_VIEW", "ORDER_VIEW"])
        changed = api.change_role(name, etag(shown), wanted)
        require(changed.permissions == wanted.permissions, "it permits what is said now")
    return name


def _users(api: ra_api.UsersApi, client: str, role: str) -> str:
    name = f"user-{_RUN}"
    with operation("get_own_account"):
        own = api.get_own_account_with_http_info()
        require("CLIENT_CREATE" in own.data.everywhere, "an administrator may make Clients")
    with operation("change_own_account"):
        changed = api.change_own_account(etag(own), Personal(firstName="Ada", language="de"))
        require((changed.personal.first_name, changed.personal.mute) == ("Ada", False), "it has what was said")
    with operation("create_user"):
        wanted = NewUser(name=name, kind="operator", role="ra-operator", client=client, withKey=False)
        made = api.create_user(wanted)
        require(made.key is None, "no key was asked for")
    with operation("list_users"):
        require(name in [one.name for one in api.list_users(client=client).items], "the Client's users have him")
    with operation("get_user"):
        shown = api.get_user_with_http_info(name)
        require(shown.data == made.user, "he is the same alone")
    with operation("invite_user"):
        require(refused(400, lambda: api.invite_user(name)).detail, "nobody is invited who has no address")
    with operation("create_sign_in_link"):
        require(api.create_sign_in_link(name).address.startswith("https://"), "it is an address of the page")
    with operation("change_user"):
        changed = api.change_user(name, etag(shown), UserChange(email=f"{name}@example.com"))
        require(changed.email == f"{name}@example.com", "he has the address")
    with operation("suspend_user"):
        require(api.suspend_user(name, Suspension(reason="On leave")).suspended == "On leave", "the reason is shown")
    with operation("resume_user"):
        require(api.resume_user(name).suspended is None, "he goes on")
    with operation("assign_role"):
        given = api.assign_role(name, Assignment(role=role, client=client))
        require(role in [one.role for one in given], "he has the role")
    with operation("list_user_roles"):
        require(api.list_user_roles(name) == given, "they are the same in a list")
    with operation("withdraw_role"):
        api.withdraw_role(name, role, client=client)
        require(role not in [one.role for one in api.list_user_roles(name)], "he has it no more")
    return name


def _api_keys(api: ra_api.APIKeysApi, client: str, user: str) -> None:
    with operation("create_api_key"):
        made = api.create_api_key(user, NewApiKey(client=client))
        require(len(made.secret) == 64, "the secret is shown once")  # noqa: PLR2004
    with operation("list_api_keys"):
        require([one.id for one in api.list_api_keys(user)] == [made.key.id], "it is his only key")
    with operation("get_api_key"):
        shown = api.get_api_key_with_http_info(made.key.id)
        require(shown.data == made.key, "it is the same alone")
    with operation("restrict_api_key"):
        changed = api.restrict_api_key(made.key.id, etag(shown), Restriction(networks=_NETWORKS))
        require(changed.networks == _NETWORKS, "it is bound to the network")
    with operation("suspend_api_key"):
        require(api.suspend_api_key(made.key.id, Suspension(reason="Lost")).suspended == "Lost", "it is suspended")
    with operation("resume_api_key"):
        require(api.resume_api_key(made.key.id).suspended is None, "it counts again")
    with operation("renew_api_key"):
        renewed = api.renew_api_key(made.key.id)
        require(renewed.key.networks == _NETWORKS, "the new key is bound as the old one")
        require(api.get_api_key(made.key.id).expires_at is not None, "the old one ends")
    with operation("delete_api_key"):
        api.delete_api_key(made.key.id)
        refused(404, lambda: api.get_api_key(made.key.id))
