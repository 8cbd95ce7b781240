"""Users: people and service accounts, the roles they have for Clients, and the keys they call the REST API with."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from ca_core.model.permissions import Permission

NOBODY: Final = "usr-00000000-0000-0000-0000-000000000000"
"""The user that is none, without a name or role: his keys, which sign nothing, are read in the place of those that
somebody else does not have (rule 52)."""


class UserKind(StrEnum):
    """The kinds of user. A service account uses the API, and can not log in to a page."""

    OPERATOR = "operator"
    SERVICE_ACCOUNT = "service-account"


@dataclass(frozen=True, kw_only=True)
class PersonalData:
    """What a user may say of himself. ``language`` is a tag of RFC 5646; ``mute``: no mails about others' acts."""

    first_name: str = ""
    last_name: str = ""
    title: str = ""
    language: str = "en"
    mute: bool = False


@dataclass(frozen=True, kw_only=True)
class LinkedSubject:
    """Who a user is at an identity provider: only both together name anybody (OpenID Connect Core section 5.7)."""

    issuer: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class User:
    """A user (``usr-``); ``name`` is one in the installation and the ``sub`` of his tokens.

    ``subject`` is who he is at the identity provider, once he has signed in there. ``suspended`` says why he may do
    nothing for now; None: he is not suspended.
    """

    id: str
    name: str
    kind: UserKind
    email: str = ""
    subject: LinkedSubject | None = None
    personal: PersonalData = field(default_factory=PersonalData)
    suspended: str | None = None
    created_at: datetime
    revision: int = 0


@dataclass(frozen=True, kw_only=True)
class Role:
    """A set of permissions under a name. One that is ``for_every_client`` may be given without naming a Client."""

    name: str
    description: str = ""
    for_every_client: bool = False
    permissions: frozenset[Permission]


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """A role that a user has for a Client; ``client_id`` None: for every Client there is and will be."""

    user_id: str
    client_id: str | None
    role: str


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A key (``key-``) of a user for one Client; ``client_id`` None: for every Client of a user who has all of them.

    ``networks`` are the addresses and networks it may be used from, any without one. ``renewed_at`` is when another
    took its place, ``expires_at`` when it then ends. ``exposed_at`` is when it was last sent in a URL, ``suspended``
    why it may not be used for now. The key itself stands sealed beside it.
    """

    id: str
    user_id: str
    client_id: str | None
    networks: tuple[str, ...] = ()
    created_by: str
    created_at: datetime
    renewed_at: datetime | None = None
    expires_at: datetime | None = None
    exposed_at: datetime | None = None
    suspended: str | None = None
    revision: int = 0
