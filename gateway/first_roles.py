"""The roles that ``trivium init`` puts into the first ``catalogue.toml``."""

from typing import Final

from ca_core.catalogue.entries import RoleEntry
from ca_core.model.permissions import Permission

DEFAULT_ROLE: Final = "ra-operator"

_LOOKS: Final = frozenset(permission for permission in Permission if permission.endswith("_VIEW"))
_VIEWER: Final = _LOOKS - {Permission.AUDIT_VIEW, Permission.ROLE_VIEW, Permission.USER_VIEW} | {
    Permission.OWN_ACCOUNT_UPDATE
}
_OPERATOR: Final = _VIEWER | {
    Permission.ORDER_CREATE,
    Permission.ORDER_UPDATE,
    Permission.ORDER_DELETE,
    Permission.CERTIFICATE_UPDATE,
    Permission.CERTIFICATE_DELETE,
    Permission.PUBLICATION_CREATE,
    Permission.PUBLICATION_DELETE,
    Permission.APPROVAL_CREATE,
    Permission.RENEWAL_CREATE,
    Permission.RENEWAL_UPDATE,
    Permission.RENEWAL_DELETE,
    Permission.KEY_RECOVERY_CREATE,
    Permission.DOMAIN_CREATE,
    Permission.DOMAIN_UPDATE,
    Permission.DOMAIN_DELETE,
    Permission.ACME_ACCOUNT_DELETE,
    Permission.ACCOUNT_API_KEY_CREATE,
    Permission.ACCOUNT_API_KEY_UPDATE,
    Permission.WEBHOOK_CREATE,
    Permission.WEBHOOK_UPDATE,
    Permission.WEBHOOK_DELETE,
}


def first_roles() -> tuple[RoleEntry, ...]:
    """Return the roles of a new installation."""
    return (
        RoleEntry(
            name=DEFAULT_ROLE,
            description="Orders, revokes, publishes and approves for a Client; keeps its domains and his own API keys.",
            permissions=tuple(sorted(_OPERATOR)),
        ),
        RoleEntry(
            name="ra-viewer",
            description="Looks at the orders and certificates of a Client.",
            permissions=tuple(sorted(_VIEWER)),
        ),
        RoleEntry(
            name="ca-operator",
            description="The operator of the CA: may do everything, and alone delete API keys.",
            for_every_client=True,
            permissions=tuple(sorted(Permission)),
        ),
        RoleEntry(
            name="auditor",
            description="Reads everything, the audit log too, and changes nothing.",
            for_every_client=True,
            permissions=tuple(sorted(_LOOKS)),
        ),
    )
