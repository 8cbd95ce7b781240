"""``trivium domain``, as the operator types it."""

import json

from gateway.installation import Installation
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
