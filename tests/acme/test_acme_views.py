"""What operators and tenants see of ACME accounts and tokens: their Clients', a page at a time (abuse 45, 48)."""

import pytest

from ca_core.access import queries
from ca_core.access.authorisation import restricted
from ca_core.access.visibility import MAX_PAGE
from ca_core.model.authorizations import ChallengeStatus, ValidationMethod
from ca_core.model.errors import TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.repositories.accounts import AccountSearch
from ca_core.model.repositories.authorizations import ChallengeSearch
from ca_core.model.repositories.orders import OrderSearch
from tests.acme.acme_client import AcmeClient
from tests.acme.acme_server import AcmeServer

OPERATOR = Principal(kind=PrincipalKind.OPERATOR, id="test")
OURS = Principal(kind=PrincipalKind.API_USER, id="usr-1", permissions={"cli-1": frozenset(Permission)})
STRANGER = Principal(kind=PrincipalKind.API_USER, id="usr-2", permissions={"cli-2": frozenset(Permission)})


def account_id(client: AcmeClient) -> str:
    """Return the id in the account's URL."""
    return client.kid.rpartition("/")[2]


def itself(client: AcmeClient) -> Principal:
    """Return the account as a principal."""
    return Principal(kind=PrincipalKind.ACME_ACCOUNT, id=account_id(client), client_id="cli-1")


async def test_a_name_is_followed_from_its_tokens_to_its_enrolment(server: AcmeServer, client: AcmeClient) -> None:
    """An operator could not say why a name is not validated, or until when it is."""
    order = await client.order("a.test")
    search = ChallengeSearch(client_ids=None, identifier="a.test")
    tokens = await queries.challenges(server.core, search, OPERATOR)
    assert {token.method for token in tokens} >= {ValidationMethod.HTTP_01, ValidationMethod.DNS_01}
    assert {(token.status, token.client_id, token.account_id) for token in tokens} == {
        (ChallengeStatus.PENDING, "cli-1", account_id(client))
    }
    assert await queries.enrolled_domains(server.core, search, OPERATOR) == []
    await server.validate(client, order.json["authorizations"][0])
    [enrolled] = await queries.enrolled_domains(server.core, search, OURS)
    assert (enrolled.method, enrolled.identifier.value) == (ValidationMethod.HTTP_01, "a.test")
    assert enrolled.validated_at == server.core.sources.now() < enrolled.expires_at
    server.installation.clock.advance(days=8)
    assert await queries.enrolled_domains(server.core, search, OURS) == []


async def test_each_sees_what_is_theirs(server: AcmeServer, client: AcmeClient) -> None:
    """A tenant would see another's accounts and tokens, an account those of its neighbours (abuse 45)."""
    await client.order("a.test")
    everything = frozenset({"cli-1", "cli-2"})
    for asked in (None, everything, frozenset({"cli-1"})):
        accounts, challenges = AccountSearch(client_ids=asked), ChallengeSearch(client_ids=asked)
        for principal in (OPERATOR, OURS):
            assert [one.id for one in await queries.accounts(server.core, accounts, principal)] == [account_id(client)]
            assert await queries.challenges(server.core, challenges, principal)
        for principal in (STRANGER, itself(client)):
            assert await queries.accounts(server.core, accounts, principal) == []
            assert await queries.challenges(server.core, challenges, principal) == []
            assert await queries.enrolled_domains(server.core, challenges, principal) == []
    for principal in (OPERATOR, OURS, itself(client)):
        assert (await queries.account(server.core, account_id(client), principal)).id == account_id(client)
    neighbour = await server.account()
    for principal in (STRANGER, itself(neighbour)):
        with pytest.raises(TriviumError, match="no such account"):
            await queries.account(server.core, account_id(client), principal)


@pytest.mark.parametrize("limit", [-1, 0, 1, 10**9])
def test_a_page_is_never_larger_than_allowed(limit: int) -> None:
    """One question could take all the memory there is (abuse 48)."""
    pages = (
        restricted(AccountSearch(client_ids=None, limit=limit), OPERATOR, Permission.ACME_ACCOUNT_VIEW),
        restricted(ChallengeSearch(client_ids=None, limit=limit), OPERATOR, Permission.ACME_TOKEN_VIEW),
        restricted(OrderSearch(client_ids=None, limit=limit), OPERATOR, Permission.ORDER_VIEW),
    )
    assert all(1 <= page.limit <= MAX_PAGE for page in pages)
