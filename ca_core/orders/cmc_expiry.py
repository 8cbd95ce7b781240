"""Warnings before the dedicated certificate of a CMC client ends: in the audit log and the log, once at each threshold.

A mail gateway whose certificate has ended cannot even renew it, and nobody notices until its next order.
"""

import logging
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.cmc_clients import CmcClient
from ca_core.model.principals import SYSTEM
from ca_core.model.store import Transaction
from ca_core.model.values import replace

THRESHOLDS: Final = (60, 30, 14, 7, 3, 1, 0)
"""Days before the end of a certificate, of which each is warned of once; 0: it has ended."""

_LOG = logging.getLogger("trivium.cmc")


def end_of(cmc_client: CmcClient) -> datetime | None:
    """Return when the dedicated certificate ends (UTC); None where there is none."""
    if cmc_client.certificate is None:
        return None
    return x509.load_der_x509_certificate(cmc_client.certificate).not_valid_after_utc


def threshold(cmc_client: CmcClient, now: datetime) -> int | None:
    """Return the last threshold that the certificate has passed; None before the first, and for who is disabled."""
    end = end_of(cmc_client)
    if end is None or cmc_client.disabled:
        return None
    return min((days for days in THRESHOLDS if end - now <= timedelta(days=days)), default=None)


async def warn(core: Core) -> int:
    """Warn of each certificate that has passed a threshold since the last time; return how many that were."""
    now = core.sources.now()
    found = await core.store.read(lambda tx: tx.cmc_clients.all(None))
    due = [one.id for one in found if _news(one, now) is not None]
    for cmc_client_id in due:
        warned = await core.store.write(lambda tx, one=cmc_client_id: _warn(core, tx, one, now))  # type: ignore[misc]
        if warned is not None:
            until = f"{end_of(warned):%Y-%m-%d %H:%M} UTC"
            _LOG.warning("The certificate of the CMC client %s is good until %s; renew it", warned.name, until)
    return len(due)


def _news(cmc_client: CmcClient, now: datetime) -> int | None:
    """Return the threshold that the operator is to be warned of; None when he has been already."""
    days, warned = threshold(cmc_client, now), cmc_client.warned_days
    return days if days is not None and (warned is None or days < warned) else None


def _warn(core: Core, tx: Transaction, cmc_client_id: str, now: datetime) -> CmcClient | None:
    cmc_client = tx.cmc_clients.get(cmc_client_id)
    days = _news(cmc_client, now) if cmc_client else None
    if cmc_client is None or days is None:
        return None
    record = entry(
        core.sources,
        SYSTEM,
        "cmc-client.ending",
        cmc_client.id,
        client_id=cmc_client.client_id,
        name=cmc_client.name,
        days=days,
        certificate=cmc_client.certificate_id or "",
    )
    tx.audit.append([record])
    return tx.cmc_clients.save(replace(cmc_client, warned_days=days))
