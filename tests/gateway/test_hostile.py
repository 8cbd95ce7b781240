"""Hostile switches: they do what they say, say so, and never run with a public product."""

from dataclasses import replace
from pathlib import Path

import pytest

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.products import Policy, Profile, ProfileKind
from ca_core.validation.validator import Requirements, Validated
from gateway.hostile import SlowValidator, by_chance, refuse_public, warning
from gateway.settings.installation import Hostile
from gateway.sources import SystemEntropy
from tests.gateway.command import trivium
from tests.gateway.installations import make_installation, tree
from tests.running_gateway import RunningGateway, refused_serve

PRIVATE = Policy(public=False, profile=Profile(kind=ProfileKind.TLS_SERVER, validity=86400))
ON = Hostile(reject_nonces=50)


def test_everything_is_off_by_default() -> None:
    """A production gateway would refuse good nonces."""
    assert not Hostile().on
    for switch in ("reject_nonces", "reuse_authorizations", "delay_validations"):
        assert Hostile(**{switch: 1}).on


def test_a_public_product_refuses_them() -> None:
    """Public certificates would come from a gateway that misbehaves on purpose."""
    public = replace(PRIVATE, public=True)
    with pytest.raises(TriviumError, match="hostile") as refused:
        refuse_public(ON, [PRIVATE, public])
    assert refused.value.kind is ErrorKind.FORBIDDEN
    refuse_public(ON, [PRIVATE])
    refuse_public(Hostile(), [public])


def test_chance_keeps_its_ends() -> None:
    """A switch at 0 would do something, or one at 100 leave something out."""
    entropy = SystemEntropy()
    assert not any(by_chance(entropy, 0) for _ in range(200))
    assert all(by_chance(entropy, 100) for _ in range(200))


async def test_a_slow_validator_gives_the_answer_of_the_one_behind_it() -> None:
    """A delayed validation would lose its evidence, or what the product requires."""
    seen = []

    class Behind:
        async def validate(self, *asked: object) -> Validated:
            seen.append(asked)
            return Validated(address="192.0.2.1", resolver="", detail="")

    name = Identifier(type=IdentifierType.DNS, value="a.test")
    requirements = Requirements(dnssec=True)
    found = await SlowValidator(Behind(), 0, SystemEntropy()).validate(name, "t", "k", requirements)
    assert found.address == "192.0.2.1"
    assert seen == [(name, "t", "k", requirements)]


def test_the_doctor_says_so_loudly(tmp_path: Path) -> None:
    """Somebody would run a laboratory gateway in production without knowing."""
    directory = tmp_path / "ca"
    make_installation(directory, "hostile.reject_nonces=5")
    done = trivium(directory, "doctor", "--json")
    assert done.returncode == 1
    assert "HOSTILE to clients on purpose: refuses 5 %" in done.stdout
    assert "5 %" in warning(Hostile(reject_nonces=5))


def make_public(directory: Path) -> str:
    """Make the first product of the catalogue one that a public CA may have; return the catalogue as it was."""
    file = directory / "catalogue.toml"
    private = file.read_text()
    head, product, rest = private.split("[[products]]\n", 2)
    product = product.partition("[[products.policy.lint.accepted]]")[0]
    for name in ("internal_names", "single_labels", "private_addresses", "ra_vouches"):
        product = product.replace(f"{name} = true", f"{name} = false")
    product = product.replace("public = false", "public = true")
    product = product.replace("caa_identities = []", 'caa_identities = ["ca.example"]')
    file.write_text(f"{head}[[products]]\n{product}[[products]]\n{rest}")
    return private


@pytest.mark.parametrize("command", [["serve"], ["apply"], ["apply", "--check"]])
def test_the_commands_refuse_them_with_a_public_product(tmp_path: Path, command: list[str]) -> None:
    """The refusal would stand in a function that nobody asks."""
    directory = tmp_path / "ca"
    make_installation(directory, "hostile.reuse_authorizations=1")
    make_public(directory)
    before = tree(directory)
    done = trivium(directory, *command)
    assert done.returncode == 1
    assert "never for an installation with a public product: set it to 0" in " ".join(done.stderr.split())
    assert tree(directory) == before


def test_a_worker_refuses_them_with_a_public_product_in_its_database(tmp_path: Path) -> None:
    """A catalogue that was changed and not applied would hide the product that is served."""
    gateway = RunningGateway(tmp_path / "ca")
    gateway.init("hostile.delay_validations=1")
    settings = gateway.directory / "trivium.toml"
    hostile = settings.read_text()
    settings.write_text(hostile.replace("delay_validations = 1", "delay_validations = 0"))
    private = make_public(gateway.directory)
    gateway.trivium("apply")
    (gateway.directory / "catalogue.toml").write_text(private)
    settings.write_text(hostile)
    said = refused_serve(gateway.directory)
    assert "never for an installation with a public product: set it to 0" in " ".join(said.split())
    assert not (gateway.directory / "run" / "endpoints.json").exists()
