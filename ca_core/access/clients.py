"""Clients: a new one has a service account with an API key from the start; and what may be changed of one."""

import re
from dataclasses import dataclass
from typing import Final

from ca_core.access import api_keys, users
from ca_core.access.authorisation import require
from ca_core.access.users import MadeUser, NewUser
from ca_core.access.visibility import not_found
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.clients import Client, ClientSettings
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.model.users import UserKind
from ca_core.model.values import replace

SERVICE_ROLE: Final = "ra-operator"
"""The role of a service account for its Client."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_MAX_DESCRIPTION: Final = 1000


@dataclass(frozen=True, kw_only=True)
class MadeClient:
    """A new Client and its service account, whose key is shown once."""

    client: Client
    account: MadeUser


async def create(
    core: Core, name: str, principal: Principal, *, description: str = "", settings: ClientSettings | None = None
) -> MadeClient:
    """Make a Client with its service account.

    Raises FORBIDDEN unless the principal may do so for the whole installation, CONFLICT for a name that is taken,
    MALFORMED.
    """
    if not _NAME.fullmatch(name):
        raise TriviumError(
            ErrorKind.MALFORMED,
            f"{name!r} is not a name; use up to 64 letters, digits, dots, dashes and underscores.",
        )
    _check_description(description)
    client = Client(
        id=core.sources.new_id("cli"),
        name=name,
        description=description,
        settings=settings or ClientSettings(),
        created_at=core.sources.now(),
    )

    def act(tx: Transaction) -> MadeClient:
        require(principal, Permission.CLIENT_CREATE, None, "Client")
        if tx.clients.by_name(name) is not None:
            raise TriviumError(ErrorKind.CONFLICT, f"There is a Client {name} already; choose another name.")
        tx.clients.add(client)
        tx.audit.append([entry(core.sources, principal, "client.add", client.id, client_id=client.id)])
        return MadeClient(client=client, account=open_account(core, tx, client, principal))

    return await core.store.write(act)


def open_account(core: Core, tx: Transaction, client: Client, principal: Principal) -> MadeUser:
    """Make the service account of a new Client, ``service-`` and its name, with an API key."""
    request = NewUser(
        name=f"service-{client.name}", kind=UserKind.SERVICE_ACCOUNT, role=SERVICE_ROLE, client_id=client.id
    )
    key = api_keys.new_key(core, principal, client_id=client.id)
    return users.add(core, tx, request, users.new_user(core, request), key, principal)


async def change(
    core: Core,
    client_id: str,
    principal: Principal,
    *,
    description: str | None = None,
    settings: ClientSettings | None = None,
) -> Client:
    """Change what a Client is said to be and may do; None leaves a thing as it is. Raises NOT_FOUND, FORBIDDEN.

    Who may suspend it, and how: :mod:`ca_core.access.suspension`. MALFORMED for a description that is too long.
    """
    _check_description(description or "")

    def act(tx: Transaction) -> Client:
        require(principal, Permission.CLIENT_UPDATE, client_id, "Client")
        client = tx.clients.get(client_id)
        if client is None:
            raise not_found("Client")
        changed = replace(
            client,
            description=client.description if description is None else description,
            settings=client.settings if settings is None else settings,
        )
        tx.clients.save(changed)
        tx.audit.append([entry(core.sources, principal, "client.change", client_id, client_id=client_id)])
        return changed

    return await core.store.write(act)


def _check_description(description: str) -> None:
    if len(description) > _MAX_DESCRIPTION:
        raise TriviumError(ErrorKind.MALFORMED, f"The description has at most {_MAX_DESCRIPTION} characters.")
