"""Revocation (RFC 8555 section 7.6)."""

from cryptography.hazmat.primitives.serialization import Encoding

from conformance.acme.probe.ca import Ca
from conformance.acme.probe.clauses import MUST, SHOULD, clause, expect_refusal, expect_success, unseen
from conformance.acme.probe.client import Client
from conformance.acme.probe.jose import encode
from conformance.acme.probe.order import Issued, order
from conformance.acme.probe.transport import Answer
from conformance.expect import NotOfferedError, expect


def revoke(client: Client, issued: Issued, **fields: object) -> Answer:
    """Ask for the revocation of a certificate."""
    return client.post(client.directory["revokeCert"], {"certificate": encode(issued.der), **fields})


@clause("7.6", MUST)
def revoked_by_its_account(ca: Ca) -> None:
    """The account that a certificate was issued to may revoke it; the answer is 200."""
    expect_success(revoke(ca.client, ca.issue()))
    expect_success(revoke(ca.client, ca.issue(), reason=4))


@clause("7.6", MUST)
def revoked_by_whoever_controls_the_names(ca: Ca) -> None:
    """An account that holds authorizations for all identifiers of a certificate may revoke it."""
    issued = ca.issue(names=2)
    holder = ca.new_client()
    order(holder, *issued.names).authorize(ca.web)
    expect_success(revoke(holder, issued))


@clause("7.6", MUST)
def revoked_by_its_key(ca: Ca) -> None:
    """A request that is signed with the key of the certificate may revoke it, without any account."""
    issued = ca.issue()
    expect_success(revoke(ca.stranger(issued.key), issued, reason=1))


@clause("7.6", MUST)
def revocation_is_authorized(ca: Ca) -> None:
    """Nobody else may: not another account, not one that holds some of the names, not another key."""
    issued = ca.issue(names=2)
    some = ca.new_client()
    order(some, issued.names[0]).authorize(ca.web)
    for client in (ca.other, some, ca.stranger(), ca.stranger(ca.issue().key)):
        expect_refusal(revoke(client, issued))
    forged = ca.client.sign(ca.directory["revokeCert"], {"certificate": encode(issued.der)})
    expect_refusal(ca.client.send(ca.directory["revokeCert"], forged | {"signature": encode(bytes(64))}))
    expect_success(revoke(ca.client, issued))


@clause("7.6", MUST)
def already_revoked(ca: Ca) -> None:
    """A certificate that is revoked already gets 400 alreadyRevoked."""
    issued = ca.issue()
    expect_success(revoke(ca.client, issued))
    expect_refusal(revoke(ca.client, issued), "alreadyRevoked", status=400)
    expect_refusal(revoke(ca.stranger(issued.key), issued), "alreadyRevoked", status=400)


@clause("7.6", MUST)
def disallowed_reason(ca: Ca) -> None:
    """A reason that is not allowed gets badRevocationReason: one that RFC 5280 does not have, at least."""
    issued = ca.issue()
    for reason in (7, 11, 100):
        expect_refusal(revoke(ca.client, issued, reason=reason), "badRevocationReason")


@clause("7.6", SHOULD)
def allowed_reasons_are_told(ca: Ca) -> None:
    """The detail of badRevocationReason says which reasons are allowed."""
    detail = str(revoke(ca.client, ca.issue(), reason=7).json.get("detail"))
    expect(any(word in detail for word in ("0", "1", "4", "superseded", "unspecified")), f"the detail is: {detail}")


@clause("7.6", MUST)
def certificate_to_revoke(ca: Ca) -> None:
    """What is no certificate of this server gets an error."""
    url = ca.directory["revokeCert"]
    pem = ca.issued.download.body
    for payload in (
        {},
        {"certificate": 1},
        {"certificate": ""},
        {"certificate": encode(b"x")},
        {"certificate": encode(pem)},
        {"certificate": encode(ca.issued.der[:-1])},
        {"certificate": encode(ca.issued.der + b"\0")},
        {"certificate": encode(ca.issued.der), "reason": "4"},
    ):
        expect_refusal(ca.client.post(url, payload))


@clause("7.6", MUST)
def issuing_certificate_stays(ca: Ca) -> None:
    """A certificate of the chain, which no account was issued, cannot be revoked."""
    if len(chain := ca.issued.chain) == 1:
        raise NotOfferedError("the chain has the end-entity certificate only")
    issuer = {"certificate": encode(chain[1].public_bytes(Encoding.DER))}
    expect_refusal(ca.client.post(ca.directory["revokeCert"], issuer))


unseen(
    __name__,
    "7.6",
    SHOULD,
    "Without a reason in the request, CRLs and OCSP responses have none either.",
    "RFC 8555 does not say where they are; the certificate may.",
)
