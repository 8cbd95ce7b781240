"""What the core asks of a store. ``store/`` implements it; the core never imports it.

A store call is a plain synchronous function of a :class:`Transaction`. ``await store.write(fn)`` returns after the
commit of the group the call was in; if ``fn`` raises, only what it did itself is undone. ``fn`` may run on the
writer's thread, and more than once when others of its group fail, so it must be short, touch nothing but the
transaction, and be prepared to be the only thing undone.
Compare-and-set is part of the contract: ``save`` methods match the revision they read and raise CONFLICT otherwise.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from ca_core.model.repositories.accounts import Accounts, ExternalAccountKeys
from ca_core.model.repositories.annotations import Comments, Recipients, RegistrationDocuments
from ca_core.model.repositories.approvals import Approvals
from ca_core.model.repositories.audit import Audit
from ca_core.model.repositories.authorizations import Authorizations
from ca_core.model.repositories.certificates import Certificates, Crls
from ca_core.model.repositories.clients import Clients
from ca_core.model.repositories.cmc_clients import CmcChallenges, CmcClients
from ca_core.model.repositories.domains import Domains
from ca_core.model.repositories.external_certificates import ExternalCertificates
from ca_core.model.repositories.figures import Figures
from ca_core.model.repositories.idempotency import IdempotentRequests
from ca_core.model.repositories.issuers import Issuers
from ca_core.model.repositories.jobs import Jobs
from ca_core.model.repositories.limits import BlockedKeys, Once, RateLimitBuckets
from ca_core.model.repositories.orders import Orders
from ca_core.model.repositories.products import Products
from ca_core.model.repositories.sessions import Ceremonies, Passkeys, Sessions, SignInLinks
from ca_core.model.repositories.users import ApiKeys, Roles, Users
from ca_core.model.repositories.webhooks import Deliveries, Webhooks

T = TypeVar("T")


class Transaction(Protocol):
    """One transaction over everything."""

    @property
    def clients(self) -> Clients: ...
    @property
    def products(self) -> Products: ...
    @property
    def approvals(self) -> Approvals: ...
    @property
    def issuers(self) -> Issuers: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def external_account_keys(self) -> ExternalAccountKeys: ...
    @property
    def orders(self) -> Orders: ...
    @property
    def recipients(self) -> Recipients: ...
    @property
    def comments(self) -> Comments: ...
    @property
    def documents(self) -> RegistrationDocuments: ...
    @property
    def authorizations(self) -> Authorizations: ...
    @property
    def certificates(self) -> Certificates: ...
    @property
    def external_certificates(self) -> ExternalCertificates: ...
    @property
    def crls(self) -> Crls: ...
    @property
    def figures(self) -> Figures: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def once(self) -> Once: ...
    @property
    def idempotent_requests(self) -> IdempotentRequests: ...
    @property
    def rate_limits(self) -> RateLimitBuckets: ...
    @property
    def blocked_keys(self) -> BlockedKeys: ...
    @property
    def cmc_clients(self) -> CmcClients: ...
    @property
    def cmc_challenges(self) -> CmcChallenges: ...
    @property
    def domains(self) -> Domains: ...
    @property
    def users(self) -> Users: ...
    @property
    def roles(self) -> Roles: ...
    @property
    def api_keys(self) -> ApiKeys: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def sign_in_links(self) -> SignInLinks: ...
    @property
    def ceremonies(self) -> Ceremonies: ...
    @property
    def passkeys(self) -> Passkeys: ...
    @property
    def webhooks(self) -> Webhooks: ...
    @property
    def deliveries(self) -> Deliveries: ...


class Store(Protocol):
    """A durable store."""

    async def read(self, fn: Callable[[Transaction], T]) -> T:
        """Run ``fn`` on a consistent view; it must not write."""
        ...

    async def write(self, fn: Callable[[Transaction], T], *, lasting: bool = True) -> T:
        """Run ``fn`` in a group commit; return its result after the commit; raises UNAVAILABLE when the store fails.

        What is written with ``lasting`` off is seen by every process and survives the end of any, but a power cut in
        the moment after it may undo it: for what nobody is told of.
        """
        ...
