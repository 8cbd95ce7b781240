"""What CAA records allow (RFC 8659 section 4, RFC 8657, rule 60): a table of record sets, as a zone has them."""

import dns.exception
import dns.rdata
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ca_core.model.authorizations import ValidationMethod
from ca_core.validation.caa_records import Applicant, parse_property, refusal

ACCOUNT = "https://ca.example/acme/account/acc-1"

ALLOWED: dict[str, tuple[str, ...]] = {
    "no records": (),
    "us": ('0 issue "ca.example"',),
    "us by our other name": ('0 issue "other-ca.example"',),
    "us in capitals": ('0 ISSUE "CA.Example"',),
    "us with white space": ('0 issue " \t ca.example \t "',),
    "us among others": ('0 issue "a.example"', '0 issue "ca.example"', '0 issue ";"'),
    "us and an empty list of parameters": ('0 issue "ca.example;"',),
    "us and a parameter of somebody's": ('0 issue "ca.example; policy=ev"',),
    "parameters with white space": ('0 issue "ca.example ;  policy = ev ; x=y "',),
    "a parameter with = in its value": ('0 issue "ca.example; x=a=b"',),
    "critical issue": ('128 issue "ca.example"',),
    "other flags": ('64 issue "ca.example"',),
    "iodef alone": ('0 iodef "mailto:a@b.example"',),
    "critical iodef": ('128 iodef "mailto:a@b.example"',),
    "issuemail alone": ('0 issuemail ";"',),
    "critical issuemail": ('128 issuemail ";"', '0 issue "ca.example"'),
    "an unknown tag": ('0 tbs "unknown"',),
    "an unknown tag beside us": ('0 tbs "unknown"', '0 issue "ca.example"'),
    "issuewild alone, for a plain name": ('0 issuewild ";"',),
    "our account": (f'0 issue "ca.example; accounturi={ACCOUNT}"',),
    "our account in capitals": (f'0 issue "ca.example; AccountURI={ACCOUNT}"',),
    "our account in the second record": (
        '0 issue "ca.example; accounturi=https://ca.example/2"', f'0 issue "ca.example; accounturi={ACCOUNT}"',
    ),
    "our method": ('0 issue "ca.example; validationmethods=http-01"',),
    "our method among others": ('0 issue "ca.example; validationmethods=dns-01,x-y,http-01"',),
    "our account and method": (f'0 issue "ca.example; validationmethods=http-01; accounturi={ACCOUNT}"',),
}  # fmt: skip

FORBIDDEN: dict[str, tuple[tuple[str, ...], str]] = {
    "another CA": (('0 issue "a.example"',), "no issue property names"),
    "a name below ours": (('0 issue "sub.ca.example"',), "no issue property names"),
    "a name above ours": (('0 issue "example"',), "no issue property names"),
    "our name with a dot at its end": (('0 issue "ca.example."',), "no issue property names"),
    "nobody": (('0 issue ";"',), "no issue property names"),
    "nobody, without the semicolon": (('0 issue ""',), "no issue property names"),
    "white space": (('0 issue "  "',), "no issue property names"),
    "two names": (('0 issue "ca.example a.example"',), "no issue property names"),
    "a comma": (('0 issue "ca.example, a.example"',), "no issue property names"),
    "a parameter without a value": (('0 issue "ca.example; policy"',), "no issue property names"),
    "an empty parameter": (('0 issue "ca.example; ; x=y"',), "no issue property names"),
    "a parameter with a space in it": (('0 issue "ca.example; x=y z"',), "no issue property names"),
    "a parameter's tag with an underscore": (('0 issue "ca.example; x_y=z"',), "no issue property names"),
    "not ASCII": (('0 issue "ca.example\\195\\164"',), "no issue property names"),
    "a NUL": (('0 issue "ca.example\\000"',), "no issue property names"),
    "critical and unknown": (('128 tbs "unknown"',), "unknown here"),
    "critical and unknown beside us": (('0 issue "ca.example"', '128 tbs "unknown"'), "unknown here"),
    "critical by the other end of the flags": (('1 tbs "unknown"', '0 issue "ca.example"'), "unknown here"),
    "another account": (('0 issue "ca.example; accounturi=https://ca.example/acme/account/acc-2"',), "another account"),
    "the account elsewhere": (('0 issue "ca.example; accounturi=https://a.example/acme/account/acc-1"',), "another"),
    "the account's URL in capitals": ((f'0 issue "ca.example; accounturi={ACCOUNT.upper()}"',), "another account"),
    "an account without a value": (('0 issue "ca.example; accounturi="',), "another account"),
    "our account twice": (
        (f'0 issue "ca.example; accounturi={ACCOUNT}; accounturi={ACCOUNT}"',), "another account",
    ),
    "another method": (('0 issue "ca.example; validationmethods=dns-01"',), "other ways"),
    "no method": (('0 issue "ca.example; validationmethods="',), "other ways"),
    "a method with a suffix": (('0 issue "ca.example; validationmethods=http-01-x"',), "other ways"),
    "a broken list of methods": (('0 issue "ca.example; validationmethods=http-01,,dns-01"',), "one list"),
    "methods twice": (
        ('0 issue "ca.example; validationmethods=http-01; validationmethods=http-01"',), "one list",
    ),
    "our account by another method": (
        (f'0 issue "ca.example; accounturi={ACCOUNT}; validationmethods=dns-01"',), "other ways",
    ),
}  # fmt: skip

WILDCARDS: dict[str, tuple[tuple[str, ...], bool]] = {
    "issue alone": (('0 issue "ca.example"',), True),
    "issue of another CA alone": (('0 issue "a.example"',), False),
    "issuewild over issue": (('0 issue ";"', '0 issuewild "ca.example"'), True),
    "issuewild forbids what issue allows": (('0 issue "ca.example"', '0 issuewild ";"'), False),
    "issuewild of another CA": (('0 issue "ca.example"', '0 issuewild "a.example"'), False),
    "issuewild with a condition": (('0 issuewild "ca.example; validationmethods=dns-01"',), False),
    "critical issuewild": (('128 issuewild "ca.example"',), True),
}


def outcome(records: tuple[str, ...], *, wildcard: bool = False, account: str = ACCOUNT) -> str | None:
    """Return why the records forbid the issuance, or None."""
    properties = [parse_property(dns.rdata.from_text("IN", "CAA", record).to_wire() or b"") for record in records]
    applicant = Applicant(
        identities=("ca.example", "other-ca.example"),
        wildcard=wildcard,
        account_uris=frozenset({account} if account else ()),
        methods=frozenset({ValidationMethod.HTTP_01}),
    )
    return refusal(properties, applicant)


@pytest.mark.parametrize("case", ALLOWED)
def test_records_that_allow(case: str) -> None:
    """A subscriber whose zone allows us would be refused."""
    assert outcome(ALLOWED[case]) is None


@pytest.mark.parametrize("case", FORBIDDEN)
def test_records_that_forbid(case: str) -> None:
    """A certificate would be issued against the will of the domain's owner (rule 60)."""
    records, why = FORBIDDEN[case]
    assert why in (outcome(records) or "")


@pytest.mark.parametrize("case", WILDCARDS)
def test_records_about_wildcards(case: str) -> None:
    """RFC 8659 section 4.3: issuewild decides over wildcards where there is one, and over nothing else."""
    records, allowed = WILDCARDS[case]
    assert (outcome(records, wildcard=True) is None) is allowed


def test_without_an_account_no_accounturi_is_met() -> None:
    """RFC 8657 section 3: an order that no account placed would pass where accounts are named."""
    assert outcome((f'0 issue "ca.example; accounturi={ACCOUNT}"',), account="") is not None
    assert outcome(('0 issue "ca.example; accounturi="',), account="") is not None
    assert outcome(('0 issue "ca.example"',), account="") is None


@pytest.mark.parametrize("rdata", [b"", b"\0", b"\0\0", b"\0\0issue", b"\0\x06issue", b"\x80\xffissueca.example"])
def test_a_record_that_is_none_is_an_error(rdata: bytes) -> None:
    """A record that cannot be read would count as no record, which allows everything."""
    with pytest.raises(dns.exception.FormError):
        parse_property(rdata)


@given(st.binary(min_size=1, max_size=60), st.sampled_from([b"issue", b"issuewild", b"iodef", b"x"]))
def test_any_value_is_decided(value: bytes, tag: bytes) -> None:
    """A stranger's record would crash the check."""
    found = parse_property(bytes([0, len(tag)]) + tag + value)
    applicant = Applicant(identities=("ca.example",), wildcard=True, account_uris=frozenset(), methods=frozenset())
    assert refusal([found], applicant) is None or found.tag.startswith("issue")
