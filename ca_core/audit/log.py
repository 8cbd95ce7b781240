"""The audit log: the one way a record is made. The caller appends it in the transaction of its effect."""

from typing import Any

from ca_core.model.audit import AuditRecord, Outcome
from ca_core.model.errors import Problem
from ca_core.model.principals import Principal
from ca_core.model.sources import Sources


def entry(
    sources: Sources,
    principal: Principal,
    action: str,
    object_id: str,
    *,
    client_id: str | None = None,
    outcome: Outcome = Outcome.SUCCESS,
    **details: Any,
) -> AuditRecord:
    """Return the record of one act, to be appended in the same write as its effect (rule 89).

    ``action`` is ``noun.verb`` (``order.place``); ``details`` are JSON values without secrets.
    """
    if principal.address:
        details["address"] = principal.address
    return AuditRecord(
        id=sources.new_id("aud"),
        at=sources.now(),
        actor=principal.actor,
        client_id=client_id if client_id is not None else principal.client_id,
        action=action,
        object_id=object_id,
        outcome=outcome,
        details=details,
    )


def failure(sources: Sources, principal: Principal, action: str, object_id: str, problem: Problem) -> AuditRecord:
    """Return the record of a refusal; its id is the failure's own (``err-``), which ``trivium explain`` resolves."""
    return AuditRecord(
        id=problem.id or sources.new_id("err"),
        at=sources.now(),
        actor=principal.actor,
        client_id=principal.client_id,
        action=action,
        object_id=object_id,
        outcome=Outcome.REFUSED,
        details={
            "kind": problem.kind,
            "detail": problem.detail,
            "subproblems": [
                {"identifier": str(sub.identifier or ""), "kind": sub.kind, "detail": sub.detail}
                for sub in problem.subproblems
            ],
            "address": principal.address,
        },
    )
