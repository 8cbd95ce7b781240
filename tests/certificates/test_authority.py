"""Root and issuing CA certificates (rule 20)."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID
from pkilint import finding_filter, loader
from pkilint.cabf import serverauth
from pkilint.cabf.serverauth.serverauth_constants import CertificateType
from pkilint.pkix import certificate

from ca_core.certificates.authority import AuthorityName, make_issuing, make_root
from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.errors import ErrorKind, TriviumError
from tests.certificates.authorities import NOW, SOURCES, YEAR, new_authority, new_signer

BR_ALGORITHMS = frozenset({KeyAlgorithm.P256, KeyAlgorithm.P384, KeyAlgorithm.RSA3072})
INFORMATIVE = {"cabf.ca_certificate_no_digital_signature_bit", "pkix.subject_key_identifier_method_1_identified"}
UNKNOWN_ALGORITHM = {
    "cabf.serverauth.prohibited_signature_algorithm_encoding",
    "cabf.serverauth.prohibited_subject_public_key_algorithm_encoding",
}


def findings(der: bytes, certificate_type: CertificateType) -> set[str]:
    """Return the codes the CA/Browser Forum set of a CA certificate finds."""
    container = certificate.create_pkix_certificate_validator_container(
        serverauth.create_decoding_validators(), serverauth.create_validators(certificate_type)
    )
    results, _ = finding_filter.filter_results(
        serverauth.create_serverauth_finding_filters(certificate_type),
        container.validate(loader.load_der_certificate(der).root),
    )
    return {found.finding.code for result in results for found in result.finding_descriptions}


@pytest.mark.parametrize("algorithm", KeyAlgorithm)
async def test_ca_certificates_lint_clean(algorithm: KeyAlgorithm) -> None:
    """A CA begins its life with a certificate that breaks the BR (7.1.2.1, 7.1.2.6)."""
    authority = await new_authority(algorithm)
    known = INFORMATIVE if algorithm in BR_ALGORITHMS else INFORMATIVE | UNKNOWN_ALGORITHM
    assert findings(authority.root, CertificateType.ROOT_CA) == known
    assert findings(authority.issuer.certificate, CertificateType.INTERNAL_UNCONSTRAINED_TLS_CA) == known


@pytest.mark.parametrize("algorithm", KeyAlgorithm)
async def test_the_root_verifies_itself_and_the_issuing_ca(algorithm: KeyAlgorithm) -> None:
    """A chain made at installation does not verify."""
    authority = await new_authority(algorithm)
    root = x509.load_der_x509_certificate(authority.root)
    root.verify_directly_issued_by(root)
    x509.load_der_x509_certificate(authority.issuer.certificate).verify_directly_issued_by(root)


async def test_what_an_issuing_ca_certificate_contains() -> None:
    """The issuing CA could make further CAs, or nobody finds the root's CRL (RFC 5280 section 4.2.1.9)."""
    authority = await new_authority(KeyAlgorithm.P256)
    root = x509.load_der_x509_certificate(authority.root)
    issuing = x509.load_der_x509_certificate(authority.issuer.certificate)
    value = issuing.extensions.get_extension_for_class
    assert value(x509.BasicConstraints).value == x509.BasicConstraints(ca=True, path_length=0)
    assert value(x509.BasicConstraints).critical
    assert value(x509.KeyUsage).value.key_cert_sign
    assert value(x509.KeyUsage).value.crl_sign
    assert list(value(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    identifier = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert value(x509.AuthorityKeyIdentifier).value.key_identifier == identifier
    (point,) = value(x509.CRLDistributionPoints).value
    assert point.full_name == [x509.UniformResourceIdentifier("http://status.example.com/crl/root")]
    (access,) = value(x509.AuthorityInformationAccess).value
    assert access.access_method == AuthorityInformationAccessOID.CA_ISSUERS
    assert issuing.serial_number.bit_length() > 136
    assert issuing.not_valid_after_utc - issuing.not_valid_before_utc == timedelta(seconds=5 * YEAR - 1)
    assert issuing.not_valid_before_utc < NOW


async def test_a_ca_for_more_than_tls() -> None:
    """A private CA cannot be made that issues anything but TLS certificates."""
    signer = new_signer(KeyAlgorithm.P256)
    root = await make_root(signer, name=AuthorityName(common_name="R"), validity=YEAR, sources=SOURCES)
    issuing = await make_issuing(
        signer,
        root,
        public_key=new_signer(KeyAlgorithm.P384).public_key,
        name=AuthorityName(common_name="I"),
        validity=5 * YEAR,
        root_crl_url="http://status.example.com/crl",
        root_certificate_url="http://status.example.com/root",
        sources=SOURCES,
        extended_key_usages=(),
    )
    made = x509.load_der_x509_certificate(issuing)
    with pytest.raises(x509.ExtensionNotFound):
        made.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert made.not_valid_after_utc == x509.load_der_x509_certificate(root).not_valid_after_utc


@pytest.mark.parametrize(
    "name",
    [
        AuthorityName(common_name=""),
        AuthorityName(common_name="x" * 65),
        AuthorityName(common_name="x", country="DEU"),
        AuthorityName(common_name="x", organization="o" * 65),
    ],
    ids=["empty", "long", "country", "organization"],
)
async def test_names_that_x520_does_not_allow(name: AuthorityName) -> None:
    """``trivium init`` ends in a stack trace, or makes a root that parsers refuse (RFC 5280 appendix A.1)."""
    with pytest.raises(TriviumError) as refused:
        await make_root(new_signer(KeyAlgorithm.P256), name=name, validity=YEAR, sources=SOURCES)
    assert refused.value.kind is ErrorKind.MALFORMED


async def test_another_key_than_the_roots_makes_nothing() -> None:
    """An issuing CA certificate is handed out that no chain verifies."""
    authority = await new_authority(KeyAlgorithm.P256)
    with pytest.raises(TriviumError) as refused:
        await make_issuing(
            authority.signer,
            authority.root,
            public_key=authority.signer.public_key,
            name=AuthorityName(common_name="I"),
            validity=YEAR,
            root_crl_url="http://status.example.com/crl",
            root_certificate_url="http://status.example.com/root",
            sources=SOURCES,
        )
    assert refused.value.kind is ErrorKind.INTERNAL
