"""What the core asks of a store. ``store/`` implements it; the core never imports it.

A store call is a plain synchronous function of a :class:`Transaction`. ``await store.write(fn)`` returns after the
commit of the group the call was in; if ``fn`` raises, only what it did itself is undone. ``fn`` may run on the
writer's thread, and more than once when others of its group fail, so it must be short, touch nothing but the
transaction, and be prepared to be the only thing undone.
Compare-and-set is part of the contract: ``save`` methods match the revision they read and raise CONFLICT otherwise.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from ca_core.model.accounts import Account, AccountStatus
from ca_core.model.audit import AuditRecord
from ca_core.model.authorizations import (
    Authorization,
    CaaPermission,
    Challenge,
    ChallengeStatus,
    FoundChallenge,
    ValidationMethod,
)
from ca_core.model.certificates import Certificate, Crl, RevokedSerial
from ca_core.model.clients import Client
from ca_core.model.cmc_clients import CmcChallenge, CmcClient, CmcTransaction
from ca_core.model.external_accounts import ExternalAccountKey
from ca_core.model.identifiers import Identifier
from ca_core.model.issuers import Issuer, OwnCertificate, OwnCertificateRole, SealedKey
from ca_core.model.jobs import Job, JobType, TimerType
from ca_core.model.orders import Order, OrderState
from ca_core.model.products import Product
from ca_core.model.rate_limits import Rate

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class OrderSearch:
    """What operators search orders by; None means any. ``client_ids`` None is the operator's own service only."""

    client_ids: frozenset[str] | None
    states: frozenset[OrderState] | None = None
    account_id: str | None = None
    identifier: str | None = None
    before: str | None = None
    limit: int = 50


@dataclass(frozen=True, kw_only=True)
class AccountSearch:
    """What operators search ACME accounts by; None means any. ``contact`` is part of a contact, in any case."""

    client_ids: frozenset[str] | None
    status: AccountStatus | None = None
    contact: str | None = None
    thumbprint: str | None = None
    external_account_key_id: str | None = None
    before: str | None = None
    limit: int = 50


@dataclass(frozen=True, kw_only=True)
class ChallengeSearch:
    """What operators search challenges by; None means any. ``identifier`` is a whole name, without ``*.``.

    ``enrolled_at`` leaves those alone by which control of a name is shown at that time, the newest of each Client,
    name and account.
    """

    client_ids: frozenset[str] | None
    identifier: str | None = None
    account_id: str | None = None
    method: ValidationMethod | None = None
    status: ChallengeStatus | None = None
    enrolled_at: datetime | None = None
    before: str | None = None
    limit: int = 50


class Clients(Protocol):
    """Clients by id and name."""

    def add(self, client: Client) -> None: ...
    def save(self, client: Client) -> None: ...
    def get(self, client_id: str) -> Client | None: ...
    def by_name(self, name: str) -> Client | None: ...
    def all(self) -> list[Client]: ...


class Products(Protocol):
    """Products: the current version by id, any version by hash."""

    def put(self, product: Product) -> None:
        """Make ``product`` the current version of its id; storing a version that exists again changes nothing."""
        ...

    def get(self, product_id: str) -> Product | None: ...
    def version(self, product_id: str, version: str) -> Product | None: ...
    def of_client(self, client_id: str) -> list[Product]:
        """The Client's current products, by name."""
        ...

    def all(self, client_ids: frozenset[str] | None) -> list[Product]: ...


class Issuers(Protocol):
    """Issuers, and the gateway's own certificates and keys."""

    def add(self, issuer: Issuer) -> None: ...
    def get(self, issuer_id: str) -> Issuer | None: ...
    def all(self) -> list[Issuer]: ...
    def add_key(self, key: SealedKey) -> None: ...
    def key(self, key_id: str) -> SealedKey | None: ...
    def put_own_certificate(self, own: OwnCertificate) -> None: ...
    def own_certificate(self, role: OwnCertificateRole, issuer_id: str) -> OwnCertificate | None: ...


class Accounts(Protocol):
    """ACME accounts."""

    def add(self, account: Account) -> None:
        """Store a new account; raises CONFLICT when the thumbprint is known."""
        ...

    def get(self, account_id: str) -> Account | None: ...
    def by_thumbprint(self, thumbprint: str) -> Account | None: ...
    def save(self, account: Account) -> Account:
        """Replace the row whose revision is ``account.revision``; return it with the next one; raises CONFLICT."""
        ...

    def search(self, query: AccountSearch) -> list[Account]:
        """Newest first; ``query.before`` is the id the page continues behind."""
        ...


class ExternalAccountKeys(Protocol):
    """External account keys; the sealed HMAC keys beside them are read by nothing but a verification."""

    def add(self, key: ExternalAccountKey, sealed: bytes) -> None: ...
    def get(self, key_id: str) -> ExternalAccountKey | None: ...
    def sealed(self, key_id: str) -> bytes | None: ...
    def save(self, key: ExternalAccountKey) -> ExternalAccountKey:
        """Save use and revocation by the revision: of any number of uses of a one-time key, one comes through."""
        ...

    def search(self, client_ids: frozenset[str] | None, *, before: str | None, limit: int) -> list[ExternalAccountKey]:
        """The keys of these Clients (None: of all), newest first, from the one behind the id ``before``."""
        ...


class Orders(Protocol):
    """Orders."""

    def add(self, order: Order) -> None: ...
    def get(self, order_id: str) -> Order | None: ...
    def save(self, order: Order) -> Order: ...
    def of_account(self, account_id: str, *, after: str | None, limit: int) -> list[Order]:
        """The account's orders, oldest first, from the one behind the id ``after``."""
        ...

    def search(self, query: OrderSearch) -> list[Order]:
        """Newest first; ``query.before`` is the id the page continues behind."""
        ...

    def referring_to(self, authorization_id: str) -> list[Order]:
        """The orders in state NEW that refer to the authorization."""
        ...

    def replacing(self, certificate_id: str) -> Order | None:
        """The order that replaces the certificate and did not fail; ``add`` of a second one raises CONFLICT."""
        ...

    def expired(self, now: datetime, limit: int) -> list[Order]:
        """Orders in state NEW whose ``expires_at`` has passed."""
        ...


class Authorizations(Protocol):
    """Authorizations with their challenges."""

    def add(self, authorizations: Sequence[Authorization]) -> None: ...
    def get(self, authorization_id: str) -> Authorization | None: ...
    def get_many(self, authorization_ids: Sequence[str]) -> list[Authorization]:
        """In the order of the ids asked for; raises NOT_FOUND when one is missing."""
        ...

    def by_challenge(self, challenge_id: str) -> Authorization | None: ...
    def valid_for(self, account_id: str, identifiers: Sequence[Identifier], now: datetime) -> list[Authorization]:
        """The account's valid, unexpired authorizations that cover one of the identifiers."""
        ...

    def held_for(
        self, client_id: str, account_id: str | None, identifiers: Sequence[Identifier], now: datetime
    ) -> list[Authorization]:
        """The valid, unexpired ones that cover one of the identifiers: the account's, and the Client's own."""
        ...

    def save(self, authorization: Authorization) -> Authorization:
        """Save the authorization's own columns (not its challenges) by its revision."""
        ...

    def save_permission(self, authorization_id: str, permission: CaaPermission) -> None:
        """Save a newer permission by CAA, without a revision: either of two that were found at once will do."""
        ...

    def save_challenge(self, challenge: Challenge) -> Challenge: ...
    def search(self, query: ChallengeSearch) -> list[FoundChallenge]:
        """Newest first; ``query.before`` is the id of the challenge the page continues behind."""
        ...


class Certificates(Protocol):
    """Certificates, from the intent on."""

    def add(self, certificate: Certificate) -> None:
        """Store an intent; raises CONFLICT when the issuer has used the serial (rule 2)."""
        ...

    def save(self, certificate: Certificate) -> Certificate: ...
    def get(self, certificate_id: str) -> Certificate | None: ...
    def of_order(self, order_id: str) -> list[Certificate]: ...
    def by_serial(self, issuer_id: str, serial: int) -> Certificate | None: ...
    def by_fingerprint(self, fingerprint: str) -> Certificate | None: ...
    def any_with_key(self, spki_sha256: bytes) -> bool:
        """Whether the public key with this digest is or was a certificate's, from the intent on."""
        ...

    def issued_with_key(self, spki_sha256: bytes, limit: int) -> list[Certificate]:
        """Certificates in status ISSUED whose public key has this digest, oldest first."""
        ...

    def revoked(
        self, issuer_id: str, not_after: datetime, *, after: int = 0, limit: int = 1 << 62
    ) -> list[RevokedSerial]:
        """Revoked and abandoned serials behind ``after`` that expire later than ``not_after``, by serial (rule 82)."""
        ...

    def all_issued(self, after: str, limit: int) -> list[Certificate]:
        """Every certificate with a DER, by id, from the one behind ``after``: for the nightly checker (rule 18)."""
        ...


class Crls(Protocol):
    """Published CRLs."""

    def next_number(self, issuer_id: str) -> int:
        """Take the next CRL number of the issuer: strictly rising, from the database (rule 80)."""
        ...

    def publish(self, crl: Crl) -> None:
        """Store it as the newest; raises CONFLICT when its number is not above the newest one's."""
        ...

    def latest(self, issuer_id: str) -> Crl | None: ...
    def latest_before(self, issuer_id: str, moment: datetime) -> Crl | None:
        """The newest one made before ``moment``, of those that are kept."""
        ...

    def latest_this_update(self, issuer_id: str) -> datetime | None:
        """When the newest CRL was made, without reading it."""
        ...


class Jobs(Protocol):
    """Jobs. A change of a claimed job names its fence and raises CONFLICT when another worker has claimed it since."""

    def add(self, jobs: Sequence[Job]) -> None: ...
    def get(self, job_id: str) -> Job | None: ...
    def of_order(self, order_id: str) -> list[Job]: ...
    def open_of_type(self, job_type: JobType | TimerType, subject_id: str | None) -> Job | None:
        """The job of this type and subject that is neither SUCCESS nor FAILED; one not PROCESSING comes first."""
        ...

    def claim_due(self, *, owner: str, now: datetime, lease_until: datetime, limit: int) -> list[Job]:
        """Claim PENDING and RETRY jobs whose time has come, and PROCESSING ones whose lease is over."""
        ...

    def claim(self, job_id: str, *, owner: str, now: datetime, lease_until: datetime) -> Job | None:
        """Claim one WAITING, PENDING or RETRY job, whatever its due time; None when it is none of these."""
        ...

    def renew(self, job: Job, lease_until: datetime) -> None: ...
    def save(self, job: Job) -> None:
        """Save a job this worker claimed, matched by id and fence."""
        ...

    def wake(self, job_id: str, now: datetime) -> bool:
        """Make a WAITING job PENDING and due now; False when it was not WAITING."""
        ...

    def purge_timers(self, finished_before: datetime) -> int:
        """Delete finished timer jobs, which no order refers to."""
        ...


class Audit(Protocol):
    """The audit log."""

    def append(self, records: Sequence[AuditRecord]) -> None: ...
    def get(self, record_id: str) -> AuditRecord | None: ...
    def of_object(self, object_id: str, limit: int) -> list[AuditRecord]: ...
    def latest(self) -> AuditRecord | None: ...


class Once(Protocol):
    """What may be used once: ACME nonces, tokens, transactions."""

    def consume(self, kind: str, value: str, expires_at: datetime) -> bool:
        """Use the value up: True the first time, False ever after (at every worker, after every restart)."""
        ...

    def purge(self, now: datetime, limit: int) -> int:
        """Forget values that have expired, and so are refused by their age."""
        ...


class RateLimitBuckets(Protocol):
    """Buckets of rate limits; a bucket that nobody has taken from is full."""

    def take(self, bucket: str, now: datetime, rate: Rate) -> bool:
        """Take a token; False when there is none (rule 53)."""
        ...

    def give_back(self, bucket: str, rate: Rate) -> None:
        """Put a token back."""
        ...

    def next_at(self, bucket: str, now: datetime, rate: Rate) -> datetime | None:
        """When there will be a token; None when there is one at ``now``."""
        ...

    def purge(self, now: datetime, limit: int) -> int:
        """Forget full buckets."""
        ...


class BlockedKeys(Protocol):
    """Public keys that may never be used again (rules 25, 26), by the SHA-256 of their SubjectPublicKeyInfo."""

    def add(self, spki_sha256: bytes, reason: str, at: datetime) -> None: ...
    def hold(self, spki_sha256: bytes) -> None:
        """Wait until no other write that holds the key is under way, and let none begin before this one is over.

        Held by whoever gives the key to a certificate or an account, or blocks it: what one of them looks up, another
        would change meanwhile.
        """
        ...

    def reason(self, spki_sha256: bytes) -> str | None: ...


class CmcClients(Protocol):
    """CMC clients, and the orders of their transactions."""

    def add(self, cmc_client: CmcClient) -> None:
        """Store a new CMC client; raises CONFLICT when its name or key is another's."""
        ...

    def save(self, cmc_client: CmcClient) -> CmcClient: ...
    def get(self, cmc_client_id: str) -> CmcClient | None: ...
    def by_name(self, name: str) -> CmcClient | None: ...
    def by_key(self, spki_sha256: bytes) -> CmcClient | None: ...
    def by_key_identifier(self, key_identifier: bytes) -> CmcClient | None: ...
    def all(self, client_ids: frozenset[str] | None) -> list[CmcClient]: ...
    def add_transaction(self, transaction: CmcTransaction) -> None: ...
    def of_transaction(self, cmc_client_id: str, transaction: bytes) -> list[CmcTransaction]:
        """In the order they were placed."""
        ...


class CmcChallenges(Protocol):
    """Challenges that CMC clients have to decrypt."""

    def put(self, challenge: CmcChallenge) -> None:
        """Store a challenge in the place of an older one for the same request."""
        ...

    def take(self, cmc_client_id: str, transaction: bytes, request: bytes) -> CmcChallenge | None:
        """Return the challenge of a request and forget it: of any number of answers, one meets it."""
        ...

    def purge(self, now: datetime, limit: int) -> int:
        """Forget challenges that have expired."""
        ...


class Transaction(Protocol):
    """One transaction over everything."""

    @property
    def clients(self) -> Clients: ...
    @property
    def products(self) -> Products: ...
    @property
    def issuers(self) -> Issuers: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def external_account_keys(self) -> ExternalAccountKeys: ...
    @property
    def orders(self) -> Orders: ...
    @property
    def authorizations(self) -> Authorizations: ...
    @property
    def certificates(self) -> Certificates: ...
    @property
    def crls(self) -> Crls: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def once(self) -> Once: ...
    @property
    def rate_limits(self) -> RateLimitBuckets: ...
    @property
    def blocked_keys(self) -> BlockedKeys: ...
    @property
    def cmc_clients(self) -> CmcClients: ...
    @property
    def cmc_challenges(self) -> CmcChallenges: ...


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
