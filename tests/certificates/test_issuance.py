"""From a CSR to a certificate: TBS, lint, signature, assembly, the check of the outcome (rules 9-11, 14-17)."""

import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from ca_core.certificates.assembly import assemble, check_issued
from ca_core.certificates.chain import pem_certificate
from ca_core.certificates.csr import parse_csr
from ca_core.certificates.lint import Linters
from ca_core.certificates.policies import default_private_lint, default_responder_lint
from ca_core.certificates.tbs import build_tbs, restore_tbs
from ca_core.certificates.warm_up import warm_up
from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.certificates import Certificate, CertificateStatus
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier
from ca_core.model.products import ProfileKind
from tests.certificates.authorities import (
    NOW,
    SOURCES,
    Authority,
    dns,
    ip,
    new_authority,
    new_csr,
    new_product,
    new_tbs,
)

NAMES = (*dns("www.example.com", "*.example.com"), *ip("9.9.9.9", "2620:fe::fe"))
RSA_KEY = rsa.generate_private_key(65537, 2048)


async def issue(linters: Linters, authority: Authority, csr: bytes) -> bytes:
    """Return a certificate that took all steps."""
    tbs = new_tbs(authority, NAMES, csr=csr)
    linted = linters.lint_tbs(tbs, default_private_lint(single_labels=False, algorithm=authority.signer.algorithm))
    assert linted.tbs is tbs
    return assemble(linted, await authority.signer.sign(linted.tbs.der))


@pytest.mark.parametrize("algorithm", KeyAlgorithm)
async def test_a_certificate_under_every_issuer_algorithm(linters: Linters, algorithm: KeyAlgorithm) -> None:
    """An issuer of this algorithm cannot issue, or what it issues does not verify under it."""
    authority = await new_authority(algorithm)
    csr = new_csr(NAMES)
    der = await issue(linters, authority, csr)
    check_issued(der, kind=ProfileKind.TLS_SERVER, identifiers=NAMES, spki=parse_csr(csr).spki)
    certificate = x509.load_der_x509_certificate(der)
    certificate.verify_directly_issued_by(x509.load_der_x509_certificate(authority.issuer.certificate))


@pytest.mark.parametrize(
    "algorithm", [KeyAlgorithm.P256, KeyAlgorithm.P384, KeyAlgorithm.RSA3072, KeyAlgorithm.ED25519]
)
async def test_openssl_verifies_the_chain(linters: Linters, tmp_path: Path, algorithm: KeyAlgorithm) -> None:
    """Our certificates verify nowhere but in the library that made them."""
    authority = await new_authority(algorithm)
    der = await issue(linters, authority, new_csr(NAMES, key=RSA_KEY))
    for name, certificate in (("root", authority.root), ("issuing", authority.issuer.certificate), ("leaf", der)):
        (tmp_path / name).write_text(pem_certificate(certificate))
    assert verify_with_openssl(tmp_path) == "leaf: OK"


def verify_with_openssl(directory: Path) -> str:
    """Return what openssl says of the files leaf, issuing and root, as a browser would ask it."""
    at = str(int((NOW + timedelta(days=1)).timestamp()))
    options = ["-x509_strict", "-purpose", "sslserver", "-verify_hostname", "www.example.com", "-attime", at]
    done = subprocess.run(
        ["openssl", "verify", *options, "-CAfile", "root", "-untrusted", "issuing", "leaf"],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return (done.stdout + done.stderr).strip()


async def test_what_a_tls_certificate_contains() -> None:
    """The profile differs from what the BR ask of a DV certificate (BR 7.1.2.7)."""
    authority = await new_authority(KeyAlgorithm.P256)
    tbs = new_tbs(authority, NAMES)
    certificate = x509.load_der_x509_certificate(tbs.with_signature(b"\x30\x06\x02\x01\x01\x02\x01\x01"))
    extensions = {extension.oid: extension for extension in certificate.extensions}
    assert len(certificate.subject.rdns) == 0
    assert extensions[ExtensionOID.SUBJECT_ALTERNATIVE_NAME].critical
    assert list(extensions[ExtensionOID.EXTENDED_KEY_USAGE].value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert extensions[ExtensionOID.BASIC_CONSTRAINTS].value == x509.BasicConstraints(ca=False, path_length=None)
    usage = extensions[ExtensionOID.KEY_USAGE].value
    assert usage.digital_signature
    assert not usage.key_encipherment
    assert not usage.key_cert_sign
    assert {oid.dotted_string for oid in extensions} == {
        "2.5.29.19",
        "2.5.29.15",
        "2.5.29.37",
        "2.5.29.35",
        "1.3.6.1.5.5.7.1.1",
        "2.5.29.32",
        "2.5.29.31",
        "2.5.29.17",
    }
    text = tbs.der
    for url in (authority.issuer.crl_url, authority.issuer.ocsp_url, authority.issuer.certificate_url):
        assert text.count(url.encode()) == 1
    assert certificate.serial_number == tbs.serial


async def test_the_profile_decides_the_rest() -> None:
    """The product's choices of common name, key identifier and must-staple are not followed."""
    authority = await new_authority(KeyAlgorithm.P256)
    product = new_product(common_name=True, subject_key_identifier=True, must_staple=True)
    tbs = new_tbs(authority, NAMES, product=product)
    certificate = x509.load_der_x509_certificate(tbs.with_signature(b"\x30\x06\x02\x01\x01\x02\x01\x01"))
    assert tbs.subject == "CN=www.example.com"
    assert not certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical
    assert certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    assert certificate.extensions.get_extension_for_class(x509.TLSFeature)


async def test_must_staple_by_the_csr() -> None:
    """The requester's wish for must-staple is lost (RFC 7633)."""
    authority = await new_authority(KeyAlgorithm.P256)
    csr = new_csr(NAMES, extensions=[(x509.TLSFeature([x509.TLSFeatureType.status_request]), False)])
    assert bytes.fromhex("06082b06010505070118") in new_tbs(authority, NAMES, csr=csr).der


@pytest.mark.parametrize(
    ("names", "asked", "subject"),
    [
        (dns("a.example.com", "b.example.com"), "b.example.com", "CN=b.example.com"),
        (dns("a.example.com", "b.example.com"), "B.example.com", "CN=b.example.com"),
        (dns("a.example.com"), None, "CN=a.example.com"),
        ((*ip("9.9.9.9"), *dns("a.example.com")), None, "CN=a.example.com"),
        (ip("9.9.9.9"), None, ""),
        (dns("a" * 60 + ".example.com"), None, ""),
        (dns("a" * 60 + ".example.com", "b.example.com"), None, "CN=b.example.com"),
    ],
)
async def test_the_common_name_is_one_of_the_names(
    names: tuple[Identifier, ...], asked: str | None, subject: str
) -> None:
    """The common name is an address, too long for X.520, or no name of the certificate (BR 7.1.4.3)."""
    authority = await new_authority(KeyAlgorithm.P256)
    csr = new_csr(names, common_name=asked)
    assert new_tbs(authority, names, product=new_product(common_name=True), csr=csr).subject == subject


async def test_an_ocsp_responder(linters: Linters) -> None:
    """Clients refuse the OCSP answers (RFC 6960 section 4.2.2.2), or the responder's certificate has findings."""
    authority = await new_authority(KeyAlgorithm.P256)
    csr = parse_csr(new_csr(common_name="OCSP Responder 1"))
    product = new_product(kind=ProfileKind.OCSP_RESPONDER, validity=14 * 86400)
    tbs = build_tbs(product=product, issuer=authority.issuer, csr=csr, identifiers=(), serial=1, now=NOW)
    linted = linters.lint_tbs(tbs, default_responder_lint())
    assert [finding.code for finding in linted.findings] == ["pkix.subject_key_identifier_method_1_identified"]
    der = assemble(linted, authority.signer.sign_now(tbs.der))
    check_issued(der, kind=ProfileKind.OCSP_RESPONDER, identifiers=(), spki=csr.spki)
    certificate = x509.load_der_x509_certificate(der)
    assert tbs.subject == "CN=OCSP Responder 1,O=Test,C=DE"
    assert certificate.extensions.get_extension_for_class(x509.OCSPNoCheck)
    assert list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.OCSP_SIGNING
    ]


async def test_an_ocsp_responder_needs_a_name() -> None:
    """A responder's certificate has an empty subject, which RFC 5280 allows only beside a critical subjectAltName."""
    authority = await new_authority(KeyAlgorithm.P256)
    with pytest.raises(TriviumError) as refused:
        new_tbs(authority, (), product=new_product(kind=ProfileKind.OCSP_RESPONDER), csr=new_csr())
    assert refused.value.kind is ErrorKind.BAD_CSR


@pytest.mark.parametrize("algorithm", [KeyAlgorithm.P256, KeyAlgorithm.RSA3072, KeyAlgorithm.MLDSA44])
async def test_a_signature_over_anything_else_is_not_delivered(linters: Linters, algorithm: KeyAlgorithm) -> None:
    """A signer that signs other bytes, or with another key, gets its certificate delivered (rule 9)."""
    authority = await new_authority(algorithm)
    tbs = new_tbs(authority, NAMES)
    linted = linters.lint_tbs(tbs, default_private_lint(single_labels=False, algorithm=algorithm))
    altered = bytearray(tbs.der)
    altered[-1] ^= 1
    sound = authority.signer.sign_now(tbs.der)
    broken = bytearray(sound)
    broken[-1] ^= 1
    for signature in (
        authority.signer.sign_now(bytes(altered)),
        authority.root_signer.sign_now(tbs.der),
        bytes(broken),
        b"",
        sound[:-1],
    ):
        with pytest.raises(TriviumError) as refused:
            assemble(linted, signature)
        assert refused.value.kind is ErrorKind.INTERNAL
    assert assemble(linted, sound).count(tbs.der) == 1


async def test_the_check_of_the_outcome_sees_every_difference(linters: Linters) -> None:
    """A certificate with another key, other names or another purpose than ordered leaves the CA (rule 17)."""
    authority = await new_authority(KeyAlgorithm.P256)
    csr = parse_csr(new_csr(NAMES))
    der = await issue(linters, authority, csr.der)
    other = parse_csr(new_csr(NAMES, key=RSA_KEY)).spki
    responder_csr = parse_csr(new_csr(common_name="OCSP Responder 1"))
    responder = new_tbs(
        authority, (), product=new_product(kind=ProfileKind.OCSP_RESPONDER), csr=responder_csr.der
    ).with_signature(b"\x30\x06\x02\x01\x01\x02\x01\x01")
    named = new_tbs(authority, NAMES, product=new_product(common_name=True))
    renamed = named.with_signature(b"\x30\x06\x02\x01\x01\x02\x01\x01").replace(
        b"\x0c\x0fwww.example.com", b"\x0c\x0fwww.example.org"
    )
    tls = ProfileKind.TLS_SERVER
    for wrong, kind, names, spki in (
        (der, tls, NAMES, other),
        (der, tls, NAMES[:-1], csr.spki),
        (der, tls, (*NAMES, *dns("a.example.com")), csr.spki),
        (der, ProfileKind.OCSP_RESPONDER, NAMES, csr.spki),
        (responder, tls, (), responder_csr.spki),
        (renamed, tls, NAMES, csr.spki),
        (authority.issuer.certificate, tls, (), spki_of(authority.issuer.certificate)),
        (authority.root, tls, (), spki_of(authority.root)),
    ):
        with pytest.raises(TriviumError) as refused:
            check_issued(wrong, kind=kind, identifiers=names, spki=spki)
        assert refused.value.kind is ErrorKind.INTERNAL


def spki_of(der: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo of a certificate."""
    key = x509.load_der_x509_certificate(der).public_key()
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


async def test_an_issuer_near_its_end_does_not_issue() -> None:
    """A certificate outlives its issuer, so it breaks before its time (rule 16)."""
    authority = await new_authority(KeyAlgorithm.P256, validity=30 * 86400)
    with pytest.raises(TriviumError) as refused:
        new_tbs(authority, NAMES)
    assert refused.value.kind is ErrorKind.UNAVAILABLE
    assert new_tbs(authority, NAMES, product=new_product(validity=29 * 86400)).not_after < NOW + timedelta(days=30)


async def test_an_issuer_without_urls_leaves_the_extensions_out() -> None:
    """A private CA that publishes nothing points to empty addresses."""
    authority = await new_authority(KeyAlgorithm.P256)
    issuer = replace(authority.issuer, crl_url="", ocsp_url="", certificate_url="")
    tbs = new_tbs(replace(authority, issuer=issuer), NAMES, product=new_product(policy_oids=()))
    certificate = x509.load_der_x509_certificate(tbs.with_signature(b"\x30\x06\x02\x01\x01\x02\x01\x01"))
    assert len(certificate.extensions) == 5


async def test_serials_of_the_sources_reach_the_certificate() -> None:
    """The committed serial is not the signed one (rule 2)."""
    authority = await new_authority(KeyAlgorithm.P256)
    tbs = new_tbs(authority, NAMES)
    assert tbs.serial.bit_length() > 136
    assert tbs.der.count(tbs.serial.to_bytes(18)) == 1
    assert SOURCES.now() == NOW


@pytest.mark.parametrize("algorithm", [KeyAlgorithm.P384, KeyAlgorithm.MLDSA65])
async def test_a_committed_tbs_is_taken_up_again(linters: Linters, algorithm: KeyAlgorithm) -> None:
    """After a restart other bytes are signed than those that were committed (rules 3, 9)."""
    authority = await new_authority(algorithm)
    warm_up([authority.issuer], [], linters)
    tbs = new_tbs(authority, NAMES)
    intent = Certificate(
        id="crt-1",
        order_id="ord-1",
        client_id="cli-1",
        issuer_id=authority.issuer.id,
        serial=tbs.serial,
        status=CertificateStatus.INTENDED,
        identifiers=tbs.identifiers,
        subject=tbs.subject,
        not_before=tbs.not_before,
        not_after=tbs.not_after,
        spki_sha256=b"",
        tbs=tbs.der,
        created_at=NOW,
    )
    restored = restore_tbs(intent, authority.issuer)
    assert restored == tbs
    linted = linters.lint_tbs(restored, default_private_lint(single_labels=False, algorithm=algorithm))
    assert assemble(linted, authority.signer.sign_now(restored.der)).count(tbs.der) == 1
