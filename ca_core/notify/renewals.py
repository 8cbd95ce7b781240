"""Reminders: mail to the recipients of renewals some time before a certificate ends that has no successor yet."""

from datetime import datetime, timedelta
from typing import Any, Final

from ca_core.access.visibility import MAX_PAGE
from ca_core.certificates.policies import LONGEST_NOTICE
from ca_core.core import Core
from ca_core.model.annotations import RecipientType
from ca_core.model.certificates import Certificate, CertificateStatus
from ca_core.model.jobs import Job
from ca_core.model.orders import OrderState
from ca_core.model.repositories.certificates import CertificateSearch, CertificateSort
from ca_core.model.store import Transaction
from ca_core.notify.mail import notify_renewal

_PAGE: Final = 20
"""Certificates looked at in one transaction, while everybody else's writes wait."""
_LEASE: Final = timedelta(minutes=1)
_SHARE: Final = 3
"""A reminder comes in the last third of a validity at the earliest: nobody renews a certificate that is new."""


async def remind(core: Core, job: Job) -> tuple[dict[str, Any], timedelta]:
    """Remind of the certificates that end within their product's notice, each recipient once: a timer's daily work."""
    mails, after = 0, ""

    def act(tx: Transaction) -> tuple[int, str]:
        now = core.sources.now()
        tx.jobs.renew(job, now + _LEASE)
        page = tx.certificates.ending_for(
            RecipientType.RENEWAL, now, now + timedelta(seconds=LONGEST_NOTICE), after=after, limit=_PAGE
        )
        due = [one for one in page if _is_due(tx, one, now) and not _has_successor(tx, one)]
        return sum(notify_renewal(tx, core.sources, one) for one in due), page[-1].order_id if page else ""

    while True:
        added, after = await core.store.write(act)
        mails += added
        if not after:
            return {"mails": mails}, timedelta(days=1)


def _is_due(tx: Transaction, certificate: Certificate, now: datetime) -> bool:
    order = tx.orders.get(certificate.order_id)
    product = tx.products.version(order.product_id, order.product_version) if order else None
    if product is None:
        return False
    notice = timedelta(seconds=product.policy.renewal_notice)
    return certificate.not_after - now <= min(notice, (certificate.not_after - certificate.not_before) / _SHARE)


def _has_successor(tx: Transaction, certificate: Certificate) -> bool:
    """Whether an order has replaced it, or the Client has a certificate for the same names that ends later."""
    order = tx.orders.replacing(certificate.id)
    if order is not None and order.state is OrderState.ISSUED:
        return True
    later = CertificateSearch(
        client_ids=frozenset({certificate.client_id}),
        statuses=frozenset({CertificateStatus.ISSUED}),
        attribute=next((one.value for one in certificate.identifiers), None),
        expires_after=certificate.not_after + timedelta(seconds=1),
        sort=CertificateSort.EXPIRES_LAST,
        limit=MAX_PAGE,
    )
    names = set(certificate.identifiers)
    return any(set(one.identifiers) == names for one in tx.certificates.search(later))
