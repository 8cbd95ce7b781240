"""``trivium domain``, as the operator types it."""

import asyncio
import json

from gateway.installation import Installation
from tests.domains.registry import Registry
from tests.gateway.command import trivium


def test_a_domain_from_the_console(installation: Installation) -> None:
    """The operator could not do for a Client what its users do over REST."""
    directory = installation.directory
    made = trivium(directory, "domain", "register", "example.test", "bücher.example.ch")
    assert made.returncode == 0, made.stderr
    assert "_trivium-challenge.example.test or example.test" in made.stdout
    listed = json.loads(trivium(directory, "domain", "list", "--json").stdout)
    assert [(one["name"], one["status"]) for one in listed] == [
        ("example.test", "PENDING"),
        ("xn--bcher-kva.example.ch", "PENDING"),
    ]
    assert "bücher.example.ch" in trivium(directory, "domain", "list").stdout
    domain_id, token = listed[0]["id"], listed[0]["token"]["value"]
    reset = json.loads(trivium(directory, "domain", "reset-token", domain_id, "--json").stdout)
    assert reset["token"]["value"] != token
    without = json.loads(trivium(directory, "domain", "delete-token", domain_id, "--json").stdout)
    assert (without["token"], without["status"]) == (None, "NOT_VALIDATED")
    refused = trivium(directory, "domain", "validate", domain_id)
    assert (refused.returncode, "reset it" in refused.stderr) == (1, True)
    assert "domain.delete-token" in trivium(directory, "explain", domain_id).stdout
    assert trivium(directory, "domain", "delete", domain_id).returncode == 0
    gone = trivium(directory, "domain", "show", domain_id)
    assert (gone.returncode, "no such domain" in gone.stderr) == (1, True)
    unknown = trivium(directory, "domain", "list", "--client", "nobody")
    assert (unknown.returncode, "no Client nobody" in unknown.stderr) == (1, True)


async def test_what_orders_wait_for_from_the_console(installation: Installation, registry: Registry) -> None:
    """Who runs a CA with CMC alone could not tell its Clients what to put into the DNS."""
    order = await registry.order("www.example.com", "*.example.com")
    listed = await asyncio.to_thread(trivium, installation.directory, "domain", "pending", "--json")
    names = json.loads(listed.stdout)
    assert {one["name"]["value"] for one in names} == {"www.example.com", "*.example.com"}
    shown = await asyncio.to_thread(trivium, installation.directory, "domain", "pending", "--order", order.id)
    assert names[0]["ways"][0]["value"] in shown.stdout
    assert "_trivium-challenge.www.example.com or www.example.com" in shown.stdout
    nobody = await asyncio.to_thread(trivium, installation.directory, "domain", "validate-order", "ord-1")
    assert (nobody.returncode, "no such order" in nobody.stderr) == (1, True)
