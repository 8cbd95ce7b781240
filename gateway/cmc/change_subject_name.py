"""changeSubjectName in a request (RFC 10002 section 7.1): it names its signer as his certificate does.

So identity and possession are linked by the certificate that signs the message, and the names wanted are an order's
like any other: the product's policy decides about them.
"""

from typing import Final

from asn1crypto import core
from cryptography import x509

from ca_core.certificates.crmf import parse_request
from ca_core.certificates.crmf_asn1 import Extension
from ca_core.certificates.decoding import reading
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.orders import ProofOfPossession
from ca_core.orders.modification import Modification
from gateway.cmc import oids
from gateway.cmc.asn1_controls import ChangeSubjectName
from gateway.cmc.authenticate import Holder, Requester
from gateway.cmc.pki_data import Control, Crmf, Pkcs10, attributes_of

_WHAT: Final = "changeSubjectName"
_ALTERNATIVE_NAME: Final = "2.5.29.17"
_NO_NAME: Final = x509.Name([]).public_bytes()
_TAGGED_ALTERNATIVE: Final = 0xA1
_SEQUENCE: Final = 0x30
_SET: Final = 0x31


def changed_names(request: Pkcs10 | Crmf, sender: Requester | Holder) -> list[Modification]:
    """Return the changes that the attribute of a request asks for; nothing without it.

    Raises UNAUTHENTICATED unless a certificate that names what the request names has signed, MALFORMED.
    """
    found = [one for one in attributes_of(request) if one.oid == oids.CHANGE_SUBJECT_NAME]
    if not found:
        return []
    if len(found) > 1:
        raise TriviumError(ErrorKind.MALFORMED, "changeSubjectName may be in a request once.")
    subject, alternative = _wanted(found[0])
    _require_own_names(request, sender)
    if alternative is None:
        return [
            Modification(replacing=False, extensions={_ALTERNATIVE_NAME: b""}),
            Modification(subject=subject or _NO_NAME),
        ]
    critical = subject in {None, _NO_NAME}
    extension = Extension({"extn_id": _ALTERNATIVE_NAME, "critical": critical, "extn_value": alternative})
    return [Modification(subject=subject or _NO_NAME, extensions={_ALTERNATIVE_NAME: extension.dump()})]


def _wanted(control: Control) -> tuple[bytes | None, bytes | None]:
    """Return the subject (a Name in DER) and the alternative names (GeneralNames in DER) that are asked for.

    RFC 10002 tags the latter with 1, RFC 6402 did not: there its content tells it from a Name, which holds SETs.
    """
    value = control.value(ChangeSubjectName, _WHAT)
    subject = alternative = None
    with reading(_WHAT):
        for one in value:
            der: bytes = one.dump()
            inside: bytes = core.load(der).contents
            named = der[0] == _SEQUENCE and (not inside or inside[0] == _SET)
            if named and subject is None and alternative is None:
                subject = der
            elif der[0] in {_TAGGED_ALTERNATIVE, _SEQUENCE} and not named and alternative is None:
                alternative = bytes([_SEQUENCE]) + der[1:]
            else:
                raise TriviumError(ErrorKind.MALFORMED, "changeSubjectName has a subject, a subjectAlt, or both.")
    if subject is None and alternative is None:
        raise TriviumError(ErrorKind.MALFORMED, "changeSubjectName must have a subject, a subjectAlt, or both.")
    return subject, alternative


def _require_own_names(request: Pkcs10 | Crmf, sender: Requester | Holder) -> None:
    certificate = _signer_certificate(sender)
    asked = x509.load_der_x509_csr(parse_request(request.der, ProofOfPossession.SHOWN).pkcs10)
    if certificate is None or _names(asked) != _names(certificate):
        named = "its" if certificate is None else f"its ({certificate.subject.rfc4514_string()[:200]!a})"
        raise TriviumError(
            ErrorKind.UNAUTHENTICATED,
            f"With changeSubjectName, a certificate signs the message, and the request has {named} subject and "
            "alternative names.",
        )


def _signer_certificate(sender: Requester | Holder) -> x509.Certificate | None:
    if isinstance(sender, Holder):
        der = sender.holder.certificate.der
    else:
        der = sender.cmc_client.certificate if sender.by_certificate else None
    return None if der is None else x509.load_der_x509_certificate(der)


def _names(named: x509.Certificate | x509.CertificateSigningRequest) -> tuple[x509.Name, frozenset[x509.GeneralName]]:
    try:
        alternatives = named.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return named.subject, frozenset()
    return named.subject, frozenset(alternatives)
