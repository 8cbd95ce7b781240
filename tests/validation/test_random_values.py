"""ca-dns-change and ca-website-change: a random value of ours, found as it is (BR 3.2.2.4.7, 3.2.2.4.18)."""

import pytest

from ca_core.model.authorizations import ValidationMethod
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.validation import website_change
from ca_core.validation.validator import Requirements
from conformance.loopback_dns import LoopbackDns
from tests.validation.conftest import Make
from tests.validation.servers import redirect, response, web_server

NAME = Identifier(type=IdentifierType.DNS, value="www.example.test")
WILDCARD = Identifier(type=IdentifierType.DNS, value="*.example.test")
LOOPBACK = Identifier(type=IdentifierType.IP, value="127.0.0.1")
VALUE = "wCm1eX-random_value_of_ours_3rQ8"
DNS, PAGE = ValidationMethod.CA_DNS_CHANGE, ValidationMethod.CA_WEBSITE_CHANGE


@pytest.mark.parametrize("place", ["_trivium-challenge.www.example.test", "www.example.test"])
async def test_a_record_in_either_place_shows_control(make_validator: Make, dns: LoopbackDns, place: str) -> None:
    """BR 3.2.2.4.7 allows the domain itself and a label with an underscore before it; nothing else is asked."""
    dns.set_txt(place, "v=spf1 -all")
    dns.set_txt(place, VALUE)
    validated = await make_validator(DNS).validate(NAME, VALUE, VALUE)
    assert validated.resolver == dns.dns
    assert f"TXT {place}" in validated.detail
    assert not validated.dnssec
    assert {name for name, _ in dns.queries} == {"_trivium-challenge.www.example.test", "www.example.test"}


async def test_a_wildcard_is_shown_by_its_domain(make_validator: Make, dns: LoopbackDns) -> None:
    """A record cannot stand under a wildcard."""
    dns.set_txt("_trivium-challenge.example.test", VALUE)
    assert (await make_validator(DNS).validate(WILDCARD, VALUE, VALUE)).detail


async def test_a_cname_leads_to_the_record_and_is_kept(make_validator: Make, dns: LoopbackDns) -> None:
    """Abuse 11: a zone that is delegated to somebody else shows control, and the evidence must say so."""
    dns.set_cname("_trivium-challenge.www.example.test", "tokens.provider.test")
    dns.set_txt("tokens.provider.test", VALUE)
    assert "tokens.provider.test" in (await make_validator(DNS).validate(NAME, VALUE, VALUE)).detail


@pytest.mark.parametrize("record", [VALUE[:-1], f"{VALUE} ", VALUE.lower(), f"x{VALUE}", "\x1b[31m\u202e", "x" * 5000])
async def test_what_is_not_the_value_shows_nothing(make_validator: Make, dns: LoopbackDns, record: str) -> None:
    """Rule 58: whole strings are compared; what a stranger's zone says is quoted (rule 56, abuse 9)."""
    dns.set_txt("www.example.test", record)
    with pytest.raises(TriviumError) as refused:
        await make_validator(DNS).validate(NAME, VALUE, VALUE)
    assert refused.value.kind is ErrorKind.INCORRECT_RESPONSE
    assert refused.value.detail.isprintable()
    assert len(refused.value.detail) < 1000


async def test_a_resolver_that_fails_is_no_control(make_validator: Make, dns: LoopbackDns) -> None:
    """Rule 59: SERVFAIL is never permission, and unsigned answers are none where DNSSEC is required."""
    for place in ("_trivium-challenge.www.example.test", "www.example.test"):
        dns.set_txt(place, VALUE)
    with pytest.raises(TriviumError) as refused:
        await make_validator(DNS).validate(NAME, VALUE, VALUE, Requirements(dnssec=True))
    assert refused.value.kind is ErrorKind.DNS
    for place in ("_trivium-challenge.www.example.test", "www.example.test"):
        dns.set_servfail(place)
    with pytest.raises(TriviumError) as refused:
        await make_validator(DNS).validate(NAME, VALUE, VALUE)
    assert refused.value.kind is ErrorKind.DNS


async def test_the_dns_shows_no_address(make_validator: Make, dns: LoopbackDns) -> None:
    """Nobody's control of a name in the reverse zone is asked for."""
    with pytest.raises(TriviumError) as refused:
        await make_validator(DNS).validate(LOOPBACK, VALUE, VALUE)
    assert refused.value.kind is ErrorKind.IDENTIFIER_UNSUPPORTED
    assert dns.queries == []


@pytest.mark.parametrize("identifier", [NAME, LOOPBACK])
async def test_a_page_shows_control(make_validator: Make, identifier: Identifier) -> None:
    """BR 3.2.2.4.18: under /.well-known/pki-validation, and the value is not part of the request."""
    async with web_server(response(f"{VALUE}\n".encode())) as web:
        validated = await make_validator(PAGE, http_port=web.port).validate(identifier, VALUE, VALUE)
    assert validated.address == "127.0.0.1"
    [asked] = web.requests
    path = asked.split(" ")[1]
    assert path.startswith("/.well-known/pki-validation/")
    assert website_change.place(identifier, VALUE).endswith(path)
    assert VALUE not in asked


@pytest.mark.parametrize(
    "answer",
    [
        *(response(f"x{VALUE}".encode()), response(VALUE[:-1].encode()), response(b""), response(b"x" * 200)),
        *(response(VALUE.encode(), status="404 Not Found"), redirect("http://[::1]:9/"), redirect("ftp://a.test/")),
    ],
)
async def test_another_page_shows_nothing(make_validator: Make, answer: bytes) -> None:
    """Rules 54 and 56: the value alone counts, from where redirects may lead."""
    async with web_server(answer) as web:
        with pytest.raises(TriviumError) as refused:
            await make_validator(PAGE, http_port=web.port).validate(NAME, VALUE, VALUE)
    assert refused.value.kind in {ErrorKind.INCORRECT_RESPONSE, ErrorKind.CONNECTION}


async def test_a_page_shows_no_wildcard(make_validator: Make) -> None:
    """Rule 66: whoever has one host would have all names beside it."""
    async with web_server(response(VALUE.encode())) as web:
        with pytest.raises(TriviumError) as refused:
            await make_validator(PAGE, http_port=web.port).validate(WILDCARD, VALUE, VALUE)
    assert refused.value.kind is ErrorKind.IDENTIFIER_UNSUPPORTED
    assert web.requests == []


async def test_a_page_at_a_private_address_is_not_fetched(make_validator: Make) -> None:
    """Rule 55: whoever orders would have us look at the hosts of our own network."""
    async with web_server(response(VALUE.encode())) as web:
        validator = make_validator(PAGE, http_port=web.port, allow_private_addresses=False)
        with pytest.raises(TriviumError) as refused:
            await validator.validate(NAME, VALUE, VALUE)
    assert refused.value.kind is ErrorKind.CONNECTION
    assert web.requests == []
