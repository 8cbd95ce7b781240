"""CAA in an order's life: at validation, and again before the signature when that is long ago (RFC 8659, rule 61)."""

from dataclasses import replace

import pytest

from ca_core.model.jobs import JobType
from ca_core.orders import queries
from ca_core.orders.root_job import root_job_id
from tests.acme.acme_client import AcmeClient, Answer, csr
from tests.acme.acme_server import AcmeServer, private_product
from tests.orders.workshop import CONSOLE

CAA = 257
IDENTITY = "ca.example"
NAMES = ("a.one.test", "b.two.test", "c.three.test")


@pytest.fixture
async def checked(server: AcmeServer) -> AcmeServer:
    """Let the product of the server check CAA."""
    await use_identities(server, IDENTITY)
    server.dns.record_queries = True
    return server


async def use_identities(server: AcmeServer, *identities: str, reuse_authorizations: bool = False) -> None:
    """Make another version of the product current."""
    product = private_product()
    policy = replace(product.policy, caa_identities=identities, reuse_authorizations=reuse_authorizations)
    version = replace(product, version="-".join(("caa", str(reuse_authorizations), *identities)), policy=policy)
    await server.core.store.write(lambda tx: tx.products.put(version))


def looked_up(server: AcmeServer) -> set[str]:
    """Return the names whose CAA records were asked for since the last time."""
    names = {name for name, rdtype in server.dns.queries if rdtype == CAA}
    server.dns.queries.clear()
    return names


async def finalize(client: AcmeClient, order: Answer, *names: str) -> Answer:
    """Finalize an order that is ready."""
    return await client.post(order.json["finalize"], {"csr": csr(*names)})


async def test_a_product_without_identities_asks_nothing(server: AcmeServer, client: AcmeClient) -> None:
    """Every order of a private network would pay for look-ups that nobody wants."""
    server.dns.record_queries = True
    await server.issued_order(client, "a.test")
    assert not looked_up(server)


async def test_a_forbidden_name_fails_its_challenge(checked: AcmeServer) -> None:
    """A requester would learn only after all the work that CAA forbids the certificate."""
    client = await checked.account()
    checked.dns.set_caa("one.test", "issue", "another.example")
    order = await client.order("a.one.test")
    authorization = await checked.validate(client, order.json["authorizations"][0])
    assert authorization.json["status"] == "invalid"
    [challenge] = authorization.json["challenges"]
    assert challenge["error"]["type"].endswith(":caa")
    assert "The CAA records of one.test forbid" in challenge["error"]["detail"]
    assert (await client.post(order.header("location"))).json["status"] == "invalid"


async def test_a_look_at_validation_serves_the_order(checked: AcmeServer) -> None:
    """Each name would be looked up twice within a second."""
    client = await checked.account()
    order = await checked.ready_order(client, *NAMES)
    assert set(NAMES) <= looked_up(checked)
    assert (await finalize(client, order, *NAMES)).json["status"] == "valid"
    assert not looked_up(checked)


@pytest.mark.parametrize("blocked", NAMES)
async def test_every_name_is_looked_up_again_after_nine_hours(checked: AcmeServer, blocked: str) -> None:
    """Rule 61: one name would be looked up three times and two not at all, as has happened elsewhere."""
    client = await checked.account()
    order = await checked.ready_order(client, *NAMES)
    looked_up(checked)
    checked.installation.clock.advance(hours=9)
    checked.dns.set_caa(blocked, "issue", ";")
    done = await finalize(client, order, *NAMES)
    assert set(NAMES) <= looked_up(checked)
    assert done.json["status"] == "invalid"
    problem = done.json["error"]
    assert problem["type"].endswith(":caa")
    assert [sub["identifier"]["value"] for sub in problem["subproblems"]] == [blocked]
    assert problem["subproblems"][0]["type"].endswith(":caa")


async def test_names_that_are_still_allowed_are_issued_after_nine_hours(checked: AcmeServer) -> None:
    """An order that took its time could not be issued; operators could not see what was looked up."""
    client = await checked.account()
    checked.dns.set_caa("one.test", "issue", f"{IDENTITY}; accounturi={client.kid}; validationmethods=http-01")
    order = await checked.ready_order(client, *NAMES)
    checked.installation.clock.advance(hours=9)
    assert (await finalize(client, order, *NAMES)).json["status"] == "valid"
    order_id = order.header("location").rpartition("/")[2]
    jobs = await queries.jobs(checked.core, order_id, CONSOLE)
    [job] = [job for job in jobs if job.type is JobType.ISSUE_CAA_CHECK_VALIDATION_JOB]
    assert job.request["names"] == list(NAMES)
    assert job.response == {"identities": [IDENTITY]}
    [parent] = [one for one in jobs if one.id == job.parent_id]
    assert (parent.type, parent.parent_id) == (JobType.ISSUE_PRE_VALIDATION_JOB, root_job_id(order_id))


async def test_a_later_look_serves_what_comes_next(checked: AcmeServer) -> None:
    """Each order that reuses an authorization, and each run after a wait, would look every name up again."""
    await use_identities(checked, IDENTITY, reuse_authorizations=True)
    client = await checked.account()
    order = await checked.ready_order(client, *NAMES)
    checked.installation.clock.advance(hours=9)
    looked_up(checked)
    assert (await finalize(client, order, *NAMES)).json["status"] == "valid"
    assert set(NAMES) <= looked_up(checked)
    again = await client.order(*NAMES)
    assert again.json["authorizations"] == order.json["authorizations"]
    assert (await finalize(client, again, *NAMES)).json["status"] == "valid"
    assert not looked_up(checked)


async def test_all_refused_names_are_told(checked: AcmeServer) -> None:
    """A requester would correct one name only to meet the next; a failed look-up would be permission (rule 59)."""
    client = await checked.account()
    order = await checked.ready_order(client, *NAMES)
    checked.installation.clock.advance(hours=9)
    checked.dns.set_caa("one.test", "issue", ";")
    checked.dns.set_servfail("b.two.test")
    problem = (await finalize(client, order, *NAMES)).json["error"]
    assert problem["type"].endswith(":caa")
    assert [(sub["identifier"]["value"], sub["type"].rpartition(":")[2]) for sub in problem["subproblems"]] == [
        ("a.one.test", "caa"),
        ("b.two.test", "dns"),
    ]


@pytest.mark.parametrize("condition", ["accounturi=https://ca.example/acme/account/acc-2", "validationmethods=dns-01"])
async def test_conditions_of_the_record_hold(checked: AcmeServer, condition: str) -> None:
    """RFC 8657: a record that names an account, or how control is to be shown, would allow everybody everything."""
    client = await checked.account()
    checked.dns.set_caa("one.test", "issue", f"{IDENTITY}; {condition}")
    order = await client.order("a.one.test")
    authorization = await checked.validate(client, order.json["authorizations"][0])
    assert authorization.json["challenges"][0]["error"]["type"].endswith(":caa")


async def test_an_address_has_no_caa(checked: AcmeServer) -> None:
    """RFC 8659 knows no records for addresses: ``127.0.0.1`` would be looked up as a name."""
    client = await checked.account()
    payload = {"identifiers": [{"type": "ip", "value": "127.0.0.1"}]}
    order = await client.post(client.directory["newOrder"], payload)
    authorization = await checked.validate(client, order.json["authorizations"][0])
    assert authorization.json["status"] == "valid"
    assert not looked_up(checked)


async def test_the_directory_names_the_identities(server: AcmeServer) -> None:
    """RFC 8555 section 7.1.1: a domain's owner could not learn what to write into the records."""
    client = await server.with_directory(caa_identities=(IDENTITY,)).client()
    assert client.directory["meta"]["caaIdentities"] == [IDENTITY]
