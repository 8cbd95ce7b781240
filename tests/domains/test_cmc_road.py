"""Orders over CMC that wait for control of their names, as their clients see them: pending, and issued later."""

from dataclasses import replace
from pathlib import Path

import pytest

from ca_core.model.cmc_clients import CmcRight
from ca_core.model.jobs import JobState
from ca_core.model.orders import OrderState
from ca_core.model.store import Transaction
from ca_core.orders import pending_names, pending_validation
from ca_core.orders.root_job import root_job_id
from gateway.cmc.errors import CmcStatus
from tests.cmc.office import Office, control, new_key, nonce, octets, open_office, request
from tests.domains.registry import Registry
from tests.orders.workshop import CONSOLE


@pytest.fixture
async def office(registry: Registry, tmp_path: Path) -> Office:
    """Open the front end over the registry's core; its product lets nobody vouch."""
    return await open_office(registry.workshop, tmp_path)


async def test_an_order_that_waited_is_found_issued(registry: Registry, office: Office) -> None:
    """RFC 10002 section 6.13: only the requester's next query would run the order on, or it would run on twice."""
    key = new_key()
    read = await office.ask(request("mail.example.com", "www.example.com", key=key), controls=(nonce(),))
    assert read.only.status == CmcStatus.PENDING
    query = control(21, octets(read.only.pend_token or b""))
    [order] = await office.orders()
    for name in await pending_names.pending(registry.core, CONSOLE, order_id=order.id):
        registry.show(name)
        assert (await office.ask(controls=(query, nonce()))).only.status == CmcStatus.PENDING
    assert await pending_validation.validate(registry.core, order.id, CONSOLE) == []
    await registry.work()
    [order] = await office.orders()
    assert order.state is OrderState.ISSUED
    assert (await office.ask(controls=(query, nonce()))).certificate_of(key)
    assert len(await registry.core.store.read(lambda tx: tx.certificates.of_order(order.id))) == 1


async def test_a_pre_validated_domain_serves_cmc(registry: Registry, office: Office) -> None:
    """A mail gateway's requests would wait although its Client has shown the domain."""
    await registry.shown("example.com")
    key = new_key()
    assert (await office.ask(request("mail.example.com", key=key))).certificate_of(key)


async def test_a_query_while_a_worker_issues_says_pending(registry: Registry, office: Office) -> None:
    """The client would be told that its order failed while it is being issued."""
    read = await office.ask(request("mail.example.com", key=new_key()), controls=(nonce(),))
    query = control(21, octets(read.only.pend_token or b""))
    [order] = await office.orders()
    [name] = await pending_names.pending(registry.core, CONSOLE, order_id=order.id)
    registry.show(name)
    await pending_validation.validate(registry.core, order.id, CONSOLE)
    now = registry.clock.now()
    claimed = await registry.core.store.write(
        lambda tx: tx.jobs.claim(root_job_id(order.id), owner="other", now=now, lease_until=now)
    )
    assert claimed is not None
    assert claimed.state is JobState.PROCESSING
    assert (await office.ask(controls=(query, nonce()))).only.status == CmcStatus.PENDING
    await registry.work()
    assert (await office.ask(controls=(query, nonce()))).only.status == CmcStatus.SUCCESS


async def test_a_worker_runs_nothing_on_for_a_client_that_may_not_order(registry: Registry, office: Office) -> None:
    """Rule 74: a right that was taken away while the order waited would count until it is issued."""
    await office.ask(request("mail.example.com", key=new_key()), controls=(nonce(),))
    [order] = await office.orders()
    [name] = await pending_names.pending(registry.core, CONSOLE, order_id=order.id)
    registry.show(name)

    async def may(*rights: CmcRight) -> None:
        def change(tx: Transaction) -> None:
            current = tx.cmc_clients.get(office.sender.cmc_client.id)
            assert current is not None
            tx.cmc_clients.save(replace(current, rights=frozenset(rights)))

        await registry.core.store.write(change)

    await may(CmcRight.QUERY)
    await pending_validation.validate(registry.core, order.id, CONSOLE)
    await registry.work()
    [order] = await office.orders()
    assert order.state is OrderState.NEW
    await may(CmcRight.QUERY, CmcRight.ISSUE)
    registry.clock.advance(hours=1)
    await registry.work()
    [order] = await office.orders()
    assert order.state is OrderState.ISSUED
