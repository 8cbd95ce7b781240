"""The search of operators over challenges and the authorizations that they belong to."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, select

from ca_core.model.authorizations import AuthorizationStatus, ChallengeStatus
from ca_core.model.repositories.authorizations import ChallengeSearch
from store.columns import among
from store.tables import authorizations, challenges

_COLUMNS = (
    *(challenges.c.id, challenges.c.authorization_id, challenges.c.method, challenges.c.token, challenges.c.status),
    *(challenges.c.validated_at, authorizations.c.client_id, authorizations.c.account_id),
    *(authorizations.c.identifier_type, authorizations.c.identifier_value, authorizations.c.wildcard),
    authorizations.c.status.label("authorization_status"),
    authorizations.c.expires_at,
)


def statement(query: ChallengeSearch) -> Select[Any]:
    """Return the statement: newest first, behind the challenge ``query.before``."""
    search = (
        select(*_COLUMNS)
        .join(authorizations, authorizations.c.id == challenges.c.authorization_id)
        .order_by(challenges.c.id.desc())
        .limit(query.limit)
    )
    if query.client_ids is not None:
        search = search.where(among(authorizations.c.client_id, query.client_ids))
    if query.identifier is not None:
        search = search.where(authorizations.c.identifier_value == query.identifier)
    if query.account_id is not None:
        search = search.where(authorizations.c.account_id == query.account_id)
    if query.method is not None:
        search = search.where(challenges.c.method == query.method)
    if query.status is not None:
        search = search.where(challenges.c.status == query.status)
    if query.enrolled_at is not None:
        search = search.where(*_enrolled(query.enrolled_at))
    if query.before is not None:
        search = search.where(challenges.c.id < query.before)
    return search


def _enrolled(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Control is shown by this challenge, and by none of a newer authorization for the same."""
    newer = authorizations.alias("newer")
    same = (
        newer.c.identifier_value == authorizations.c.identifier_value,
        newer.c.identifier_type == authorizations.c.identifier_type,
        newer.c.wildcard == authorizations.c.wildcard,
        newer.c.client_id == authorizations.c.client_id,
        newer.c.account_id.is_not_distinct_from(authorizations.c.account_id),
    )
    shown = (newer.c.status == AuthorizationStatus.VALID, newer.c.expires_at > now)
    return (
        challenges.c.status == ChallengeStatus.VALID,
        authorizations.c.status == AuthorizationStatus.VALID,
        authorizations.c.expires_at > now,
        ~exists(select(newer.c.id).where(*same, *shown, newer.c.id > authorizations.c.id)),
    )
