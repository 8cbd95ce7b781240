"""Approvals: what users besides the requester decided about an issuance or a revocation (four eyes)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Approval:
    """One user's decision. ``subject_id`` is what it is about: the order, or the job of a revocation asked for.

    ``approver`` is the user as the audit log names him, ``reason`` what he said.
    """

    subject_id: str
    order_id: str
    client_id: str
    approver: str
    granted: bool
    reason: str
    decided_at: datetime
