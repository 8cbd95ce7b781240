"""The certificate (RFC 8555 sections 7.4.2 and 9.1)."""

import re
from itertools import pairwise

from cryptography import x509

from conformance.acme.probe.ca import Ca
from conformance.acme.probe.clauses import MUST, MUST_NOT, SHOULD, clause, expect_refusal
from conformance.expect import NotOfferedError, expect

_LINE = r"[A-Za-z0-9+/]{1,64}={0,2}\r?\n"
_CERTIFICATE = rf"-----BEGIN CERTIFICATE-----\r?\n(?:{_LINE})+-----END CERTIFICATE-----"
_STRICT = re.compile(rf"{_CERTIFICATE}(?:(?:\r?\n)+{_CERTIFICATE})*(?:\r?\n)*")


@clause("7.4.2", MUST)
def certificate_media_type(ca: Ca) -> None:
    """A certificate comes as application/pem-certificate-chain by default."""
    answer = ca.issued.download
    expect(answer.media_type == "application/pem-certificate-chain", f"it is {answer.media_type}")


@clause("7.4.2", MUST)
def certificate_is_immutable(ca: Ca) -> None:
    """A certificate's URL gives the same certificate each time."""
    expect(ca.client.read(ca.issued.url).body == ca.issued.download.body, "it is another the second time")


@clause("7.4.2", MUST)
def certificate_of_its_account(ca: Ca) -> None:
    """A certificate is downloaded by its account, and by no other."""
    expect_refusal(ca.other.read(ca.issued.url))


@clause("7.4.2", SHOULD)
def alternate_chains(ca: Ca) -> None:
    """Each Link with the relation alternate is another chain of the same end-entity certificate."""
    urls = ca.issued.download.links("alternate")
    if not urls:
        raise NotOfferedError("this certificate has one chain")
    for url in urls:
        chain = x509.load_pem_x509_certificates(ca.client.read(url).body)
        expect(chain[0] == ca.issued.chain[0], f"{url} begins with another certificate")
        expect(chain[1:] != ca.issued.chain[1:], f"{url} is the same chain")


@clause("9.1", MUST)
def strict_encoding(ca: Ca) -> None:
    """The PEM file uses the strict encoding of RFC 7468."""
    expect(_STRICT.fullmatch(ca.issued.download.body.decode("ascii")), f"{ca.issued.download.body!r}")


@clause("9.1", MUST_NOT)
def no_explanatory_text(ca: Ca) -> None:
    """The PEM file has no text beside the certificates, and nothing but certificates."""
    text = ca.issued.download.body.decode("ascii")
    expect(not re.sub(_CERTIFICATE, "", text).strip(), "there is text between the certificates")
    expect(set(re.findall(r"-----BEGIN ([^-]*)-----", text)) == {"CERTIFICATE"}, "there is more than certificates")


@clause("9.1", MUST)
def end_entity_first(ca: Ca) -> None:
    """The first certificate of the file is the end-entity certificate."""
    leaf = ca.issued.chain[0]
    expect(leaf.public_key() == ca.issued.key.public_key(), "the first certificate is not the one asked for")


@clause("9.1", SHOULD)
def chain_in_order(ca: Ca) -> None:
    """Each following certificate certifies the one before it."""
    chain = ca.issued.chain
    for lower, upper in pairwise(chain):
        lower.verify_directly_issued_by(upper)
