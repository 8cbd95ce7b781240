"""Suspension: at once, for everything that is asked for and everything that waits, with a reason."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from ca_core.access import api_keys, suspension
from ca_core.access.tokens import authenticate, issue_token
from ca_core.model.authorizations import AuthorizationStatus
from ca_core.model.certificates import CertificateStatus
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.jobs import JobState
from ca_core.model.orders import Order, OrderRequest, OrderState
from ca_core.model.principals import SYSTEM, Principal
from ca_core.model.products import Road
from ca_core.model.store import Transaction
from ca_core.orders import queries, worker
from ca_core.orders.place import place
from ca_core.orders.root_job import root_job_id
from ca_core.orders.submit import submit_csr
from tests.access.people import ADDRESS, Office
from tests.orders.test_pipeline import BrokenKeys
from tests.orders.workshop import CONSOLE, csr

Suspend = Callable[[Office, Principal], Awaitable[object]]
REASON = "left the company"


async def suspend_user(office: Office, principal: Principal) -> object:
    """Suspend alice."""
    return await suspension.suspend_user(office.core, "alice", REASON, principal)


async def suspend_key(office: Office, principal: Principal) -> object:
    """Suspend her key."""
    return await suspension.suspend_key(office.core, office.alice.key.key.id, REASON, principal)


async def suspend_client(office: Office, principal: Principal) -> object:
    """Suspend her Client."""
    return await suspension.suspend_client(office.core, office.client_id, REASON, principal)


ALL = pytest.mark.parametrize("suspend", [suspend_user, suspend_key, suspend_client])


async def waiting(office: Office, principal: Principal, client_id: str) -> Order:
    """Place an order that waits for the control of its name."""
    products = await office.core.store.read(lambda tx: tx.products.of_client(client_id))
    product = next(one for one in products if one.name == "tls")
    name = Identifier(type=IdentifierType.DNS, value="www.example.com")
    request = OrderRequest(product_id=product.id, road=Road.ACME, identifiers=(name,))
    return (await place(office.core, request, principal)).order


async def state_of(office: Office, order: Order) -> tuple[OrderState, JobState, str]:
    """Return what has become of an order, of its job, and why."""
    found = (await queries.get(office.core, order.id, SYSTEM)).order
    job = await office.core.store.read(lambda tx: tx.jobs.get(root_job_id(order.id)))
    assert job is not None
    return found.state, job.state, found.error.detail if found.error else ""


@ALL
async def test_nothing_is_asked_for_any_more(office: Office, suspend: Suspend) -> None:
    """Whoever was suspended could go on as long as his token lasts."""
    token = office.alice.token()
    assert await authenticate(office.core, token, ADDRESS)
    await suspend(office, await office.chief.principal())
    for act in (
        authenticate(office.core, token, ADDRESS),
        issue_token(office.core, "alice", office.alice.key.secret, ADDRESS),
    ):
        with pytest.raises(TriviumError, match="is suspended") as refused:
            await act
        assert refused.value.kind is ErrorKind.UNAUTHENTICATED
    assert await office.bob.principal()


@ALL
async def test_what_waits_is_stopped_with_the_reason(office: Office, suspend: Suspend) -> None:
    """An order of whoever was suspended would be issued as soon as somebody shows control of its name."""
    hers = await waiting(office, await office.alice.principal(), office.client_id)
    assert (hers.placed_by, hers.credential_id) == (f"api-user:{office.alice.user.id}", office.alice.key.key.id)
    carol = await office.person("carol", "ra-operator", office.client_id)
    other = await waiting(office, await carol.principal(), office.client_id)
    await suspend(office, await office.chief.principal())
    await worker.run_due(office.core)
    state, job, why = await state_of(office, hers)
    assert (state, job) == (OrderState.FAILED, JobState.FAILED)
    assert "suspended" in why
    assert REASON in why or suspend is suspend_client
    stopped = (await state_of(office, other))[0] is OrderState.FAILED
    assert stopped is (suspend is suspend_client)


@ALL
async def test_an_order_under_way_is_stopped_at_the_last_look(office: Office, suspend: Suspend) -> None:
    """Between the CSR and the signature lies time enough to suspend somebody (rule 50)."""
    order = await waiting(office, await office.alice.principal(), office.client_id)
    await office.core.store.write(lambda tx: _show_control(tx, order))
    away = TriviumError(ErrorKind.UNAVAILABLE, "The token does not answer.", retry_after=30)
    broken = replace(office.core, keys=BrokenKeys(office.core.keys, away))
    late = await submit_csr(broken, order.id, csr("www.example.com"), await office.alice.principal())
    assert not late.state.terminal
    await suspend(office, await office.chief.principal())
    office.clock.advance(seconds=31)
    await worker.run_due(office.core)
    assert (await state_of(office, order))[:2] == (OrderState.FAILED, JobState.FAILED)
    made = await office.core.store.read(lambda tx: tx.certificates.of_order(order.id))
    assert all(one.status is CertificateStatus.ABANDONED for one in made)


async def test_whoever_is_resumed_goes_on(office: Office) -> None:
    """A suspension would be for ever, or come back by itself."""
    chief = await office.chief.principal()
    await suspend_user(office, chief)
    await suspend_key(office, chief)
    await suspend_client(office, chief)
    await suspension.resume_client(office.core, office.client_id, chief)
    await suspension.resume_key(office.core, office.alice.key.key.id, chief)
    await suspension.resume_user(office.core, "alice", chief)
    order = await waiting(office, await office.alice.principal(), office.client_id)
    await worker.run_due(office.core)
    assert (await state_of(office, order))[0] is OrderState.NEW


async def test_a_suspended_key_is_not_renewed_into_a_good_one(office: Office) -> None:
    """Whoever had his key suspended would renew it, or resume it himself by another."""
    alice = await office.alice.principal()
    await suspend_key(office, alice)
    renewed = await api_keys.renew(office.core, office.alice.key.key.id, CONSOLE)
    with pytest.raises(TriviumError, match="is suspended"):
        await authenticate(office.core, office.alice.token(secret=renewed.secret), ADDRESS)
    with pytest.raises(TriviumError) as refused:
        await suspension.resume_key(office.core, renewed.key.id, alice)
    assert refused.value.kind is ErrorKind.FORBIDDEN


@pytest.mark.parametrize("suspend", [suspend_user, suspend_client])
async def test_only_who_may_suspends(office: Office, suspend: Suspend) -> None:
    """One tenant would stop another, or an operator his colleague."""
    for person, kind in ((office.bob, ErrorKind.NOT_FOUND), (office.alice, ErrorKind.FORBIDDEN)):
        with pytest.raises(TriviumError) as refused:
            await suspend(office, await person.principal())
        assert refused.value.kind is kind
    with pytest.raises(TriviumError) as refused:
        await suspend_key(office, await office.bob.principal())
    assert refused.value.kind is ErrorKind.NOT_FOUND
    assert await office.alice.principal()


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "a\nb"])
async def test_a_reason_is_a_sentence(office: Office, reason: str) -> None:
    """Whoever is stopped would read nothing, or a line of somebody's own making."""
    with pytest.raises(TriviumError) as refused:
        await suspension.suspend_user(office.core, "alice", reason, CONSOLE)
    assert refused.value.kind is ErrorKind.MALFORMED


def _show_control(tx: Transaction, order: Order) -> None:
    [authorization] = tx.authorizations.get_many(order.authorization_ids)
    tx.authorizations.save(replace(authorization, status=AuthorizationStatus.VALID))
