"""What a registration authority changes in a request it sends on (RFC 10002 section 6.5), before it becomes an order.

The request was signed by its own key and cannot be changed: its possession is shown first, then what it asks for is
written anew, and the product's policy decides about that as about any request.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from ca_core.certificates.crmf import parse_request
from ca_core.certificates.crmf_asn1 import Extension
from ca_core.certificates.csr import ParsedCsr
from ca_core.certificates.unsigned_csr import unsigned_csr
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.orders import OrderRequest, ProofOfPossession

_CHANGEABLE: Final = frozenset(
    {ExtensionOID.SUBJECT_ALTERNATIVE_NAME.dotted_string, ExtensionOID.TLS_FEATURE.dotted_string}
)
_NO_NAME: Final = x509.Name([]).public_bytes()


@dataclass(frozen=True, kw_only=True)
class Modification:
    """New parts of a request or, unless ``replacing``, parts that are taken out of it.

    ``subject`` is a Name in DER, ``extensions`` each Extension in DER by its type (dotted), the period in UTC.
    """

    replacing: bool = True
    subject: bytes | None = None
    extensions: dict[str, bytes] = field(default_factory=dict)
    not_before: datetime | None = None
    not_after: datetime | None = None

    def __post_init__(self) -> None:
        """Raise UNSUPPORTED_EXTENSION for a new extension whose content the product alone decides."""
        unsupported = sorted(self.extensions.keys() - _CHANGEABLE) if self.replacing else []
        if unsupported:
            raise TriviumError(
                ErrorKind.UNSUPPORTED_EXTENSION,
                f"The extension {unsupported[0]} comes from the product; a registration authority changes "
                "subjectAltName and the TLS feature status_request only.",
            )


def modify(request: OrderRequest, modifications: Iterable[Modification]) -> OrderRequest:
    """Return the request as the modifications leave it, one after the other.

    Raises as :func:`~ca_core.certificates.crmf.parse_request`: what cannot be read or shows no possession stays so.
    """
    parsed = parse_request(request.csr or b"", request.possession)
    if parsed.enciphers:  # what is kept of it would no longer say so
        raise TriviumError(
            ErrorKind.BAD_CSR,
            "A request for a key that only enciphers cannot be modified; have it made as it should be.",
        )
    subject, extensions = _asked(parsed)
    for modification in modifications:
        if not modification.replacing:
            subject = subject if modification.subject is None else _NO_NAME
            extensions = {oid: der for oid, der in extensions.items() if oid not in modification.extensions}
            continue
        subject = modification.subject or subject
        extensions |= modification.extensions
        if modification.not_before is not None or modification.not_after is not None:
            period = (modification.not_before, modification.not_after)
            request = replace(request, validity=None, not_before=period[0], not_after=period[1])
    shown = request.possession is ProofOfPossession.SIGNATURE
    return replace(
        request,
        csr=unsigned_csr(subject=subject, spki=parsed.spki, extensions=b"".join(extensions.values())),
        possession=ProofOfPossession.SHOWN if shown else request.possession,
    )


def _asked(parsed: ParsedCsr) -> tuple[bytes, dict[str, bytes]]:
    """Return subject and extensions (DER) that a request asks for; its other attributes say nothing to us."""
    csr = x509.load_der_x509_csr(parsed.pkcs10)
    extensions = {
        one.oid.dotted_string: Extension(
            {"extn_id": one.oid.dotted_string, "critical": one.critical, "extn_value": one.value.public_bytes()}
        ).dump()
        for one in csr.extensions
    }
    return csr.subject.public_bytes(), extensions
