"""Rule 54: which redirects are followed, apart from any network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.validation.redirects import redirect_target

BASE = URL("http://www.example.test/.well-known/acme-challenge/token")
PORTS = {"http": 80, "https": 443}

FOLLOWED = [
    ("http://other.test/x", "http://other.test/x"),
    ("https://other.test/x", "https://other.test/x"),
    ("HTTP://OTHER.test/X", "http://other.test/X"),
    ("http://other.test:80/x", "http://other.test/x"),
    ("https://other.test:443/x", "https://other.test/x"),
    ("//other.test/x", "http://other.test/x"),
    ("/x?y=z", "http://www.example.test/x?y=z"),
    ("http:///x", "http://www.example.test/x"),
    ("next", "http://www.example.test/.well-known/acme-challenge/next"),
    ("?again", "http://www.example.test/.well-known/acme-challenge/token?again"),
    ("http://other.test./x", "http://other.test./x"),
    ("http://a_b.other.test/x", "http://a_b.other.test/x"),
    ("http://intranet/x", "http://intranet/x"),
    ("http://8.8.8.8/x", "http://8.8.8.8/x"),
    ("http://[2606:4700::1]/x", "http://[2606:4700::1]/x"),
    ("http://other.test/x#fragment", "http://other.test/x"),
    ("http://other.test/" + "a" * 1999, "http://other.test/" + "a" * 1999),
    ("http://bücher.test/x", "http://xn--bcher-kva.test/x"),
    ("http://xn--bcher-kva.test/x", "http://xn--bcher-kva.test/x"),
]
REFUSED = [
    ("", "no Location"),
    ("ftp://other.test/x", "http or https"),
    ("file:///etc/passwd", "http or https"),
    ("gopher://other.test/x", "http or https"),
    ("javascript:alert(1)", "http or https"),
    ("unix:///run/secret.sock", "http or https"),
    ("http://other.test:8080/x", "port 8080"),
    ("http://other.test:443/x", "port 443"),
    ("https://other.test:80/x", "port 80"),
    ("http://other.test:22/x", "port 22"),
    ("http://other.test:0/x", "port 0"),
    ("http://other.test:99999/x", "not a URL"),
    ("http://other.test:http/x", "not a URL"),
    ("http://user@other.test/x", "user name"),
    ("http://user:secret@other.test/x", "user name"),
    ("http://other.test@127.0.0.1/x", "user name"),
    ("http://127.1/x", "neither a domain name"),
    ("http://2130706433/x", "neither a domain name"),
    ("http://0x7f.1/x", "neither a domain name"),
    ("http://0x7f000001/x", "neither a domain name"),
    ("http://0177.0.0.1/x", "neither a domain name"),
    ("http://[fe80::1%25eth0]/x", "neither a domain name"),
    ("http://-a.test/x", "neither a domain name"),
    ("http://a..test/x", "neither a domain name"),
    ("http://other.test\\@127.0.0.1/x", "not a URL"),
    ("http://[::1/x", "not a URL"),
    ("http://" + "a" * 64 + ".test/x", "neither"),
    ("http://" + "a." * 130 + "test/x", "neither"),
    ("http://other.test/" + "a" * 2000, "more than 2000"),
]


@pytest.mark.parametrize(("location", "target"), FOLLOWED)
def test_an_ordinary_redirect_is_followed(location: str, target: str) -> None:
    """A subscriber who redirects to https, to another host or to another path could not be validated (rule 54)."""
    assert str(redirect_target(BASE, location, PORTS)) == target


@pytest.mark.parametrize(("location", "why"), REFUSED)
def test_a_forbidden_redirect_is_refused(location: str, why: str) -> None:
    """A subscriber could send us to another protocol, port or address notation (rule 54, abuse 3)."""
    with pytest.raises(TriviumError) as caught:
        redirect_target(BASE, location, PORTS)
    assert caught.value.kind is ErrorKind.CONNECTION
    assert why in caught.value.detail


@pytest.mark.parametrize(
    "host", ["other.example.com", "EXAMPLE.co.uk", "xn--bcher-kva.de", "example.com.", "8.8.8.8", "[2606:4700::1]"]
)
def test_a_registered_name_is_followed_for_a_public_product(host: str) -> None:
    """A subscriber whose site moved to another domain could not be validated (rule 54)."""
    assert redirect_target(BASE, f"http://{host}/x", PORTS, registered_names=True)


@pytest.mark.parametrize(
    "host",
    ["other.test", "intranet", "localhost", "printer.local", "db.internal", "router.lan", "com", "co.uk"],
)
def test_an_internal_name_is_refused_for_a_public_product(host: str) -> None:
    """A subscriber could have us look up and reach names that exist in our own network alone (rule 54)."""
    with pytest.raises(TriviumError, match="registered top-level domain") as caught:
        redirect_target(BASE, f"http://{host}/x", PORTS, registered_names=True)
    assert caught.value.kind is ErrorKind.CONNECTION


def test_configured_ports_stand_for_the_default_ones() -> None:
    """A test set-up on ports of its own could not follow redirects, or could be led to any port."""
    ports = {"http": 5002, "https": 5003}
    assert redirect_target(BASE, "http://other.test:5002/x", ports).explicit_port is None
    assert redirect_target(BASE, "https://other.test/x", ports).explicit_port is None
    with pytest.raises(TriviumError, match="port 5003"):
        redirect_target(BASE, "http://other.test:5003/x", ports)


@given(st.text(max_size=60) | st.text(alphabet="htps:/[]@%.0x19a#?\\", max_size=40))
def test_any_location_is_followed_or_refused(location: str) -> None:
    """A Location header would crash the validation, or leave http and https."""
    outcome = outcome_of(location)
    if isinstance(outcome, TriviumError):
        assert outcome.kind is ErrorKind.CONNECTION
        assert outcome.detail.isprintable()
    else:
        assert outcome.scheme in PORTS
        assert outcome.port in PORTS.values()
        assert outcome.user is None


def outcome_of(location: str) -> URL | TriviumError:
    """Return the target, or why there is none."""
    try:
        return redirect_target(BASE, location, PORTS)
    except TriviumError as error:
        return error
