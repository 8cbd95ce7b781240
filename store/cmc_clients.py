"""CMC clients, and the orders of their transactions, in the store."""

from sqlalchemy import bindparam, insert, select

from ca_core.model.cmc_clients import CmcClient, CmcTransaction
from ca_core.model.values import of_members, replace
from store.columns import among
from store.revisions import conflict, save_statement
from store.statements import Executor, Row, Statement
from store.tables import cmc_clients, cmc_transactions

_ADD = Statement(insert(cmc_clients))
_GET = Statement(select(cmc_clients).where(cmc_clients.c.id == bindparam("id")))
_BY_NAME = Statement(select(cmc_clients).where(cmc_clients.c.name == bindparam("name")))
_BY_KEY = Statement(select(cmc_clients).where(cmc_clients.c.spki_sha256 == bindparam("spki_sha256")))
_BY_KEY_IDENTIFIER = Statement(select(cmc_clients).where(cmc_clients.c.key_identifier == bindparam("key_identifier")))
_SAVE = save_statement(
    cmc_clients,
    (
        "product_ids",
        "rights",
        "spki_sha256",
        "key_identifier",
        "certificate",
        "certificate_id",
        "sealed_secret",
        "sha1",
        "sha1_used_at",
        "warned_days",
        "disabled",
        "networks",
    ),
)
_ADD_TRANSACTION = Statement(insert(cmc_transactions))
_OF_TRANSACTION = Statement(
    select(cmc_transactions)
    .where(
        cmc_transactions.c.cmc_client_id == bindparam("cmc_client_id"),
        cmc_transactions.c.transaction == bindparam("transaction"),
    )
    .order_by(cmc_transactions.c.order_id)
)


class CmcClientTable:
    """Implements :class:`ca_core.model.store.CmcClients`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def add(self, cmc_client: CmcClient) -> None:
        """Store a new CMC client; raises CONFLICT when its name or key is another's."""
        self._run.change(_ADD, vars(cmc_client))

    def save(self, cmc_client: CmcClient) -> CmcClient:
        """Replace the row of this revision; raises CONFLICT."""
        if not self._run.change(_SAVE, vars(cmc_client)):
            raise conflict(f"CMC client {cmc_client.id}")
        return replace(cmc_client, revision=cmc_client.revision + 1)

    def get(self, cmc_client_id: str) -> CmcClient | None:
        """Return the CMC client of this id."""
        return _cmc_client(self._run.one(_GET, {"id": cmc_client_id}))

    def by_name(self, name: str) -> CmcClient | None:
        """Return the CMC client of this name, which is one in the installation."""
        return _cmc_client(self._run.one(_BY_NAME, {"name": name}))

    def by_key(self, spki_sha256: bytes) -> CmcClient | None:
        """Return the CMC client whose key's SubjectPublicKeyInfo has this SHA-256."""
        return _cmc_client(self._run.one(_BY_KEY, {"spki_sha256": spki_sha256}))

    def by_key_identifier(self, key_identifier: bytes) -> CmcClient | None:
        """Return the CMC client whose key has this identifier."""
        return _cmc_client(self._run.one(_BY_KEY_IDENTIFIER, {"key_identifier": key_identifier}))

    def all(self, client_ids: frozenset[str] | None) -> list[CmcClient]:
        """Return the CMC clients of these Clients, by name; None is every Client."""
        search = select(cmc_clients).order_by(cmc_clients.c.name)
        if client_ids is not None:
            search = search.where(among(cmc_clients.c.client_id, client_ids))
        return [of_members(CmcClient, row) for row in self._run.search(search)]

    def add_transaction(self, transaction: CmcTransaction) -> None:
        """Remember the order of a request."""
        self._run.change(_ADD_TRANSACTION, vars(transaction))

    def of_transaction(self, cmc_client_id: str, transaction: bytes) -> list[CmcTransaction]:
        """Return what the requests of a transaction have become, in the order they were placed."""
        rows = self._run.all(_OF_TRANSACTION, {"cmc_client_id": cmc_client_id, "transaction": transaction})
        return [of_members(CmcTransaction, row) for row in rows]


def _cmc_client(row: Row | None) -> CmcClient | None:
    return None if row is None else of_members(CmcClient, row)
