"""Pre-validated domains in the store."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, insert, literal, select, tuple_

from ca_core.model.domains import ClientDomain, DomainToken
from ca_core.model.values import of_members, replace
from store.columns import among
from store.revisions import conflict, save_statement
from store.spread import spread
from store.statements import Executor, Reader, Row, Statement
from store.tables import client_domains, unshown
from store.wildcards import ESCAPE, like_pattern

_ADD = Statement(insert(client_domains))
_GET = Statement(select(client_domains).where(client_domains.c.id == bindparam("id")))
_SAVE = save_statement(
    client_domains,
    (
        *("token", "token_created_at", "token_expires_at", "validated_at", "valid_until", "dnssec"),
        *("checked_at", "result"),
    ),
)
_DELETE = Statement(
    delete(client_domains).where(
        client_domains.c.id == bindparam("id"), client_domains.c.revision == bindparam("revision")
    )
)
_OF_CLIENT = Statement(
    select(client_domains).where(client_domains.c.client_id == bindparam("client_id")).order_by(client_domains.c.name)
)
_AWAITING_CHECK = Statement(
    select(client_domains)
    .where(unshown, client_domains.c.token_expires_at > bindparam("now"), client_domains.c.id > bindparam("after"))
    .order_by(client_domains.c.id)
    .limit(bindparam("limit"))
)


@cache
def _named(names: tuple[str, ...]) -> Statement:
    """The Client's domains of so many names."""
    return Statement(
        select(client_domains).where(
            client_domains.c.client_id == bindparam("client_id"),
            client_domains.c.name.in_([bindparam(name) for name in names]),
        )
    )


class DomainTable:
    """Implements :class:`ca_core.model.repositories.domains.Domains`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def add(self, domains: Sequence[ClientDomain]) -> None:
        """Store new domains; raises CONFLICT when the Client has one of them already."""
        self._run.change_many(_ADD, [_values(domain) for domain in domains])

    def get(self, domain_id: str) -> ClientDomain | None:
        """Return the domain of this id."""
        return self._run.value(_DOMAINS, _GET, {"id": domain_id})

    def save(self, domain: ClientDomain) -> ClientDomain:
        """Replace the row of this revision; return the domain with the next one; raises CONFLICT."""
        if not self._run.change(_SAVE, _values(domain)):
            raise conflict(f"domain {domain.name}")
        return replace(domain, revision=domain.revision + 1)

    def delete(self, domain: ClientDomain) -> None:
        """Delete the row of this revision; raises CONFLICT."""
        if not self._run.change(_DELETE, vars(domain)):
            raise conflict(f"domain {domain.name}")

    def of_client(self, client_id: str) -> list[ClientDomain]:
        """Return the Client's domains, by name."""
        return self._run.values(_DOMAINS, _OF_CLIENT, {"client_id": client_id})

    def search(self, client_ids: frozenset[str] | None, *, text: str, after: str, limit: int) -> list[ClientDomain]:
        """Return the domains of these Clients with ``text`` in the name, by name, behind the place ``after``."""
        name, own_id = client_domains.c.name, client_domains.c.id
        page = select(client_domains).order_by(name, own_id).limit(limit)
        if after:
            behind, _, behind_id = after.rpartition("/")
            page = page.where(tuple_(name, own_id) > tuple_(literal(behind), literal(behind_id)))
        if client_ids is not None:
            page = page.where(among(client_domains.c.client_id, client_ids))
        if text:
            page = page.where(name.like(like_pattern(text), escape=ESCAPE))  # names are in lower case
        return [_domain(row) for row in self._run.search(page)]

    def named(self, client_id: str, names: Sequence[str]) -> list[ClientDomain]:
        """Return the Client's domains of exactly these names."""
        if not names:
            return []
        wanted = spread("name", names)
        return self._run.values(_DOMAINS, _named(tuple(wanted)), {**wanted, "client_id": client_id})

    def awaiting_check(self, now: datetime, *, after: str, limit: int) -> list[ClientDomain]:
        """Return domains whose usable token has not shown control yet, by id, behind the id ``after``."""
        return self._run.values(_DOMAINS, _AWAITING_CHECK, {"now": now, "after": after, "limit": limit})


def _values(domain: ClientDomain) -> dict[str, Any]:
    token = domain.token
    return {
        **vars(domain),
        "token": token.value if token else None,
        "token_created_at": token.created_at if token else None,
        "token_expires_at": token.expires_at if token else None,
    }


def _domain(row: Row) -> ClientDomain:
    value, created_at, expires_at = row["token"], row.pop("token_created_at"), row.pop("token_expires_at")
    row["token"] = None if value is None else DomainToken(value=value, created_at=created_at, expires_at=expires_at)
    return of_members(ClientDomain, row)


_DOMAINS = Reader(_domain)
