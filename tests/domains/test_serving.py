"""Pre-validated domains serve orders: the domain, its sub-domains and wildcards, for its Client alone (rule 50)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ca_core.model.accounts import Account, AccountStatus
from ca_core.model.authorizations import AuthorizationStatus, ValidationMethod
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.orders import OrderRequest, OrderState
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.products import Road
from ca_core.orders.place import place
from ca_core.orders.submit import submit_csr
from ca_core.validation import domains
from ca_core.validation.coverage import domains_above
from tests.domains.registry import Registry
from tests.orders.workshop import csr


async def test_an_order_below_a_shown_domain_is_issued_at_once(registry: Registry) -> None:
    """Pre-validation would be for nothing; and its evidence must be the order's (rule 65)."""
    domain = await registry.shown("example.com")
    asked = len(registry.dns.queries)
    order = await registry.order(
        "example.com", "www.example.com", "a.b.example.com", "*.example.com", "*.c.example.com"
    )
    assert await registry.issued(order), order.error
    assert len(registry.dns.queries) == asked, "CAA is not asked for by this product, nor is control"
    held = await registry.core.store.read(lambda tx: tx.authorizations.get_many(order.authorization_ids))
    assert {one.domain_id for one in held} == {domain.id}
    assert {method for one in held for method in one.methods} == {ValidationMethod.CA_DNS_CHANGE}
    assert {one.shown_at for one in held} == {domain.validated_at}
    assert {one.expires_at for one in held} == {domain.valid_until}


@pytest.mark.parametrize("name", ["badexample.com", "com", "example.org", "example.com.evil.org"])
async def test_a_domain_serves_nothing_beside_it(registry: Registry, name: str) -> None:
    """Rule 50: a name that only looks like a sub-domain would be issued without control of it."""
    await registry.shown("example.com")
    try:
        order = await registry.order(name)
    except TriviumError as error:
        assert error.kind is ErrorKind.IDENTIFIER_REJECTED  # noqa: PT017 - one of the names is a public suffix
        return
    assert list(await registry.pending(order)) == [name]


async def test_another_clients_domain_never_serves(registry: Registry) -> None:
    """Rule 45: whoever shows control of a domain would have it for every Client of the CA."""
    [domain] = await domains.register(registry.core, registry.other_id, ["example.com"], registry.stranger)
    assert domain.token is not None
    registry.dns.set_txt("example.com", domain.token.value)
    shown = await domains.validate_now(registry.core, domain.id, registry.stranger)
    assert shown.valid_at(registry.clock.now())
    order = await registry.order("www.example.com")
    assert order.state is OrderState.NEW
    assert list(await registry.pending(order)) == ["www.example.com"]


async def test_what_is_not_shown_any_more_does_not_serve(registry: Registry) -> None:
    """Rule 15: control of last year would serve; also when its time ends before the order can be issued."""
    await registry.register("pending.example.com")
    assert (await registry.order("pending.example.com")).state is OrderState.NEW
    domain = await registry.shown("example.com")
    assert domain.valid_until is not None
    registry.clock.time = domain.valid_until - timedelta(minutes=5)
    assert (await registry.order("www.example.com")).state is OrderState.NEW


async def test_a_product_that_requires_dnssec_takes_no_less(registry: Registry) -> None:
    """Rule 59: control shown without DNSSEC would serve a product that demands it."""
    domain = await registry.shown("example.com")
    await registry.change_product(require_dnssec=True)
    assert (await registry.order("www.example.com")).state is OrderState.NEW
    signed = replace(domain, dnssec=True)
    await registry.core.store.write(lambda tx: tx.domains.save(signed))
    assert await registry.issued(await registry.order("www.example.com"))


async def test_the_domain_that_lasts_longest_serves(registry: Registry) -> None:
    """A domain shown again would not help while an older one above or below it is still good."""
    old = await registry.shown("example.com")
    registry.clock.advance(days=100)
    new = await registry.shown("www.example.com")
    order = await registry.order("a.www.example.com")
    [held] = await registry.core.store.read(lambda tx: tx.authorizations.get_many(order.authorization_ids))
    assert held.domain_id == new.id != old.id


async def test_an_acme_order_is_ready_until_the_domain_is_deleted(registry: Registry) -> None:
    """The same authorizations serve ACME; what was taken back would still be finalized."""
    account = Principal(kind=PrincipalKind.ACME_ACCOUNT, id="acc-1", client_id=registry.client_id)
    await registry.core.store.write(lambda tx: tx.accounts.add(_account(registry)))
    domain = await registry.shown("example.com")
    names = tuple(Identifier(type=IdentifierType.DNS, value=name) for name in ("a.example.com", "*.example.com"))
    request = OrderRequest(product_id=registry.product.id, road=Road.ACME, identifiers=names)
    first, second = [await place(registry.core, request, account) for _ in range(2)]
    for view in (first, second):
        assert [one.status for one in view.authorizations] == [AuthorizationStatus.VALID] * 2
        assert [(one.identifier.value, one.wildcard) for one in view.authorizations] == [
            ("a.example.com", False),
            ("example.com", True),
        ]
        assert {one.account_id for one in view.authorizations} == {"acc-1"}
    der = csr("a.example.com", "*.example.com")
    assert (await submit_csr(registry.core, first.order.id, der, account)).state is OrderState.ISSUED
    await domains.delete(registry.core, domain.id, registry.user)
    with pytest.raises(TriviumError) as refused:
        await submit_csr(registry.core, second.order.id, der, account)
    assert refused.value.kind is ErrorKind.NOT_READY


async def test_an_order_that_relies_on_a_deleted_domain_ends(registry: Registry) -> None:
    """It would wait for its other name, and then be issued by control that was taken back."""
    domain = await registry.shown("example.com")
    order = await registry.order("www.example.com", "example.org")
    assert list(await registry.pending(order)) == ["example.org"]
    await domains.delete(registry.core, domain.id, registry.user)
    ended = await registry.current(order)
    assert ended.state is OrderState.FAILED
    assert ended.error is not None
    assert "deleted" in ended.error.detail
    assert await registry.pending(order) == {}


async def test_a_domain_deleted_at_the_last_moment_stops_the_signature(registry: Registry) -> None:
    """Rule 1: between the look at the authorizations and the signature anything can be taken back."""
    domain = await registry.shown("example.com")
    order = await registry.order("www.example.com", "example.org")
    # Deleted by a process that did not see the order's authorization, which was being placed.
    await registry.core.store.write(lambda tx: tx.domains.delete(domain))
    registry.show((await registry.pending(order))["example.org"])
    registry.clock.advance(hours=1)
    await registry.work()
    ended = await registry.current(order)
    assert ended.state is OrderState.FAILED
    assert ended.error is not None
    assert "deleted" in ended.error.detail


@pytest.mark.parametrize(
    ("name", "above"),
    [
        ("www.example.com", ["www.example.com", "example.com"]),
        ("*.example.com", ["example.com"]),
        ("a.b.example.co.uk", ["a.b.example.co.uk", "b.example.co.uk", "example.co.uk"]),
        ("a.b.ck", ["a.b.ck"]),
        ("www.ck", ["www.ck"]),
        ("x.kobe.jp", []),
        ("a.city.kobe.jp", ["a.city.kobe.jp", "city.kobe.jp"]),
        ("user.github.io", ["user.github.io", "github.io"]),
        ("www.intra.test", ["www.intra.test", "intra.test"]),
        ("localhost", []),
        ("com", []),
    ],
)
def test_control_reaches_down_to_the_public_suffix(name: str, above: list[str]) -> None:
    """Rule 63: a registry's domain would serve everybody who registered below it."""
    assert list(domains_above(Identifier(type=IdentifierType.DNS, value=name))) == above
    assert list(domains_above(Identifier(type=IdentifierType.IP, value="192.0.2.1"))) == []


def _account(registry: Registry) -> Account:
    return Account(
        id="acc-1",
        client_id=registry.client_id,
        product_id=registry.product.id,
        status=AccountStatus.VALID,
        jwk="{}",
        thumbprint="thumbprint",
        contacts=(),
        terms_agreed=True,
        created_at=registry.clock.now(),
    )
