"""Rate limits: a token is taken from a bucket in the transaction of the act that it is for (rule 53).

The buckets are rows, shared by all workers, after the generic cell rate algorithm: a row holds the time at which its
bucket will be full again, and taking a token is one conditional write. Whoever is exempt is asked only when a bucket
is empty, so that exemptions cost nothing otherwise. Where the act comes long after it was asked for (a validation that
fails, a certificate), the bucket is looked at when it is asked for and taken from by the act.
"""

import hashlib
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from math import ceil
from typing import Final

from ca_core.access.networks import address_of
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.identifiers import Identifier
from ca_core.model.orders import Order
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.products import Road
from ca_core.model.rate_limits import OFF, Allowance, Limit, Rate
from ca_core.model.store import Transaction

_IPV6_PREFIX: Final = 48
"""Whoever has one IPv6 address has at least so many of them (abuse 69)."""

_WHAT: Final = {
    Limit.ACCOUNTS_PER_ADDRESS: "new accounts from {}; use one account for many certificates",
    Limit.ORDERS_PER_ACCOUNT: "orders of the account {}; look for what orders again and again",
    Limit.ORDERS_PER_CLIENT: "orders of the Client {}; look for what orders again and again",
    Limit.FAILED_VALIDATIONS: "failed validations of {}; find out why they fail before the next",
    Limit.CERTIFICATES_PER_NAMES: "certificates for exactly {}; keep the one you have until it is due",
    Limit.REFUSALS_PER_ADDRESS: "refused requests from {}; find out why they are refused before the next",
    Limit.FAILED_SIGN_INS_PER_ADDRESS: "failed sign-ins from {}; find out why they fail before the next",
    Limit.REQUESTS_PER_USER: "requests of the user {}; ask for what you need, and in larger pages",
    Limit.REQUESTS_PER_ADDRESS: "requests from {}; ask for what you need, and in larger pages",
}


def new_account(core: Core, tx: Transaction, principal: Principal) -> None:
    """Count a new account from the principal's address; raises RATE_LIMITED."""
    network = _network(principal.address)
    _take(core, tx, Limit.ACCOUNTS_PER_ADDRESS, network, network, principal)


def new_order(core: Core, tx: Transaction, principal: Principal, client_id: str) -> None:
    """Count an order of the Client and, over ACME, of the account, unless it is the gateway's own; raises RATE_LIMITED.

    The Client's bucket is first, so that two workers of a database server that count one Client's orders wait for
    each other there, and not crosswise.
    """
    if principal.kind is PrincipalKind.SYSTEM:
        return
    _take(core, tx, Limit.ORDERS_PER_CLIENT, client_id, client_id, principal)
    if principal.kind is PrincipalKind.ACME_ACCOUNT:
        _take(core, tx, Limit.ORDERS_PER_ACCOUNT, principal.id, principal.id, principal)


def require_certificate(core: Core, tx: Transaction, principal: Principal, order: Order) -> None:
    """Refuse one more certificate of the Client for exactly the order's names; raises RATE_LIMITED."""
    names = sorted(str(identifier) for identifier in order.identifiers)
    shown = " and ".join([*names[:1], *([f"{len(names) - 1} more"] if names[1:] else [])])
    _require(core, tx, Limit.CERTIFICATES_PER_NAMES, _names_of(order), shown, principal)


def count_certificate(core: Core, tx: Transaction, principal: Principal, order: Order) -> None:
    """Count the certificate of an order, in the transaction that begins its issuance; raises RATE_LIMITED."""
    if not _count(core, tx, Limit.CERTIFICATES_PER_NAMES, _names_of(order)):
        require_certificate(core, tx, principal, order)


def begin_validation(core: Core, tx: Transaction, principal: Principal, holder_id: str, identifier: Identifier) -> None:
    """Count a validation as failed as long as it has not succeeded; raises RATE_LIMITED.

    ``holder_id`` is the account or, where there is none, the Client that is to show control.
    """
    _take(core, tx, Limit.FAILED_VALIDATIONS, f"{holder_id}:{identifier}", str(identifier), principal)


def validation_succeeded(core: Core, tx: Transaction, holder_id: str, identifier: Identifier) -> None:
    """Take the count of a validation back, since it has not failed."""
    rate = core.limits.rates.get(Limit.FAILED_VALIDATIONS, OFF)
    if rate.count:
        tx.rate_limits.give_back(f"{Limit.FAILED_VALIDATIONS}:{holder_id}:{identifier}", rate)


def request(core: Core, tx: Transaction, principal: Principal) -> None:
    """Count a request of a user, for him and for his address; raises RATE_LIMITED."""
    for limit, subject in _of_request(principal):
        _take(core, tx, limit, subject, subject, principal)


def stranger_s_request(core: Core, tx: Transaction, stranger: Principal) -> None:
    """Count a request of somebody who has not signed in, for his address; raises RATE_LIMITED."""
    network = _network(stranger.address)
    _take(core, tx, Limit.REQUESTS_PER_ADDRESS, network, network, stranger)


def allowances(core: Core, tx: Transaction, principal: Principal) -> list[Allowance]:
    """Return what is left of the limits on a user's requests, for him and for his address, as far as there are any."""
    return [
        _allowance(core, tx, limit, subject)
        for limit, subject in _of_request(principal)
        if subject and core.limits.rates.get(limit, OFF).count
    ]


def _of_request(principal: Principal) -> tuple[tuple[Limit, str], ...]:
    return (Limit.REQUESTS_PER_USER, principal.id), (Limit.REQUESTS_PER_ADDRESS, _network(principal.address))


def _allowance(core: Core, tx: Transaction, limit: Limit, subject: str) -> Allowance:
    rate, now = core.limits.rates[limit], core.sources.now()
    full_at = max(now, tx.rate_limits.full_at(f"{limit}:{subject}") or now)
    taken = ceil((full_at - now) / rate.interval)
    return Allowance(
        limit=limit,
        rate=rate,
        remaining=max(0, rate.count - taken),
        full_in=ceil((full_at - now) / timedelta(seconds=1)),
    )


def refusal(core: Core, tx: Transaction, principal: Principal) -> Problem | None:
    """Count a refused request of the principal's address; return the problem of one that is too many."""
    network = _network(principal.address)
    try:
        _take(core, tx, Limit.REFUSALS_PER_ADDRESS, network, network, principal)
    except TriviumError as error:
        return error.problem
    return None


def require_sign_in(core: Core, tx: Transaction, principal: Principal) -> None:
    """Refuse one more sign-in from the principal's address, of which too many have failed; raises RATE_LIMITED."""
    network = _network(principal.address)
    _require(core, tx, Limit.FAILED_SIGN_INS_PER_ADDRESS, network, network, principal)


def count_failed_sign_in(core: Core, tx: Transaction, principal: Principal) -> None:
    """Count a failed sign-in from the principal's address."""
    _count(core, tx, Limit.FAILED_SIGN_INS_PER_ADDRESS, _network(principal.address))


def _take(core: Core, tx: Transaction, limit: Limit, subject: str, shown: str, principal: Principal) -> None:
    """Take a token; raises RATE_LIMITED when there is none and the principal is not exempt."""
    if not _count(core, tx, limit, subject):
        _require(core, tx, limit, subject, shown, principal)


def _count(core: Core, tx: Transaction, limit: Limit, subject: str) -> bool:
    """Take a token; False when there is none."""
    rate = core.limits.rates.get(limit, OFF)
    return not rate.count or not subject or tx.rate_limits.take(f"{limit}:{subject}", core.sources.now(), rate)


def _require(core: Core, tx: Transaction, limit: Limit, subject: str, shown: str, principal: Principal) -> None:
    """Raise RATE_LIMITED when there is no token and the principal is not exempt."""
    rate = core.limits.rates.get(limit, OFF)
    if not rate.count or not subject:
        return
    now = core.sources.now()
    at = tx.rate_limits.next_at(f"{limit}:{subject}", now, rate)
    if at is not None and not _exempt(core, tx, principal):
        raise _refused(limit, rate, shown, at, now)


def _names_of(order: Order) -> str:
    """Return the bucket of exactly these names; none of the gateway's own certificates, and of those without a name."""
    if order.road is Road.SYSTEM or not order.identifiers:
        return ""
    names = sorted(str(identifier) for identifier in order.identifiers)
    return f"{order.client_id}:{hashlib.sha256(chr(10).join(names).encode()).hexdigest()}"


def _exempt(core: Core, tx: Transaction, principal: Principal) -> bool:
    limits = core.limits
    if principal.id in limits.exempt_accounts:
        return True
    address = address_of(principal.address)
    if address is not None and any(address in network for network in limits.exempt_networks):
        return True
    if not limits.exempt_clients or principal.client_id is None:
        return False
    client = tx.clients.get(principal.client_id)
    return client is not None and client.name in limits.exempt_clients


def _network(address: str) -> str:
    """Return what one peer is taken for: an IPv4 address, a /48 of IPv6; empty where no address is known."""
    parsed = address_of(address)
    if isinstance(parsed, IPv6Address):
        network: IPv4Network | IPv6Network = ip_network((parsed, _IPV6_PREFIX), strict=False)
        return str(network)
    return "" if parsed is None else str(parsed)


def _refused(limit: Limit, rate: Rate, shown: str, at: datetime, now: datetime) -> TriviumError:
    seconds = max(1, ceil((at - now) / timedelta(seconds=1)))
    until = (now + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    what, _, advice = _WHAT[limit].format(shown).partition("; ")
    return TriviumError(
        ErrorKind.RATE_LIMITED,
        f"Too many {what} (at most {rate}): wait until {until}, and {advice}. The operator of the CA can raise "
        f"limits.{limit} or exempt you from it.",
        retry_after=seconds,
    )
