"""What the timers do: publish CRLs, renew the gateway's own certificates, tidy up, check everything, remind of ends."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from cryptography import x509

from ca_core.access import sessions
from ca_core.core import Core
from ca_core.model.authorizations import AuthorizationStatus
from ca_core.model.certificates import Certificate
from ca_core.model.domains import ClientDomain
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.issuers import OwnCertificateRole
from ca_core.model.jobs import Job, TimerType
from ca_core.model.orders import Order, OrderState
from ca_core.model.principals import SYSTEM
from ca_core.model.store import Transaction
from ca_core.notify import renewals
from ca_core.orders import cmc_expiry, own_certificates
from ca_core.orders.ending import end
from ca_core.orders.states import OrderEvent
from ca_core.revocation.crl import run_crl_job
from ca_core.validation import domains
from ca_core.validation.attempt import fail_waiting_order

TimerResult = tuple[dict[str, Any], timedelta]
PURGE_LIMIT: Final = 10_000
EXPIRY_LIMIT: Final = 200
"""Orders failed in one transaction: a dozen statements each, and everybody else's writes wait."""
CLOCK_MARGIN: Final = timedelta(hours=1)
"""How far the clock may be set back before a used-up value that was forgotten would be taken again."""
KEYS_KEPT: Final = timedelta(days=30)
"""How long an API key that was renewed is listed after its end."""
CHECK_PAGE: Final = 100
DOMAIN_PAGE: Final = 20
"""Domains that are looked up at a time: a look takes up to 15 s, and the timer's lease is longer."""
CHECK_LEASE: Final = timedelta(minutes=1)
FINDINGS_KEPT: Final = 1000
_PURGED: Final = frozenset(
    {
        "forgottenOnceValues",
        "forgottenChallenges",
        "forgottenIdempotentRequests",
        "forgottenRateLimits",
        "forgottenCeremonies",
        "forgottenDeliveries",
    }
)
_OF_CMC: Final = (
    OwnCertificateRole.CMC_RESPONDER,
    OwnCertificateRole.CMC_RECIPIENT,
    OwnCertificateRole.CMC_RECIPIENT_EC,
)


async def renew_own_certificates(core: Core, job: Job) -> TimerResult:
    """Renew the OCSP responder's certificate of the job's issuer, and the CMC responder's and TLS listener's if any."""
    issuer_id = job.subject_id or ""
    responder = await own_certificates.ensure(core, OwnCertificateRole.OCSP_RESPONDER, issuer_id)
    renewed = {"ocspResponder": responder.certificate_id}
    cmc = await core.store.read(lambda tx: tx.issuers.own_certificate(OwnCertificateRole.CMC_RESPONDER, issuer_id))
    if cmc is not None:
        for role in _OF_CMC:
            renewed[role] = (await own_certificates.ensure(core, role, issuer_id)).certificate_id
    listener = await core.store.read(lambda tx: tx.issuers.own_certificate(OwnCertificateRole.TLS_LISTENER, issuer_id))
    if listener is not None:
        stored = await core.store.read(lambda tx: tx.certificates.get(listener.certificate_id))
        names = stored.identifiers if stored else ()
        kept = await own_certificates.ensure(core, OwnCertificateRole.TLS_LISTENER, issuer_id, names)
        renewed["tlsListener"] = kept.certificate_id
    return renewed, timedelta(hours=1)


async def tidy(core: Core, _job: Job) -> TimerResult:
    """Fail orders that have waited too long; forget used-once values that are refused by their age anyway.

    And warn of the CMC clients' certificates that end.
    """
    now, warned = core.sources.now(), await cmc_expiry.warn(core)
    expired = await core.store.read(lambda tx: tx.orders.expired(now, EXPIRY_LIMIT))
    unapproved = await core.store.read(lambda tx: tx.orders.unapproved(now, EXPIRY_LIMIT))

    def act(tx: Transaction) -> dict[str, Any]:
        for order in expired:
            fail_waiting_order(core, tx, order.id, _expired(core, tx, order))
        for order in unapproved:
            _fail_unapproved(core, tx, order.id)
        return {
            "expiredOrders": len(expired) + len(unapproved),
            "endingCmcCertificates": warned,
            "forgottenOnceValues": tx.once.purge(now - CLOCK_MARGIN, PURGE_LIMIT),
            "forgottenChallenges": tx.cmc_challenges.purge(now, PURGE_LIMIT),
            "forgottenIdempotentRequests": tx.idempotent_requests.purge(now, PURGE_LIMIT),
            "forgottenApiKeys": tx.api_keys.purge(now - KEYS_KEPT, PURGE_LIMIT),
            "forgottenRateLimits": tx.rate_limits.purge(now, PURGE_LIMIT),
            "forgottenSessions": tx.sessions.purge(now - sessions.IDLE, PURGE_LIMIT),
            "forgottenSignInLinks": tx.sign_in_links.purge(now, PURGE_LIMIT),
            "forgottenCeremonies": tx.ceremonies.purge(now, PURGE_LIMIT),
            "forgottenTimerJobs": tx.jobs.purge_timers(now - timedelta(days=30)),
            "forgottenDeliveries": tx.deliveries.purge(now - timedelta(days=30), PURGE_LIMIT),
        }

    response = await core.store.write(act)
    # A busy gateway has more than the limits in an hour: go on soon, or the table never stops growing.
    purged = [number for name, number in response.items() if name in _PURGED]
    more = EXPIRY_LIMIT in {len(expired), len(unapproved)} or PURGE_LIMIT in purged
    return response, timedelta(seconds=1) if more else timedelta(hours=1)


def _expired(core: Core, tx: Transaction, order: Order) -> Problem:
    """Return why an order that has waited too long fails: its CSR did not come, or control of names was not shown."""
    missing = [
        authorization.named.value
        for authorization in tx.authorizations.get_many(order.authorization_ids if order.csr is not None else ())
        if authorization.status is not AuthorizationStatus.VALID
    ]
    why = f"control of {', '.join(missing)} was shown" if missing else "it was finalized"
    problem = Problem(kind=ErrorKind.NOT_READY, detail=f"The order expired before {why}; place a new one.")
    return problem.recorded_as(core.sources.new_id("err"))


async def check_domains(core: Core, job: Job) -> TimerResult:
    """Look for the tokens of all pre-validated domains that have not shown control yet."""
    checked, shown, after = 0, 0, ""
    while page := await _domains(core, after):
        looked = await asyncio.gather(*(domains.look(core, domain, SYSTEM) for domain in page))
        checked, after = checked + len(page), page[-1].id
        shown += sum(domain is not None and domain.valid_at(core.sources.now()) for domain in looked)
        until = core.sources.now() + CHECK_LEASE
        await core.store.write(partial(_renew, job, until))
    return {"checked": checked, "shown": shown}, timedelta(hours=1)


async def _domains(core: Core, after: str) -> list[ClientDomain]:
    now = core.sources.now()
    return await core.store.read(lambda tx: tx.domains.awaiting_check(now, after=after, limit=DOMAIN_PAGE))


def _fail_unapproved(core: Core, tx: Transaction, order_id: str) -> None:
    """Fail an order that nobody approved in time, unless it is approved at this moment."""
    order = tx.orders.get(order_id)
    if order is None or order.state is not OrderState.PENDING_AUTH:
        return
    problem = Problem(
        kind=ErrorKind.NOT_READY, detail="The order expired before it was approved; place a new one."
    ).recorded_as(core.sources.new_id("err"))
    try:
        end(core, tx, order, OrderEvent.FAILED, problem, SYSTEM, "order.fail")
    except TriviumError as error:
        if error.kind is not ErrorKind.NOT_READY:
            raise


async def check_certificates(core: Core, job: Job) -> TimerResult:
    """Parse every stored certificate again and compare it with its row (rule 18); the findings are the response."""
    checked, after = 0, ""
    findings: list[str] = []
    while page := await _page(core, after):
        for certificate in page:
            findings.extend(f"{certificate.id}: {finding}" for finding in check_row(certificate))
        checked, after = checked + len(page), page[-1].id
        until = core.sources.now() + CHECK_LEASE
        await core.store.write(partial(_renew, job, until))  # which also lets everybody else have a turn
    return {"checked": checked, "findings": findings[:FINDINGS_KEPT]}, timedelta(days=1)


def _renew(job: Job, until: datetime, tx: Transaction) -> None:
    tx.jobs.renew(job, until)


async def _page(core: Core, after: str) -> list[Certificate]:
    return await core.store.read(lambda tx: tx.certificates.all_issued(after, CHECK_PAGE))


def check_row(certificate: Certificate) -> list[str]:
    """Return what is wrong with a stored certificate: digest, serial, validity, key or signed bytes."""
    der = certificate.der or b""
    if hashlib.sha256(der).hexdigest() != certificate.fingerprint:
        return ["the DER does not have the stored fingerprint"]
    try:
        parsed = x509.load_der_x509_certificate(der)
    except ValueError:
        return ["the DER does not parse"]
    return [
        finding
        for finding, wrong in (
            ("another serial", parsed.serial_number != certificate.serial),
            ("another notBefore", parsed.not_valid_before_utc != certificate.not_before),
            ("another notAfter", parsed.not_valid_after_utc != certificate.not_after),
            ("not the bytes of the intent", parsed.tbs_certificate_bytes != certificate.tbs),
        )
        if wrong
    ]


TIMERS: dict[TimerType, Callable[[Core, Job], Awaitable[TimerResult]]] = {
    TimerType.CRL: run_crl_job,
    TimerType.OWN_CERTIFICATES: renew_own_certificates,
    TimerType.HOURLY: tidy,
    TimerType.NIGHTLY: check_certificates,
    TimerType.DOMAINS: check_domains,
    TimerType.RENEWALS: renewals.remind,
}
