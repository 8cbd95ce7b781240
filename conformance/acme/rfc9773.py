r"""RFC 9773 (renewal information): the clauses that bind the server.

python -m conformance.acme.rfc9773 --directory https://127.0.0.1:8443/acme/directory --ca root.pem --http-port 8056
"""

import re
import sys
from datetime import datetime

from cryptography import x509

from conformance.acme.probe.ca import Ca
from conformance.acme.probe.clauses import (
    MUST,
    MUST_NOT,
    SHOULD,
    Clause,
    clause,
    clauses_of_module,
    expect_refusal,
    expect_success,
)
from conformance.acme.probe.command import main
from conformance.acme.probe.jose import Json, encode
from conformance.acme.probe.order import Issued, Order, csr, place
from conformance.acme.probe.transport import Answer
from conformance.expect import NotOfferedError, expect


def renewal_url(ca: Ca) -> str:
    """Return the renewalInfo URL of the directory."""
    if "renewalInfo" not in ca.directory:
        raise NotOfferedError("the directory has no renewalInfo")
    return str(ca.directory["renewalInfo"])


def name_of(issued: Issued) -> str:
    """Return the identifier of a certificate (section 4.1)."""
    leaf = issued.chain[0]
    key = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier or b""
    serial = leaf.serial_number.to_bytes(leaf.serial_number.bit_length() // 8 + 1)
    return f"{encode(key)}.{encode(serial)}"


def asked(ca: Ca, name: str) -> Answer:
    """Ask for the renewal information of a certificate, without any authentication."""
    return ca.transport.send("GET", f"{renewal_url(ca)}/{name}", headers=[("Accept", "application/json")])


def window(ca: Ca, issued: Issued) -> Json:
    """Return the suggested window of a certificate."""
    found: Json = expect_success(asked(ca, name_of(issued))).json["suggestedWindow"]
    return found


def renew(ca: Ca, issued: Issued, **fields: object) -> Answer:
    """Order the names of a certificate again, as its replacement."""
    renewal_url(ca)
    return place(ca.client, issued.names, **{"replaces": name_of(issued), **fields})


@clause("3", MUST)
def directory_field(ca: Ca) -> None:
    """A server that has renewal information says where, in the directory's renewalInfo."""
    expect(renewal_url(ca).startswith("https://"), f"renewalInfo is {ca.directory['renewalInfo']}")


@clause("4.1", MUST)
def unauthenticated_get(ca: Ca) -> None:
    """Anybody gets the renewal information of a certificate by GET, as JSON."""
    answer = expect_success(asked(ca, name_of(ca.issued)))
    expect(answer.media_type == "application/json", f"it is {answer.media_type}")


@clause("4.1", MUST)
def no_padding(ca: Ca) -> None:
    """Trailing '=' are stripped from both parts of a certificate's identifier: with them, and malformed, it is none."""
    key, _, serial = name_of(ca.issued).partition(".")
    for name in (f"{key}=.{serial}", f"{key}.{serial}=", key, f"{key}.", f".{serial}", f"{key}.{serial}.x", "*.*"):
        expect_refusal(asked(ca, name))


@clause("4.2", MUST)
def suggested_window(ca: Ca) -> None:
    """The suggestedWindow, which is required, has a start and an end as RFC 3339 writes them."""
    found = window(ca, ca.issued)
    for member in ("start", "end"):
        expect(isinstance(found.get(member), str), f"{member} is {found.get(member)}")
        expect(datetime.fromisoformat(found[member].upper()).tzinfo, f"{member} is {found[member]}")


@clause("4.2", MUST_NOT)
def window_ends_after_its_start(ca: Ca) -> None:
    """No window ends before or when it starts: not of a certificate in use, of a revoked one neither."""
    revoked = ca.issue()
    expect_success(ca.client.post(ca.directory["revokeCert"], {"certificate": encode(revoked.der)}))
    for issued in (ca.issued, revoked):
        start, end = (datetime.fromisoformat(window(ca, issued)[member].upper()) for member in ("start", "end"))
        expect(start < end, f"the window is from {start} to {end}")


@clause("4.2", MUST)
def explanation_url(ca: Ca) -> None:
    """An explanationURL, if there is one, is a URL."""
    found = expect_success(asked(ca, name_of(ca.issued))).json
    if "explanationURL" not in found:
        raise NotOfferedError("this certificate's window is not explained")
    expect(re.match(r"https?://", str(found["explanationURL"])), f"it is {found['explanationURL']}")


@clause("4.3", MUST)
def retry_after(ca: Ca) -> None:
    """Retry-After says when to ask again: without it, the answer counts as an error."""
    seconds = expect_success(asked(ca, name_of(ca.issued))).header("retry-after")
    expect(seconds.isdigit() and int(seconds) > 0, f"Retry-After is {seconds!r}")


@clause("5", MUST)
def replaces_is_reflected(ca: Ca) -> None:
    """A replaces that is accepted stands in the order, in the answer and whenever it is read."""
    issued = ca.issue()
    answer = expect_success(renew(ca, issued), 201)
    placed = Order(ca.client, answer.header("location"), answer)
    for found in (answer.json, placed.read(), placed.authorize(ca.web).read()):
        expect(found.get("replaces") == name_of(issued), f"replaces is {found.get('replaces')}")
    expect_success(placed.finalize(csr(*issued.names)))
    expect(placed.decided().get("replaces") == name_of(issued), "the valid order has no replaces")


@clause("5", MUST)
def already_replaced(ca: Ca) -> None:
    """A certificate that another order replaces gets 409 alreadyReplaced."""
    issued = ca.issue()
    expect_success(renew(ca, issued), 201)
    expect_refusal(renew(ca, issued), "alreadyReplaced", status=409)


@clause("5", SHOULD)
def failed_replacement(ca: Ca) -> None:
    """An order that became invalid replaces nothing: another may."""
    issued = ca.issue()
    answer = expect_success(renew(ca, issued, identifiers=_identifiers(ca.new_name(), *issued.names)), 201)
    placed = Order(ca.client, answer.header("location"), answer)
    for authorization in placed.authorizations:
        if authorization.read()["status"] == "pending":
            authorization.respond_by_http(ca.web, "wrong")
            break
    expect(placed.read()["status"] == "invalid", f"the order is {placed.read()['status']}")
    expect_success(renew(ca, issued), 201)


@clause("5", SHOULD)
def replaces_of_another_account(ca: Ca) -> None:
    """A certificate of another account cannot be replaced."""
    issued = ca.issue()
    renewal_url(ca)
    expect_refusal(place(ca.other, issued.names, replaces=name_of(issued)))


@clause("5", SHOULD)
def replaces_with_other_names(ca: Ca) -> None:
    """A certificate without any identifier of the order cannot be replaced by it."""
    issued = ca.issue()
    expect_refusal(renew(ca, issued, identifiers=_identifiers(ca.new_name())))


@clause("5", SHOULD)
def replaces_what_is_not_there(ca: Ca) -> None:
    """What is no certificate of this server, or no identifier of one, cannot be replaced."""
    key, _, serial = name_of(ca.issued).partition(".")
    for name in (f"{key}.{encode(bytes([1] * 16))}", f"{encode(bytes(20))}.{serial}", f"{key}.{serial}=", "x", "", 1):
        expect_refusal(renew(ca, ca.issued, replaces=name))


def _identifiers(*names: str) -> list[Json]:
    return [{"type": "dns", "value": name} for name in names]


TITLE = "RFC 9773: what binds a server that has renewal information"
CLAUSES: list[Clause] = clauses_of_module(__name__)

if __name__ == "__main__":
    sys.exit(main(TITLE, CLAUSES))
