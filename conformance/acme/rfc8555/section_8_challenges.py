"""Challenges: key authorizations, http-01 and dns-01 (RFC 8555 sections 8, 10.5 and 11.3)."""

import re

from cryptography.hazmat.primitives.asymmetric import ec

from conformance.acme.probe.ca import Ca
from conformance.acme.probe.clauses import MUST, MUST_NOT, SHOULD, clause, unseen
from conformance.acme.probe.jose import Json, new_key, thumbprint
from conformance.acme.probe.order import Authorization, Challenge, order
from conformance.acme.probe.responder import PREFIX, Content, TextRecords
from conformance.expect import NotOfferedError, expect

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,}")  # 128 bits at least
_URN = "urn:ietf:params:acme:error:"


def pending(ca: Ca) -> Authorization:
    """Return a new authorization."""
    return order(ca.client, ca.new_name()).authorizations[0]


def http_01(authorization: Authorization) -> Challenge:
    """Return the http-01 challenge."""
    challenge = authorization.challenge("http-01")
    if challenge is None:
        raise NotOfferedError("http-01 is not offered")
    return challenge


def served(ca: Ca, content: Content) -> Json:
    """Serve this content where a new authorization's http-01 looks; return the authorization when it is decided."""
    authorization = pending(ca)
    challenge = http_01(authorization)
    body = content.body.replace(b"{}", challenge.key_authorization.encode())
    ca.web.contents[PREFIX + challenge.token] = Content(body=body, status=content.status, location=content.location)
    ca.client.post(challenge.url, {})
    return authorization.decided()


@clause("8", MUST)
def challenge_objects(ca: Ca) -> None:
    """Every challenge has a type, a url and a status."""
    for one in pending(ca).read()["challenges"]:
        expect(isinstance(one.get("type"), str) and isinstance(one.get("url"), str), f"it is {one}")
        expect(one.get("status") == "pending", f"it is {one}")


@clause("8", MUST)
def validated_time(ca: Ca) -> None:
    """A valid challenge says when it was validated."""
    found = pending(ca).respond_by_http(ca.web)
    valid = [one for one in found["challenges"] if one["status"] == "valid"]
    expect(valid and all(one.get("validated") for one in valid), f"the challenges are {found['challenges']}")


@clause("8", MUST)
def errors_are_of_invalid_challenges(ca: Ca) -> None:
    """A challenge with an error is invalid."""
    found = pending(ca).respond_by_http(ca.web, "wrong")
    for one in found["challenges"]:
        expect("error" not in one or one["status"] == "invalid", f"a challenge is {one}")


@clause("8", SHOULD)
def invalid_challenges_have_an_error(ca: Ca) -> None:
    """An invalid challenge says in its error, a problem document, why it failed."""
    found = pending(ca).respond_by_http(ca.web, "wrong")
    for one in found["challenges"]:
        if one["status"] == "invalid":
            error = one.get("error", {})
            expect(str(error.get("type")).startswith(_URN) and error.get("detail"), f"a challenge is {one}")


@clause("8.1", MUST)
def thumbprint_of_the_account(ca: Ca) -> None:
    """A key authorization with the thumbprint of another key is not taken."""
    authorization = pending(ca)
    challenge = http_01(authorization)
    for key in (ca.other.key, new_key()):
        body = f"{challenge.token}.{thumbprint(key)}"
        found = authorization.respond_by_http(ca.web, body)
        expect(found["status"] == "invalid", f"the authorization is {found['status']}")


@clause("8.1", MUST)
def thumbprint_of_a_short_coordinate(ca: Ca) -> None:
    """The thumbprint is over the JWK as RFC 7518 has it: EC coordinates at full length, with leading zeros."""
    key = new_key()
    while key.public_key().public_numbers().x >> 248:
        key = ec.generate_private_key(ec.SECP256R1())
    found = order(ca.new_client(key), ca.new_name()).authorizations[0].respond_by_http(ca.web)
    expect(found["status"] == "valid", f"the authorization is {found}")


@clause("8.2", SHOULD)
def validation_is_tried_again(ca: Ca) -> None:
    """A validation whose first query fails is tried again after some time."""
    authorization = pending(ca)
    challenge = http_01(authorization)
    ca.client.post(challenge.url, {})
    authorization.decided()
    asked = len(ca.web.asked(challenge.token))
    expect(asked > 1, f"the web server was asked {asked} time(s) before the challenge became invalid")


@clause("8.2", MUST)
def failures_are_told(ca: Ca) -> None:
    """A failed validation query is told in the challenge's error."""
    authorization = pending(ca)
    challenge = http_01(authorization)
    ca.client.post(challenge.url, {})
    authorization.decided()
    found = ca.client.read(challenge.url).json
    expect(found.get("error"), f"the challenge is {found}")


@clause("8.2", MUST)
def retry_state(ca: Ca) -> None:
    """While a validation is in progress, the answer says in Retry-After when to ask again."""
    challenge = http_01(pending(ca))
    answer = ca.client.post(challenge.url, {})
    if answer.json["status"] != "processing":
        raise NotOfferedError("the challenge is never shown in progress")
    expect(answer.header("retry-after"), f"no Retry-After in {answer.json}")


def expect_token(one: Json) -> None:
    """Expect a token of 128 bits or more in the base64url alphabet."""
    expect(_TOKEN.fullmatch(str(one.get("token"))), f"the token is {one.get('token')}")


@clause("8.3", MUST)
def token(ca: Ca) -> None:
    """A token has 128 bits of entropy, and differs between challenges of different authorizations."""
    tokens = {one["token"] for _ in range(10) for one in pending(ca).read()["challenges"] if one["type"] == "http-01"}
    expect(len(tokens) == 10, "a token was given twice")
    expect(all(_TOKEN.fullmatch(one) for one in tokens), f"the tokens are {tokens}")


@clause("8.3", MUST_NOT)
def token_alphabet(ca: Ca) -> None:
    """A token has no character outside of the base64url alphabet, no padding neither."""
    for one in ca.pending.authorizations[0].read()["challenges"]:
        expect_token(one)


@clause("8.3", MUST)
def http_request(ca: Ca) -> None:
    """http-01 is a GET of the well-known path, by plain HTTP, with the name as Host."""
    authorization = pending(ca)
    challenge = http_01(authorization)
    authorization.respond_by_http(ca.web)
    name = authorization.read()["identifier"]["value"]
    asked = ca.web.asked(challenge.token)
    expect(asked, "the web server was not asked")
    for one in asked:
        expect(one.method == "GET", f"it was asked by {one.method}")
        expect(one.host.partition(":")[0] == name, f"Host was {one.host}")


unseen(
    __name__,
    "8.3",
    MUST,
    "The http-01 request goes to TCP port 80.",
    "The suite answers on a port that the server was told, so that it needs no privilege.",
)


@clause("8.3", MUST)
def http_body(ca: Ca) -> None:
    """The body must be the key authorization: another, one more character or less, or none fails."""
    expect(served(ca, Content(body=b"{}"))["status"] == "valid", "the good one failed")
    for body in (b"", b"x", b"{}x", b"x{}", b"{}\nx", b"<html>{}</html>"):
        found = served(ca, Content(body=body))
        expect(found["status"] == "invalid", f"with the body {body!r} it is {found['status']}")


@clause("8.3", MUST)
def http_request_fails(ca: Ca) -> None:
    """A web server that answers with an error fails the challenge, whatever its body."""
    for status in (403, 404, 500):
        found = served(ca, Content(body=b"{}", status=status))
        expect(found["status"] == "invalid", f"with {status} it is {found['status']}")


@clause("8.3", SHOULD)
def http_trailing_space(ca: Ca) -> None:
    """White space at the end of the body is ignored."""
    for space in (b"\n", b"\r\n", b" \t\n\n"):
        found = served(ca, Content(body=b"{}" + space))
        expect(found["status"] == "valid", f"with {space!r} it is {found}")


@clause("8.3", SHOULD)
def http_redirects(ca: Ca) -> None:
    """Redirects are followed."""
    for status in (301, 302, 307, 308):
        authorization = pending(ca)
        challenge = http_01(authorization)
        name = authorization.read()["identifier"]["value"]
        elsewhere = f"/elsewhere/{challenge.token}"
        ca.web.contents[elsewhere] = Content(body=challenge.key_authorization.encode())
        location = f"http://{name}:{ca.options.http_port}{elsewhere}" if status == 301 else elsewhere
        ca.web.contents[PREFIX + challenge.token] = Content(body=b"", status=status, location=location)
        ca.client.post(challenge.url, {})
        found = authorization.decided()
        expect(found["status"] == "valid", f"after {status} to {location} it is {found}")


def records(ca: Ca) -> TextRecords:
    """Return the TXT records this run can set."""
    if ca.text_records is None:
        raise NotOfferedError("this run cannot set TXT records: name --dns-control")
    return ca.text_records


def respond_by_dns(ca: Ca, values: list[str], label: str = "_acme-challenge") -> Json:
    """Answer a new dns-01 with TXT records, in which ``{}`` stands for the digest; return what it came to."""
    texts = records(ca)
    authorization = pending(ca)
    challenge = authorization.challenge("dns-01")
    if challenge is None:
        raise NotOfferedError("dns-01 is not offered")
    expect_token(challenge.body)
    host = f"{label}.{authorization.read()['identifier']['value']}".removeprefix(".")
    for value in values:
        texts.add(host, value.replace("{}", challenge.text_record).replace("KEY", challenge.key_authorization))
    ca.client.post(challenge.url, {})
    found = authorization.decided()
    texts.clear(host)
    return found


@clause("8.4", MUST)
def dns_record(ca: Ca) -> None:
    """dns-01 is satisfied by a TXT record with the digest of the key authorization under _acme-challenge."""
    found = respond_by_dns(ca, ["{}"])
    expect(found["status"] == "valid", f"it is {found}")


@clause("8.4", MUST)
def dns_one_of_several(ca: Ca) -> None:
    """One TXT record among several suffices."""
    found = respond_by_dns(ca, ["v=spf1 -all", "{}", "x"])
    expect(found["status"] == "valid", f"it is {found}")


@clause("8.4", MUST)
def dns_wrong(ca: Ca) -> None:
    """No record, another value, the key authorization itself, or a record at another name fails."""
    for values in ([], ["x"], ["KEY"], ["{}x"], ["x{}"]):
        found = respond_by_dns(ca, values)
        expect(found["status"] == "invalid", f"with {values} it is {found['status']}")
    for label in ("", "_acme", "acme-challenge"):
        found = respond_by_dns(ca, ["{}"], label)
        expect(found["status"] == "invalid", f"under the label {label!r} it is {found['status']}")


@clause("10.5", SHOULD)
def unpredictable_urls(ca: Ca) -> None:
    """The URLs of resources have a part that cannot be predicted."""
    urls = [ca.client.url, ca.issued.url, ca.issued.order.url, ca.pending.url, ca.pending.authorizations[0].url]
    for url in urls:
        expect(any(len(part) >= 11 and not part.isdigit() for part in url.split("/")[4:]), f"{url}")


unseen(
    __name__,
    "11.2",
    SHOULD,
    "DNS queries go over TCP, to a resolver that validates DNSSEC.",
    "How the server resolves is seen at its resolver only.",
)
