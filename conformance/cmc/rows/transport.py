"""HTTP (RFC 10003 section 6)."""

import base64
import textwrap

from conformance.cmc.checks import MUST, PYASN1, SHOULD, FailInfo, expect_refusal, shows
from conformance.cmc.lab import Lab
from conformance.cmc.model import nonce
from conformance.cmc.requests import csr, new_key
from conformance.cmc.transport import PKCS10, REQUEST
from conformance.expect import expect


@shows("HTTP, POST alone", MUST)
def post_alone(lab: Lab) -> None:
    """POST is answered, GET and PUT are not."""
    message = lab.message(lab.request(), nonce())
    for method in ("GET", "PUT"):
        answer = lab.target.endpoint.send(message, method=method)
        expect(answer.status == 405, f"405 was expected for {method}, not {answer.status}")
    answer = lab.target.endpoint.send(message, headers=(("Content-Type", REQUEST),))
    expect(answer.status == 200, f"200 was expected, not {answer.status}")
    lab.read(answer.body)


@shows("HTTP, media types", MUST)
def media_types(lab: Lab) -> None:
    """Certificates alone are certs-only, anything else CMC-Response, whatever case the request's smime-type has."""
    answer = lab.target.endpoint.send(
        lab.message(lab.request()), headers=(("Content-Type", "application/pkcs7-mime; smime-type=CMC-request"),)
    )
    expect("application/pkcs7-mime" in answer.media_type, f"the media type is {answer.media_type}")
    expect("smime-type=certs-only" in answer.media_type, f"the media type is {answer.media_type}")
    expect(not lab.read(answer.body).full, "a Full PKI Response came as certs-only")
    answer = lab.target.endpoint.send(lab.message(lab.request(), nonce()), headers=(("Content-Type", REQUEST),))
    expect("smime-type=cmc-response" in answer.media_type, f"the media type is {answer.media_type}")
    expect(lab.read(answer.body).full, "a Simple PKI Response came as CMC-Response")


@shows("HTTP, 200 for what CMC refuses", MUST)
def refusals(lab: Lab) -> None:
    """What is refused is refused in the body, be it no CMC at all; what is too long to be one is refused by HTTP."""
    for body in (b"", b"hello", b"\x30\x80", b"\x30\x03\x02\x01\x01"):
        expect_refusal(lab.send(body), FailInfo.BAD_REQUEST, 0)
    expect_refusal(lab.send(csr(new_key(), lab.name()), media_type=PKCS10), FailInfo.BAD_IDENTITY, 1)
    answer = lab.target.endpoint.send(bytes(1_000_000))
    expect(answer.status == 413, f"413 was expected, not {answer.status}")


@shows("HTTP, raw and in base64", SHOULD, PYASN1)
def base64_bodies(lab: Lab) -> None:
    """Raw, in base64 with line ends, and with the labels of PEM; half of it is refused."""
    for dressed in (
        lambda der: der,
        base64.encodebytes,
        lambda der: "\r\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64)).encode(),
        lambda der: b"-----BEGIN CMC-----\n" + base64.encodebytes(der) + b"-----END CMC-----\n",
    ):
        reply = lab.send(dressed(lab.message(lab.request())))
        expect(reply.certificates and not reply.full, f"a certificate was expected: {reply}")
    half = base64.encodebytes(lab.message(lab.request()))[:200]
    expect_refusal(lab.send(half), FailInfo.BAD_REQUEST, 0)
