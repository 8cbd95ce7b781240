"""The name policy (rules 63 and 64)."""

from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca_core.certificates.names import check_identifier, check_identifiers
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.products import NamePolicy
from tests.certificates.authorities import dns, ip

PLAIN: Final = NamePolicy()
OPEN: Final = NamePolicy(wildcards=True, internal_names=True, single_labels=True, private_addresses=True)

LONG_LABEL = "a" * 63
LONGEST = ".".join([LONG_LABEL, LONG_LABEL, LONG_LABEL, "b" * 57, "com"])

# name, taken by a public product with wildcards, taken by a private product with everything allowed
DOMAIN_NAMES = [
    ("example.com", True, True),
    ("www.example.com", True, True),
    ("example.co.uk", True, True),
    ("a-b.example.com", True, True),
    ("0.example.com", True, True),
    ("3com.com", True, True),
    ("*.example.com", True, True),
    ("*.www.example.co.uk", True, True),
    ("1.2.3.4.example.com", True, True),
    ("a.b.c.d.e.f.g.h.example.com", True, True),
    ("a.b.c.d.e.f.g.h.i.example.com", False, False),
    ("*.b.c.d.e.f.g.h.i.example.com", False, False),
    (LONG_LABEL + ".com", True, True),
    (LONG_LABEL + "a.com", False, False),
    (LONGEST, True, True),
    ("x" + LONGEST, False, False),
    ("a." * 5000 + "com", False, False),
    ("xn--" + "a" * 10_000 + ".com", False, False),
    ("foo.github.io", True, True),
    ("github.io", True, True),
    ("*.github.io", True, True),
    ("www.ck", True, True),
    ("xn--mnchen-3ya.de", True, True),
    ("xn--fiqs8s.xn--fiqs8s", True, True),
    ("www.xn--p1ai", True, True),
    # suffixes
    ("com", False, False),
    ("co.uk", False, False),
    ("*.com", False, False),
    ("*.co.uk", False, False),
    ("foo.ck", False, False),
    ("*.foo.ck", False, False),
    ("xn--p1ai", False, False),
    ("arpa", False, False),
    ("home.arpa", False, False),
    # wildcards elsewhere
    ("*", False, False),
    ("*.", False, False),
    ("**.example.com", False, False),
    ("*.*.example.com", False, False),
    ("a.*.example.com", False, False),
    ("a*.example.com", False, False),
    ("*a.example.com", False, False),
    ("www.example.*", False, False),
    ("*.test", False, False),
    ("*.localhost", False, False),
    # syntax
    ("", False, False),
    (".", False, False),
    (".example.com", False, False),
    ("example.com.", False, False),
    ("example..com", False, False),
    ("-a.example.com", False, False),
    ("a-.example.com", False, False),
    ("a_b.example.com", False, False),
    ("_acme-challenge.example.com", False, False),
    ("exa mple.com", False, False),
    (" example.com", False, False),
    ("example.com\n", False, False),
    ("example.com\x00.evil.com", False, False),
    ("example.com\r\nX: y", False, False),
    ("\x1b[31m.example.com", False, False),
    ("example.com/", False, False),
    ("user@example.com", False, False),
    ("http://example.com", False, False),
    ("example.com:443", False, False),
    ("münchen.de", False, False),
    ("example\uff0ecom", False, False),
    ("example\u3002com", False, False),
    ("ex\u0430mple.com", False, False),
    ("a\u202eb.example.com", False, False),
    # reserved labels
    ("ab--c.example.com", False, False),
    ("xn--zzzzzz.de", False, False),
    ("xn--.de", False, False),
    ("xn--a.de", False, False),
    ("xn--strae-oqa.de", True, True),
    ("xn--abc-.de", False, False),
    ("xn--mnchen-3yA\u212a.de", False, False),
    # IP addresses as domain names
    ("1.2.3.4", False, False),
    ("127.0.0.1", False, False),
    ("0x7f.1", False, False),
    ("0x7f000001", False, False),
    ("2130706433", False, False),
    ("0177.0.0.1", False, False),
    ("example.123", False, False),
    ("::1", False, False),
    ("[::1]", False, False),
    # reverse zones, onion
    ("4.3.2.1.in-addr.arpa", False, False),
    ("in-addr.arpa", False, False),
    ("1.ip6.arpa", False, False),
    ("duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion", False, False),
    # internal names
    ("host.test", False, True),
    ("*.host.test", False, True),
    ("host.internal", False, True),
    ("printer.local", False, True),
    ("box.lan", False, True),
    ("host.home.arpa", False, True),
    ("db.corp", False, True),
    ("localhost", False, True),
    ("intranet", False, True),
    ("app.localhost", False, True),
    ("host.notatld", False, True),
]


@pytest.mark.parametrize(("name", "public", "private"), DOMAIN_NAMES, ids=[ascii(row[0])[:40] for row in DOMAIN_NAMES])
def test_domain_names(name: str, public: bool, private: bool) -> None:
    """A name that no CA may certify gets a certificate, or an honest one is refused (rule 63)."""
    assert taken(dns(name)[0], OPEN, public=True) is public
    assert taken(dns(name)[0], OPEN, public=False) is private


def taken(identifier: Identifier, policy: NamePolicy, *, public: bool) -> bool:
    """Whether the policy takes the identifier unchanged; a refusal must have a printable sentence."""
    checked = outcome(identifier, policy, public=public)
    if isinstance(checked, Identifier):
        return checked == identifier
    assert checked.kind in {ErrorKind.IDENTIFIER_REJECTED, ErrorKind.IDENTIFIER_UNSUPPORTED}
    assert checked.detail.isprintable()
    assert checked.detail.isascii()
    assert len(checked.detail) < 500
    return False


def outcome(identifier: Identifier, policy: NamePolicy, *, public: bool) -> Identifier | TriviumError:
    """Return what the policy makes of an identifier."""
    try:
        return check_identifier(identifier, policy, public=public)
    except TriviumError as error:
        return error


# address, taken by a public product, taken by a private product with private addresses
ADDRESSES = [
    ("9.9.9.9", True, True),
    ("2620:fe::fe", True, True),
    ("10.0.0.1", False, True),
    ("172.16.0.1", False, True),
    ("172.32.0.1", True, True),
    ("192.168.1.1", False, True),
    ("127.0.0.1", False, True),
    ("100.64.0.1", False, True),
    ("169.254.169.254", False, True),
    ("fd00::1", False, True),
    ("::1", False, True),
    ("0.0.0.0", False, False),
    ("192.0.0.9", False, False),
    ("192.0.2.1", False, False),
    ("198.18.0.1", False, False),
    ("198.51.100.1", False, False),
    ("203.0.113.1", False, False),
    ("192.88.99.1", False, False),
    ("224.0.0.1", False, False),
    ("240.0.0.1", False, False),
    ("255.255.255.255", False, False),
    ("::", False, False),
    ("::ffff:9.9.9.9", False, False),
    ("::ffff:909:909", False, False),
    ("64:ff9b::909:909", False, False),
    ("64:ff9b:1::1", False, False),
    ("100::1", False, False),
    ("2001::1", False, False),
    ("2001:db8::1", False, False),
    ("2002::1", False, False),
    ("3fff::1", False, False),
    ("5f00::1", False, False),
    ("fe80::1", False, False),
    ("fe80::1%eth0", False, False),
    ("ff02::1", False, False),
    ("2620:00fe::fe", False, False),
    ("2620:FE::FE", False, False),
    ("2620:fe:0:0:0:0:0:fe", False, False),
    ("09.9.9.9", False, False),
    ("9.9.9", False, False),
    ("9.9.9.9/32", False, False),
    (" 9.9.9.9", False, False),
    ("0x9.9.9.9", False, False),
    ("example.com", False, False),
    ("*.9.9.9", False, False),
    ("", False, False),
]


@pytest.mark.parametrize(("address", "public", "private"), ADDRESSES, ids=[row[0] or "empty" for row in ADDRESSES])
def test_addresses(address: str, public: bool, private: bool) -> None:
    """A certificate for an address of somebody's inner network, or of no host at all, is issued (rule 64)."""
    assert taken(ip(address)[0], OPEN, public=True) is public
    assert taken(ip(address)[0], OPEN, public=False) is private


@pytest.mark.parametrize(
    ("identifier", "needed"),
    [
        (dns("*.example.com")[0], NamePolicy(wildcards=True)),
        (dns("host.test")[0], NamePolicy(internal_names=True)),
        (dns("localhost")[0], NamePolicy(internal_names=True, single_labels=True)),
        (ip("10.0.0.1")[0], NamePolicy(private_addresses=True)),
    ],
    ids=str,
)
def test_each_kind_of_name_needs_its_flag(identifier: Identifier, needed: NamePolicy) -> None:
    """A product takes names that its policy does not name (rules 63, 64)."""
    assert taken(identifier, needed, public=False)
    assert not taken(identifier, PLAIN, public=False)


def test_single_labels_need_their_own_flag() -> None:
    """A product for ``.internal`` names also certifies ``localhost``."""
    assert not taken(dns("localhost")[0], NamePolicy(internal_names=True), public=False)


def test_upper_case_is_folded() -> None:
    """``Example.COM`` and ``example.com`` are two identifiers (RFC 4343)."""
    assert check_identifiers(dns("WWW.Example.COM", "www.example.com"), PLAIN, public=True) == dns("www.example.com")


def test_identifiers_keep_their_order_and_spelling() -> None:
    """A client that compares what comes back with what it sent takes the order for a wrong one."""
    names = (*dns("b.example.com", "a.example.com"), *ip("9.9.9.9"), *dns("*.example.com"))
    assert check_identifiers(names, OPEN, public=True) == names


def test_every_bad_identifier_has_its_subproblem() -> None:
    """The requester has to find the bad names one by one (RFC 8555 section 6.7.1)."""
    names = dns("www.example.com", "a_b.example.com", "com", "x.onion")
    with pytest.raises(TriviumError) as refused:
        check_identifiers(names, PLAIN, public=True)
    assert refused.value.kind is ErrorKind.IDENTIFIER_REJECTED
    assert [problem.identifier for problem in refused.value.problem.subproblems] == list(names[1:])
    assert refused.value.problem.subproblems[2].kind is ErrorKind.IDENTIFIER_UNSUPPORTED


def test_one_bad_identifier_explains_itself() -> None:
    """The main sentence hides the only thing that was wrong."""
    with pytest.raises(TriviumError, match="underscore") as refused:
        check_identifiers(dns("a_b.example.com"), PLAIN, public=True)
    assert len(refused.value.problem.subproblems) == 1


def test_no_identifier_is_malformed() -> None:
    """An order without names gets a certificate without names."""
    with pytest.raises(TriviumError) as refused:
        check_identifiers((), PLAIN, public=True)
    assert refused.value.kind is ErrorKind.MALFORMED


def test_the_number_of_identifiers_is_limited() -> None:
    """One order binds unbounded work (rule 49: more than 100 names); repetitions do not count."""
    names = dns(*(f"n{number}.example.com" for number in range(101)))
    assert len(check_identifiers((*names[:100], *names[:100]), PLAIN, public=True)) == 100
    with pytest.raises(TriviumError, match="at most 100"):
        check_identifiers(names, PLAIN, public=True)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(IdentifierType), st.text(max_size=80), st.booleans())
def test_any_text_is_taken_in_canonical_form_or_refused(kind: IdentifierType, text: str, public: bool) -> None:
    """Some text makes the policy fail with another exception, or comes out in a form that is not checked (rule 63)."""
    checked = outcome(Identifier(type=kind, value=text), OPEN, public=public)
    if isinstance(checked, TriviumError):
        assert checked.detail.isprintable()
    else:
        assert checked.value == text.lower()
        assert check_identifier(checked, OPEN, public=public) == checked
