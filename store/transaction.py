"""One transaction over every repository; each is made when it is first asked for."""

from functools import cached_property

from store.accounts import AccountTable
from store.api_keys import ApiKeyTable
from store.approvals import ApprovalTable
from store.audit import AuditTable
from store.authorizations import AuthorizationTable
from store.blocked_keys import BlockedKeyTable
from store.ceremonies import CeremonyTable
from store.certificates import CertificateTable
from store.clients import ClientTable
from store.cmc_challenges import CmcChallengeTable
from store.cmc_clients import CmcClientTable
from store.comments import CommentTable
from store.crls import CrlTable
from store.documents import RegistrationDocumentTable
from store.domains import DomainTable
from store.external_account_keys import ExternalAccountKeyTable
from store.external_certificates import ExternalCertificateTable
from store.figures import FigureTable
from store.idempotency import IdempotentRequestTable
from store.issuers import IssuerTable
from store.jobs import JobTable
from store.once import OnceTable
from store.orders import OrderTable
from store.passkeys import PasskeyTable
from store.products import ProductTable
from store.rate_limits import RateLimitTable
from store.recipients import RecipientTable
from store.roles import RoleTable
from store.sessions import SessionTable
from store.sign_in_links import SignInLinkTable
from store.statements import Executor
from store.users import UserTable
from store.webhooks import DeliveryTable, WebhookTable


class StoreTransaction:
    """Implements :class:`ca_core.model.store.Transaction`.

    The repositories hold the connection and nothing else, so one object serves all transactions of a connection,
    one after the other.
    """

    def __init__(self, executor: Executor) -> None:
        self.executor = executor

    @cached_property
    def clients(self) -> ClientTable:
        """Clients."""
        return ClientTable(self.executor)

    @cached_property
    def products(self) -> ProductTable:
        """Products."""
        return ProductTable(self.executor)

    @cached_property
    def approvals(self) -> ApprovalTable:
        """What users decided about issuances and revocations."""
        return ApprovalTable(self.executor)

    @cached_property
    def issuers(self) -> IssuerTable:
        """Issuers, and the gateway's own certificates and keys."""
        return IssuerTable(self.executor)

    @cached_property
    def accounts(self) -> AccountTable:
        """ACME accounts."""
        return AccountTable(self.executor)

    @cached_property
    def external_certificates(self) -> ExternalCertificateTable:
        """Certificates of other CAs."""
        return ExternalCertificateTable(self.executor)

    @cached_property
    def external_account_keys(self) -> ExternalAccountKeyTable:
        """External account keys."""
        return ExternalAccountKeyTable(self.executor)

    @cached_property
    def orders(self) -> OrderTable:
        """Orders."""
        return OrderTable(self.executor)

    @cached_property
    def recipients(self) -> RecipientTable:
        """Additional recipients of orders' mail."""
        return RecipientTable(self.executor)

    @cached_property
    def comments(self) -> CommentTable:
        """Comments that were added to orders."""
        return CommentTable(self.executor)

    @cached_property
    def documents(self) -> RegistrationDocumentTable:
        """Registration documents."""
        return RegistrationDocumentTable(self.executor)

    @cached_property
    def authorizations(self) -> AuthorizationTable:
        """Authorizations with their challenges."""
        return AuthorizationTable(self.executor)

    @cached_property
    def certificates(self) -> CertificateTable:
        """Certificates."""
        return CertificateTable(self.executor)

    @cached_property
    def crls(self) -> CrlTable:
        """Published CRLs."""
        return CrlTable(self.executor)

    @cached_property
    def figures(self) -> FigureTable:
        """Figures over many rows."""
        return FigureTable(self.executor)

    @cached_property
    def jobs(self) -> JobTable:
        """Jobs."""
        return JobTable(self.executor)

    @cached_property
    def audit(self) -> AuditTable:
        """The audit log."""
        return AuditTable(self.executor)

    @cached_property
    def once(self) -> OnceTable:
        """What may be used once."""
        return OnceTable(self.executor)

    @cached_property
    def idempotent_requests(self) -> IdempotentRequestTable:
        """Requests with an idempotency key."""
        return IdempotentRequestTable(self.executor)

    @cached_property
    def rate_limits(self) -> RateLimitTable:
        """Buckets of rate limits."""
        return RateLimitTable(self.executor)

    @cached_property
    def blocked_keys(self) -> BlockedKeyTable:
        """Public keys that may never be used again."""
        return BlockedKeyTable(self.executor)

    @cached_property
    def cmc_clients(self) -> CmcClientTable:
        """CMC clients, and the orders of their transactions."""
        return CmcClientTable(self.executor)

    @cached_property
    def cmc_challenges(self) -> CmcChallengeTable:
        """Challenges that CMC clients have to decrypt."""
        return CmcChallengeTable(self.executor)

    @cached_property
    def domains(self) -> DomainTable:
        """Pre-validated domains."""
        return DomainTable(self.executor)

    @cached_property
    def users(self) -> UserTable:
        """Users, and their roles for Clients."""
        return UserTable(self.executor)

    @cached_property
    def roles(self) -> RoleTable:
        """Roles."""
        return RoleTable(self.executor)

    @cached_property
    def api_keys(self) -> ApiKeyTable:
        """API keys."""
        return ApiKeyTable(self.executor)

    @cached_property
    def sessions(self) -> SessionTable:
        """Sessions of the admin page."""
        return SessionTable(self.executor)

    @cached_property
    def sign_in_links(self) -> SignInLinkTable:
        """Links by which users sign in once."""
        return SignInLinkTable(self.executor)

    @cached_property
    def ceremonies(self) -> CeremonyTable:
        """Exchanges with browsers that have begun."""
        return CeremonyTable(self.executor)

    @cached_property
    def passkeys(self) -> PasskeyTable:
        """Passkeys of users."""
        return PasskeyTable(self.executor)

    @cached_property
    def webhooks(self) -> WebhookTable:
        """Webhooks."""
        return WebhookTable(self.executor)

    @cached_property
    def deliveries(self) -> DeliveryTable:
        """What webhooks are to be told."""
        return DeliveryTable(self.executor)
