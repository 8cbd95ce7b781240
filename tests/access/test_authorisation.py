"""The one authorisation function, and that every command of the core asks it (abuse 22, 45)."""

from collections.abc import Awaitable, Callable

import pytest

from ca_core.access import clients, cmc_clients, external_account_keys, suspension
from ca_core.access.authorisation import clients_with, permitted, require, restricted
from ca_core.access.cmc_clients import principal_of
from ca_core.access.external_account_keys import ExternalAccountKeyRequest
from ca_core.model.cmc_clients import CmcClient, CmcRight
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.orders import OrderRequest
from ca_core.model.permissions import Permission
from ca_core.model.principals import ANONYMOUS, SYSTEM, Principal, PrincipalKind
from ca_core.model.products import Road
from ca_core.model.repositories.accounts import AccountSearch
from ca_core.model.repositories.authorizations import ChallengeSearch
from ca_core.model.repositories.orders import OrderSearch
from ca_core.orders import queries
from ca_core.orders.cmc_registration import CmcRegistration, register
from ca_core.orders.place import place
from ca_core.orders.submit import submit_csr
from tests.access.people import Office
from tests.orders.workshop import CONSOLE, csr

Act = Callable[[Office, Principal], Awaitable[object]]


def user(**permissions: frozenset[Permission]) -> Principal:
    """Return a user with these permissions for Clients."""
    return Principal(kind=PrincipalKind.API_USER, id="usr-1", permissions=permissions)


def refused(principal: Principal, permission: Permission, client_id: str | None) -> ErrorKind | None:
    """Return how a permission is refused; None when it is held."""
    try:
        require(principal, permission, client_id, "thing")
    except TriviumError as error:
        return error.kind
    return None


def test_a_permission_is_held_for_its_client() -> None:
    """The permission for one Client would do for another, or its existence be told (abuse 45)."""
    both = user(a=frozenset({Permission.ORDER_VIEW, Permission.ORDER_CREATE}), b=frozenset({Permission.ORDER_VIEW}))
    assert refused(both, Permission.ORDER_CREATE, "a") is None
    assert refused(both, Permission.ORDER_CREATE, "b") is ErrorKind.FORBIDDEN
    assert refused(both, Permission.ORDER_CREATE, "c") is ErrorKind.NOT_FOUND
    assert refused(both, Permission.CLIENT_CREATE, None) is ErrorKind.FORBIDDEN
    assert clients_with(both, Permission.ORDER_VIEW) == frozenset({"a", "b"})
    assert clients_with(both, Permission.ORDER_CREATE) == frozenset({"a"})
    assert clients_with(both, Permission.USER_VIEW) == frozenset()


def test_a_permission_everywhere_is_one_for_every_client() -> None:
    """The CA's operator would not see a Client that was made today, or an auditor change one."""
    auditor = Principal(
        kind=PrincipalKind.API_USER, id="usr-1", everywhere=frozenset({Permission.ORDER_VIEW, Permission.CLIENT_VIEW})
    )
    for client_id in ("any", None):
        assert refused(auditor, Permission.ORDER_VIEW, client_id) is None
        assert refused(auditor, Permission.ORDER_CREATE, client_id) is ErrorKind.FORBIDDEN
    assert clients_with(auditor, Permission.ORDER_VIEW) is None
    assert clients_with(auditor, Permission.ORDER_CREATE) == frozenset()


def test_nobody_known_may_do_nothing() -> None:
    """Deny unless allowed: a kind of requester that nobody has thought of would be let in."""
    for permission in Permission:
        assert not permitted(ANONYMOUS, permission, "a")
        assert not permitted(Principal(kind=PrincipalKind.OPERATOR, id="x", client_id="b"), permission, "a")
        assert not permitted(user(), permission, "a")
        assert permitted(SYSTEM, permission, "a")


def test_a_search_runs_over_the_clients_of_its_permission() -> None:
    """Abuse 45: the query itself must be of the requester's Clients, whatever it asks for."""
    seen = frozenset({Permission.ORDER_VIEW})
    both = user(a=seen, b=seen, c=frozenset({Permission.DOMAIN_VIEW}))
    asked = frozenset({"a", "c", "d"})
    for wanted, found in ((None, frozenset({"a", "b"})), (asked, frozenset({"a"}))):
        assert restricted(OrderSearch(client_ids=wanted), both, Permission.ORDER_VIEW).client_ids == found
        assert restricted(AccountSearch(client_ids=wanted), both, Permission.ORDER_VIEW).client_ids == found
        assert restricted(ChallengeSearch(client_ids=wanted), both, Permission.ORDER_VIEW).client_ids == found
    with pytest.raises(TriviumError) as error:
        restricted(OrderSearch(client_ids=None), user(a=frozenset()), Permission.ORDER_VIEW)
    assert error.value.kind is ErrorKind.FORBIDDEN


def test_the_rights_of_a_cmc_client_are_permissions(office: Office) -> None:
    """A right would say one thing over CMC and another over the API."""
    expected = {
        CmcRight.ISSUE: {Permission.ORDER_VIEW, Permission.ORDER_CREATE},
        CmcRight.REVOKE: {Permission.CERTIFICATE_DELETE},
        CmcRight.QUERY: {
            *(Permission.ORDER_VIEW, Permission.CERTIFICATE_VIEW),
            *(Permission.CRL_VIEW, Permission.ISSUER_VIEW),
        },
        CmcRight.RA: set(),
    }
    assert set(expected) == set(CmcRight)
    for right, permissions in expected.items():
        principal = principal_of(_cmc_client(office, right), "192.0.2.1")
        assert {one for one in Permission if permitted(principal, one, office.client_id)} == permissions
        assert not any(permitted(principal, one, office.other_id) for one in Permission)


def test_a_cmc_client_sends_from_its_networks(office: Office) -> None:
    """A copied key of a mail gateway would order from anywhere."""
    bound = _cmc_client(office, CmcRight.ISSUE, networks=("192.0.2.0/24", "2001:db8::/32"))
    for address in ("192.0.2.1", "::ffff:192.0.2.1", "2001:db8::7"):
        assert principal_of(bound, address).address == address
    for address in ("198.51.100.1", "2001:db9::7", "", "x"):
        with pytest.raises(TriviumError) as error:
            principal_of(bound, address)
        assert error.value.kind is ErrorKind.UNAUTHENTICATED


def _cmc_client(office: Office, right: CmcRight, networks: tuple[str, ...] = ()) -> CmcClient:
    return CmcClient(
        id="cmc-1",
        client_id=office.client_id,
        name="one",
        product_ids=(),
        rights=frozenset({right}),
        networks=networks,
        created_at=office.clock.now(),
    )


async def order(office: Office, principal: Principal) -> object:
    """Order for the first Client."""
    return await _placed(office, principal)


async def look_at_an_order(office: Office, principal: Principal) -> object:
    """Read an order of the first Client."""
    return await queries.get(office.core, (await _placed(office, CONSOLE)), principal)


async def submit(office: Office, principal: Principal) -> object:
    """Submit the CSR of an order of the first Client."""
    return await submit_csr(office.core, await _placed(office, CONSOLE), csr("www.example.com"), principal)


async def make_an_eab_key(office: Office, principal: Principal) -> object:
    """Make an external account key of the first Client."""
    request = ExternalAccountKeyRequest(client_id=office.client_id, product_ids=(await _product(office),))
    return await external_account_keys.create(office.core, request, principal)


async def register_a_cmc_client(office: Office, principal: Principal) -> object:
    """Register a CMC client of the first Client."""
    registration = CmcRegistration(
        name="new", client_id=office.client_id, product_ids=(), rights=frozenset(), secret="of this test"
    )
    return await register(office.core, registration, principal)


async def disable_a_cmc_client(office: Office, principal: Principal) -> object:
    """Disable a CMC client of the first Client."""
    await office.core.store.write(lambda tx: tx.cmc_clients.add(_cmc_client(office, CmcRight.ISSUE)))
    return await cmc_clients.disable(office.core, "one", principal)


async def change_the_client(office: Office, principal: Principal) -> object:
    """Change what the first Client is said to be."""
    return await clients.change(office.core, office.client_id, principal, description="mine")


async def suspend_the_client(office: Office, principal: Principal) -> object:
    """Suspend the first Client."""
    return await suspension.suspend_client(office.core, office.client_id, "because", principal)


@pytest.mark.parametrize(
    "act",
    [
        *(order, look_at_an_order, submit, make_an_eab_key, register_a_cmc_client, disable_a_cmc_client),
        *(change_the_client, suspend_the_client),
    ],
)
async def test_every_command_asks(office: Office, act: Act) -> None:
    """Abuse 22, 45: another tenant's user would act; or one of the Client who has no permission for it."""
    everything_elsewhere = user(**{office.other_id: frozenset(Permission)})
    with pytest.raises(TriviumError) as error:
        await act(office, everything_elsewhere)
    assert error.value.kind is ErrorKind.NOT_FOUND
    with pytest.raises(TriviumError) as error:
        await act(office, user(**{office.client_id: frozenset({Permission.OWN_ACCOUNT_VIEW})}))
    assert error.value.kind in {ErrorKind.FORBIDDEN, ErrorKind.CONFLICT}


async def test_only_the_ca_makes_clients(office: Office) -> None:
    """A tenant would make itself another one; or a new Client would wait for somebody to make it a user."""
    with pytest.raises(TriviumError) as error:
        await clients.create(office.core, "mine", await office.alice.principal())
    assert error.value.kind is ErrorKind.FORBIDDEN
    made = await clients.create(office.core, "new", await office.chief.principal(), description="a new one")
    assert (made.client.description, made.account.user.name) == ("a new one", "service-new")
    assert made.account.key is not None
    assert made.account.key.key.client_id == made.client.id
    for name, kind in (("new", ErrorKind.CONFLICT), ("a b", ErrorKind.MALFORMED), ("", ErrorKind.MALFORMED)):
        with pytest.raises(TriviumError) as error:
            await clients.create(office.core, name, CONSOLE)
        assert error.value.kind is kind


async def _product(office: Office) -> str:
    products = await office.core.store.read(lambda tx: tx.products.of_client(office.client_id))
    return next(one.id for one in products if one.name == "tls")


async def _placed(office: Office, principal: Principal) -> str:
    name = Identifier(type=IdentifierType.DNS, value="www.example.com")
    request = OrderRequest(product_id=await _product(office), road=Road.ACME, identifiers=(name,))
    return (await place(office.core, request, principal)).order.id
