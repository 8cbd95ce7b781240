"""Roles in the store."""

from functools import partial

from sqlalchemy import bindparam, delete, exists, select

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.users import Role
from ca_core.model.values import of_members
from store.statements import Executor, Reader, Statement
from store.tables import role_assignments, roles

_ROLES = Reader(partial(of_members, Role))
_PUT = Statement.upsert(
    roles,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["name"],
        set_={name: insert.excluded[name] for name in ("description", "for_every_client", "permissions")},
    ),
)
_GET = Statement(select(roles).where(roles.c.name == bindparam("name")))
_ALL = Statement(select(roles).order_by(roles.c.name))
_HELD = Statement(select(role_assignments.c.user_id).where(role_assignments.c.role == bindparam("name")).limit(1))
_DELETE = Statement(
    delete(roles).where(roles.c.name == bindparam("name"), ~exists().where(role_assignments.c.role == roles.c.name))
)


class RoleTable:
    """Implements :class:`ca_core.model.repositories.users.Roles`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def put(self, role: Role) -> None:
        """Store a role in the place of one of its name."""
        self._run.change(_PUT, vars(role))

    def get(self, name: str) -> Role | None:
        """Return the role of this name."""
        return self._run.value(_ROLES, _GET, {"name": name})

    def all(self) -> list[Role]:
        """Return every role, by name."""
        return self._run.values(_ROLES, _ALL, {})

    def delete(self, name: str) -> bool:
        """Delete a role that nobody has; raises CONFLICT when somebody has it."""
        if self._run.change(_DELETE, {"name": name}):
            return True
        if self._run.one(_HELD, {"name": name}) is None:
            return False
        raise TriviumError(ErrorKind.CONFLICT, f"Somebody has the role {name}; take it back from everybody first.")
