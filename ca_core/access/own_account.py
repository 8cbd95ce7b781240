"""What a user may know of himself: his account, and what his roles permit him."""

from collections.abc import Mapping
from dataclasses import dataclass

from ca_core.access.authorisation import clients_with
from ca_core.access.visibility import not_found
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.model.users import Assignment, Role, User


@dataclass(frozen=True, kw_only=True)
class OwnAccount:
    """A user as he sees himself: what he may do now, with the key he asks with, by Client and for every one.

    ``roles`` are those of the assignments, by name.
    """

    user: User
    assignments: tuple[Assignment, ...]
    roles: Mapping[str, Role]
    permissions: Mapping[str, frozenset[Permission]]
    everywhere: frozenset[Permission]


async def get(core: Core, principal: Principal) -> OwnAccount:
    """Return the account of the user that ``principal`` is; raises NOT_FOUND for what is no user, and FORBIDDEN."""

    def read(tx: Transaction) -> OwnAccount:
        user = tx.users.get(principal.id)
        if user is None:
            raise not_found("account")
        if clients_with(principal, Permission.OWN_ACCOUNT_VIEW) == frozenset():
            detail = f"This needs the permission {Permission.OWN_ACCOUNT_VIEW}, which you do not have."
            raise TriviumError(ErrorKind.FORBIDDEN, detail)
        given = tx.users.assignments(user.id)
        return OwnAccount(
            user=user,
            assignments=tuple(given),
            roles={role.name: role for one in given if (role := tx.roles.get(one.role)) is not None},
            permissions=principal.permissions,
            everywhere=principal.everywhere,
        )

    return await core.store.read(read)
