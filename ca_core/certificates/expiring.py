"""What ends soon: certificates that were issued here, and those of other CAs that were imported."""

from datetime import datetime, timedelta
from typing import Final

from ca_core.access.authorisation import clients_searched
from ca_core.access.visibility import MAX_PAGE
from ca_core.core import Core
from ca_core.model.certificates import Certificate, CertificateStatus
from ca_core.model.external_certificates import ExternalCertificate
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.repositories.certificates import CertificateSearch, CertificateSort
from ca_core.model.store import Transaction

Ending = Certificate | ExternalCertificate

_TICK: Final = timedelta(microseconds=1)


async def expiring(
    core: Core,
    principal: Principal,
    *,
    until: datetime,
    client_ids: frozenset[str] | None = None,
    after: str | None = None,
    limit: int,
) -> list[Ending]:
    """Return a page of the certificates that end from now on before ``until`` (UTC), the first to end first.

    Of the Clients asked for (None: all) those that the principal may see certificates of. Of those that end at one
    time the issued ones come first. ``after`` is the id that the page continues behind; none behind one that there is
    not. Raises FORBIDDEN.
    """
    allowed = clients_searched(principal, Permission.CERTIFICATE_VIEW, client_ids)
    now, number = core.sources.now(), max(1, min(limit, MAX_PAGE))

    def read(tx: Transaction) -> list[Ending]:
        last = None if after is None else tx.external_certificates.get(after) or tx.certificates.get(after)
        if after is not None and last is None:
            return []
        external = last if isinstance(last, ExternalCertificate) else None
        issued = last if isinstance(last, Certificate) else None
        found: list[Ending] = [
            *tx.certificates.search(
                CertificateSearch(
                    client_ids=allowed,
                    statuses=frozenset({CertificateStatus.ISSUED}),
                    expires_after=external.not_after + _TICK if external else now,
                    expires_before=until,
                    sort=CertificateSort.EXPIRES_FIRST,
                    after=issued.id if issued else None,
                    limit=number,
                )
            ),
            *tx.external_certificates.search(
                allowed,
                after=external,
                expires_after=issued.not_after if issued else now,
                expires_before=until,
                limit=number,
            ),
        ]
        return sorted(found, key=lambda one: (one.not_after, isinstance(one, ExternalCertificate), one.id))[:number]

    return await core.store.read(read)
