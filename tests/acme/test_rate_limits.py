"""Rate limits over HTTP (rule 53, abuse 69): burst and one more, refill, what the refusal says, who is exempt."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ca_core.access.rate_limits import new_account
from ca_core.audit.refusals import record_failure
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.principals import ANONYMOUS
from ca_core.model.rate_limits import Limit, Rate, RateLimits
from gateway.acme.nonces import Nonces
from gateway.acme.routes import build_app
from tests.acme.acme_client import AcmeClient, Answer, csr
from tests.acme.acme_server import NONCE_KEY, AcmeServer

HOUR = timedelta(hours=1)
TWO = Rate(2, HOUR)


def limited(server: AcmeServer, *limits: Limit, rate: Rate = TWO, **exempt: object) -> AcmeServer:
    """Return the server with these limits and exemptions."""
    found = RateLimits(rates=dict.fromkeys(limits, rate), **exempt)  # type: ignore[arg-type]
    core = replace(server.core, limits=found)
    app = build_app(core, [server.directory], Nonces(NONCE_KEY, core.sources))
    return replace(server, app=app, installation=replace(server.installation, core=core))


def at(client: AcmeClient, server: AcmeServer) -> AcmeClient:
    """Return the client at another application of the same CA."""
    return replace(client, app=server.app)


def too_many(answer: Answer, limit: Limit, *, seconds: int) -> None:
    """Check a refusal: which limit, until when, what to do."""
    assert (answer.status, answer.problem) == (429, "rateLimited"), answer.body
    assert answer.header("retry-after") == str(seconds)
    detail = answer.json["detail"]
    assert f"limits.{limit}" in detail
    assert "wait until 20" in detail
    assert "2/1h" in detail


async def test_accounts_per_address(server: AcmeServer) -> None:
    """One machine could fill the account table (abuse 69)."""
    strict = limited(server, Limit.ACCOUNTS_PER_ADDRESS)
    first, _ = await strict.account(), await strict.account()
    third = await strict.client()
    too_many(await third.register(), Limit.ACCOUNTS_PER_ADDRESS, seconds=1800)
    assert (await first.register()).status == 200  # a known key makes no account
    server.installation.clock.advance(minutes=30)
    assert (await third.register()).status == 201
    too_many(await (await strict.client()).register(), Limit.ACCOUNTS_PER_ADDRESS, seconds=1800)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:1::1", "2001:db8:1:ffff::2", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2", True),
    ],
)
async def test_ipv6_addresses_count_by_48_bits(server: AcmeServer, one: str, other: str, same: bool) -> None:
    """Whoever has an IPv6 network has more addresses than there are accounts (abuse 69)."""
    core = limited(server, Limit.ACCOUNTS_PER_ADDRESS, rate=Rate(1, HOUR)).core

    async def take(address: str) -> None:
        await core.store.write(lambda tx: new_account(core, tx, replace(ANONYMOUS, address=address)))

    await take(one)
    if same:
        with pytest.raises(TriviumError) as error:
            await take(other)
        assert error.value.kind is ErrorKind.RATE_LIMITED
    else:
        await take(other)


@pytest.mark.parametrize("limit", [Limit.ORDERS_PER_ACCOUNT, Limit.ORDERS_PER_CLIENT])
async def test_orders(server: AcmeServer, limit: Limit) -> None:
    """A client in a loop would fill the database; another account of the Client would pay for it, or not."""
    strict = limited(server, limit)
    client, other = await strict.account(), await strict.account()
    for name in ("a.test", "b.test"):
        assert (await client.order(name)).status == 201
    assert (await client.order("no name")).problem == "rejectedIdentifier"
    too_many(await client.order("c.test"), limit, seconds=1800)
    assert (await other.order("d.test")).status == (201 if limit is Limit.ORDERS_PER_ACCOUNT else 429)
    server.installation.clock.advance(minutes=30)
    assert (await client.order("c.test")).status == 201


async def test_certificates_for_exactly_the_same_names(server: AcmeServer) -> None:
    """A client that loses what it gets would be given certificates for ever (rule 53)."""
    strict = limited(server, Limit.CERTIFICATES_PER_NAMES)
    client, other = await strict.account(), await strict.account()
    await strict.issued_order(client, "a.test", "b.test")
    await strict.issued_order(other, "b.test", "a.test")
    order = await strict.ready_order(client, "A.test", "b.test")
    body = {"csr": csr("a.test", "b.test")}
    too_many(await client.post(order.json["finalize"], body), Limit.CERTIFICATES_PER_NAMES, seconds=1800)
    await strict.issued_order(client, "a.test")
    assert (await client.post(order.header("location"))).json["status"] == "ready"
    server.installation.clock.advance(minutes=30)
    assert (await client.post(order.json["finalize"], body)).json["status"] == "valid"


async def failing(server: AcmeServer, client: AcmeClient, name: str) -> Answer:
    """Answer a challenge for which nothing is there, and return the answer to that."""
    order = await client.order(name)
    [url] = order.json["authorizations"]
    authorization = await client.post(url)
    [challenge] = [one for one in authorization.json["challenges"] if one["type"] == "http-01"]
    answer = await client.post(challenge["url"], {})
    if answer.status == 200:
        assert (await server.decided(client, url)).json["status"] == "invalid"
    return answer


async def test_failed_validations_of_an_account_and_a_name(server: AcmeServer) -> None:
    """The gateway would ask somebody's web server as often as anybody likes (rule 53)."""
    strict = limited(server, Limit.FAILED_VALIDATIONS)
    client, other = await strict.account(), await strict.account()
    for _ in range(2):
        assert (await failing(strict, client, "a.test")).status == 200
    asked = server.web.requests
    too_many(await failing(strict, client, "a.test"), Limit.FAILED_VALIDATIONS, seconds=1800)
    assert server.web.requests == asked
    assert (await failing(strict, client, "b.test")).status == 200
    assert (await failing(strict, other, "a.test")).status == 200
    server.installation.clock.advance(minutes=30)
    order = await strict.ready_order(client, "a.test")
    assert order.json["status"] == "ready"


async def test_refusals_cannot_fill_the_audit_log(server: AcmeServer) -> None:
    """Anybody could fill the disk with records of what they were refused (rule 53)."""
    strict = limited(server, Limit.REFUSALS_PER_ADDRESS)
    client = await strict.account()

    async def records() -> int:
        found = await server.core.store.read(lambda tx: tx.audit.of_object("", 100))
        return len(found)

    before = await records()
    url = client.directory["newOrder"]
    for _ in range(2):
        assert (await client.raw(url, b"garbage")).problem == "malformed"
    for body in (b"garbage", b"{}"):
        too_many(await client.raw(url, body), Limit.REFUSALS_PER_ADDRESS, seconds=1800)
    too_many(await client.order("no name"), Limit.REFUSALS_PER_ADDRESS, seconds=1800)
    assert await records() == before + 2
    # Good requests are served as before, and a nonce that is used up is still said to be, for a retry with another.
    assert (await client.order("a.test")).status == 201
    assert (await client.post(url, {}, nonce="A" * 43)).problem == "badNonce"
    assert await records() == before + 2
    server.installation.clock.advance(minutes=30)
    assert (await client.raw(url, b"garbage")).problem == "malformed"


async def test_a_limited_refusal_uses_its_nonce_up(server: AcmeServer) -> None:
    """A request could be sent again and again once its sender has been refused often enough (rule 38)."""
    strict = limited(server, Limit.REFUSALS_PER_ADDRESS, rate=Rate(1, HOUR))
    client = await strict.account()
    assert (await client.raw(client.directory["newOrder"], b"garbage")).status == 400
    nonce = await client.nonce()
    assert (await client.post(client.directory["newOrder"], {}, nonce=nonce)).status == 429
    assert (await client.post(client.directory["newOrder"], {}, nonce=nonce)).problem == "badNonce"


async def test_what_is_our_fault_counts_for_nobody(server: AcmeServer) -> None:
    """An address would be refused for a token that does not answer, and the operator would not find why (rule 53)."""
    strict = limited(server, Limit.REFUSALS_PER_ADDRESS, rate=Rate(1, HOUR))
    client = await strict.account()
    principal = replace(ANONYMOUS, address="192.0.2.7")
    for kind in (ErrorKind.UNAVAILABLE, ErrorKind.INTERNAL) * 2:
        problem = Problem(kind=kind, detail="Ours.")
        assert (await record_failure(strict.core, problem, principal, "order.place")).id
    assert (await client.raw(client.directory["newOrder"], b"garbage")).status == 400
    assert (await client.raw(client.directory["newOrder"], b"garbage")).status == 429


@pytest.mark.parametrize(
    "exempt",
    [
        lambda _: {"exempt_networks": (ip_network("2001:db8::/32"), ip_network("192.0.2.0/24"))},
        lambda c: {"exempt_accounts": frozenset({c.kid.rpartition("/")[2]})},
        lambda _: {"exempt_clients": frozenset({"default"})},
    ],
)
async def test_whoever_is_exempt_meets_no_limit(
    server: AcmeServer, client: AcmeClient, exempt: Callable[[AcmeClient], dict[str, object]]
) -> None:
    """The operator could not help a Client, a proxy or an account that has reason to ask for more."""
    limits = (Limit.ORDERS_PER_ACCOUNT, Limit.ORDERS_PER_CLIENT, Limit.FAILED_VALIDATIONS)
    open_to_it = limited(server, *limits, rate=Rate(1, HOUR), **exempt(client))
    theirs = at(client, open_to_it)
    for _ in range(3):
        assert (await failing(open_to_it, theirs, "a.test")).status == 200
    others = limited(server, *limits, rate=Rate(1, HOUR), exempt_networks=(ip_network("198.51.100.0/24"),))
    assert (await at(client, others).order("a.test")).status == 429


async def test_workers_share_the_limits(server: AcmeServer, client: AcmeClient) -> None:
    """Every worker would add to what is allowed (rule 53)."""
    workers = [at(client, limited(server, Limit.ORDERS_PER_ACCOUNT)) for _ in range(3)]
    assert [(await one.order("a.test")).status for one in workers] == [201, 201, 429]


async def test_a_limit_that_is_off(server: AcmeServer) -> None:
    """An operator could not do without a limit, and a limit nobody set would refuse."""
    none = limited(server, *Limit, rate=Rate.parse("off"))
    client = await none.account(ec.generate_private_key(ec.SECP256R1()))
    for _ in range(3):
        await none.issued_order(client, "a.test")
    assert await server.core.store.write(lambda tx: tx.rate_limits.purge(server.core.sources.now() + HOUR, 10)) == 0
