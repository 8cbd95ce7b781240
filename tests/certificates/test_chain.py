"""PEM chains as clients read them."""

from dataclasses import replace

from cryptography import x509

from ca_core.certificates.chain import pem_chain, pem_chains
from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.issuers import IssuerKind
from tests.certificates.authorities import new_authority


async def test_the_chain_is_leaf_first_without_the_root() -> None:
    """A client takes the wrong certificate as its own, or serves the root (RFC 8555 section 9.1)."""
    authority = await new_authority(KeyAlgorithm.P256)
    leaf = authority.root  # any certificate serves as the leaf of a chain
    (text,) = pem_chains(leaf, authority.issuer)
    certificates = x509.load_pem_x509_certificates(text.encode())
    assert certificates == [
        x509.load_der_x509_certificate(leaf),
        x509.load_der_x509_certificate(authority.issuer.certificate),
    ]


async def test_each_certificate_ends_in_the_exact_line() -> None:
    """Clients that split on the end line and want a final newline lose a certificate (RFC 7468 section 3)."""
    authority = await new_authority(KeyAlgorithm.P256)
    text = pem_chain(authority.root, [authority.issuer.certificate])
    assert text.count("-----END CERTIFICATE-----\n") == 2
    assert text.endswith("-----END CERTIFICATE-----\n")
    assert "\n\n" not in text
    assert "\r" not in text
    assert max(len(line) for line in text.splitlines()) == 64


async def test_alternate_chains_follow_the_default() -> None:
    """A client that prefers another root could not get that chain (RFC 8555 section 7.4.2)."""
    authority = await new_authority(KeyAlgorithm.P256)
    cross = authority.root
    issuer = replace(authority.issuer, chain=(cross,), alternate_chains=((authority.issuer.certificate,),))
    default, alternate = pem_chains(authority.root, issuer)
    assert default.count("BEGIN") == 3
    assert alternate.count("BEGIN") == 2
    assert default != alternate


async def test_a_root_that_issues_is_in_no_chain() -> None:
    """The root would be delivered to clients that must have it already (RFC 8555 section 9.1)."""
    authority = await new_authority(KeyAlgorithm.P256)
    issuer = replace(authority.issuer, kind=IssuerKind.ROOT, certificate=authority.root)
    (text,) = pem_chains(authority.issuer.certificate, issuer)
    assert text.count("BEGIN") == 1
