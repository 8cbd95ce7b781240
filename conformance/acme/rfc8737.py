r"""RFC 8737 (tls-alpn-01): the clauses that bind the server.

python -m conformance.acme.rfc8737 --directory https://127.0.0.1:8443/acme/directory --ca root.pem --tls-port 8057
"""

import re
import sys
from dataclasses import replace

from cryptography import x509

from conformance.acme.probe.ca import Ca
from conformance.acme.probe.clauses import MUST, MUST_NOT, Clause, clause, clauses_of_module, unseen
from conformance.acme.probe.command import main
from conformance.acme.probe.jose import Json
from conformance.acme.probe.order import Authorization, Challenge, order
from conformance.acme.probe.tls_responder import PROTOCOL, Asked, Showing, encoded
from conformance.expect import NotOfferedError, expect

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,}")  # 128 bits at least
_DRAFT_OID = "1.3.6.1.5.5.7.1.30.1"


def offered(authorization: Authorization) -> Challenge:
    """Return the tls-alpn-01 challenge of an authorization."""
    challenge = authorization.challenge("tls-alpn-01")
    if challenge is None:
        raise NotOfferedError("tls-alpn-01 is not offered")
    return challenge


def pending(ca: Ca) -> tuple[Authorization, Challenge, Showing]:
    """Return a new authorization, its challenge, and what should be shown for it."""
    authorization = order(ca.client, ca.new_name()).authorizations[0]
    challenge = offered(authorization)
    name = authorization.read()["identifier"]["value"]
    return authorization, challenge, Showing(names=(x509.DNSName(name),), value=encoded(challenge.digest))


def respond(ca: Ca, authorization: Authorization, challenge: Challenge, showing: Showing) -> Json:
    """Show this, respond to the challenge, and return the authorization when it is decided."""
    ca.tls.showing = showing
    challenge.client.post(challenge.url, {})
    return authorization.decided()


def expect_refused(ca: Ca, **wrong: object) -> None:
    """Expect the validation to fail when this is shown in place of what should be."""
    authorization, challenge, good = pending(ca)
    found = respond(ca, authorization, challenge, replace(good, **wrong))  # type: ignore[arg-type]
    expect(found["status"] == "invalid", f"with {wrong} it is {found['status']}")


def validated(ca: Ca) -> tuple[str, Asked]:
    """Let a good validation happen; return the name and how the server was asked for it."""
    authorization, challenge, good = pending(ca)
    before = len(ca.tls.asked)
    found = respond(ca, authorization, challenge, good)
    expect(found["status"] == "valid", f"it is {found}")
    return found["identifier"]["value"], ca.tls.asked[before]


@clause("3", MUST)
def token(ca: Ca) -> None:
    """The token has 128 bits of entropy or more, and differs between authorizations."""
    tokens = {pending(ca)[1].token for _ in range(5)}
    expect(len(tokens) == 5 and all(_TOKEN.fullmatch(one) for one in tokens), f"the tokens are {tokens}")


@clause("3", MUST_NOT)
def token_alphabet(ca: Ca) -> None:
    """The token has no character outside of the base64url alphabet."""
    found = pending(ca)[1].token
    expect(_TOKEN.fullmatch(found), f"the token is {found}")


@clause("3", MUST)
def right_certificate(ca: Ca) -> None:
    """A server that shows the right certificate is validated."""
    validated(ca)


unseen(
    __name__,
    "3",
    MUST,
    "The connection goes to TCP port 443.",
    "The suite answers on a port that the server was told, so that it needs no privilege.",
)


@clause("3", MUST)
def client_hello_alpn(ca: Ca) -> None:
    """The ClientHello has an ALPN extension with acme-tls/1 and nothing else."""
    _, asked = validated(ca)
    expect(asked.protocols == (PROTOCOL,), f"ALPN was {asked.protocols}")


@clause("3", MUST)
def client_hello_server_name(ca: Ca) -> None:
    """The ClientHello has the name that is validated, and no other, as Server Name Indication."""
    name, asked = validated(ca)
    expect(asked.server_names == (name,), f"SNI was {asked.server_names}")


@clause("3", MUST)
def alpn_agreed_on(ca: Ca) -> None:
    """The ServerHello must have agreed on acme-tls/1."""
    for protocol in ("", "http/1.1", "h2", "acme-tls/2"):
        expect_refused(ca, protocol=protocol)


@clause("3", MUST)
def exactly_one_name(ca: Ca) -> None:
    """The certificate must have the name as its one subjectAltName: none, another, or one more fails."""
    authorization, challenge, good = pending(ca)
    other = x509.DNSName(ca.new_name())
    mail = x509.RFC822Name(f"x@{ca.options.domain}")
    found = respond(ca, authorization, challenge, replace(good, names=(*good.names, other)))
    expect(found["status"] == "invalid", f"with a second name it is {found['status']}")
    authorization, challenge, good = pending(ca)
    found = respond(ca, authorization, challenge, replace(good, names=(*good.names, mail)))
    expect(found["status"] == "invalid", f"with a mail address beside the name it is {found['status']}")
    for names in ((), (other,), (x509.DNSName(f"*.{ca.options.domain}"),), (x509.DNSName(ca.options.domain),)):
        expect_refused(ca, names=names)


@clause("3", MUST)
def names_without_case(ca: Ca) -> None:
    """Names are compared without regard to case."""
    authorization, challenge, good = pending(ca)
    upper = x509.DNSName(good.names[0].value.upper())
    found = respond(ca, authorization, challenge, replace(good, names=(upper,)))
    expect(found["status"] == "valid", f"it is {found}")


@clause("3", MUST)
def identifier_extension(ca: Ca) -> None:
    """The certificate must have the acmeIdentifier extension, of the RFC's number and not the draft's."""
    expect_refused(ca, value=None)
    expect_refused(ca, oid=_DRAFT_OID)


@clause("3", MUST)
def identifier_extension_is_critical(ca: Ca) -> None:
    """The acmeIdentifier extension must be critical."""
    expect_refused(ca, critical=False)


@clause("3", MUST)
def identifier_extension_value(ca: Ca) -> None:
    """The acmeIdentifier must be the SHA-256 digest of the key authorization, as an OCTET STRING of 32 octets."""
    digest = pending(ca)[1].digest
    for value in (encoded(digest), encoded(bytes(32)), b"", encoded(b""), bytes(32), encoded(digest[:31])):
        expect_refused(ca, value=value)
    authorization, challenge, good = pending(ca)
    found = respond(ca, authorization, challenge, replace(good, value=challenge.digest))
    expect(found["status"] == "invalid", f"with the bare digest it is {found['status']}")
    authorization, challenge, good = pending(ca)
    found = respond(ca, authorization, challenge, replace(good, value=encoded(challenge.digest) + b"\0"))
    expect(found["status"] == "invalid", f"with an octet behind the digest it is {found['status']}")


@clause("4", MUST_NOT)
def nothing_after_the_handshake(ca: Ca) -> None:
    """Nothing is sent after the handshake: the connection is closed."""
    _, asked = validated(ca)
    expect(not asked.data, f"{asked.data!r} was sent")


@clause("4", MUST)
def tls_1_2(ca: Ca) -> None:
    """TLS 1.2 or higher is negotiated: a server that has TLS 1.1 at most fails."""
    expect_refused(ca, old_tls=True)


TITLE = "RFC 8737: what binds a server that offers tls-alpn-01"
CLAUSES: list[Clause] = clauses_of_module(__name__)

if __name__ == "__main__":
    sys.exit(main(TITLE, CLAUSES))
