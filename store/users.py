"""Users, and which roles they have for which Clients, in the store."""

from functools import partial

from sqlalchemy import bindparam, delete, insert, or_, select

from ca_core.model.users import NOBODY, Assignment, LinkedSubject, User
from ca_core.model.values import of_members, replace
from store.columns import among
from store.revisions import conflict, save_statement
from store.statements import Executor, Reader, Statement
from store.tables import role_assignments, users
from store.wildcards import matches

_USERS = Reader(partial(of_members, User))
_ASSIGNMENTS = Reader(partial(of_members, Assignment))
_ADD = Statement(insert(users))
_SAVE = save_statement(users, ("name", "kind", "email", "subject", "personal", "suspended"))
_GET = Statement(select(users).where(users.c.id == bindparam("id")))
_BY_NAME = Statement(select(users).where(users.c.name == bindparam("name")))
_BY_SUBJECT = Statement(select(users).where(users.c.subject == bindparam("subject")))
_BY_EMAIL = Statement(
    select(users).where(users.c.email == bindparam("email")).order_by(users.c.kind, users.c.id).limit(2)
)
_ASSIGN = Statement.upsert(role_assignments, lambda insert: insert.on_conflict_do_nothing())
_ASSIGNED = Statement(select(role_assignments).where(role_assignments.c.user_id == bindparam("user_id")))
_OF_USER = (role_assignments.c.user_id == bindparam("user_id"), role_assignments.c.role == bindparam("role"))
_WITHDRAW = Statement(delete(role_assignments).where(*_OF_USER, role_assignments.c.client_id == bindparam("client_id")))
_WITHDRAW_FOR_EVERY_CLIENT = Statement(
    delete(role_assignments).where(*_OF_USER, role_assignments.c.client_id.is_(None))
)


class UserTable:
    """Implements :class:`ca_core.model.repositories.users.Users`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def add(self, user: User) -> None:
        """Store a new user; raises CONFLICT when the name, or the subject, is another's."""
        self._run.change(_ADD, vars(user))

    def save(self, user: User) -> User:
        """Replace the row of this revision; raises CONFLICT."""
        if not self._run.change(_SAVE, vars(user)):
            raise conflict(f"user {user.name}")
        return replace(user, revision=user.revision + 1)

    def get(self, user_id: str) -> User | None:
        """Return the user of this id."""
        return self._run.value(_USERS, _GET, {"id": user_id})

    def by_name(self, name: str) -> User | None:
        """Return the user of this name, which is one in the installation."""
        return self._run.value(_USERS, _BY_NAME, {"name": name})

    def by_subject(self, subject: LinkedSubject) -> User | None:
        """Return the user who is this subject at an identity provider."""
        return self._run.value(_USERS, _BY_SUBJECT, {"subject": subject})

    def by_email(self, email: str) -> list[User]:
        """Return users with exactly this address, operators first, two where there are more."""
        return self._run.values(_USERS, _BY_EMAIL, {"email": email})

    def search(
        self, client_ids: frozenset[str] | None, *, text: str = "", before: str | None, limit: int
    ) -> list[User]:
        """Return those with a role for one of these Clients (None: all) that match, newest first, behind ``before``."""
        search = select(users).where(users.c.id != NOBODY).order_by(users.c.id.desc()).limit(limit)
        if client_ids is not None:
            having = select(role_assignments.c.user_id).where(among(role_assignments.c.client_id, client_ids))
            search = search.where(users.c.id.in_(having))
        if text:
            search = search.where(or_(matches(users.c.name, text), matches(users.c.email, text)))
        if before is not None:
            search = search.where(users.c.id < before)
        return [of_members(User, row) for row in self._run.search(search)]

    def assign(self, assignment: Assignment) -> None:
        """Give a user a role; one he has already stays."""
        self._run.change(_ASSIGN, vars(assignment))

    def withdraw(self, assignment: Assignment) -> bool:
        """Take a role back; False when the user did not have it."""
        statement = _WITHDRAW if assignment.client_id is not None else _WITHDRAW_FOR_EVERY_CLIENT
        return self._run.change(statement, vars(assignment)) == 1

    def assignments(self, user_id: str) -> list[Assignment]:
        """Return the roles of a user."""
        return self._run.values(_ASSIGNMENTS, _ASSIGNED, {"user_id": user_id})
