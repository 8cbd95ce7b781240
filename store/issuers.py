"""Issuers, and the gateway's own keys and certificates, in the store."""

from sqlalchemy import bindparam, insert, select

from ca_core.model.issuers import Issuer, OwnCertificate, OwnCertificateRole, SealedKey
from ca_core.model.values import of_members
from store.statements import Executor, Statement
from store.tables import issuers, own_certificates, sealed_keys

_ADD = Statement(insert(issuers))
_GET = Statement(select(issuers).where(issuers.c.id == bindparam("id")))
_ALL = Statement(select(issuers).order_by(issuers.c.id))
_ADD_KEY = Statement(insert(sealed_keys))
_KEY = Statement(select(sealed_keys).where(sealed_keys.c.id == bindparam("id")))
_PUT_OWN = Statement.upsert(
    own_certificates,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["role", "issuer_id"],
        set_={
            name: insert.excluded[name] for name in ("certificate_id", "certificate", "chain", "key_id", "not_after")
        },
    ),
)
_OWN = Statement(
    select(own_certificates).where(
        own_certificates.c.role == bindparam("role"), own_certificates.c.issuer_id == bindparam("issuer_id")
    )
)


class IssuerTable:
    """Implements :class:`ca_core.model.store.Issuers`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor
        self._known: dict[str, Issuer] = {}  # an issuer never changes: a connection asks for each once

    def add(self, issuer: Issuer) -> None:
        """Store a new issuer; raises CONFLICT when its id is taken."""
        self._run.change(_ADD, vars(issuer))

    def get(self, issuer_id: str) -> Issuer | None:
        """Return the issuer of this id."""
        known = self._known.get(issuer_id)
        if known is None and (row := self._run.one(_GET, {"id": issuer_id})) is not None:
            known = self._known[issuer_id] = of_members(Issuer, row)
        return known

    def all(self) -> list[Issuer]:
        """Return every issuer, oldest first."""
        return [of_members(Issuer, row) for row in self._run.all(_ALL, {})]

    def add_key(self, key: SealedKey) -> None:
        """Store a sealed key."""
        self._run.change(_ADD_KEY, vars(key))

    def key(self, key_id: str) -> SealedKey | None:
        """Return the sealed key of this id."""
        row = self._run.one(_KEY, {"id": key_id})
        return None if row is None else SealedKey(**row)

    def put_own_certificate(self, own: OwnCertificate) -> None:
        """Store the gateway's own certificate in place of the one it had for the role and issuer."""
        self._run.change(_PUT_OWN, vars(own))

    def own_certificate(self, role: OwnCertificateRole, issuer_id: str) -> OwnCertificate | None:
        """Return the gateway's own certificate of this role and issuer."""
        row = self._run.one(_OWN, {"role": role, "issuer_id": issuer_id})
        return None if row is None else OwnCertificate(**row)
