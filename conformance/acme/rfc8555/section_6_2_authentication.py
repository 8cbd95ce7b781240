"""Encoding, HTTPS and request authentication (RFC 8555 sections 5, 6.1 and 6.2)."""

import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from conformance.acme.probe.ca import Ca
from conformance.acme.probe.clauses import MUST, MUST_NOT, SHOULD, clause, expect_refusal
from conformance.acme.probe.client import Client
from conformance.acme.probe.jose import Json, encode, mac, new_key, public_jwk, sign
from conformance.acme.probe.order import csr
from conformance.acme.probe.transport import Answer
from conformance.expect import NotOfferedError, expect


def order_request(ca: Ca) -> Json:
    """Return the payload of a newOrder request that a good server takes."""
    return {"identifiers": [{"type": "dns", "value": ca.new_name()}]}


def spoiled(ca: Ca, **changes: Any) -> Answer:
    """Send a newOrder request whose protected header differs; None leaves a member out."""
    url = ca.directory["newOrder"]
    return ca.client.send(url, ca.client.sign(url, order_request(ca), **changes))


@clause("5", MUST)
def utf_8(ca: Ca) -> None:
    """JSON goes over the wire in UTF-8, in both directions."""
    for answer in (ca.directory_answer, ca.client.read(ca.client.url)):
        expect(answer.json, f"{answer} is empty")
    expect_refusal(ca.client.post(ca.directory["newOrder"], '{"identifiers": [], "x": "ä"}'.encode("latin-1")))


@clause("6.1", MUST)
def https(ca: Ca) -> None:
    """Every URL that the server gives is an https URL."""
    pending = ca.pending
    authorization = pending.authorizations[0]
    urls = [url for name, url in ca.directory.items() if name != "meta"]
    urls += [ca.client.url, pending.url, pending.placed.json["finalize"], authorization.url]
    urls += [one["url"] for one in authorization.read()["challenges"]]
    for url in urls:
        expect(str(url).startswith("https://"), f"{url} is no https URL")


@clause("6.1", MUST)
def base64url_padding(ca: Ca) -> None:
    """A base64url value with trailing '=' is refused, wherever it stands."""
    for member in ("protected", "payload", "signature"):
        url = ca.directory["newOrder"]
        body = ca.client.sign(url, order_request(ca))
        body[member] += "="
        expect_refusal(ca.client.send(url, body))
    finalize = ca.ready().placed.json["finalize"]
    expect_refusal(ca.client.post(finalize, {"csr": encode(csr(ca.new_name())) + "=="}))
    certificate = {"certificate": encode(ca.issued.der) + "="}
    expect_refusal(ca.client.post(ca.directory["revokeCert"], certificate))


@clause("6.1", SHOULD)
def cors(ca: Ca) -> None:
    """A generally accessible server sends Access-Control-Allow-Origin with the value '*'."""
    expect(ca.directory_answer.header("access-control-allow-origin") == "*", "the directory has no such header")


@clause("6.2", MUST)
def signature_verified(ca: Ca) -> None:
    """The JWS is verified before anything is done: a signature over other bytes, or by another key, is refused."""
    url = ca.directory["newOrder"]
    other = ca.client.sign(url, order_request(ca))
    for spoil in (
        {"payload": other["payload"]},
        {"protected": other["protected"]},
        {"signature": other["signature"]},
        {"signature": encode(bytes(64))},
        {"signature": ""},
    ):
        expect_refusal(ca.client.send(url, ca.client.sign(url, order_request(ca)) | spoil))
    forged = sign(new_key(), ca.client.header(url), json.dumps(order_request(ca)).encode())
    expect_refusal(ca.client.send(url, forged))


@clause("6.2", MUST)
def flattened_serialization(ca: Ca) -> None:
    """The compact and the general serialisation are refused: only the flattened one is an ACME request."""
    url = ca.directory["newOrder"]
    body = ca.client.sign(url, order_request(ca))
    compact = f"{body['protected']}.{body['payload']}.{body['signature']}".encode()
    expect_refusal(ca.client.send(url, compact))
    body = ca.client.sign(url, order_request(ca))
    one = {"protected": body["protected"], "signature": body["signature"]}
    expect_refusal(ca.client.send(url, {"payload": body["payload"], "signatures": [one]}))


@clause("6.2", MUST_NOT)
def multiple_signatures(ca: Ca) -> None:
    """A JWS with several signatures is refused, also when a flattened one stands beside them."""
    url = ca.directory["newOrder"]
    body = ca.client.sign(url, order_request(ca))
    one = {"protected": body["protected"], "signature": body["signature"]}
    expect_refusal(ca.client.send(url, {"payload": body["payload"], "signatures": [one, one]}))
    expect_refusal(ca.client.send(url, ca.client.sign(url, order_request(ca)) | {"signatures": [one]}))


@clause("6.2", MUST_NOT)
def unencoded_payload(ca: Ca) -> None:
    """The unencoded payload option (RFC 7797) is refused."""
    expect_refusal(spoiled(ca, b64=False, crit=["b64"]))
    expect_refusal(spoiled(ca, b64=False))


@clause("6.2", MUST_NOT)
def unprotected_header(ca: Ca) -> None:
    """A JWS with an unprotected header is refused."""
    url = ca.directory["newOrder"]
    body = ca.client.sign(url, order_request(ca))
    expect_refusal(ca.client.send(url, body | {"header": {"kid": ca.client.url}}))


@clause("6.2", MUST_NOT)
def detached_payload(ca: Ca) -> None:
    """A JWS whose payload is missing is refused, also where an empty one would do."""
    body = ca.client.sign(ca.client.url)
    del body["payload"]
    expect_refusal(ca.client.send(ca.client.url, body))


@clause("6.2", MUST)
def algorithm_named(ca: Ca) -> None:
    """A protected header without alg is refused."""
    expect_refusal(spoiled(ca, alg=None))


@clause("6.2", MUST_NOT)
def no_signature_algorithm(ca: Ca) -> None:
    """The alg 'none' is refused, with and without a signature."""
    url = ca.directory["newOrder"]
    expect_refusal(spoiled(ca, alg="none"))
    expect_refusal(ca.client.send(url, ca.client.sign(url, order_request(ca), alg="none") | {"signature": ""}))


@clause("6.2", MUST_NOT)
def mac_algorithms(ca: Ca) -> None:
    """A MAC is refused as signature, also one under the bytes of the account's public key."""
    client = ca.client
    for algorithm in ("HS256", "HS384", "HS512"):
        header = client.header(ca.directory["newOrder"], alg=algorithm)
        secret = json.dumps(public_jwk(client.key)).encode()
        body = mac(secret, header, json.dumps(order_request(ca)).encode())
        expect_refusal(client.send(ca.directory["newOrder"], body))


@clause("6.2", MUST)
def es256(ca: Ca) -> None:
    """ES256 is implemented."""
    answer = ca.stranger(ec.generate_private_key(ec.SECP256R1())).register()
    expect(answer.status == 201, f"an ES256 account was refused: {answer}")


@clause("6.2", SHOULD)
def ed25519_keys(ca: Ca) -> None:
    """EdDSA with Ed25519 is implemented."""
    answer = ca.stranger(ed25519.Ed25519PrivateKey.generate()).register()
    expect(answer.status == 201, f"an Ed25519 account was refused: {answer}")


@clause("6.2", MUST)
def unsupported_algorithm(ca: Ca) -> None:
    """An alg that is not supported gets 400 badSignatureAlgorithm."""
    expect_refusal(spoiled(ca, alg="XX999"), "badSignatureAlgorithm", status=400)


@clause("6.2", MUST)
def supported_algorithms_listed(ca: Ca) -> None:
    """A badSignatureAlgorithm problem lists the supported algorithms, ES256 among them."""
    listed = spoiled(ca, alg="XX999").json.get("algorithms")
    expect(isinstance(listed, list) and "ES256" in listed, f"algorithms is {listed}")


@clause("6.2", MUST)
def unsupported_public_key(ca: Ca) -> None:
    """A public key that is rejected although its algorithm is supported gets 400 badPublicKey."""
    weak = ca.stranger(rsa.generate_private_key(65537, 1024))  # noqa: S505 - to be refused
    answer = weak.register()
    if answer.status in {200, 201}:
        raise NotOfferedError("the server takes RSA keys of 1024 bits")
    expect_refusal(answer, "badPublicKey", status=400)


@clause("6.2", MUST)
def jwk_and_kid(ca: Ca) -> None:
    """A request with both jwk and kid is refused, and so is one with neither."""
    expect_refusal(spoiled(ca, jwk=public_jwk(ca.client.key)))
    expect_refusal(spoiled(ca, kid=None))


@clause("6.2", MUST)
def new_account_by_jwk(ca: Ca) -> None:
    """A newAccount request must carry its key in jwk: one with kid is refused."""
    expect_refusal(ca.client.post(ca.directory["newAccount"], {"termsOfServiceAgreed": True}))


@clause("6.2", MUST)
def jwk_is_the_signing_key(ca: Ca) -> None:
    """The key in jwk must be the one that signed: another's is refused."""
    url = ca.directory["newAccount"]
    client = ca.stranger()
    body = client.sign(url, {"termsOfServiceAgreed": True}, jwk=public_jwk(new_key()))
    expect_refusal(client.send(url, body))


@clause("6.2", MUST)
def all_others_by_kid(ca: Ca) -> None:
    """Every request but newAccount and revocation by key must name its account in kid: one with jwk is refused."""
    by_key = Client(ca.transport, ca.directory, ca.client.key)
    order = ca.pending
    authorization = order.authorizations[0]
    challenge = authorization.read()["challenges"][0]["url"]
    for url in (ca.client.url, order.url, authorization.url, challenge, ca.issued.url):
        expect_refusal(by_key.post(url))
    expect_refusal(by_key.post(ca.directory["newOrder"], order_request(ca)))
    expect_refusal(by_key.post(order.placed.json["finalize"], {"csr": encode(csr(ca.new_name()))}))


@clause("6.2", MUST)
def kid_is_the_account_url(ca: Ca) -> None:
    """The kid must be the URL that newAccount gave, to the letter; and its account's key must have signed."""
    url = ca.client.url
    for kid in (url + "/", url.rpartition("/")[2], url.replace("https:", "http:"), url + "x", "", ca.other.url, 1):
        expect_refusal(spoiled(ca, kid=kid))


@clause("6.2", MUST)
def content_type(ca: Ca) -> None:
    """A POST whose Content-Type is not application/jose+json gets 415."""
    url = ca.directory["newOrder"]
    for media_type in ("application/json", "application/jose", "text/plain", ""):
        answer = ca.client.send(url, ca.client.sign(url, order_request(ca)), media_type)
        expect_refusal(answer, status=415)
