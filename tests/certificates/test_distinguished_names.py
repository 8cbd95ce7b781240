"""Distinguished names as people and programs write them."""

from contextlib import suppress

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from ca_core.certificates.distinguished_names import name_of, parse_name, same_name
from ca_core.model.errors import ErrorKind, TriviumError

NAME = x509.Name(
    [
        x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "CH"),
        x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Example, Inc."),
        x509.NameAttribute(x509.NameOID.COMMON_NAME, "Zürich CA"),
    ]
)


@pytest.mark.parametrize(
    "written",
    [
        NAME.rfc4514_string(),
        "CN=Zürich CA,O=Example\\, Inc.,C=CH",
        "C=CH, O=Example\\2C Inc., CN=Z\\C3\\BCrich CA",
        'CN = zürich ca , O = "EXAMPLE, Inc." , C = ch',
        "/C=CH/O=Example, Inc./CN=Zürich CA",
        "2.5.4.3=Zürich  CA;OID.2.5.4.10=Example\\, Inc.;c=CH",
    ],
)
def test_spellings_of_one_name_are_the_same(written: str) -> None:
    """Whoever copies the issuer from openssl, Java or Windows could not revoke."""
    assert same_name(parse_name(written), name_of(NAME))


@pytest.mark.parametrize(
    "written",
    ["CN=Zürich CA", "CN=Zürich CA,O=Example\\, Inc.,C=DE", "O=Example\\, Inc.,CN=Zürich CA,C=CH", ""],
)
def test_other_names_are_not_the_same(written: str) -> None:
    """A certificate of another issuer with the same serial number would be revoked."""
    assert not same_name(parse_name(written), name_of(NAME))


@pytest.mark.parametrize("written", ["nonsense", "CN=a,", "CN=a\\", 'CN="a', "X Y=a", "CN=a,=b", "CN=" + "a" * 3000])
def test_what_is_no_name_is_refused(written: str) -> None:
    """A name that was only half understood would be compared, or put into a certificate."""
    with pytest.raises(TriviumError) as refused:
        parse_name(written)
    assert refused.value.kind is ErrorKind.MALFORMED


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """A text that raises anything else would be answered as our own fault."""
    with suppress(TriviumError):
        assert isinstance(parse_name(text), tuple)
