"""Certificate signing requests: what counts of them, and what refuses them (rules 20, 28, 49)."""

import hashlib
import random
import subprocess
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ca_core.certificates.csr import parse_csr, require_names
from ca_core.certificates.tbs import certificate_der
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier
from tests.certificates.authorities import CSR_KEY, dns, ip, new_csr

RSA_KEY: Final = rsa.generate_private_key(65537, 2048)


def refusal(der: bytes) -> TriviumError:
    """Return why a CSR is refused."""
    with pytest.raises(TriviumError) as refused:
        parse_csr(der)
    assert refused.value.detail.isprintable()
    return refused.value


def names(der: bytes) -> frozenset[Identifier]:
    """Return the names a CSR asks for."""
    return parse_csr(der).names


@pytest.mark.parametrize(
    "key",
    [
        CSR_KEY,
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        RSA_KEY,
        ed25519.Ed25519PrivateKey.generate(),
        mldsa.MLDSA65PrivateKey.generate(),
    ],
    ids=["p256", "p384", "p521", "rsa", "ed25519", "mldsa65"],
)
def test_every_signature_algorithm_we_name_is_verified(key: CertificateIssuerPrivateKeyTypes) -> None:
    """A requester with a sound key is refused, or the digest of the key is not the one other rows are found by."""
    der = new_csr(dns("www.example.com"), key=key)
    parsed = parse_csr(der)
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert parsed.spki == spki
    assert parsed.spki_sha256 == hashlib.sha256(spki).digest()
    assert parsed.der == der


def test_an_rsa_pss_signature_is_verified() -> None:
    """A CSR signed with RSASSA-PSS and SHA-256 is refused although the algorithm is sound (rule 28)."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("a.example.com")]), critical=False)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    der = builder.sign(RSA_KEY, hashes.SHA256(), rsa_padding=pss).public_bytes(serialization.Encoding.DER)
    assert names(der) == {*dns("a.example.com")}


def openssl_csr(directory: Path, digest: str) -> bytes:
    """Return a CSR (DER) that openssl signed with ``digest``."""
    key, csr = directory / "key.pem", directory / "csr.der"
    key.write_bytes(
        RSA_KEY.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    arguments = ["-new", "-key", str(key), f"-{digest}", "-subj", "/CN=www.example.com", "-outform", "DER"]
    subprocess.run(["openssl", "req", *arguments, "-out", str(csr)], check=True, capture_output=True, timeout=30)
    return csr.read_bytes()


@pytest.mark.parametrize("digest", ["md5", "sha1", "sha224"])
def test_weak_digests_are_refused(tmp_path: Path, digest: str) -> None:
    """A forged CSR could stand in for the holder of the key (rule 28: no MD5, no SHA-1)."""
    error = refusal(openssl_csr(tmp_path, digest))
    assert error.kind is ErrorKind.BAD_ALGORITHM
    assert "SHA-256" in error.detail


def test_a_csr_of_openssl_is_taken(tmp_path: Path) -> None:
    """The most common tool's CSR is refused."""
    assert names(openssl_csr(tmp_path, "sha256")) == {*dns("www.example.com")}


def test_dsa_is_refused() -> None:
    """A DSA key is certified (rule 28)."""
    key = dsa.generate_private_key(2048)
    assert refusal(new_csr(dns("a.example.com"), key=key, digest=hashes.SHA256())).kind is ErrorKind.BAD_ALGORITHM


@pytest.mark.parametrize("key", [CSR_KEY, RSA_KEY], ids=["ec", "rsa"])
def test_a_broken_self_signature_is_refused(key: CertificateIssuerPrivateKeyTypes) -> None:
    """Somebody gets a certificate for a key he does not hold (rule 28)."""
    der = bytearray(new_csr(dns("a.example.com"), key=key))
    der[-1] ^= 1
    assert refusal(bytes(der)).kind is ErrorKind.POP_FAILED


def test_the_signature_of_another_key_is_refused() -> None:
    """Somebody gets a certificate for a key he has only seen (rule 28)."""
    mine, other = (new_csr(dns("a.example.com"), key=ec.generate_private_key(ec.SECP256R1())) for _ in range(2))
    spki = [parse_csr(der).spki for der in (mine, other)]
    assert refusal(mine.replace(spki[0], spki[1])).kind is ErrorKind.POP_FAILED


def test_names_come_from_alternative_names_and_common_name() -> None:
    """A name that the CSR asks for is not compared with the order (rule 49, "CN must be in SAN")."""
    der = new_csr((*dns("A.Example.com", "a.example.com"), *ip("10.0.0.1", "2620:fe::fe")), common_name="B.example.com")
    parsed = parse_csr(der)
    assert parsed.names == {*dns("a.example.com", "b.example.com"), *ip("10.0.0.1", "2620:fe::fe")}
    assert parsed.common_name == "B.example.com"


@pytest.mark.parametrize(
    ("common_name", "counted"),
    [
        ("www.example.com", "www.example.com"),
        ("WWW.example.COM", "www.example.com"),
        ("*.example.com", "*.example.com"),
        ("localhost", "localhost"),
        ("example.com.", "example.com."),
        ("_a.example.com", "_a.example.com"),
        ("Our Server", None),
        ("a@example.com", None),
        ("münchen.de", None),
        ("a.example.com, b.example.com", None),
        ("http://a.example.com", None),
    ],
)
def test_a_common_name_of_dns_labels_is_a_name(common_name: str, counted: str | None) -> None:
    """A domain name is smuggled in through the subject, or descriptive text refuses an honest CSR (rule 49)."""
    asked = names(new_csr(common_name=common_name))
    assert asked == (frozenset() if counted is None else {*dns(counted)})


@pytest.mark.parametrize("address", ["10.0.0.1", "9.9.9.9", "::1", "2620:fe::fe"])
def test_an_address_as_common_name_alone_is_refused(address: str) -> None:
    """Clients parse the common name as a domain name, and RFC 8738 allows addresses in iPAddress only (rule 49)."""
    for alternative_names in ((), ip("10.0.0.2"), dns("www.example.com")):
        error = refusal(new_csr(alternative_names, common_name=address))
        assert error.kind is ErrorKind.BAD_CSR
        assert "iPAddress" in error.detail


@pytest.mark.parametrize("address", ["10.0.0.1", "2620:fe::fe"])
def test_an_address_repeated_as_common_name_is_a_name_once(address: str) -> None:
    """uacme, which repeats the address there, could get no certificate for it."""
    assert names(new_csr(ip(address), common_name=address)) == {*ip(address)}


def test_several_common_names_are_refused() -> None:
    """One of them is overlooked (rule 49)."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in ("a.example.com", "b.example.com")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    der = builder.sign(CSR_KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    assert refusal(der).kind is ErrorKind.BAD_CSR


@pytest.mark.parametrize(
    "name",
    [
        x509.UniformResourceIdentifier("https://a.example.com"),
        x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])),
        x509.OtherName(x509.ObjectIdentifier("1.3.6.1.5.5.7.8.5"), b"\x0c\x01x"),
        x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
    ],
    ids=lambda name: type(name).__name__,
)
def test_other_kinds_of_name_are_refused(name: x509.GeneralName) -> None:
    """A name nobody has validated stands in a TLS certificate (rule 49)."""
    error = refusal(new_csr([x509.DNSName("a.example.com"), name]))
    assert error.kind is ErrorKind.BAD_CSR
    assert type(name).__name__ in error.detail


def test_an_x400_address_is_refused() -> None:
    """The library has an exception of its own for it, which would be a server error (rule 49)."""
    san = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), b"\x30\x04\xa3\x02\x30\x00")
    assert refusal(new_csr(extensions=[(san, False)])).kind is ErrorKind.BAD_CSR


def test_what_belongs_to_the_product_is_ignored() -> None:
    """A CSR that asks for CA:TRUE or certificate signing is refused or, far worse, granted (rule 20)."""
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=True,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    constraints = x509.NameConstraints([x509.DNSName("example.com")], None)
    der = new_csr(
        dns("a.example.com"),
        extensions=[
            (x509.BasicConstraints(ca=True, path_length=None), True),
            (usage, True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), True),
            (x509.SubjectKeyIdentifier(b"x" * 20), False),
            (constraints, True),
            (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), False),
        ],
    )
    parsed = parse_csr(der)
    assert parsed.names == {*dns("a.example.com")}
    assert not parsed.must_staple


def test_an_unknown_critical_extension_is_refused() -> None:
    """A requester gets a certificate without what he called indispensable."""
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    error = refusal(new_csr(dns("a.example.com"), extensions=[(extension, True)]))
    assert error.kind is ErrorKind.UNSUPPORTED_EXTENSION
    assert "1.2.3.4" in error.detail


def test_must_staple_is_seen() -> None:
    """The wish for must-staple is lost (RFC 7633)."""
    feature = x509.TLSFeature([x509.TLSFeatureType.status_request])
    assert parse_csr(new_csr(dns("a.example.com"), extensions=[(feature, False)])).must_staple


@pytest.mark.parametrize(
    ("features", "kind"),
    [
        (b"\x30\x03\x02\x01\x11", ErrorKind.UNSUPPORTED_EXTENSION),
        (b"\x30\x03\x02\x01\x48", ErrorKind.UNSUPPORTED_EXTENSION),
        (b"\x30\x00", ErrorKind.BAD_CSR),
    ],
    ids=["status_request_v2", "unnamed", "empty"],
)
def test_other_tls_features_are_refused(features: bytes, kind: ErrorKind) -> None:
    """The library answers an unnamed feature with KeyError, none at all with TypeError: these were server errors."""
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.24"), features)
    assert refusal(new_csr(extensions=[(extension, False)])).kind is kind


def test_a_common_name_that_is_no_text_is_refused() -> None:
    """The library answers a BIT STRING as common name with TypeError: this was a server error."""
    der = new_csr(common_name="localhost")
    request = bytearray(x509.load_der_x509_csr(der).tbs_certrequest_bytes)
    at = request.index(b"\x0c\x09localhost")
    request[at : at + 3] = b"\x03\x09\x00"
    algorithm = bytes.fromhex("300a06082a8648ce3d040302")
    signature = CSR_KEY.sign(bytes(request), ec.ECDSA(hashes.SHA256()))
    assert refusal(certificate_der(bytes(request), algorithm, signature)).kind is ErrorKind.BAD_CSR


def test_repeated_extensions_are_refused() -> None:
    """Two subjectAltName extensions: the checked one is not the used one."""
    san = x509.SubjectAlternativeName([x509.DNSName("b.example.com")])
    twin = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), san.public_bytes())
    builder = x509.CertificateSigningRequestBuilder(
        subject_name=x509.Name([]), extensions=[x509.Extension(oid=e.oid, critical=False, value=e) for e in (san, twin)]
    )
    der = builder.sign(CSR_KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    assert refusal(der).kind is ErrorKind.BAD_CSR


def test_two_extension_requests_are_refused() -> None:
    """The second request's names are overlooked."""
    attribute = x509.ObjectIdentifier("1.2.840.113549.1.9.14")
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("a.example.com")]), critical=False)
    builder = builder.add_attribute(attribute, b"\x30\x00")
    der = builder.sign(CSR_KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    assert refusal(der).kind is ErrorKind.BAD_CSR


def test_the_names_must_be_the_orders() -> None:
    """A certificate has a name nobody ordered or lacks one that was (rule 49)."""
    csr = parse_csr(new_csr(dns("a.example.com", "b.example.com")))
    require_names(csr, dns("b.example.com", "a.example.com"))
    with pytest.raises(TriviumError) as refused:
        require_names(csr, dns("a.example.com", "c.example.com"))
    assert refused.value.kind is ErrorKind.BAD_CSR
    assert "also names 'b.example.com'" in refused.value.detail
    assert "does not name 'c.example.com'" in refused.value.detail
    assert refused.value.problem.subproblems[0].identifier == dns("c.example.com")[0]


def test_a_domain_name_is_not_an_address() -> None:
    """The text of an address as dNSName satisfies an order for the address (RFC 8738 section 3)."""
    csr = parse_csr(new_csr(dns("10.0.0.1")))
    with pytest.raises(TriviumError):
        require_names(csr, ip("10.0.0.1"))


def test_hundreds_of_surplus_names_give_a_short_sentence() -> None:
    """A refusal grows with the request and carries its control characters into logs."""
    csr = parse_csr(new_csr([*dns(*(f"n{number}.example.com" for number in range(500))), x509.DNSName("a\x1b[31m\n")]))
    with pytest.raises(TriviumError) as refused:
        require_names(csr, dns("a.example.com"))
    assert len(refused.value.detail) < 2000
    assert refused.value.detail.isprintable()


SEEDS: Final = (
    new_csr(
        (*dns("www.example.com", "*.example.com"), *ip("10.0.0.1", "::1")),
        common_name="www.example.com",
        extensions=[
            (x509.BasicConstraints(ca=True, path_length=None), True),
            (x509.TLSFeature([x509.TLSFeatureType.status_request]), False),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        ],
    ),
    new_csr(dns("a.test"), key=RSA_KEY),
    new_csr(common_name="localhost", key=ed25519.Ed25519PrivateKey.generate()),
    new_csr([x509.RFC822Name("a@b.c"), x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))]),
)
TAGS: Final = bytes.fromhex("000102030405060c13161c1e30318082848687a0a3a4ff")


def outcome(der: bytes) -> TriviumError | None:
    """Return why a CSR is refused, or None when it is taken."""
    try:
        parse_csr(der)
    except TriviumError as error:
        return error
    return None


def mutants(count: int) -> list[bytes]:
    """Return CSRs with some of their bytes changed, removed or added; the same ones at every run."""
    source = random.Random(20_260_301)  # noqa: S311 - reproducible mutants, no secrets
    made = []
    for _ in range(count):
        data = bytearray(source.choice(SEEDS))
        for _ in range(source.choice((1, 1, 1, 2, 3, 8))):
            at = source.randrange(len(data))
            match source.randrange(5):
                case 0 | 1:
                    data[at] = source.randrange(256)
                case 2:
                    data[at] = source.choice(TAGS)
                case 3:
                    del data[at : at + source.randrange(1, 5)]
                case _:
                    data[at:at] = source.randbytes(source.randrange(1, 5))
        made.append(bytes(data))
    return made


@pytest.mark.parametrize("signed", [True, False], ids=["as sent", "signature unchecked"])
def test_mutated_csrs_never_fail_otherwise(monkeypatch: pytest.MonkeyPatch, signed: bool) -> None:
    """A damaged CSR is a server error (fault F11). The signature hides what is behind it, so once it is not checked."""
    if not signed:
        monkeypatch.setattr("ca_core.certificates.csr._check_signature", lambda _: None)
    refusals = [error for error in map(outcome, mutants(3000)) if error is not None]
    assert all(error.detail.isprintable() for error in refusals)
    assert len(refusals) > 1000
    assert (len(refusals) < 2500) is not signed
