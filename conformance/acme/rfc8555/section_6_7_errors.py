"""Problem documents (RFC 8555 section 6.7). Those of the whole run so far are looked at: put this near the end."""

from collections.abc import Iterator

from conformance.acme.probe.ca import Ca
from conformance.acme.probe.clauses import MUST, MUST_NOT, SHOULD, clause
from conformance.acme.probe.jose import Json
from conformance.acme.probe.order import place
from conformance.acme.probe.transport import Answer
from conformance.expect import expect

URN = "urn:ietf:params:acme:"
# The "ACME Error Types" registry of IANA.
REGISTERED = frozenset(
    {
        "accountDoesNotExist", "alreadyReplaced", "alreadyRevoked", "autoRenewalCanceled", "autoRenewalExpired",
        "autoRenewalCancellationInvalid", "autoRenewalRevocationNotSupported", "badAttestationStatement", "badCSR",
        "badNonce", "badPublicKey", "badRevocationReason", "badSignatureAlgorithm", "caa", "compound", "connection",
        "dns", "externalAccountRequired", "incorrectResponse", "invalidContact", "invalidProfile", "malformed",
        "onionCAARequired", "orderNotReady", "rateLimited", "rejectedIdentifier", "serverInternal", "tls",
        "unauthorized", "unknownDelegation", "unsupportedContact", "unsupportedIdentifier", "userActionRequired",
    }
)  # fmt: skip


def refusals(ca: Ca) -> list[Answer]:
    """Return every refusal of this run, and some that are provoked here, so that there are any."""
    for names in ([], ["-"], ["-", "a_b"], ["*"]):
        place(ca.client, names)
    ca.client.read(ca.client.url + "x")
    return [answer for answer in ca.transport.seen if answer.status >= 400 and answer.method != "HEAD"]


def problems(ca: Ca) -> Iterator[Json]:
    """Return every problem document of this run: of refusals, and inside of orders and challenges."""
    yield from (answer.json for answer in refusals(ca) if answer.media_type == "application/problem+json")
    for answer in ca.transport.seen:
        if answer.media_type == "application/json" and answer.body:
            found = answer.json
            yield from (one["error"] for one in (found, *found.get("challenges", [])) if "error" in one)


@clause("6.7", SHOULD)
def problem_documents(ca: Ca) -> None:
    """An error answer has a problem document that says more."""
    for answer in refusals(ca):
        expect(answer.media_type == "application/problem+json", f"no problem document: {answer}")
        expect(answer.json.get("detail"), f"no detail: {answer}")


@clause("6.7", MUST_NOT)
def only_registered_types(ca: Ca) -> None:
    """The ACME URN namespace is not used for error types that are not registered."""
    for problem in problems(ca):
        for one in (problem, *problem.get("subproblems", [])):
            kind = str(one.get("type", "about:blank"))
            known = kind.startswith(f"{URN}error:") and kind.removeprefix(f"{URN}error:") in REGISTERED
            expect(known or not kind.startswith(URN), f"{kind} is not registered")


@clause("6.7.1", MUST)
def subproblem_identifiers(ca: Ca) -> None:
    """The identifier of a subproblem is an ACME identifier: a type and a value."""
    for problem in problems(ca):
        for one in problem.get("subproblems", []):
            if "identifier" in one:
                expect(set(one["identifier"]) == {"type", "value"}, f"{one['identifier']} is no identifier")


@clause("6.7.1", MUST_NOT)
def no_identifier_at_the_top(ca: Ca) -> None:
    """A problem document has no identifier at its top level, only in subproblems."""
    for problem in problems(ca):
        expect("identifier" not in problem, f"an identifier at the top level of {problem}")
