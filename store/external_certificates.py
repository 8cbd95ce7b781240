"""Certificates of other CAs in the store."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache, partial

from sqlalchemy import bindparam, delete, insert, literal, select, tuple_

from ca_core.model.external_certificates import ExternalCertificate
from ca_core.model.values import of_members
from store.columns import among
from store.spread import spread
from store.statements import Executor, Reader, Statement
from store.tables import external_certificates

_table = external_certificates.c
_CERTIFICATES = Reader(partial(of_members, ExternalCertificate))
_ADD = Statement(insert(external_certificates))
_GET = Statement(select(external_certificates).where(_table.id == bindparam("id")))
_DELETE = Statement(delete(external_certificates).where(_table.id == bindparam("id")))


@cache
def _of_fingerprints(names: tuple[str, ...]) -> Statement:
    """The Client's certificates of so many fingerprints."""
    return Statement(
        select(external_certificates).where(
            _table.client_id == bindparam("client_id"), _table.fingerprint.in_([bindparam(name) for name in names])
        )
    )


class ExternalCertificateTable:
    """Implements :class:`ca_core.model.repositories.external_certificates.ExternalCertificates`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def add(self, certificates: Sequence[ExternalCertificate]) -> None:
        """Store new certificates; raises CONFLICT when the Client has one of them already."""
        self._run.change_many(_ADD, [vars(one) for one in certificates])

    def get(self, certificate_id: str) -> ExternalCertificate | None:
        """Return the certificate of this id."""
        return self._run.value(_CERTIFICATES, _GET, {"id": certificate_id})

    def delete(self, certificate_id: str) -> None:
        """Delete the certificate of this id."""
        self._run.change(_DELETE, {"id": certificate_id})

    def known(self, client_id: str, fingerprints: Sequence[str]) -> list[ExternalCertificate]:
        """Return those of the Client that have one of these fingerprints, in no order."""
        if not fingerprints:
            return []
        wanted = spread("fingerprint", fingerprints)
        return self._run.values(_CERTIFICATES, _of_fingerprints(tuple(wanted)), {**wanted, "client_id": client_id})

    def search(
        self,
        client_ids: frozenset[str] | None,
        *,
        limit: int,
        after: ExternalCertificate | None = None,
        expires_after: datetime | None = None,
        expires_before: datetime | None = None,
    ) -> list[ExternalCertificate]:
        """Return those of the Clients (None: all), the first to end first, from the one behind ``after``."""
        page = select(external_certificates).order_by(_table.not_after, _table.id).limit(limit)
        if client_ids is not None:
            page = page.where(among(_table.client_id, client_ids))
        if after is not None:
            end = literal(after.not_after, _table.not_after.type)
            page = page.where(tuple_(_table.not_after, _table.id) > tuple_(end, literal(after.id)))
        if expires_after is not None:
            page = page.where(_table.not_after >= expires_after)
        if expires_before is not None:
            page = page.where(_table.not_after < expires_before)
        return [of_members(ExternalCertificate, row) for row in self._run.search(page)]
