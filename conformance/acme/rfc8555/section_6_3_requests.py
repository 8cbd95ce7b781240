"""GET and POST-as-GET, and the integrity of request URLs (RFC 8555 sections 6.3 and 6.4)."""

from urllib.parse import urlsplit, urlunsplit

from conformance.acme.probe.ca import Ca
from conformance.acme.probe.clauses import MUST, SHOULD, clause, expect_refusal, expect_success
from conformance.acme.rfc8555.section_6_2_authentication import order_request, spoiled
from conformance.expect import expect


def resources(ca: Ca) -> list[str]:
    """Return the URL of one resource of each kind that a POST-as-GET reads."""
    order = ca.pending
    authorization = order.authorizations[0]
    challenge = authorization.read()["challenges"][0]["url"]
    return [ca.client.url, order.url, authorization.url, challenge, ca.issued.url]


@clause("6.3", MUST)
def plain_get(ca: Ca) -> None:
    """A GET of any resource but the directory, newNonce and those of other RFCs gets 405 malformed."""
    requests = [ca.directory[name] for name in ("newAccount", "newOrder", "revokeCert", "keyChange")]
    for url in (*resources(ca), *requests):
        expect_refusal(ca.transport.send("GET", url), "malformed", status=405)


@clause("6.3", MUST)
def post_as_get_is_authenticated(ca: Ca) -> None:
    """A POST-as-GET of another account, and a forged one, is refused."""
    for url in resources(ca):
        expect_refusal(ca.other.read(url))
        body = ca.other.sign(url, kid=ca.client.url)
        expect_refusal(ca.client.send(url, body))


@clause("6.3", MUST)
def post_as_get_reads(ca: Ca) -> None:
    """A POST-as-GET is answered as a GET would be: 200 with the resource."""
    for url in resources(ca):
        expect(expect_success(ca.client.read(url)).body, f"{url} is empty")


@clause("6.3", MUST)
def post_as_get_changes_nothing(ca: Ca) -> None:
    """A POST-as-GET has the semantics of a GET: reading a challenge does not begin its validation."""
    authorization = ca.pending.authorizations[0]
    for challenge in authorization.read()["challenges"]:
        ca.client.read(challenge["url"])
    statuses = {one["status"] for one in authorization.read()["challenges"]}
    expect(statuses == {"pending"}, f"after reading, the challenges are {statuses}")


@clause("6.3", MUST)
def get_directory_and_nonce(ca: Ca) -> None:
    """The directory and newNonce answer a plain GET."""
    expect_success(ca.directory_answer)
    expect_success(ca.transport.send("GET", ca.directory["newNonce"]), 204)


@clause("6.3", MUST)
def post_as_get_directory_and_nonce(ca: Ca) -> None:
    """The directory and newNonce answer a POST-as-GET too."""
    answer = expect_success(ca.client.read(ca.options.directory))
    expect(answer.json == ca.directory, "the directory is another by POST-as-GET")
    nonce = ca.client.read(ca.directory["newNonce"])
    expect(nonce.status in {200, 204} and nonce.header("replay-nonce"), f"no nonce: {nonce}")


@clause("6.4", MUST)
def url_of_another_resource(ca: Ca) -> None:
    """A request whose url is that of another resource is refused as unauthorized."""
    for url in (ca.directory["newAccount"], ca.client.url, ca.directory["newOrder"] + "x"):
        expect_refusal(spoiled(ca, url=url), "unauthorized")


@clause("6.4", MUST)
def url_compared_as_a_string(ca: Ca) -> None:
    """A url that is spelled another way than the server gave it is refused as unauthorized."""
    parts = urlsplit(ca.directory["newOrder"])
    for other in (
        parts._replace(scheme="http"),
        parts._replace(netloc=f"elsewhere.{ca.options.domain}"),
        parts._replace(netloc=f"user@{parts.netloc}"),
        parts._replace(path=parts.path + "/"),
        parts._replace(path=f"/.{parts.path}"),
        parts._replace(query="x=y"),
        parts._replace(fragment="x"),
        parts._replace(path=parts.path[:-1] + f"%{ord(parts.path[-1]):02X}"),
    ):
        expect_refusal(spoiled(ca, url=urlunsplit(other)), "unauthorized")


@clause("6.4.1", MUST)
def url_in_the_protected_header(ca: Ca) -> None:
    """The url stands in the protected header: a request without it, or with it elsewhere, is refused."""
    url = ca.directory["newOrder"]
    expect_refusal(spoiled(ca, url=None))
    body = ca.client.sign(url, order_request(ca), url=None)
    expect_refusal(ca.client.send(url, body | {"header": {"url": url}}))
    expect_refusal(ca.client.send(url, body | {"url": url}))


@clause("6.4.1", MUST)
def url_is_a_string(ca: Ca) -> None:
    """A url that is no string is refused."""
    for value in (1, [ca.directory["newOrder"]], {"url": ca.directory["newOrder"]}, True):
        expect_refusal(spoiled(ca, url=value))


@clause("6.3", MUST)
def payload_of_a_post_as_get(ca: Ca) -> None:
    """A payload member that is no string, or that is not base64url, is no POST-as-GET and is refused."""
    payloads: tuple[object, ...] = (None, {}, "*")
    for payload in payloads:
        body = ca.client.sign(ca.client.url)
        expect_refusal(ca.client.send(ca.client.url, body | {"payload": payload}))


@clause("6.4", SHOULD)
def url_as_given_is_taken(ca: Ca) -> None:
    """The exact string that the server gave is taken, at every resource."""
    for url in resources(ca):
        expect(ca.client.read(url).status not in {401, 403}, f"{url} is not taken as it was given")
