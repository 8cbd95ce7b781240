"""``trivium explain`` and ``trivium order show``: what an id stands for, and what happened to it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ca_core.core import Core
from ca_core.model.audit import AuditRecord
from ca_core.model.authorizations import Authorization
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import Job, JobState
from ca_core.model.orders import Order
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.orders import queries
from gateway.console import plain, print_facts, print_table

AUDIT_LIMIT = 100
SHOWN = 400

_READ: dict[str, tuple[str, Callable[[Transaction, str], Any]]] = {
    "ord": ("order", lambda tx, key: tx.orders.get(key)),
    "job": ("job", lambda tx, key: tx.jobs.get(key)),
    "azn": ("authorization", lambda tx, key: tx.authorizations.get(key)),
    "chl": ("challenge's authorization", lambda tx, key: tx.authorizations.by_challenge(key)),
    "crt": ("certificate", lambda tx, key: tx.certificates.get(key)),
    "acc": ("ACME account", lambda tx, key: tx.accounts.get(key)),
    "eab": ("external account key", lambda tx, key: tx.external_account_keys.get(key)),
    "cmc": ("CMC client", lambda tx, key: tx.cmc_clients.get(key)),
    "cld": ("pre-validated domain", lambda tx, key: tx.domains.get(key)),
    "cli": ("Client", lambda tx, key: tx.clients.get(key)),
    "pma": ("product", lambda tx, key: tx.products.get(key)),
    "iss": ("issuer", lambda tx, key: tx.issuers.get(key)),
    "aud": ("audit record", lambda tx, key: tx.audit.get(key)),
    "err": ("failure", lambda tx, key: tx.audit.get(key)),
}


@dataclass(frozen=True, kw_only=True)
class OrderWithJobs:
    """An order with what it refers to."""

    order: Order
    authorizations: tuple[Authorization, ...]
    jobs: list[Job]


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What an id stands for, with the audit records about it, oldest first."""

    id: str
    kind: str
    object: Any
    audit: list[AuditRecord]


async def order_with_jobs(core: Core, order_id: str, principal: Principal) -> OrderWithJobs:
    """Read an order; raises NOT_FOUND."""
    view = await queries.get(core, order_id, principal)
    jobs = await queries.jobs(core, order_id, principal)
    return OrderWithJobs(order=view.order, authorizations=view.authorizations, jobs=jobs)


async def explained(core: Core, object_id: str) -> Explanation:
    """Find whatever has this id, for the operator; raises NOT_FOUND or, for an unknown prefix, MALFORMED."""
    prefix = object_id.partition("-")[0]
    if prefix not in _READ:
        raise TriviumError(
            ErrorKind.MALFORMED,
            f"{object_id} is not an id of ours: they begin with {', '.join(f'{key}-' for key in _READ)}.",
        )
    kind, read = _READ[prefix]
    found, audit = await core.store.read(lambda tx: (read(tx, object_id), tx.audit.of_object(object_id, AUDIT_LIMIT)))
    if found is None:
        raise TriviumError(ErrorKind.NOT_FOUND, f"There is no {kind} {object_id} in this installation.")
    return Explanation(id=object_id, kind=kind, object=found, audit=sorted(audit, key=lambda record: record.at))


def print_explanation(explanation: Explanation) -> None:
    """Print it for people."""
    content = plain(explanation.object)
    print_facts(f"{explanation.id}: {explanation.kind}", {name: _shown(value) for name, value in content.items()})
    if explanation.audit:
        rows = [
            (record.at, record.actor, record.action, record.outcome, _shown(record.details))
            for record in explanation.audit
        ]
        print_table("\nWhat happened", ("at (UTC)", "who", "what", "outcome", "details"), rows)


def print_order(shown: OrderWithJobs) -> None:
    """Print an order for people."""
    order = shown.order
    facts = {
        "state": order.state,
        "error": None if order.error is None else f"{order.error.detail} ({order.error.id})",
        "identifiers": [identifier.value for identifier in order.identifiers],
        "road": order.road,
        "placed by": order.placed_by,
        "Client": order.client_id,
        "product": f"{order.product_id}, version {order.product_version[:12]}",
        "certificate": order.certificate_id,
        "created (UTC)": order.created_at,
        "expires (UTC)": order.expires_at,
        "comment": order.comment,
    }
    print_facts(order.id, facts)
    authorizations = [(item.id, item.identifier.value, item.status, item.expires_at) for item in shown.authorizations]
    print_table("\nAuthorizations", ("id", "identifier", "status", "expires (UTC)"), authorizations)
    jobs = [
        (
            job.type,
            job.state,
            job.started_at,
            _took(job),
            job.executions,
            job.error.detail if job.error else job.waiting_for if job.state is JobState.WAITING else "",
        )
        for job in shown.jobs
    ]
    print_table("\nJobs", ("type", "state", "started (UTC)", "took", "runs", "error, or waiting for"), jobs)


def _took(job: Job) -> str:
    """Return how long the last execution took."""
    if job.started_at is None or job.finished_at is None:
        return ""
    return f"{(job.finished_at - job.started_at).total_seconds() * 1000:.1f} ms"


def _shown(value: Any) -> str:
    """Write a JSON value in words; long ones are cut, since `--json` has them whole."""
    match value:
        case dict():
            text = ", ".join(f"{name}={_shown(item)}" for name, item in value.items() if item not in (None, "", []))
        case list():
            text = ", ".join(_shown(item) for item in value)
        case None:
            text = ""
        case _:
            text = str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... (--json shows all)"
