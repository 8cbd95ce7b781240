"""Hostile switches: they do what they say, say so, and never run with a public product."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.products import Policy, Profile, ProfileKind
from ca_core.validation.validator import Requirements, Validated
from gateway.acme.nonces import Nonces
from gateway.hostile import HostileNonces, SlowValidator, by_chance, refuse_public, warning
from gateway.settings import Hostile
from gateway.sources import SystemEntropy, system_sources
from tests.gateway.command import trivium
from tests.gateway.installations import make_installation

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


def test_a_share_of_good_nonces_is_refused() -> None:
    """A client that never tries again would pass (RFC 8555 section 6.5)."""
    nonces = HostileNonces(Nonces(os.urandom(32), system_sources()), 50, SystemEntropy())

    def taken() -> bool:
        try:
            nonces.open(nonces.issue())
        except TriviumError as error:
            return error.kind is not ErrorKind.REPLAYED
        return True

    assert {taken() for _ in range(200)} == {True, False}


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
