"""``trivium user``, ``role``, ``api-key`` and ``client``: what programs read, and what is shown once."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.command import trivium
from tests.gateway.installations import make_installation


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation, to which every test adds users of its own."""
    return make_installation(tmp_path_factory.mktemp("users") / "ca").installation.directory


def printed(directory: Path, *arguments: str) -> Any:
    """Run a command with ``--json`` and return what it prints."""
    done = trivium(directory, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refusal(directory: Path, *arguments: str) -> str:
    """Run a command that fails and return its sentence."""
    done = trivium(directory, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr.strip()


def test_a_user_is_made_with_a_key(directory: Path) -> None:
    """Nobody could call the API; or his key could be read again by whoever gets at the machine."""
    made = printed(
        directory, "user", "create", "ann", "--role", "ra-operator", "--client", "default", "--email", "a@b.ch"
    )
    assert made["user"] == "ann"
    assert (len(made["api_key"]), made["api_key"].isalnum()) == (64, True)
    [ann] = [one for one in printed(directory, "user", "list") if one["name"] == "ann"]
    assert (ann["kind"], ann["email"], ann["roles"]) == ("operator", "a@b.ch", ["ra-operator for default"])
    service = printed(directory, "user", "create", "mailer", "--service")
    assert service["role"] == "ra-operator"
    shown = trivium(directory, "user", "list").stdout + trivium(directory, "api-key", "list", "ann").stdout
    assert made["api_key"] not in shown
    with sqlite3.connect(f"file:{directory}/trivium.db?mode=ro", uri=True) as database:
        assert made["api_key"] not in "\n".join(database.iterdump())
    assert "already" in refusal(directory, "user", "create", "ann")
    assert "there are: auditor" in refusal(directory, "user", "create", "ben", "--role", "boss")
    assert "no Client nobody" in refusal(directory, "user", "create", "ben", "--client", "nobody")


def test_the_operator_of_the_ca_is_for_every_client(directory: Path) -> None:
    """He could make no Client, or an operator of one Client would be one of all."""
    printed(directory, "user", "create", "chief", "--role", "ca-operator")
    printed(directory, "user", "create", "local", "--role", "ca-operator", "--client", "default")
    roles = {one["name"]: one["roles"] for one in printed(directory, "user", "list")}
    assert roles["chief"] == ["ca-operator for every Client"]
    assert roles["local"] == ["ca-operator for default"]


def test_roles_are_listed(directory: Path) -> None:
    """Whoever gives a role would not know what he gives."""
    found = {one["name"]: one for one in printed(directory, "role", "list")}
    assert set(found) == {"auditor", "ca-operator", "ra-operator", "ra-viewer"}
    assert "CERTIFICATE_DELETE" in found["ra-operator"]["permissions"]


def test_keys_are_renewed_restricted_and_deleted(directory: Path) -> None:
    """A key that got out could be ended by nobody but a programmer."""
    made = printed(directory, "user", "create", "dora")
    renewed = printed(directory, "api-key", "renew", made["key_id"])
    assert renewed["api_key"] != made["api_key"]
    assert trivium(directory, "api-key", "restrict", renewed["key_id"], "--from", "192.0.2.0/24").returncode == 0
    keys = {one["id"]: one for one in printed(directory, "api-key", "list", "dora")}
    assert (keys[made["key_id"]]["expires_at"] is None, keys[renewed["key_id"]]["from"]) == (False, ["192.0.2.0/24"])
    assert trivium(directory, "api-key", "delete", made["key_id"]).returncode == 0
    assert [one["id"] for one in printed(directory, "api-key", "list", "dora")] == [renewed["key_id"]]
    assert len(printed(directory, "api-key", "create", "dora", "--client", "default")["api_key"]) == 64
    assert "no such API key" in refusal(directory, "api-key", "delete", made["key_id"])


def test_whoever_is_suspended_is_shown_so(directory: Path) -> None:
    """Somebody who has left would go on ordering until a role is taken from him."""
    made = printed(directory, "user", "create", "emil")
    assert trivium(directory, "user", "suspend", "emil", "--reason", "left").returncode == 0
    assert trivium(directory, "api-key", "suspend", made["key_id"], "--reason", "seen in a log").returncode == 0
    [emil] = [one for one in printed(directory, "user", "list") if one["name"] == "emil"]
    [key] = printed(directory, "api-key", "list", "emil")
    assert (emil["suspended"], key["suspended"]) == ("left", "seen in a log")
    assert trivium(directory, "user", "resume", "emil").returncode == 0
    assert trivium(directory, "api-key", "resume", made["key_id"]).returncode == 0
    [key] = printed(directory, "api-key", "list", "emil")
    assert key["suspended"] is None
    assert "Say why" in refusal(directory, "user", "suspend", "emil", "--reason", " ")


def test_a_client_is_suspended_and_resumed(directory: Path) -> None:
    """A Client that owes an answer would go on ordering, or never again."""
    assert trivium(directory, "client", "suspend", "default", "--reason", "audit").returncode == 0
    [default] = [one for one in printed(directory, "client", "list") if one["name"] == "default"]
    assert default["suspended"] is True
    assert trivium(directory, "client", "resume", "default").returncode == 0
    [default] = [one for one in printed(directory, "client", "list") if one["name"] == "default"]
    assert default["suspended"] is False
    assert "no Client nobody" in refusal(directory, "client", "suspend", "nobody", "--reason", "x")


def test_roles_are_given_and_taken_back(directory: Path) -> None:
    """Whoever changes his post would keep what he may do."""
    printed(directory, "user", "create", "finn", "--role", "ra-viewer")
    assert trivium(directory, "user", "assign", "finn", "--role", "ra-operator").returncode == 0
    assert trivium(directory, "user", "withdraw", "finn", "--role", "ra-viewer").returncode == 0
    [finn] = [one for one in printed(directory, "user", "list") if one["name"] == "finn"]
    assert finn["roles"] == ["ra-operator for default"]
    assert trivium(directory, "user", "revoke-token", "finn", "jwt-1").returncode == 0


def test_init_shows_the_key_of_the_first_service_account(tmp_path: Path) -> None:
    """The first integrator would need somebody to make him a user."""
    made = make_installation(tmp_path / "ca")
    assert made.account.user.name == "service-default"
    assert made.account.key is not None
    [account] = printed(made.installation.directory, "user", "list")
    assert (account["name"], account["kind"]) == ("service-default", "service-account")


def test_a_link_to_the_page_is_printed_and_kept_nowhere(directory: Path) -> None:
    """Nobody could sign in for the first time; or whoever reads the database could."""
    printed(directory, "user", "create", "lin")
    link = printed(directory, "admin-link", "lin")
    address, _, token = link["address"].partition("#")
    assert (link["user"], len(token)) == ("lin", 43)
    assert address.startswith("https://")
    assert trivium(directory, "admin-link", "lin").stdout.startswith(f"{address}#")
    with sqlite3.connect(f"file:{directory}/trivium.db?mode=ro", uri=True) as database:
        assert token not in "\n".join(database.iterdump())
    printed(directory, "user", "create", "robot", "--service")
    assert "service account" in refusal(directory, "admin-link", "robot")
    assert "no such user" in refusal(directory, "admin-link", "noone")


def test_a_user_is_unlinked_from_the_provider(directory: Path) -> None:
    """Whoever has a new account at the identity provider would never come in again."""
    printed(directory, "user", "create", "una")
    done = trivium(directory, "user", "unlink", "una")
    assert (done.returncode, done.stdout) == (0, "una is linked to nobody at the identity provider.\n")
