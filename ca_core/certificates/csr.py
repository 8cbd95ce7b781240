"""Certificate signing requests (PKCS #10, RFC 2986): parsed once, into what the CA uses of them.

What counts of a CSR, and what does not:

* **Names** are the dNSName, iPAddress and rfc822Name entries of the requested subjectAltName; for hosts the common name
  too where it is a domain name, for mail the subject's emailAddress. Any other kind of name refuses the CSR. Upper case
  is folded in domain names, repetitions collapse.
* **Common name**: optional, at most one. Text made of DNS labels is a domain name and counts as requested, in the
  subjectAltName or not; an IP address is refused unless it is requested as iPAddress too, and never becomes a common
  name; other text (``Our server``) is none.
* **Subject**: the attributes that can be fields are kept, for the orders whose product takes them from a CSR; the
  certificate's subject comes from the product's fields and from nothing else.
* **Extensions**: subjectAltName and the TLS feature status_request (must-staple, RFC 7633) are used. Whatever else
  is asked for - basicConstraints with CA:TRUE, key usages, key identifiers - is ignored, since those come from the
  product; an unknown extension marked critical is refused, since a certificate without it would not be what was asked.
* **Attributes** other than the extension request are ignored.
"""

import hashlib
import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtensionOID, NameOID, SignatureAlgorithmOID

from ca_core.certificates.der import check_der
from ca_core.certificates.object_identifiers import oid_name
from ca_core.certificates.subject import fields_of
from ca_core.model.errors import ErrorKind, SubProblem, TriviumError
from ca_core.model.fields import FieldName, FieldValue
from ca_core.model.identifiers import HOSTS, Identifier, IdentifierType
from ca_core.model.orders import ProofOfPossession

_MAX_TOLD: Final = 100
"""Surplus names that are told one by one: a CSR can hold thousands."""
_PARSE_ERRORS: Final = (
    ValueError,
    TypeError,
    UserWarning,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What cryptography raises on CSRs that are broken or beyond it, as found by mutating them (TypeError: a common name
that is a BIT STRING, an empty TLS feature; UserWarning: a country of three letters, where warnings are errors). And
KeyError for a TLS feature that it has no name for."""

_UNKNOWN_FEATURE: Final = "The CSR asks for a TLS feature other than status_request; leave it out."

_SIGNATURE_ALGORITHMS: Final = frozenset(
    {
        SignatureAlgorithmOID.RSA_WITH_SHA256,
        SignatureAlgorithmOID.RSA_WITH_SHA384,
        SignatureAlgorithmOID.RSA_WITH_SHA512,
        SignatureAlgorithmOID.RSASSA_PSS,
        SignatureAlgorithmOID.ECDSA_WITH_SHA256,
        SignatureAlgorithmOID.ECDSA_WITH_SHA384,
        SignatureAlgorithmOID.ECDSA_WITH_SHA512,
        SignatureAlgorithmOID.ED25519,
        SignatureAlgorithmOID.ML_DSA_44,
        SignatureAlgorithmOID.ML_DSA_65,
        SignatureAlgorithmOID.ML_DSA_87,
    }
)
_UNSIGNED: Final = frozenset(
    {
        "1.3.6.1.5.5.7.6.2",  # id-alg-noSignature (RFC 10002 appendix C.1)
        "1.3.14.3.2.26",  # SHA-1, and below SHA-256 to 512: Windows calls them "NoSign"
        "2.16.840.1.101.3.4.2.1",
        "2.16.840.1.101.3.4.2.2",
        "2.16.840.1.101.3.4.2.3",
    }
)
"""Algorithms of a "signature" that is a bare hash: that of a key that cannot sign, or that is elsewhere."""

_WEAK_HASHES: Final = (hashes.MD5, hashes.SHA1, hashes.SHA224)
_IGNORED_EXTENSIONS: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)
_EXTENSION_REQUESTS: Final = frozenset(
    {
        x509.ObjectIdentifier("1.2.840.113549.1.9.14"),  # extensionRequest (RFC 2985 section 5.4.2)
        x509.ObjectIdentifier("1.3.6.1.4.1.311.2.1.14"),  # Microsoft's szOID_CERT_EXTENSIONS, the same content
    }
)
_DOMAIN_NAME: Final = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
_NAMES_SHOWN: Final = 5


@dataclass(frozen=True, kw_only=True)
class ParsedCsr:
    """A CSR whose key was shown to be the requester's; ``der`` and ``spki`` are DER, ``spki_sha256`` is of ``spki``.

    ``der`` is the request as it came, ``pkcs10`` the same as PKCS #10. ``common_name`` is the text as it stands in
    the CSR; where it is a domain name, it is among ``names`` too. ``mailboxes`` are the names of a mail certificate:
    those of the subjectAltName, and the subject's emailAddress. ``subject`` is what else can become fields of the
    order. ``enciphers``: the key can do nothing else, so that
    its possession is shown by decryption (CRMF only).
    """

    der: bytes
    pkcs10: bytes
    public_key: CertificatePublicKeyTypes
    spki: bytes
    spki_sha256: bytes
    names: frozenset[Identifier]
    mailboxes: frozenset[Identifier]
    subject: tuple[FieldValue, ...]
    common_name: str | None
    must_staple: bool
    enciphers: bool = False

    def named(self, types: frozenset[IdentifierType]) -> frozenset[Identifier]:
        """Return the names that count for a certificate that names identifiers of these types."""
        if not types:
            return frozenset()
        return self.mailboxes if IdentifierType.EMAIL in types else self.names


def parse_csr(der: bytes, possession: ProofOfPossession = ProofOfPossession.SIGNATURE) -> ParsedCsr:
    """Parse a CSR (DER, RFC 2986) and verify its self-signature (rules 20, 28, 49).

    Where the possession of its key was verified otherwise, the signature is not looked at. Raises MALFORMED for what
    is no DER, BAD_ALGORITHM for a signature or key algorithm that is not taken, POP_FAILED for a wrong self-signature,
    POP_REQUIRED where there is none, UNSUPPORTED_EXTENSION for a requested extension that must not be left out, and
    BAD_CSR otherwise.
    """
    check_der(der)
    return read_csr(der, der, signed=possession is ProofOfPossession.SIGNATURE)


def read_csr(der: bytes, pkcs10: bytes, *, signed: bool) -> ParsedCsr:
    """Return what a request says that came as ``der`` and, as PKCS #10, is ``pkcs10``; both have passed the guard."""
    try:
        request = x509.load_der_x509_csr(pkcs10)
        if signed:
            _check_signature(request)
        public_key = request.public_key()
        spki = public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        extensions = _requested_extensions(request)
        alternative_names = _alternative_names(extensions)
        common_name = _common_name(request, alternative_names)
        names = alternative_names | _identifier_in(common_name)
        subject = fields_of(request.subject)
    except UnsupportedAlgorithm as error:
        raise TriviumError(
            ErrorKind.BAD_ALGORITHM, "The CSR uses a key or a curve this CA does not know; use P-256 or RSA."
        ) from error
    except KeyError as error:
        raise TriviumError(ErrorKind.UNSUPPORTED_EXTENSION, _UNKNOWN_FEATURE) from error
    except _PARSE_ERRORS as error:
        raise TriviumError(ErrorKind.BAD_CSR, f"The CSR cannot be read: {ascii(str(error))[1:-1][:200]}.") from error
    return ParsedCsr(
        der=der,
        pkcs10=pkcs10,
        public_key=public_key,
        spki=spki,
        spki_sha256=hashlib.sha256(spki).digest(),
        names=names,
        mailboxes=alternative_names | _mail_addresses(subject),
        subject=subject,
        common_name=common_name,
        must_staple=_must_staple(extensions),
    )


def require_names(
    csr: ParsedCsr, identifiers: tuple[Identifier, ...], types: frozenset[IdentifierType] = HOSTS
) -> None:
    """Raise BAD_CSR unless the CSR names exactly ``identifiers``, saying what is surplus and what missing (rule 49).

    ``types`` are those of the product's certificates.
    """
    wanted, named = frozenset(identifiers), csr.named(types)
    if named == wanted:
        return
    surplus, missing = sorted(named - wanted), sorted(wanted - named)
    faults = []
    if surplus:
        faults.append(f"it also names {_listed(surplus)}")
    if missing:
        faults.append(f"it does not name {_listed(missing)}")
    raise TriviumError(
        ErrorKind.BAD_CSR,
        f"The CSR's names are not the order's: {' and '.join(faults)}. Make a CSR for exactly the order's identifiers.",
        subproblems=tuple(
            SubProblem(kind=ErrorKind.BAD_CSR, detail=detail, identifier=identifier)
            for detail, concerned in (
                ("Name it in the CSR, too.", missing),
                ("Leave it out of the CSR, or place an order that names it.", surplus[:_MAX_TOLD]),
            )
            for identifier in concerned
        ),
    )


def _check_signature(request: x509.CertificateSigningRequest) -> None:
    """Rule 28: "no MD5/SHA-1/DSA; CSR self signature verified"."""
    algorithm = request.signature_algorithm_oid
    if algorithm.dotted_string in _UNSIGNED:
        raise TriviumError(
            ErrorKind.POP_REQUIRED,
            "The CSR is not signed, so nothing shows that you hold its private key: sign it with that key, or let a "
            "registration authority vouch for it.",
        )
    if algorithm not in _SIGNATURE_ALGORITHMS or isinstance(request.signature_hash_algorithm, _WEAK_HASHES):
        raise TriviumError(
            ErrorKind.BAD_ALGORITHM,
            f"The CSR is signed with {oid_name(algorithm)}; sign it with SHA-256, SHA-384 or SHA-512 "
            "under an RSA or EC key, with Ed25519 or with ML-DSA.",
        )
    if not request.is_signature_valid:
        raise TriviumError(
            ErrorKind.POP_FAILED, "The CSR's own signature does not verify: sign it with the key that it contains."
        )


def _common_name(request: x509.CertificateSigningRequest, alternative_names: frozenset[Identifier]) -> str | None:
    """Return the common name; raise BAD_CSR for several, and for an IP address that stands there alone (rule 49).

    uacme repeats the address of its iPAddress there.
    """
    attributes = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(attributes) > 1:
        raise TriviumError(ErrorKind.BAD_CSR, "The CSR's subject has several common names; leave one or none.")
    if not attributes:
        return None
    text = attributes[0].value
    if not isinstance(text, str):
        raise TriviumError(ErrorKind.BAD_CSR, "The CSR's common name is not text; leave it out.")
    if any(name.type is IdentifierType.IP for name in _identifier_in(text) - alternative_names):
        raise TriviumError(
            ErrorKind.BAD_CSR,
            "The CSR's common name is an IP address; put it into the subjectAltName as iPAddress and leave the common "
            "name out.",
        )
    return text


def _identifier_in(common_name: str | None) -> frozenset[Identifier]:
    """Return the common name as an identifier where it is an IP address or a domain name."""
    if common_name is None:
        return frozenset()
    try:
        address = ipaddress.ip_address(common_name)
    except ValueError:
        if not _DOMAIN_NAME.fullmatch(common_name.lower()):
            return frozenset()
        return frozenset({Identifier(type=IdentifierType.DNS, value=common_name.lower())})
    return frozenset({Identifier(type=IdentifierType.IP, value=str(address))})


def _mail_addresses(subject: tuple[FieldValue, ...]) -> frozenset[Identifier]:
    return frozenset(_mailbox(field.value) for field in subject if field.name is FieldName.EMAIL_ADDRESS)


def _mailbox(address: str) -> Identifier:
    local, _, domain = address.rpartition("@")
    return Identifier(type=IdentifierType.EMAIL, value=f"{local}@{domain.lower()}")


def _requested_extensions(request: x509.CertificateSigningRequest) -> x509.Extensions:
    """Return the requested extensions; raise BAD_CSR when they are asked for twice."""
    if sum(attribute.oid in _EXTENSION_REQUESTS for attribute in request.attributes) > 1:
        raise TriviumError(ErrorKind.BAD_CSR, "The CSR has more than one extension request; make it one.")
    extensions = request.extensions
    for extension in extensions:
        if extension.critical and isinstance(extension.value, x509.UnrecognizedExtension):
            raise TriviumError(
                ErrorKind.UNSUPPORTED_EXTENSION,
                f"The CSR asks for the critical extension {extension.oid.dotted_string}, which this CA does not issue; "
                "leave it out.",
            )
    return extensions


def _alternative_names(extensions: x509.Extensions) -> frozenset[Identifier]:
    try:
        general_names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(_identifier(name) for name in general_names)


def _identifier(name: x509.GeneralName) -> Identifier:
    match name:
        case x509.DNSName(value=value):
            return Identifier(type=IdentifierType.DNS, value=value.lower())
        case x509.IPAddress(value=ipaddress.IPv4Address() | ipaddress.IPv6Address() as address):
            return Identifier(type=IdentifierType.IP, value=str(address))
        case x509.RFC822Name(value=value):
            return _mailbox(value)
    raise TriviumError(
        ErrorKind.BAD_CSR,
        f"The CSR's subjectAltName has a {type(name).__name__} entry; only dNSName, iPAddress and rfc822Name are "
        "taken.",
    )


def _must_staple(extensions: x509.Extensions) -> bool:
    """Whether the TLS feature status_request is asked for (RFC 7633); raises UNSUPPORTED_EXTENSION for others."""
    try:
        features = extensions.get_extension_for_class(x509.TLSFeature).value
    except x509.ExtensionNotFound:
        return False
    if list(features) != [x509.TLSFeatureType.status_request]:
        raise TriviumError(ErrorKind.UNSUPPORTED_EXTENSION, _UNKNOWN_FEATURE)
    return True


def _listed(identifiers: list[Identifier]) -> str:
    """Return the first few identifiers for a sentence; they come from the requester, so nothing unprintable passes."""
    shown = ", ".join(ascii(identifier.value[:253]) for identifier in identifiers[:_NAMES_SHOWN])
    more = len(identifiers) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
