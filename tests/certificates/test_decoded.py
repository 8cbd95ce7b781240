"""Certificates decoded for people: every extension that a certificate of whatever CA may have."""

from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from ca_core.certificates.decoded import decoded
from ca_core.model.errors import ErrorKind, TriviumError

HOSTILE = "<script>\u202e🎉"
UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
NAMES = [
    x509.DNSName("www.example.com"),
    x509.IPAddress(ip_address("192.0.2.1")),
    x509.RFC822Name("jo@example.com"),
    x509.UniformResourceIdentifier("https://example.com/"),
    x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4")),
    x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Jo")])),
    x509.OtherName(UPN, b"\x0c\x02jo"),
    x509.OtherName(UPN, b"\x04\x01\xff"),
]
EXTENSIONS: dict[x509.ExtensionType, tuple[str, ...]] = {
    x509.BasicConstraints(ca=True, path_length=0): ("cA: TRUE", "pathLenConstraint: 0"),
    x509.SubjectAlternativeName(NAMES): (
        "dNSName: www.example.com",
        "iPAddress: 192.0.2.1",
        "rfc822Name: jo@example.com",
        "uniformResourceIdentifier: https://example.com/",
        "registeredID: 1.2.3.4",
        "directoryName: CN=Jo",
        "otherName: 1.3.6.1.4.1.311.20.2.3, jo",
        "otherName: 1.3.6.1.4.1.311.20.2.3, 0401ff",
    ),
    x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=True,
        key_cert_sign=False,
        crl_sign=True,
        encipher_only=True,
        decipher_only=False,
    ): ("digitalSignature", "keyAgreement", "cRLSign", "encipherOnly"),
    x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, x509.ObjectIdentifier("1.2.3.5")]): (
        "clientAuth",
        "1.2.3.5",
    ),
    x509.SubjectKeyIdentifier(b"\xab\xcd"): ("AB:CD",),
    x509.AuthorityKeyIdentifier(b"\x01", [x509.DNSName("ca.example.com")], 10): (
        "keyIdentifier: 01",
        "authorityCertIssuer: dNSName: ca.example.com",
        "authorityCertSerialNumber: a",
    ),
    x509.CRLDistributionPoints(
        [x509.DistributionPoint([x509.UniformResourceIdentifier("http://example.com/crl")], None, None, None)]
    ): ("uniformResourceIdentifier: http://example.com/crl",),
    x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://o.example"))]
    ): ("OCSP: uniformResourceIdentifier: http://o.example",),
    x509.CertificatePolicies(
        [
            x509.PolicyInformation(
                x509.ObjectIdentifier("2.23.140.1.2.1"), ["http://cps.example", x509.UserNotice(None, HOSTILE)]
            )
        ]
    ): ("2.23.140.1.2.1", "cPSuri: http://cps.example", f"explicitText: {HOSTILE}"),
    x509.TLSFeature([x509.TLSFeatureType.status_request]): ("status_request",),
    x509.NameConstraints([x509.DNSName("example.com")], [x509.DNSName("example.org")]): (
        "permittedSubtrees: dNSName: example.com",
        "excludedSubtrees: dNSName: example.org",
    ),
    x509.MSCertificateTemplate(x509.ObjectIdentifier("1.2.3.6"), 100, 3): (
        "templateID: 1.2.3.6",
        "templateMajorVersion: 100",
        "templateMinorVersion: 3",
    ),
    x509.OCSPNoCheck(): ("NULL",),
    x509.PolicyConstraints(0, None): ("3003800100",),
    x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.7"), b"\x05\x00"): ("0500",),
}


def certificate(*extensions: x509.ExtensionType) -> x509.Certificate:
    """Return a certificate of its own key with these extensions, the first of them critical."""
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "CH"), x509.NameAttribute(NameOID.COMMON_NAME, HOSTILE)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(0xABC)
        .not_valid_before(datetime(2030, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2031, 1, 1, tzinfo=UTC))
    )
    for position, extension in enumerate(extensions):
        builder = builder.add_extension(extension, critical=position == 0)
    return builder.sign(key, hashes.SHA384())


def test_every_extension_is_said_in_lines() -> None:
    """An operator would take an extension that is left out, or misread, for one that the certificate lacks."""
    parsed = certificate(*EXTENSIONS)
    shown = decoded(parsed.public_bytes(Encoding.DER))
    assert [one.values for one in shown.extensions] == [*EXTENSIONS.values()]
    assert [one.critical for one in shown.extensions] == [True] + [False] * (len(EXTENSIONS) - 1)
    assert (shown.extensions[0].oid, shown.extensions[0].name) == ("2.5.29.19", "basicConstraints")
    assert shown.extensions[-1].name == "1.2.3.7"
    assert len(shown.names) == len(NAMES)


def test_the_rest_is_what_the_bytes_say() -> None:
    """A page that says something else than the certificate would be believed."""
    parsed = certificate()
    shown = decoded(parsed.public_bytes(Encoding.DER))
    assert (shown.version, shown.serial, shown.key) == (3, 0xABC, "EC secp384r1")
    assert shown.signature_algorithm == "ecdsa-with-SHA384"
    assert [(one.type, one.value) for one in shown.subject] == [("countryName", "CH"), ("commonName", HOSTILE)]
    assert shown.issuer == shown.subject
    assert (shown.not_before, shown.not_after) == (parsed.not_valid_before_utc, parsed.not_valid_after_utc)
    assert shown.sha256 == parsed.fingerprint(hashes.SHA256()).hex(":").upper()


def test_what_is_no_certificate_is_refused() -> None:
    """Bytes of an import that nobody can read must not end in an error of ours."""
    with pytest.raises(TriviumError) as refused:
        decoded(b"\x30\x03\x02\x01\x01")
    assert refused.value.kind is ErrorKind.MALFORMED
