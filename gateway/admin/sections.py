"""The sections of the admin page: what the menu shows, and the permission that opens each."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from ca_core.access.authorisation import clients_with
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.products import Road
from ca_core.orders import product_queries


def _(message: str) -> str:
    """Mark a text for translation."""
    return message


async def _always(core: Core, principal: Principal) -> bool:
    del core, principal
    return True


async def _orders_over_acme(core: Core, principal: Principal) -> bool:
    """Whether a product of the principal's Clients is ordered over ACME; who may not see products is not kept out."""
    if clients_with(principal, Permission.PRODUCT_VIEW) == frozenset():
        return True
    return bool(await product_queries.search(core, principal, road=Road.ACME, limit=1))


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the admin page: pages below one path, which ``permission``, held for any Client, opens.

    ``shown`` says whether the menu has it for who may open it. ``under`` is the section that its pages belong to in the
    menu, where it is none of its own there.
    """

    title: str
    path: str
    permission: Permission
    shown: Callable[[Core, Principal], Awaitable[bool]] = _always
    under: "Section | None" = None

    def open_to(self, principal: Principal) -> bool:
        """Whether the principal may use it."""
        return clients_with(principal, self.permission) != frozenset()

    def require(self, principal: Principal) -> None:
        """Raise FORBIDDEN unless the principal may use it."""
        if not self.open_to(principal):
            raise TriviumError(
                ErrorKind.FORBIDDEN, f"This page needs the permission {self.permission}, which you have for no Client."
            )


DASHBOARD: Final = Section(title=_("Dashboard"), path="/admin/", permission=Permission.CERTIFICATE_VIEW)
ISSUANCE: Final = Section(title=_("Issuance"), path="/admin/issuance", permission=Permission.ORDER_CREATE)
ORDERS: Final = Section(title=_("Orders and certificates"), path="/admin/orders", permission=Permission.ORDER_VIEW)
CERTIFICATES: Final = Section(
    title=_("Certificate"), path="/admin/certificates", permission=Permission.CERTIFICATE_VIEW, under=ORDERS
)
EXTERNAL_CERTIFICATES: Final = Section(
    title=_("External certificates"),
    path="/admin/external-certificates",
    permission=Permission.CERTIFICATE_VIEW,
    under=DASHBOARD,
)
APPROVALS: Final = Section(title=_("Approvals"), path="/admin/approvals", permission=Permission.APPROVAL_VIEW)
DOMAINS: Final = Section(title=_("Domain validation"), path="/admin/domains", permission=Permission.DOMAIN_VIEW)
ACME: Final = Section(
    title="ACME", path="/admin/acme", permission=Permission.ACME_ACCOUNT_VIEW, shown=_orders_over_acme
)
CMC: Final = Section(title=_("CMC clients"), path="/admin/cmc-clients", permission=Permission.CMC_CLIENT_VIEW)
CLIENTS: Final = Section(title=_("Clients"), path="/admin/clients", permission=Permission.CLIENT_VIEW)
USERS: Final = Section(title=_("Users"), path="/admin/users", permission=Permission.USER_VIEW)
ROLES: Final = Section(title=_("Roles"), path="/admin/roles", permission=Permission.ROLE_VIEW)
PRODUCTS: Final = Section(title=_("Products"), path="/admin/products", permission=Permission.PRODUCT_VIEW)
CATALOGUE: Final = Section(title=_("Catalogue"), path="/admin/catalogue", permission=Permission.PRODUCT_UPDATE)
AUDIT: Final = Section(title=_("Audit"), path="/admin/audit", permission=Permission.AUDIT_VIEW)
ACCOUNT: Final = Section(title=_("Account"), path="/admin/account", permission=Permission.OWN_ACCOUNT_VIEW)
API_KEYS: Final = Section(title=_("API keys"), path="/admin/api-keys", permission=Permission.ACCOUNT_API_KEY_VIEW)

WORK: Final = (DASHBOARD, ISSUANCE, ORDERS, APPROVALS, DOMAINS, ACME, CMC)
"""The first part of the menu."""
ADMINISTRATION: Final = (CLIENTS, USERS, ROLES, PRODUCTS, AUDIT)
"""The second one."""


async def menu(sections: tuple[Section, ...], core: Core, principal: Principal) -> list[Section]:
    """Return those of the sections that the principal's menu has."""
    return [one for one in sections if one.open_to(principal) and await one.shown(core, principal)]
