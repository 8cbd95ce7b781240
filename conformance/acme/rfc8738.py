r"""RFC 8738 (IP identifiers): the clauses that bind the server.

python -m conformance.acme.rfc8738 --directory https://127.0.0.1:8443/acme/directory --ca root.pem \
    --http-port 8056 --tls-port 8057 --ip 127.0.0.1
"""

import ipaddress
import sys
from urllib.parse import urlsplit

from cryptography import x509

from conformance.acme.probe.ca import Ca
from conformance.acme.probe.clauses import (
    MUST,
    MUST_NOT,
    Clause,
    clause,
    clauses_of_module,
    expect_refusal,
    expect_success,
)
from conformance.acme.probe.command import main
from conformance.acme.probe.jose import encode
from conformance.acme.probe.order import Authorization, Order, csr, place_address
from conformance.acme.probe.tls_responder import Showing, encoded
from conformance.acme.rfc8737 import offered, respond
from conformance.expect import NotOfferedError, expect


def pending(ca: Ca) -> Order:
    """Return a new order of the address that leads to this suite, not authorized yet."""
    client = ca.new_client()
    answer = place_address(client, ca.options.ip)
    if answer.problem in {"unsupportedIdentifier", "rejectedIdentifier"}:
        raise NotOfferedError(f"IP identifiers are refused: {answer}")
    expect_success(answer, 201)
    return Order(client, answer.header("location"), answer)


def authorization(ca: Ca) -> Authorization:
    """Return the authorization of a new order of the address."""
    return pending(ca).authorizations[0]


def address(ca: Ca) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the address that leads to this suite."""
    return ipaddress.ip_address(ca.options.ip)


@clause("3", MUST)
def identifier_type(ca: Ca) -> None:
    """The authorization of an address has the identifier type ip, with the address as its value."""
    found = authorization(ca).read()["identifier"]
    expect(found == {"type": "ip", "value": ca.options.ip}, f"the identifier is {found}")


@clause("3", MUST)
def textual_form(ca: Ca) -> None:
    """An address is written as RFC 1123 and RFC 5952 write it: other spellings, networks and names are refused."""
    pending(ca)
    for text in (
        "127.0.0.01", "127.1", "2130706433", "0x7f.0.0.1", "127.0.0.1/32", "256.0.0.1", "[::1]", "2001:DB8::1",
        "2001:db8:0:0:0:0:0:1", "2001:0db8::1", "::1%1", "::ffff:127.0.0.1x", "", " 127.0.0.1", "localhost",
    ):  # fmt: skip
        expect_refusal(place_address(ca.client, text))


@clause("4", MUST)
def no_name_is_looked_up(ca: Ca) -> None:
    """The validation connects to the address itself, by http-01."""
    found = authorization(ca).respond_by_http(ca.web)
    expect(found["status"] == "valid", f"it is {found}")


@clause("5", MUST)
def host_header(ca: Ca) -> None:
    """The Host of the http-01 request is the address."""
    one = authorization(ca)
    challenge = one.challenge("http-01")
    if challenge is None:
        raise NotOfferedError("http-01 is not offered")
    one.respond_by_http(ca.web)
    for seen in ca.web.asked(challenge.token):
        host = urlsplit(f"//{seen.host}").hostname
        expect(host == ca.options.ip, f"Host was {seen.host}")


@clause("6", MUST)
def tls_names(ca: Ca) -> None:
    """The tls-alpn-01 certificate must have the address as its one iPAddress; a dNSName of its text fails."""
    good: x509.GeneralName = x509.IPAddress(address(ca))
    as_name = x509.DNSName(ca.options.ip)
    other = x509.IPAddress(ipaddress.ip_address("192.0.2.1"))
    reverse = x509.DNSName(address(ca).reverse_pointer)
    for names, status in (((good,), "valid"), ((as_name,), "invalid"), ((other,), "invalid"), ((reverse,), "invalid"),
                          ((good, other), "invalid"), ((good, as_name), "invalid")):  # fmt: skip
        one = authorization(ca)
        challenge = offered(one)
        found = respond(ca, one, challenge, Showing(names=names, value=encoded(challenge.digest)))
        expect(found["status"] == status, f"with {names} it is {found}")


@clause("6", MUST)
def tls_server_name(ca: Ca) -> None:
    """The Server Name Indication of tls-alpn-01 is the address in the form of its reverse zone."""
    one = authorization(ca)
    challenge = offered(one)
    before = len(ca.tls.asked)
    respond(ca, one, challenge, Showing(names=(x509.IPAddress(address(ca)),), value=encoded(challenge.digest)))
    expect(len(ca.tls.asked) > before, "the TLS server was not asked")
    names = tuple(name.lower() for name in ca.tls.asked[before].server_names)
    expect(names == (address(ca).reverse_pointer,), f"SNI was {names}")


@clause("7", MUST_NOT)
def no_dns_challenge(ca: Ca) -> None:
    """dns-01 is not used for an address."""
    found = [one["type"] for one in authorization(ca).read()["challenges"]]
    expect("dns-01" not in found, f"the challenges are {found}")


@clause("3", MUST)
def certificate_of_an_address(ca: Ca) -> None:
    """An address is certified as iPAddress; a CSR that has it as a name gets an error."""
    ready = pending(ca).authorize(ca.web)
    for request in (csr(ca.options.ip), csr(common_name=ca.options.ip)):
        expect_refusal(ready.client.post(ready.placed.json["finalize"], {"csr": encode(request)}))
    expect_success(ready.finalize(csr(x509.IPAddress(address(ca)))))
    url = ready.decided()["certificate"]
    leaf = x509.load_pem_x509_certificates(ready.client.read(url).body)[0]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    expect(list(names) == [x509.IPAddress(address(ca))], f"the certificate has {names}")


TITLE = "RFC 8738: what binds a server that certifies IP addresses"
CLAUSES: list[Clause] = clauses_of_module(__name__)

if __name__ == "__main__":
    sys.exit(main(TITLE, CLAUSES))
