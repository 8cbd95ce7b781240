"""DNSSEC (rule 59): what unbound says of signed, bogus and unsigned zones, and what that is worth to a validation."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from ca_core.model.authorizations import ValidationMethod
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.sources import Sources
from ca_core.validation.methods import Validators, build_validators
from ca_core.validation.resolver import Resolver
from ca_core.validation.validator import Requirements, Validated, ValidationSettings
from tests.validation.servers import response, web_server
from tests.validation.signed_zones import Zones, validating_resolver

KEY_AUTHORIZATION = "t" * 43 + "." + "k" * 43
DIGEST = urlsafe_b64encode(hashlib.sha256(KEY_AUTHORIZATION.encode()).digest()).rstrip(b"=").decode()
SIGNED = Requirements(dnssec=True)
TIMEOUT = 10.0

Look = Callable[[Resolver, str, bool], Awaitable[object]]


@pytest.fixture(scope="module")
def zones() -> Zones:
    """The zones, signed once."""
    return Zones(DIGEST)


@pytest.fixture
async def unbound(zones: Zones, tmp_path: Path) -> AsyncIterator[str]:
    """A validating resolver over the zones."""
    async with validating_resolver(zones, tmp_path) as address:
        yield address


@pytest.fixture
def asking(unbound: str, sources: Sources) -> Resolver:
    """Our resolver, asking unbound."""
    return Resolver(unbound, sources, timeout=TIMEOUT)


LOOKS: dict[str, tuple[Look, str]] = {
    "addresses": (lambda resolver, zone, dnssec: resolver.addresses(f"www.{zone}", dnssec=dnssec), "A"),
    "texts": (lambda resolver, zone, dnssec: resolver.texts(f"_acme-challenge.www.{zone}", dnssec=dnssec), "TXT"),
    "no texts": (lambda resolver, zone, dnssec: resolver.texts(f"www.{zone}", dnssec=dnssec), "TXT"),
    "caa": (lambda resolver, zone, dnssec: resolver.caa(f"caa.{zone}", dnssec=dnssec), "CAA"),
    "no caa": (lambda resolver, zone, dnssec: resolver.caa(f"www.{zone}", dnssec=dnssec), "CAA"),
    "no name": (lambda resolver, zone, dnssec: resolver.caa(f"x.{zone}", dnssec=dnssec), "CAA"),
}


@pytest.mark.parametrize("look", LOOKS)
async def test_signed_answers_are_taken(asking: Resolver, look: str) -> None:
    """Names in signed zones could not be validated under a product that requires DNSSEC, nor denials be believed."""
    for dnssec in (True, False):
        await LOOKS[look][0](asking, "signed.test", dnssec)


@pytest.mark.parametrize("look", LOOKS)
async def test_unsigned_answers_are_taken_only_where_the_product_allows(asking: Resolver, look: str) -> None:
    """Rule 59: ``require_dnssec`` would let an answer pass that anybody on the way could have made."""
    ask, rdtype = LOOKS[look]
    await ask(asking, "unsigned.test", False)  # noqa: FBT003 - the table's signature
    with pytest.raises(TriviumError, match=f"about the A?A?A?A?{rdtype} records .* is not signed") as caught:
        await ask(asking, "unsigned.test", True)  # noqa: FBT003 - the table's signature
    assert caught.value.kind is ErrorKind.DNS


@pytest.mark.parametrize("look", ["addresses", "texts", "caa"])
@pytest.mark.parametrize("dnssec", [True, False])
async def test_bogus_answers_are_never_taken(asking: Resolver, look: str, *, dnssec: bool) -> None:
    """Rule 59: a forged answer, which a validating resolver reports as SERVFAIL, would be permission."""
    with pytest.raises(TriviumError, match="SERVFAIL") as caught:
        await LOOKS[look][0](asking, "bogus.test", dnssec)
    assert caught.value.kind is ErrorKind.DNS


async def test_what_was_validated_is_told(asking: Resolver) -> None:
    """The evidence of a validation would claim DNSSEC where there was none, or not tell of it (rule 65)."""
    assert (await asking.addresses("www.signed.test")).authenticated
    assert not (await asking.addresses("www.unsigned.test")).authenticated
    assert (await asking.texts("_acme-challenge.www.signed.test")).authenticated


async def test_an_alias_is_as_good_as_its_target(asking: Resolver) -> None:
    """A signed alias of an unsigned name would count as signed."""
    assert (await asking.addresses("in.signed.test", dnssec=True)).authenticated
    assert not (await asking.addresses("out.signed.test")).authenticated
    with pytest.raises(TriviumError, match="is not signed"):
        await asking.addresses("out.signed.test", dnssec=True)


@pytest.fixture
async def validators(unbound: str, sources: Sources) -> AsyncIterator[Callable[[int], Validators]]:
    """Makes validators over unbound for an http-01 port."""
    made: list[Validators] = []

    def make(port: int = 1) -> Validators:
        settings = ValidationSettings(
            resolver=unbound, http_port=port, allow_private_addresses=True, timeout=60.0, dns_timeout=TIMEOUT
        )
        made.append(build_validators(settings, sources))
        return made[-1]

    yield make
    for one in made:
        await one.close()


async def validate(
    validators: Validators, method: ValidationMethod, name: str, requirements: Requirements
) -> Validated:
    """Validate a domain name."""
    identifier = Identifier(type=IdentifierType.DNS, value=name)
    return await validators.by_method[method].validate(identifier, "t", KEY_AUTHORIZATION, requirements)


@pytest.mark.parametrize("method", [ValidationMethod.DNS_01, ValidationMethod.HTTP_01])
async def test_a_validation_that_requires_dnssec(
    validators: Callable[[int], Validators], method: ValidationMethod
) -> None:
    """A product's ``require_dnssec`` would not reach the look-ups of its validations (rule 59)."""
    async with web_server(response(KEY_AUTHORIZATION.encode())) as web:
        made = validators(web.port)
        assert await validate(made, method, "www.signed.test", SIGNED)
        assert await validate(made, method, "www.unsigned.test", Requirements())
        for name, why in (("www.unsigned.test", "is not signed"), ("www.bogus.test", "SERVFAIL")):
            with pytest.raises(TriviumError, match=why) as caught:
                await validate(made, method, name, SIGNED)
            assert caught.value.kind is ErrorKind.DNS


async def test_tls_alpn_01_requires_dnssec_too(validators: Callable[[int], Validators]) -> None:
    """One method would be a way around the requirement (rule 59)."""
    with pytest.raises(TriviumError, match="is not signed"):
        await validate(validators(1), ValidationMethod.TLS_ALPN_01, "www.unsigned.test", SIGNED)


async def test_permission_by_signed_answers(validators: Callable[[int], Validators]) -> None:
    """Rule 59: a forged denial of CAA records would be permission; a true one, up to the top, would not."""
    caa = validators(1).caa

    async def ask(name: str, *, dnssec: bool) -> str:
        return await caa.require(
            Identifier(type=IdentifierType.DNS, value=name),
            identities=("ca.example",),
            account_id="acc-1",
            methods=frozenset({ValidationMethod.DNS_01}),
            dnssec=dnssec,
        )

    assert await ask("caa.signed.test", dnssec=True) == "CAA of caa.signed.test"
    assert await ask("x.y.signed.test", dnssec=True) == "no CAA records for x.y.signed.test or above"
    assert await ask("caa.unsigned.test", dnssec=False)
    for name, dnssec in (("caa.unsigned.test", True), ("www.unsigned.test", True), ("caa.bogus.test", False)):
        with pytest.raises(TriviumError) as caught:
            await ask(name, dnssec=dnssec)
        assert caught.value.kind is ErrorKind.DNS
