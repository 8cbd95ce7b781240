"""dns-01 (RFC 8555 section 8.4, rule 58)."""

import hashlib
from base64 import urlsafe_b64encode

import pytest

from ca_core.model.authorizations import ValidationMethod
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.sources import Sources
from ca_core.validation.dns_01 import Dns01
from ca_core.validation.methods import build_validators
from ca_core.validation.resolver import Resolver
from ca_core.validation.validator import ValidationSettings
from conformance.loopback_dns import LoopbackDns
from tests.validation.servers import name_server

KEY_AUTHORIZATION = "t" * 43 + "." + "k" * 43
DIGEST = urlsafe_b64encode(hashlib.sha256(KEY_AUTHORIZATION.encode()).digest()).decode().rstrip("=")
NAME = Identifier(type=IdentifierType.DNS, value="www.example.test")
CHALLENGE = "_acme-challenge.www.example.test"


@pytest.fixture
def validator(resolver: Resolver) -> Dns01:
    """A dns-01 validator over the loopback resolver."""
    return Dns01(ValidationSettings(timeout=1.0), resolver)


async def test_the_digest_validates(dns: LoopbackDns, validator: Dns01) -> None:
    """dns-01 would never succeed, or its evidence would lack the resolver and the name asked (rule 65)."""
    dns.set_txt(CHALLENGE, DIGEST)
    validated = await validator.validate(NAME, "t" * 43, KEY_AUTHORIZATION)
    assert validated.resolver == dns.dns
    assert validated.detail == f"TXT {CHALLENGE}, no DNSSEC"
    assert dns.queries == [(CHALLENGE, 16)]


async def test_a_wildcard_is_validated_at_its_base_name(dns: LoopbackDns, validator: Dns01) -> None:
    """RFC 8555 section 7.1.4: the label would be put before ``*``; abuse 10."""
    dns.set_txt(CHALLENGE, DIGEST)
    await validator.validate(Identifier(type=IdentifierType.DNS, value="*.www.example.test"), "t", KEY_AUTHORIZATION)
    assert dns.queries == [(CHALLENGE, 16)]


async def test_one_of_several_records_is_enough(dns: LoopbackDns, validator: Dns01) -> None:
    """A name and its wildcard could not be validated side by side (RFC 8555 section 8.4)."""
    for number in range(199):
        dns.set_txt(CHALLENGE, f"{number:043}")
    dns.set_txt(CHALLENGE, DIGEST)
    assert await validator.validate(NAME, "t", KEY_AUTHORIZATION)


async def test_the_way_over_a_cname_is_recorded(dns: LoopbackDns, validator: Dns01) -> None:
    """A challenge delegated to a foreign zone would leave no trace (abuse 11)."""
    dns.set_cname(CHALLENGE, "challenges.provider.test")
    dns.set_txt("challenges.provider.test", DIGEST)
    validated = await validator.validate(NAME, "t", KEY_AUTHORIZATION)
    assert "by CNAME to challenges.provider.test." in validated.detail


@pytest.mark.parametrize(
    "text",
    [
        KEY_AUTHORIZATION,
        DIGEST + "=",
        DIGEST + " ",
        " " + DIGEST,
        DIGEST.swapcase(),
        DIGEST[:-1],
        f'"{DIGEST}"',
        DIGEST + "\x00",
        "",
    ],
)
async def test_anything_but_the_exact_digest_fails(dns: LoopbackDns, validator: Dns01, text: str) -> None:
    """Control of a name would be taken as shown by a record that is not the digest (rule 58)."""
    dns.set_txt(CHALLENGE, text)
    with pytest.raises(TriviumError, match=DIGEST) as caught:
        await validator.validate(NAME, "t", KEY_AUTHORIZATION)
    assert caught.value.kind is ErrorKind.INCORRECT_RESPONSE


async def test_several_character_strings_are_one_record(sources: Sources) -> None:
    """A digest cut into character-strings would be refused, or strings of two records joined (rule 58)."""
    dns_with_strings = LoopbackDns()
    dns_with_strings._texts[CHALLENGE] = [DIGEST.encode()]
    halves = bytes([20]) + DIGEST[:20].encode() + bytes([23]) + DIGEST[20:].encode()

    def answer(query: bytes) -> list[bytes]:
        whole = dns_with_strings.answer(query)
        return [whole[:-46] + len(halves).to_bytes(2) + halves]

    async with name_server(answer) as address:
        assert await Dns01(ValidationSettings(), Resolver(address, sources)).validate(NAME, "t", KEY_AUTHORIZATION)


async def test_no_record_at_all_says_which_to_add(validator: Dns01) -> None:
    """A user would not be told the record to add."""
    with pytest.raises(TriviumError, match=f"{CHALLENGE} has no TXT record: add one with the value {DIGEST}") as caught:
        await validator.validate(NAME, "t", KEY_AUTHORIZATION)
    assert caught.value.kind is ErrorKind.INCORRECT_RESPONSE


async def test_what_was_found_is_quoted_safely(dns: LoopbackDns, validator: Dns01) -> None:
    """A record could forge lines of a log or grow an answer without bound (abuse 9)."""
    for text in ('a"\x00\n\r\x1b[31m\u202e', "b" * 5000, "c", "d", "e"):
        dns.set_txt(CHALLENGE, text)
    with pytest.raises(TriviumError) as caught:
        await validator.validate(NAME, "t", KEY_AUTHORIZATION)
    assert caught.value.detail.isprintable()
    assert r"'a\"\x00\n\r\x1b[31m\u202e'".replace(r"\"", '"') in caught.value.detail
    assert len(caught.value.detail) < 400
    assert caught.value.detail.endswith("and 2 more.")


async def test_servfail_is_never_permission(dns: LoopbackDns, validator: Dns01) -> None:
    """A bogus DNSSEC signature would be taken for an answer (rule 59)."""
    dns.set_txt(CHALLENGE, DIGEST)
    dns.set_servfail(CHALLENGE)
    with pytest.raises(TriviumError, match="SERVFAIL") as caught:
        await validator.validate(NAME, "t", KEY_AUTHORIZATION)
    assert caught.value.kind is ErrorKind.DNS


async def test_a_slow_chain_ends_with_the_validation(sources: Sources) -> None:
    """A chain of CNAMEs with a slow server at each link would hold a validation beyond its time (rule 57)."""
    queries: list[bytes] = []
    aliases = LoopbackDns()

    def answer(query: bytes) -> list[bytes]:
        queries.append(query)
        if len(queries) % 3:
            return []
        aliases.set_cname(CHALLENGE, "n.test")
        return [aliases.answer(query)]

    async with name_server(answer) as address:
        validator = Dns01(ValidationSettings(timeout=0.2), Resolver(address, sources, timeout=0.15))
        with pytest.raises(TriviumError, match=r"took longer than 0\.2 s") as caught:
            await validator.validate(NAME, "t", KEY_AUTHORIZATION)
    assert caught.value.kind is ErrorKind.DNS


async def test_an_ip_address_is_not_validated_by_dns(validator: Dns01, dns: LoopbackDns) -> None:
    """RFC 8738 section 7: dns-01 must not be used for IP identifiers."""
    with pytest.raises(TriviumError) as caught:
        await validator.validate(Identifier(type=IdentifierType.IP, value="192.0.2.1"), "t", KEY_AUTHORIZATION)
    assert caught.value.kind is ErrorKind.IDENTIFIER_UNSUPPORTED
    assert not dns.queries


def test_the_validators_are_found_by_method(sources: Sources) -> None:
    """A challenge type would have no validator."""
    validators = build_validators(ValidationSettings(resolver="127.0.0.1:53"), sources)
    taken_on_trust = {ValidationMethod.CONFIGURED, ValidationMethod.RA_VOUCHED, ValidationMethod.CERTIFICATE_LINKED}
    assert set(validators.by_method) == set(ValidationMethod) - taken_on_trust
