"""What the extensions of a certificate say, in lines for people; members are spelled as in RFC 5280."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from cryptography import x509
from cryptography.x509.certificate_transparency import SignedCertificateTimestamp
from cryptography.x509.general_name import OtherName

from ca_core.certificates.object_identifiers import oid_name

_KEY_USAGES: Final = {
    "digital_signature": "digitalSignature",
    "content_commitment": "contentCommitment",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
}
_AGREEMENTS: Final = {"encipher_only": "encipherOnly", "decipher_only": "decipherOnly"}
_NAMES: Final[dict[type[x509.GeneralName], str]] = {
    x509.DNSName: "dNSName",
    x509.IPAddress: "iPAddress",
    x509.RFC822Name: "rfc822Name",
    x509.UniformResourceIdentifier: "uniformResourceIdentifier",
    x509.RegisteredID: "registeredID",
    x509.DirectoryName: "directoryName",
    x509.OtherName: "otherName",
}


@dataclass(frozen=True, kw_only=True)
class DecodedExtension:
    """An extension: its OID in dotted form, its name, and what it says."""

    oid: str
    name: str
    critical: bool
    values: tuple[str, ...]


def decoded_extension(extension: x509.Extension[x509.ExtensionType]) -> DecodedExtension:
    """Return an extension; what the library does not know is shown in hexadecimal."""
    value = extension.value
    read = _READERS.get(type(value), _raw)
    return DecodedExtension(
        oid=extension.oid.dotted_string,
        name=oid_name(extension.oid),
        critical=extension.critical,
        values=tuple(read(value)),
    )


def colons(value: bytes) -> str:
    """Return bytes as key identifiers and fingerprints are written: ``AB:CD``."""
    return value.hex(":").upper()


def general_name(name: x509.GeneralName) -> str:
    """Return a name with its type, such as ``dNSName: www.example.com``."""
    kind = _NAMES.get(type(name), type(name).__name__)
    if isinstance(name, x509.DirectoryName):
        return f"{kind}: {name.value.rfc4514_string()}"
    if isinstance(name, x509.RegisteredID):
        return f"{kind}: {oid_name(name.value)}"
    if isinstance(name, OtherName):
        return f"{kind}: {oid_name(name.type_id)}, {_other_value(name.value)}"
    return f"{kind}: {name.value}"


def _other_value(der: bytes) -> str:
    """Return a UTF8String as its text, anything else in hexadecimal."""
    short = len(der) == der[1] + 2 if len(der) > 1 else False
    return der[2:].decode(errors="replace") if short and der[0] == _UTF8_STRING else der.hex()


_UTF8_STRING: Final = 0x0C


def _basic_constraints(value: x509.BasicConstraints) -> Iterator[str]:
    yield f"cA: {'TRUE' if value.ca else 'FALSE'}"
    if value.path_length is not None:
        yield f"pathLenConstraint: {value.path_length}"


def _key_usage(value: x509.KeyUsage) -> Iterator[str]:
    agreements = _AGREEMENTS if value.key_agreement else {}
    yield from (name for member, name in (_KEY_USAGES | agreements).items() if getattr(value, member))


def _purposes(value: x509.ExtendedKeyUsage) -> Iterator[str]:
    yield from (oid_name(one) for one in value)


def _alternative_names(value: Iterable[x509.GeneralName]) -> Iterator[str]:
    yield from (general_name(one) for one in value)


def _subject_key(value: x509.SubjectKeyIdentifier) -> Iterator[str]:
    yield colons(value.digest)


def _authority_key(value: x509.AuthorityKeyIdentifier) -> Iterator[str]:
    if value.key_identifier is not None:
        yield f"keyIdentifier: {colons(value.key_identifier)}"
    yield from (f"authorityCertIssuer: {general_name(one)}" for one in value.authority_cert_issuer or ())
    if value.authority_cert_serial_number is not None:
        yield f"authorityCertSerialNumber: {value.authority_cert_serial_number:x}"


def _distribution_points(value: Iterable[x509.DistributionPoint]) -> Iterator[str]:
    for point in value:
        yield from (general_name(one) for one in point.full_name or ())
        if point.relative_name is not None:
            yield f"nameRelativeToCRLIssuer: {point.relative_name.rfc4514_string()}"
        yield from (f"cRLIssuer: {general_name(one)}" for one in point.crl_issuer or ())


def _access(value: Iterable[x509.AccessDescription]) -> Iterator[str]:
    yield from (f"{oid_name(one.access_method)}: {general_name(one.access_location)}" for one in value)


def _policies(value: x509.CertificatePolicies) -> Iterator[str]:
    for policy in value:
        yield oid_name(policy.policy_identifier)
        for qualifier in policy.policy_qualifiers or ():
            if isinstance(qualifier, str):
                yield f"cPSuri: {qualifier}"
            elif qualifier.explicit_text:
                yield f"explicitText: {qualifier.explicit_text}"


def _features(value: x509.TLSFeature) -> Iterator[str]:
    yield from (one.name for one in value)


def _timestamps(value: Iterable[SignedCertificateTimestamp]) -> Iterator[str]:
    for one in value:
        at = one.timestamp.replace(tzinfo=UTC).isoformat(timespec="seconds")
        yield f"logID: {one.log_id.hex()}, timestamp: {at}"


def _subtrees(value: x509.NameConstraints) -> Iterator[str]:
    yield from (f"permittedSubtrees: {general_name(one)}" for one in value.permitted_subtrees or ())
    yield from (f"excludedSubtrees: {general_name(one)}" for one in value.excluded_subtrees or ())


def _template(value: x509.MSCertificateTemplate) -> Iterator[str]:
    yield f"templateID: {value.template_id.dotted_string}"
    if value.major_version is not None:
        yield f"templateMajorVersion: {value.major_version}"
    if value.minor_version is not None:
        yield f"templateMinorVersion: {value.minor_version}"


def _null(_: x509.ExtensionType) -> Iterator[str]:
    yield "NULL"


def _raw(value: x509.ExtensionType) -> Iterator[str]:
    yield value.value.hex() if isinstance(value, x509.UnrecognizedExtension) else value.public_bytes().hex()


_READERS: Final[dict[type[x509.ExtensionType], Callable[[Any], Iterator[str]]]] = {
    x509.BasicConstraints: _basic_constraints,
    x509.KeyUsage: _key_usage,
    x509.ExtendedKeyUsage: _purposes,
    x509.SubjectAlternativeName: _alternative_names,
    x509.IssuerAlternativeName: _alternative_names,
    x509.SubjectKeyIdentifier: _subject_key,
    x509.AuthorityKeyIdentifier: _authority_key,
    x509.CRLDistributionPoints: _distribution_points,
    x509.FreshestCRL: _distribution_points,
    x509.AuthorityInformationAccess: _access,
    x509.SubjectInformationAccess: _access,
    x509.CertificatePolicies: _policies,
    x509.TLSFeature: _features,
    x509.PrecertificateSignedCertificateTimestamps: _timestamps,
    x509.NameConstraints: _subtrees,
    x509.MSCertificateTemplate: _template,
    x509.OCSPNoCheck: _null,
    x509.PrecertPoison: _null,
}
