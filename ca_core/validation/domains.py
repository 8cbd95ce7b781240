"""Pre-validated domains: a Client shows control of a domain once, and orders over every road are served by it.

A random value in the DNS shows it (BR 3.2.2.4.7), usable for 30 days; control then serves the domain, its sub-domains
and wildcards for as long as the Baseline Requirements let a validation be used again.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import idna

from ca_core.access import rate_limits
from ca_core.access.authorisation import clients_searched, require
from ca_core.access.visibility import MAX_PAGE, not_found, require_sees
from ca_core.audit.log import entry
from ca_core.certificates.names import check_identifiers
from ca_core.core import Core
from ca_core.model.audit import AuditRecord, Outcome
from ca_core.model.authorizations import ValidationMethod
from ca_core.model.domains import ClientDomain, DomainToken
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.permissions import Permission
from ca_core.model.principals import SYSTEM, Principal
from ca_core.model.products import NamePolicy
from ca_core.model.sources import Sources
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.notify import events
from ca_core.orders.pending_validation import serve_waiting
from ca_core.validation.attempt import fail_waiting_order
from ca_core.validation.tokens import TOKEN_LIFETIME, new_token
from ca_core.validation.validator import Validated

METHOD: Final = ValidationMethod.CA_DNS_CHANGE
MAX_AT_ONCE: Final = 100
"""The most domains that one call registers."""

_ANY_NAME: Final = NamePolicy(internal_names=True)
_MAX_UNICODE_NAME: Final = 253
_REUSE: Final = timedelta(days=200)
_LATER_REUSE: Final = (
    (datetime(2027, 3, 15, tzinfo=UTC), timedelta(days=100)),
    (datetime(2029, 3, 15, tzinfo=UTC), timedelta(days=10)),
)


async def register(core: Core, client_id: str, names: Sequence[str], principal: Principal) -> list[ClientDomain]:
    """Register domains of a Client, each with a token; return them in the order of ``names``.

    A name may be written with international labels. One that is registered already is returned as it is. Raises
    NOT_FOUND, FORBIDDEN, MALFORMED for none or too many, IDENTIFIER_REJECTED with a sub-problem for each bad name.
    """
    wanted = _checked(names)
    now = core.sources.now()

    def add(tx: Transaction) -> list[ClientDomain]:
        _require_client(tx, client_id, principal, Permission.DOMAIN_CREATE)
        known = {domain.name: domain for domain in tx.domains.named(client_id, wanted)}
        made = {
            name: ClientDomain(
                id=core.sources.new_id("cld"),
                client_id=client_id,
                name=name,
                created_at=now,
                created_by=principal.actor,
                token=_token(core.sources, now),
            )
            for name in wanted
            if name not in known
        }
        tx.domains.add(list(made.values()))
        tx.audit.append([_entry(core, domain, principal, "domain.register") for domain in made.values()])
        return [known.get(name) or made[name] for name in wanted]

    return await core.store.write(add)


async def listing(core: Core, client_id: str, principal: Principal) -> list[ClientDomain]:
    """Return the domains of a Client, by name; raises NOT_FOUND, FORBIDDEN."""

    def read(tx: Transaction) -> list[ClientDomain]:
        _require_client(tx, client_id, principal, Permission.DOMAIN_VIEW)
        return tx.domains.of_client(client_id)

    return await core.store.read(read)


async def search(
    core: Core, principal: Principal, *, client_id: str | None = None, text: str = "", after: str = "", limit: int
) -> list[ClientDomain]:
    """Return a page of the domains of a Client (None: of all the principal has), by name, behind the place ``after``.

    ``text`` is part of the name, and may have the wildcards ? and *. Raises NOT_FOUND for the Client, FORBIDDEN.
    """

    def read(tx: Transaction) -> list[ClientDomain]:
        if client_id is not None:
            _require_client(tx, client_id, principal, Permission.DOMAIN_VIEW)
        asked = None if client_id is None else frozenset({client_id})
        allowed = clients_searched(principal, Permission.DOMAIN_VIEW, asked)
        return tx.domains.search(allowed, text=text, after=after, limit=max(1, min(limit, MAX_PAGE)))

    return await core.store.read(read)


async def get(core: Core, domain_id: str, principal: Principal) -> ClientDomain:
    """Return the domain; raises NOT_FOUND, also for another Client's, and FORBIDDEN."""
    return await core.store.read(lambda tx: _visible(tx, domain_id, principal, Permission.DOMAIN_VIEW))


async def validate_now(core: Core, domain_id: str, principal: Principal) -> ClientDomain:
    """Look for the domain's token in the DNS now; return the domain with what was seen.

    Also where control is shown already: it then serves anew from now on. Raises NOT_FOUND, FORBIDDEN, RATE_LIMITED,
    and NOT_READY where no token is usable. That it was not found is no error: ``result`` says so.
    """

    def begin(tx: Transaction) -> ClientDomain:
        domain = _visible(tx, domain_id, principal, Permission.DOMAIN_UPDATE)
        if domain.token is None or not domain.token.usable_at(core.sources.now()):
            raise TriviumError(
                ErrorKind.NOT_READY, f"{domain.name} has no token that is usable now; reset it to get a new one."
            )
        rate_limits.begin_validation(core, tx, principal, domain.client_id, identifier_of(domain))
        return domain

    looked = await look(core, await core.store.write(begin), principal)
    return looked or await get(core, domain_id, principal)


async def look(core: Core, domain: ClientDomain, principal: Principal) -> ClientDomain | None:
    """Look for the token of ``domain`` and record what was seen; return the domain as it is then.

    None, and nothing is recorded, when it has no token, or was changed or deleted meanwhile. Orders that wait for names
    that the domain covers run on. Raises UNAVAILABLE when the store fails.
    """
    token = domain.token
    if token is None:
        return None
    try:
        seen: Validated | TriviumError = await core.validators[METHOD].validate(
            identifier_of(domain), token.value, token.value
        )
    except TriviumError as error:
        seen = error
    try:
        return await core.store.write(lambda tx: _record(core, tx, domain, seen, principal))
    except TriviumError as error:
        if error.kind is not ErrorKind.CONFLICT:
            raise
        return None


def _record(
    core: Core, tx: Transaction, domain: ClientDomain, seen: Validated | TriviumError, principal: Principal
) -> ClientDomain:
    now = core.sources.now()
    if isinstance(seen, TriviumError):
        if principal is not SYSTEM:  # what a worker saw by itself is no act of anybody
            tx.audit.append([_entry(core, domain, principal, "domain.validate", Outcome.FAILED, detail=seen.detail)])
        return tx.domains.save(replace(domain, checked_at=now, result=seen.detail))
    shown = replace(
        domain,
        checked_at=now,
        result=seen.detail,
        validated_at=now,
        valid_until=reuse_ends(now),
        dnssec=seen.dnssec,
    )
    rate_limits.validation_succeeded(core, tx, domain.client_id, identifier_of(domain))
    events.domain_validated(tx, core.sources, shown)
    # Rule 65: method and resolver are kept per name.
    tx.audit.append(
        [_entry(core, domain, principal, "domain.validate", method=METHOD, resolver=seen.resolver, detail=seen.detail)]
    )
    saved = tx.domains.save(shown)
    serve_waiting(core, tx, saved)
    return saved


async def reset_token(core: Core, domain_id: str, principal: Principal) -> ClientDomain:
    """Give the domain a new token; the previous one shows nothing any more. What is shown stays shown.

    Raises NOT_FOUND, FORBIDDEN.
    """

    def act(tx: Transaction) -> ClientDomain:
        domain = _visible(tx, domain_id, principal, Permission.DOMAIN_UPDATE)
        tx.audit.append([_entry(core, domain, principal, "domain.reset-token")])
        return tx.domains.save(replace(domain, token=_token(core.sources, core.sources.now())))

    return await core.store.write(act)


async def delete_token(core: Core, domain_id: str, principal: Principal) -> ClientDomain:
    """Take the domain's token back, if it has one; what is shown stays shown. Raises NOT_FOUND, FORBIDDEN."""

    def act(tx: Transaction) -> ClientDomain:
        domain = _visible(tx, domain_id, principal, Permission.DOMAIN_UPDATE)
        tx.audit.append([_entry(core, domain, principal, "domain.delete-token")])
        return tx.domains.save(replace(domain, token=None))

    return await core.store.write(act)


async def delete(core: Core, domain_id: str, principal: Principal) -> None:
    """Delete the domain: it serves no order from now on, and none that has not begun to be issued.

    Raises NOT_FOUND, FORBIDDEN.
    """
    problem = Problem(
        kind=ErrorKind.NOT_READY, detail="A pre-validated domain that the order relied on was deleted; place a new one."
    ).recorded_as(core.sources.new_id("err"))

    def act(tx: Transaction) -> None:
        domain = _visible(tx, domain_id, principal, Permission.DOMAIN_DELETE)
        tx.domains.delete(domain)
        for authorization_id in tx.authorizations.revoke_of_domain(domain.id):
            for order in tx.orders.referring_to(authorization_id):
                if order.csr is not None:  # one of ACME ends with its authorization
                    fail_waiting_order(core, tx, order.id, problem)
        tx.audit.append([_entry(core, domain, principal, "domain.delete")])

    await core.store.write(act)


def identifier_of(domain: ClientDomain) -> Identifier:
    """Return the identifier that control is shown of."""
    return Identifier(type=IdentifierType.DNS, value=domain.name)


def reuse_ends(shown_at: datetime) -> datetime:
    """Return until when control shown at ``shown_at`` may be used for a public certificate (BR 4.2.1, rule 15).

    What counts is the limit on the day of the issuance: 200 days, 100 from 2027-03-15, 10 from 2029-03-15.
    """
    end = shown_at + _REUSE
    for since, reuse in _LATER_REUSE:
        if end > since:
            end = max(since, shown_at + reuse)
    return end


def _checked(names: Sequence[str]) -> list[str]:
    """Return the names in the form in which they are kept, without repetitions."""
    if not 0 < len(names) <= MAX_AT_ONCE:
        raise TriviumError(ErrorKind.MALFORMED, f"Name from 1 to {MAX_AT_ONCE} domains.")
    identifiers = [Identifier(type=IdentifierType.DNS, value=_ascii(name)) for name in names]
    if any(identifier.wildcard for identifier in identifiers):
        raise TriviumError(
            ErrorKind.IDENTIFIER_REJECTED,
            "Register the domain without `*.`: once control is shown, it serves the wildcards below it too.",
        )
    return [one.value for one in check_identifiers(identifiers, _ANY_NAME, public=False)]


def _ascii(name: str) -> str:
    """Return the name with its international labels in punycode; what cannot be so written comes back unchanged."""
    if name.isascii() or len(name) > _MAX_UNICODE_NAME:
        return name
    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except UnicodeError:  # idna.IDNAError is one
        return name


def _token(sources: Sources, now: datetime) -> DomainToken:
    return DomainToken(value=new_token(sources), created_at=now, expires_at=now + TOKEN_LIFETIME)


def _require_client(tx: Transaction, client_id: str, principal: Principal, permission: Permission) -> None:
    """Raise NOT_FOUND or FORBIDDEN unless the principal may do this with the Client's domains."""
    require_sees(principal, "Client", client_id=client_id)
    require(principal, permission, client_id, "Client")
    if tx.clients.get(client_id) is None:
        raise not_found("Client")


def _visible(tx: Transaction, domain_id: str, principal: Principal, permission: Permission) -> ClientDomain:
    domain = tx.domains.get(domain_id)
    if domain is None:
        raise not_found("domain")
    require_sees(principal, "domain", client_id=domain.client_id)
    require(principal, permission, domain.client_id, "domain")
    return domain


def _entry(
    core: Core,
    domain: ClientDomain,
    principal: Principal,
    action: str,
    outcome: Outcome = Outcome.SUCCESS,
    **details: str,
) -> AuditRecord:
    return entry(
        core.sources,
        principal,
        action,
        domain.id,
        client_id=domain.client_id,
        outcome=outcome,
        domain=domain.name,
        **details,
    )
