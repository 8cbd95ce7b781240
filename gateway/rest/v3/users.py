"""Users, the roles they have for Clients, and one's own account."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from ca_core.access import own_account, sign_in_links, suspension
from ca_core.access import users as commands
from ca_core.model import users
from ca_core.model.permissions import Permission
from ca_core.model.store import Transaction
from ca_core.model.users import PersonalData, UserKind
from ca_core.notify import invitations
from gateway.rest.v3.api_keys import MadeApiKey, Networks, made_key_of
from gateway.rest.v3.ids import ClientId, UserId
from gateway.rest.v3.operation import Called, ResourceOperation
from gateway.rest.v3.paging import Page, PageQuery, page_answer
from gateway.rest.v3.revisions import IfMatch, tag_of
from gateway.rest.v3.schema import Flag, Line, Schema, Time, json_answer, list_answer
from gateway.rest.v3.suspension import Suspension
from gateway.sign_in_address import sign_in_address

router = APIRouter(prefix="/v3", tags=["Users"], route_class=ResourceOperation)

UserName = Annotated[
    str, Path(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@+-]*$", examples=["shop"])
]
RoleName = Annotated[
    str, Path(min_length=1, max_length=64, pattern="^[A-Za-z0-9][A-Za-z0-9_.-]*$", examples=["ra-operator"])
]


class Personal(Schema):
    """What a user says of himself."""

    first_name: Line = ""
    last_name: Line = ""
    title: Line = ""
    language: Annotated[str, Field(max_length=35, examples=["de"], description="RFC 5646.")] = "en"
    mute: Annotated[Flag, Field(description="No mails about what other operators do.")] = False

    def in_core(self) -> PersonalData:
        """Return what the core calls it."""
        return PersonalData(**dict(self))


class User(Schema):
    """A user: somebody, or a program of his."""

    id: UserId
    name: Annotated[str, Field(examples=["shop"])]
    kind: UserKind
    email: str
    subject: Annotated[str | None, Field(description="At the identity provider, once he has logged in.")]
    personal: Personal
    suspended: Annotated[str | None, Field(description="Why he may do nothing for now; null: he is not suspended.")]
    created_at: Time


class NewUser(Schema):
    """A user to be made, with his first role and, unless it is not wanted, a key."""

    name: Annotated[str, Field(min_length=1, max_length=128, examples=["shop"])]
    kind: UserKind
    role: Annotated[str, Field(min_length=1, max_length=64, examples=["ra-operator"])]
    client: Annotated[ClientId | None, Field(description="For which he has the role; null: for every one.")]
    email: Annotated[str, Field(max_length=256, examples=["shop@example.com"])] = ""
    personal: Personal = Personal()
    with_key: Flag = True
    networks: Networks = ()


class MadeUser(Schema):
    """A new user; the secret of his key is in this answer alone."""

    user: User
    key: MadeApiKey | None


class UserChange(Schema):
    """What is to become different of a user; what is left out stays as it is."""

    email: Annotated[str | None, Field(max_length=256, examples=["shop@example.com"])] = None
    personal: Personal | None = None


class Assignment(Schema):
    """A role that a user has for a Client; `client` null: for every one."""

    role: Annotated[str, Field(min_length=1, max_length=64, examples=["ra-operator"])]
    client: ClientId | None


class HeldRole(Assignment):
    """A role that one has, and what it permits."""

    permissions: list[Permission]


class OwnAccount(Schema):
    """Oneself, and what one may do with the key one asks with."""

    user: User
    roles: list[HeldRole]
    permissions: Annotated[dict[str, list[Permission]], Field(description="By Client.")]
    everywhere: Annotated[list[Permission], Field(description="For every Client and the installation itself.")]


class UserQuery(PageQuery):
    """Which users are asked for."""

    client: ClientId | None = None
    text: Annotated[Line, Field(description="Part of the name or e-mail address; `?` and `*` are wildcards.")] = ""


class SignInLink(Schema):
    """Where a user signs in once."""

    address: Annotated[str, Field(examples=["https://ra.example.com/admin/sign-in/link#mZ1c3vQ8"])]


class WithdrawalQuery(Schema):
    """For which Client a role is taken back; without one: that for every Client."""

    client: ClientId | None = None


def user_of(user: users.User) -> User:
    """Return a user as he is shown."""
    return User.model_construct(
        id=user.id,
        name=user.name,
        kind=user.kind,
        email=user.email,
        subject=user.subject.subject if user.subject else None,
        personal=Personal.model_construct(**vars(user.personal)),
        suspended=user.suspended,
        created_at=user.created_at,
    )


def made_user_of(made: commands.MadeUser) -> MadeUser:
    """Return a new user as he is shown, with his key, once."""
    key = None if made.key is None else made_key_of(made.key)
    return MadeUser.model_construct(user=user_of(made.user), key=key)


def _assignment_of(assignment: users.Assignment) -> Assignment:
    return Assignment.model_construct(role=assignment.role, client=assignment.client_id)


@router.get("/users", response_model=Page[User])
async def list_users(caller: Called, query: Annotated[UserQuery, Query()]) -> Response:
    """List the users with a role for your Clients, newest first."""
    found = await commands.search(
        caller.core,
        caller.principal,
        client_ids=None if query.client is None else frozenset({query.client}),
        text=query.text,
        before=query.place,
        limit=query.limit,
    )
    return page_answer(caller.request, query, [user_of(one) for one in found], [one.id for one in found])


@router.post("/users", response_model=MadeUser, status_code=201)
async def create_user(caller: Called, wanted: NewUser) -> Response:
    """Make a user with a role, none of whose permissions you lack, and a key."""
    request = commands.NewUser(
        name=wanted.name,
        kind=wanted.kind,
        email=wanted.email,
        personal=wanted.personal.in_core(),
        role=wanted.role,
        client_id=wanted.client,
        with_key=wanted.with_key,
        networks=wanted.networks,
    )
    made = await commands.create(caller.core, request, caller.principal)
    location = f"{caller.front_end.external_url}/v3/users/{made.user.name}"
    return json_answer(made_user_of(made), 201, location=location)


@router.get("/users/{name}", response_model=User)
async def get_user(caller: Called, name: UserName) -> Response:
    """Read a user."""
    shown = user_of(await commands.get(caller.core, name, caller.principal))
    return json_answer(shown, etag=tag_of(shown))


@router.patch("/users/{name}", response_model=User)
async def change_user(caller: Called, name: UserName, wanted: UserChange, if_match: IfMatch) -> Response:
    """Change a user's e-mail address, and what he says of himself."""

    def now(tx: Transaction) -> User | None:
        user = tx.users.by_name(name)
        return None if user is None else user_of(user)

    caller.first_write.also(if_match.of(now))
    personal = None if wanted.personal is None else wanted.personal.in_core()
    changed = await commands.change(caller.core, name, caller.principal, email=wanted.email, personal=personal)
    shown = user_of(changed)
    return json_answer(shown, etag=tag_of(shown))


@router.post("/users/{name}/suspend", response_model=User)
async def suspend_user(caller: Called, name: UserName, wanted: Suspension) -> Response:
    """Suspend a user at once: his keys and tokens do not count, and his orders that wait are stopped."""
    shown = user_of(await suspension.suspend_user(caller.core, name, wanted.reason, caller.principal))
    return json_answer(shown, etag=tag_of(shown))


@router.post("/users/{name}/resume", response_model=User)
async def resume_user(caller: Called, name: UserName) -> Response:
    """Let a user go on."""
    shown = user_of(await suspension.resume_user(caller.core, name, caller.principal))
    return json_answer(shown, etag=tag_of(shown))


@router.post("/users/{name}/invite", status_code=204)
async def invite_user(caller: Called, name: UserName) -> None:
    """Mail a user a link with which he signs in at the page once, within seven days; older links end."""
    base = caller.front_end.external_url
    await invitations.send(caller.core, name, caller.principal, lambda token: sign_in_address(base, token))


@router.post("/users/{name}/sign-in-link", response_model=SignInLink, status_code=201)
async def create_sign_in_link(caller: Called, name: UserName) -> Response:
    """Make an address at which a user signs in at the page once, within seven days; older ones end.

    It is in this answer alone, and whoever has it is the user: hand it over by a safe way.
    """
    token = await sign_in_links.create(caller.core, name, caller.principal, valid_for=sign_in_links.INVITATION)
    address = sign_in_address(caller.front_end.external_url, token)
    return json_answer(SignInLink.model_construct(address=address), 201)


@router.get("/users/{name}/roles", response_model=list[Assignment])
async def list_user_roles(caller: Called, name: UserName) -> Response:
    """List the roles of a user."""
    found = await commands.assignments(caller.core, name, caller.principal)
    return list_answer([_assignment_of(one) for one in found])


@router.post("/users/{name}/roles", response_model=list[Assignment])
async def assign_role(caller: Called, name: UserName, wanted: Assignment) -> Response:
    """Give a user a role, none of whose permissions you lack. Answers with all he has then."""
    await commands.assign(caller.core, name, wanted.role, wanted.client, caller.principal)
    found = await commands.assignments(caller.core, name, caller.principal)
    return list_answer([_assignment_of(one) for one in found])


@router.delete("/users/{name}/roles/{role}", status_code=204)
async def withdraw_role(
    caller: Called, name: UserName, role: RoleName, query: Annotated[WithdrawalQuery, Query()]
) -> None:
    """Take a role back from a user."""
    await commands.withdraw(caller.core, name, role, query.client, caller.principal)


@router.get("/me", response_model=OwnAccount)
async def get_own_account(caller: Called) -> Response:
    """Read your own account, and what you may do."""
    found = await own_account.get(caller.core, caller.principal)
    shown = OwnAccount.model_construct(
        user=user_of(found.user),
        roles=[
            HeldRole.model_construct(
                role=one.role, client=one.client_id, permissions=sorted(found.roles[one.role].permissions)
            )
            for one in found.assignments
        ],
        permissions={client: sorted(held) for client, held in sorted(found.permissions.items())},
        everywhere=sorted(found.everywhere),
    )
    return json_answer(shown, etag=tag_of(shown.user))


@router.patch("/me", response_model=User)
async def change_own_account(caller: Called, wanted: Personal, if_match: IfMatch) -> Response:
    """Change what you say of yourself; the `ETag` is that of your user."""
    own = await own_account.get(caller.core, caller.principal)

    def now(tx: Transaction) -> User | None:
        user = tx.users.get(own.user.id)
        return None if user is None else user_of(user)

    caller.first_write.also(if_match.of(now))
    changed = await commands.change(caller.core, own.user.name, caller.principal, personal=wanted.in_core())
    shown = user_of(changed)
    return json_answer(shown, etag=tag_of(shown))
