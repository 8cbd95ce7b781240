"""Every refusal says what is wrong in a way that a program and a person can act on (RFC 8555 section 6.7).

One table of refusals, of every kind of error that can be reached over ACME. The last test fails when a kind is missing.
"""

import ast
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from ca_core.keys.policy import spki_sha256
from ca_core.model.errors import ErrorKind
from gateway.acme.errors import PROBLEM_TYPES
from gateway.acme.request import MAX_BODY
from tests.acme.acme_client import AcmeClient, Answer, csr, send
from tests.acme.acme_server import EXTERNAL_URL, AcmeServer
from tests.acme.signing import Json, PrivateKey, b64, envelope, jwk_of, jws
from tests.running_gateway import ROOT

BASE = f"{EXTERNAL_URL}/acme"
ORDER = "ord-01a20d8f-a4e8-76c7-b0d6-a63cd94e3640"
Provoke = Callable[[AcmeServer, AcmeClient], Awaitable[Answer]]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A way to be refused. ``says`` is what the detail must name: the thing to change, or what to change it to."""

    name: str
    kind: ErrorKind
    status: int
    type: str
    says: str
    provoke: Provoke


REFUSALS: list[Refusal] = []


def refusal(kind: ErrorKind, status: int, kind_of_problem: str, says: str) -> Callable[[Provoke], Provoke]:
    """Enter the decorated function into the table."""

    def enter(provoke: Provoke) -> Provoke:
        row = Refusal(name=provoke.__name__, kind=kind, status=status, type=kind_of_problem, says=says, provoke=provoke)
        REFUSALS.append(row)
        return provoke

    return enter


@refusal(ErrorKind.MALFORMED, 400, "malformed", "identifiers")
async def order_of_nothing(_: AcmeServer, client: AcmeClient) -> Answer:
    return await client.post(client.directory["newOrder"], {"identifiers": []})


@refusal(ErrorKind.MALFORMED, 400, "malformed", "JSON")
async def body_that_is_no_jws(_: AcmeServer, client: AcmeClient) -> Answer:
    return await client.raw(client.directory["newOrder"], b"{")


@refusal(ErrorKind.MALFORMED, 400, "malformed", "RFC 3339")
async def time_that_is_none(_: AcmeServer, client: AcmeClient) -> Answer:
    identifiers = [{"type": "dns", "value": "a.test"}]
    return await client.post(client.directory["newOrder"], {"identifiers": identifiers, "notAfter": "tomorrow"})


@refusal(ErrorKind.METHOD_NOT_ALLOWED, 405, "malformed", "POST")
async def wrong_method(server: AcmeServer, client: AcmeClient) -> Answer:
    return await send(server.app, "DELETE", client.kid)


@refusal(ErrorKind.UNSUPPORTED_MEDIA_TYPE, 415, "malformed", "application/jose+json")
async def wrong_media_type(_: AcmeServer, client: AcmeClient) -> Answer:
    return await client.post(client.kid, headers=[("content-type", "application/json")])


@refusal(ErrorKind.TOO_LARGE, 413, "malformed", str(MAX_BODY))
async def large_body(_: AcmeServer, client: AcmeClient) -> Answer:
    return await client.raw(client.directory["newOrder"], b"x" * (MAX_BODY + 1))


@refusal(ErrorKind.BAD_SIGNATURE, 400, "malformed", "signature")
async def wrong_signature(_: AcmeServer, client: AcmeClient) -> Answer:
    stranger = AcmeClient(client.app, client.directory, kid=client.kid)
    return await stranger.post(client.kid)


@refusal(ErrorKind.UNAUTHENTICATED, 401, "unauthorized", "deactivated")
async def deactivated_account(_: AcmeServer, client: AcmeClient) -> Answer:
    await client.post(client.kid, {"status": "deactivated"})
    return await client.post(client.kid)


@refusal(ErrorKind.ACCOUNT_UNKNOWN, 400, "accountDoesNotExist", "register")
async def unknown_account(_: AcmeServer, client: AcmeClient) -> Answer:
    return await client.post(client.kid, kid=f"{BASE}/account/{ORDER.replace('ord', 'acc')}")


@refusal(ErrorKind.ACCOUNT_UNKNOWN, 400, "accountDoesNotExist", "key")
async def unknown_key(server: AcmeServer, _: AcmeClient) -> Answer:
    return await (await server.client()).register(onlyReturnExisting=True)


@refusal(ErrorKind.FORBIDDEN, 403, "unauthorized", "url")
async def another_url(_: AcmeServer, client: AcmeClient) -> Answer:
    signed = jws(client.key, kid=client.kid, nonce=await client.nonce(), url=f"{BASE}/new-order")
    return await client.raw(client.kid, signed)


@refusal(ErrorKind.FORBIDDEN, 403, "unauthorized", "account that ordered it")
async def revocation_of_anothers(server: AcmeServer, client: AcmeClient) -> Answer:
    order = await server.issued_order(client, "a.test")
    return await revoke(await server.account(), await der_of(client, order))


@refusal(ErrorKind.NOT_FOUND, 404, "malformed", "URL")
async def unknown_url(_: AcmeServer, client: AcmeClient) -> Answer:
    return await client.post(f"{BASE}/nothing")


@refusal(ErrorKind.NOT_FOUND, 404, "malformed", "order")
async def unknown_order(_: AcmeServer, client: AcmeClient) -> Answer:
    return await client.post(f"{BASE}/order/{ORDER}")


@refusal(ErrorKind.NOT_FOUND, 404, "malformed", "authorization")
async def unknown_authorization(_: AcmeServer, client: AcmeClient) -> Answer:
    return await client.post(f"{BASE}/authorization/{ORDER.replace('ord', 'azn')}")


@refusal(ErrorKind.NOT_FOUND, 404, "malformed", "certificate")
async def unknown_certificate(_: AcmeServer, client: AcmeClient) -> Answer:
    return await revoke(client, b"0\x03\x02\x01\x01")


@refusal(ErrorKind.REPLAYED, 400, "badNonce", "fresh")
async def used_nonce(_: AcmeServer, client: AcmeClient) -> Answer:
    nonce = await client.nonce()
    await client.post(client.kid, nonce=nonce)
    return await client.post(client.kid, nonce=nonce)


@refusal(ErrorKind.REPLAYED, 400, "badNonce", "fresh")
async def missing_nonce(_: AcmeServer, client: AcmeClient) -> Answer:
    return await client.post(client.kid, nonce=None)


@refusal(ErrorKind.BAD_ALGORITHM, 400, "badSignatureAlgorithm", "ES256")
async def algorithm_nobody_has(_: AcmeServer, client: AcmeClient) -> Answer:
    return await client.post(client.kid, alg="HS256")


@refusal(ErrorKind.BAD_KEY, 400, "badPublicKey", "2048")
async def short_account_key(server: AcmeServer, _: AcmeClient) -> Answer:
    return await (await server.client(rsa.generate_private_key(65537, 1024))).register()  # noqa: S505 - to be refused


@refusal(ErrorKind.KEY_REUSED, 400, "badPublicKey", "blocked")
async def blocked_account_key(server: AcmeServer, _: AcmeClient) -> Answer:
    key = ec.generate_private_key(ec.SECP256R1())
    digest, now = spki_sha256(key.public_key()), server.core.sources.now()
    await server.core.store.write(lambda tx: tx.blocked_keys.add(digest, "keyCompromise", now))
    return await (await server.client(key)).register()


@refusal(ErrorKind.BAD_KEY, 400, "badPublicKey", "separate key pair")
async def account_key_of_a_certificate(server: AcmeServer, client: AcmeClient) -> Answer:
    return await (await server.client(await key_of_a_certificate(server, client))).register()


@refusal(ErrorKind.BAD_KEY, 400, "badPublicKey", "separate key pair")
async def key_change_to_that_of_a_certificate(server: AcmeServer, client: AcmeClient) -> Answer:
    return await change_key(client, await key_of_a_certificate(server, client))


@refusal(ErrorKind.BAD_CSR, 400, "badCSR", "exactly the order's identifiers")
async def csr_of_other_names(server: AcmeServer, client: AcmeClient) -> Answer:
    return await finalize(server, client, csr("b.test"))


@refusal(ErrorKind.BAD_CSR, 400, "badCSR", "separate key")
async def csr_of_an_account_key(server: AcmeServer, client: AcmeClient) -> Answer:
    return await finalize(server, client, csr("a.test", key=client.key))


@refusal(ErrorKind.BAD_CSR, 400, "badCSR", "P-256")
async def csr_of_a_curve_nobody_certifies(server: AcmeServer, client: AcmeClient) -> Answer:
    return await finalize(server, client, csr("a.test", key=ec.generate_private_key(ec.SECP256K1())))


@refusal(ErrorKind.POP_FAILED, 400, "badCSR", "sign it with the key")
async def csr_that_does_not_verify(server: AcmeServer, client: AcmeClient) -> Answer:
    return await finalize(server, client, csr("a.test")[:-8] + "AAAAAAAA")


@refusal(ErrorKind.UNSUPPORTED_EXTENSION, 400, "badCSR", "leave it out")
async def csr_with_an_unknown_extension(server: AcmeServer, client: AcmeClient) -> Answer:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.1"), b"\x05\x00")
    names = x509.SubjectAlternativeName([x509.DNSName("a.test")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(names, critical=False).add_extension(unknown, critical=True)
    signed = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return await finalize(server, client, b64(signed.public_bytes(Encoding.DER)))


@refusal(ErrorKind.IDENTIFIER_REJECTED, 400, "rejectedIdentifier", "underscore")
async def name_that_is_none(_: AcmeServer, client: AcmeClient) -> Answer:
    return await client.order("a_b.test")


@refusal(ErrorKind.IDENTIFIER_UNSUPPORTED, 400, "unsupportedIdentifier", "dns")
async def type_of_identifier(_: AcmeServer, client: AcmeClient) -> Answer:
    return await client.post(client.directory["newOrder"], {"identifiers": [{"type": "email", "value": "a@b.test"}]})


@refusal(ErrorKind.INVALID_CONTACT, 400, "invalidContact", "mailto:")
async def contact_with_two_addresses(server: AcmeServer, _: AcmeClient) -> Answer:
    return await (await server.client()).register(contact=["mailto:a@b.test,c@d.test"])


@refusal(ErrorKind.UNSUPPORTED_CONTACT, 400, "unsupportedContact", "mailto")
async def contact_of_another_scheme(server: AcmeServer, _: AcmeClient) -> Answer:
    return await (await server.client()).register(contact=["tel:+15551234567"])


@refusal(ErrorKind.TERMS_NOT_AGREED, 403, "userActionRequired", "https://ca.example/terms")
async def terms_not_agreed_to(server: AcmeServer, _: AcmeClient) -> Answer:
    told = server.with_directory(terms_url="https://ca.example/terms")
    return await (await told.client()).register(termsOfServiceAgreed=False)


@refusal(ErrorKind.EXTERNAL_ACCOUNT_REQUIRED, 403, "externalAccountRequired", "external account binding")
async def binding_missing(server: AcmeServer, _: AcmeClient) -> Answer:
    return await (await server.with_directory(enrolment=None).client()).register()


@refusal(ErrorKind.NOT_READY, 403, "orderNotReady", "complete a challenge")
async def order_not_ready(_: AcmeServer, client: AcmeClient) -> Answer:
    order = await client.order("a.test")
    return await client.post(order.json["finalize"], {"csr": csr("a.test")})


@refusal(ErrorKind.NOT_READY, 403, "orderNotReady", "place a new one")
async def order_finalized_before(server: AcmeServer, client: AcmeClient) -> Answer:
    order = await server.issued_order(client, "a.test")
    return await client.post(order.json["finalize"], {"csr": csr("a.test")})


@refusal(ErrorKind.ALREADY_REVOKED, 400, "alreadyRevoked", "nothing left to do")
async def revoked_before(server: AcmeServer, client: AcmeClient) -> Answer:
    der = await der_of(client, await server.issued_order(client, "a.test"))
    await revoke(client, der)
    return await revoke(client, der)


@refusal(ErrorKind.BAD_REASON, 400, "badRevocationReason", "superseded")
async def reason_nobody_takes(server: AcmeServer, client: AcmeClient) -> Answer:
    return await revoke(client, await der_of(client, await server.issued_order(client, "a.test")), reason=7)


@refusal(ErrorKind.CONFLICT, 409, "malformed", "another")
async def key_of_another_account(server: AcmeServer, client: AcmeClient) -> Answer:
    return await change_key(client, (await server.account()).key)


@refusal(ErrorKind.INVALID_PROFILE, 400, "invalidProfile", "choose one of: tls")
async def profile_that_is_none(_: AcmeServer, client: AcmeClient) -> Answer:
    request = {"identifiers": [{"type": "dns", "value": "a.test"}], "profile": "none"}
    return await client.post(client.directory["newOrder"], request)


@refusal(ErrorKind.ALREADY_REPLACED, 409, "alreadyReplaced", "replace")
async def certificate_replaced_before(server: AcmeServer, client: AcmeClient) -> Answer:
    leaf = x509.load_der_x509_certificate(await der_of(client, await server.issued_order(client, "a.test")))
    key = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    serial = leaf.serial_number.to_bytes(leaf.serial_number.bit_length() // 8 + 1)
    identifiers = [{"type": "dns", "value": "a.test"}]
    request = {"identifiers": identifiers, "replaces": f"{b64(key or b'')}.{b64(serial)}"}
    await client.post(client.directory["newOrder"], request)
    return await client.post(client.directory["newOrder"], request)


@refusal(ErrorKind.UNAVAILABLE, 503, "serverInternal", "again")
async def store_that_is_away(server: AcmeServer, client: AcmeClient) -> Answer:
    nonce = await client.nonce()
    server.installation.store.close()
    return await client.post(client.kid, nonce=nonce)


async def der_of(client: AcmeClient, order: Answer) -> bytes:
    """Return the certificate of a valid order in DER."""
    pem = (await client.post(order.json["certificate"])).body
    return x509.load_pem_x509_certificates(pem)[0].public_bytes(Encoding.DER)


async def revoke(client: AcmeClient, der: bytes, **fields: object) -> Answer:
    """Ask for a revocation."""
    return await client.post(client.directory["revokeCert"], {"certificate": b64(der), **fields})


async def key_of_a_certificate(server: AcmeServer, client: AcmeClient) -> PrivateKey:
    """Have a certificate issued and revoked, and return its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    await revoke(client, await der_of(client, await server.issued_order(client, "a.test", key=key)), reason=4)
    return key


async def change_key(client: AcmeClient, key: PrivateKey) -> Answer:
    """Ask for another account key."""
    url = client.directory["keyChange"]
    payload = {"account": client.kid, "oldKey": jwk_of(client.key)}
    return await client.post(url, envelope(key, {"alg": "ES256", "jwk": jwk_of(key), "url": url}, payload))


async def finalize(server: AcmeServer, client: AcmeClient, request: str) -> Answer:
    """Finalize a ready order of a.test."""
    order = await server.ready_order(client, "a.test")
    return await client.post(order.json["finalize"], {"csr": request})


# Refusals without a record: nothing is written for a wrong URL or method, and nothing can be without a store.
UNRECORDED = {ErrorKind.METHOD_NOT_ALLOWED, ErrorKind.UNAVAILABLE}
# Kinds that no request over ACME is refused with.
IN_CHALLENGES = {ErrorKind.DNS, ErrorKind.CONNECTION, ErrorKind.TLS, ErrorKind.CAA, ErrorKind.INCORRECT_RESPONSE}
OF_OTHER_ROADS = {
    ErrorKind.POP_REQUIRED,
    ErrorKind.CLOCK,
    ErrorKind.AUTH_DATA_FAILED,
    ErrorKind.NOT_ACCEPTABLE,
    ErrorKind.PRECONDITION_REQUIRED,
    ErrorKind.PRECONDITION_FAILED,
    ErrorKind.IDEMPOTENCY_MISMATCH,
}
ELSEWHERE = {
    ErrorKind.INTERNAL,  # test_a_fault_of_ours_is_a_problem_document_too
    ErrorKind.RATE_LIMITED,
}


@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: row.name)
async def test_a_refusal_says_what_to_change(server: AcmeServer, client: AcmeClient, row: Refusal) -> None:
    """A client would guess, and its user would ask the operator, who could not find what happened."""
    answer = await row.provoke(server, client)
    assert answer.status == row.status
    assert answer.all("content-type") == ["application/problem+json"]
    assert len(answer.all("replay-nonce")) == 1
    document = answer.json
    assert document["type"] == f"urn:ietf:params:acme:error:{row.type}"
    assert document["status"] == row.status
    assert re.fullmatch(r"[A-Z\"'].*\.", document["detail"]), document["detail"]
    assert row.says in document["detail"]
    assert "identifier" not in document
    if row.kind in UNRECORDED or row.name == "unknown_url":
        return
    record = str(document.get("id") or document["instance"])
    found = await server.core.store.read(lambda tx: tx.audit.get(record))
    assert found is not None
    assert found.details["detail"] == document["detail"]
    assert found.details["kind"] == row.kind or row.type == "badCSR"


async def test_a_subproblem_for_each_refused_name(client: AcmeClient) -> None:
    """A client could not order the good names without the bad ones (RFC 8555 section 6.7.1)."""
    answer = await client.order("good.test", "a_b.test", "-.test", "*.*.test")
    assert_subproblems(answer.json, ["a_b.test", "-.test", "*.*.test"], "rejectedIdentifier")


async def test_a_subproblem_for_each_unsupported_type_too(client: AcmeClient) -> None:
    """A client that orders for a mailbox and two hosts would have to ask once for each that is refused."""
    asked = [("email", "a@b.test"), ("dns", "good.test"), ("dns", "a_b.test"), ("x" * 300, "")]
    identifiers = [{"type": kind, "value": value} for kind, value in asked]
    answer = await client.post(client.directory["newOrder"], {"identifiers": identifiers})
    assert answer.problem == "rejectedIdentifier"
    found = [(one["type"].rpartition(":")[2], one["identifier"]) for one in answer.json["subproblems"]]
    kinds = ["unsupportedIdentifier", "rejectedIdentifier", "unsupportedIdentifier"]
    assert found == list(zip(kinds, [identifiers[0], *identifiers[2:]], strict=True))
    answer = await client.post(client.directory["newOrder"], {"identifiers": identifiers[:1]})
    assert answer.problem == "unsupportedIdentifier"


async def test_a_subproblem_for_each_missing_authorization(server: AcmeServer, client: AcmeClient) -> None:
    """A client would not learn which challenges are left to complete."""
    order = await client.order("a.test", "b.test", "c.test")
    await server.validate(client, order.json["authorizations"][1])
    answer = await client.post(order.json["finalize"], {"csr": csr("a.test", "b.test", "c.test")})
    assert answer.problem == "orderNotReady"
    assert_subproblems(answer.json, ["a.test", "c.test"], "orderNotReady")


async def test_a_subproblem_for_each_name_too_many_in_the_csr(server: AcmeServer, client: AcmeClient) -> None:
    """A person would look for the names that nobody ordered among those that were."""
    order = await server.ready_order(client, "a.test", "b.test")
    answer = await client.post(order.json["finalize"], {"csr": csr("b.test", "x.test", "y.test")})
    assert answer.problem == "badCSR"
    assert_subproblems(answer.json, ["a.test", "x.test", "y.test"], "badCSR")
    many = await client.post(order.json["finalize"], {"csr": csr("a.test", *(f"n{n}.test" for n in range(500)))})
    assert len(many.json["subproblems"]) == 1 + 100


async def test_a_subproblem_for_each_name_missing_in_the_csr(server: AcmeServer, client: AcmeClient) -> None:
    """A person would compare two lists of a hundred names by eye."""
    order = await server.ready_order(client, "a.test", "b.test", "c.test")
    answer = await client.post(order.json["finalize"], {"csr": csr("b.test")})
    assert answer.problem == "badCSR"
    assert_subproblems(answer.json, ["a.test", "c.test"], "badCSR")


def assert_subproblems(document: Json, names: list[str], kind: str) -> None:
    """Check that the document has a subproblem for each of these names, in a sentence each."""
    found = document["subproblems"]
    assert [one["identifier"] for one in found] == [{"type": "dns", "value": name} for name in names]
    for one in found:
        assert one["type"] == f"urn:ietf:params:acme:error:{kind}"
        assert one["detail"].endswith(".")


def test_every_kind_of_error_is_in_the_table() -> None:
    """A kind that nobody looked at could be answered with a sentence that helps nobody."""
    seen = {row.kind for row in REFUSALS}
    assert seen | IN_CHALLENGES | OF_OTHER_ROADS | ELSEWHERE == set(ErrorKind)
    assert not seen & (IN_CHALLENGES | OF_OTHER_ROADS | ELSEWHERE)
    for row in REFUSALS:
        assert row.type == PROBLEM_TYPES[row.kind][0]


# What a sentence begins with: a capital, a quoted name, or a word of the protocol in its spelling.
SENTENCE = re.compile(r"(?:[A-Z\"'{]|(?:http|dns|tls-alpn)-01 |[a-z]+[A-Z]\w* ).*[.}]", re.DOTALL)


def details() -> Iterator[tuple[str, str]]:
    """Yield where each detail of an error stands in the sources, and its text; ``{}`` stands for a value."""
    for root in ("ca_core", "gateway/acme", "gateway/cmc", "store"):
        for path in sorted((ROOT / root).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {
                    "TriviumError",
                    "SubProblem",
                    "malformed",
                }:
                    for argument in (*node.args, *(one.value for one in node.keywords if one.arg == "detail")):
                        if text := _text(argument):
                            yield f"{path.relative_to(ROOT)}:{node.lineno}", text


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def test_every_detail_in_the_sources_is_a_sentence() -> None:
    """A refusal that no test provokes could still answer with a fragment."""
    found = list(details())
    assert len(found) > 100
    assert [(where, text) for where, text in found if not SENTENCE.fullmatch(text)] == []
