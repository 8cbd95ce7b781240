"""Replies in CMS: the signed Full PKI Response, and the Simple one, which is nothing but certificates and CRLs."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from asn1crypto import cms, core
from cryptography import x509

from ca_core.certificates.throwaway import throwaway_key
from ca_core.keys.signer import Signer
from ca_core.model.issuers import OwnCertificate
from gateway.cmc import oids

_SHA256: Final = {"algorithm": "sha256"}
_SIGNED_DATA_V3: Final = "v3"


async def sign(
    content: bytes,
    *,
    signer: Signer,
    own: OwnCertificate,
    now: datetime,
    certificates: Iterable[bytes] = (),
    crls: Iterable[bytes] = (),
) -> bytes:
    """Return a PKIResponse (DER) in a SignedData by the CMC responder (RFC 10002 section 4.2).

    The bag holds ``certificates`` and ``crls`` (DER), and the responder's own certificate with those above it. Raises
    UNAVAILABLE when the responder's key does not answer.
    """
    certificate = x509.load_der_x509_certificate(own.certificate)
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": [oids.CCT_PKI_RESPONSE]},
            {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
            {"type": "signing_time", "values": [cms.Time({"utc_time": core.UTCTime(now.replace(microsecond=0))})]},
        ]
    )
    signature = await signer.sign(attributes.dump())
    info: dict[str, Any] = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            "issuer_and_serial_number",
            {"issuer": _name(certificate), "serial_number": certificate.serial_number},
        ),
        "digest_algorithm": _SHA256,
        "signed_attrs": attributes,
        "signature_algorithm": cms.SignedDigestAlgorithm.load(throwaway_key(signer.public_key).signature_algorithm),
        "signature": signature,
    }
    encapsulated = cms.EncapsulatedContentInfo({"content_type": oids.CCT_PKI_RESPONSE})
    encapsulated["content"] = core.ParsableOctetString(content)
    return _signed_data(
        digests=[_SHA256],
        encapsulated=encapsulated,
        certificates=[*certificates, own.certificate, *own.chain],
        crls=crls,
        infos=[info],
    )


def certs_only(certificates: Iterable[bytes], crls: Iterable[bytes] = ()) -> bytes:
    """Return a Simple PKI Response (RFC 10002 section 4.1): a SignedData without content and signers (DER)."""
    return _signed_data(
        digests=[],
        encapsulated=cms.ContentInfo({"content_type": "data"}),  # version 1 has another name for it
        certificates=certificates,
        crls=crls,
        infos=[],
    )


def _signed_data(
    *, digests: list[Any], encapsulated: Any, certificates: Iterable[bytes], crls: Iterable[bytes], infos: list[Any]
) -> bytes:
    bag = [cms.CertificateChoices.load(der) for der in dict.fromkeys(certificates)]
    lists = [cms.RevocationInfoChoice.load(der) for der in crls]
    signed: dict[str, Any] = {
        "version": _SIGNED_DATA_V3 if infos else "v1",
        "digest_algorithms": digests,
        "encap_content_info": encapsulated,
        "certificates": bag,
        "signer_infos": infos,
    }
    if lists:
        signed["crls"] = lists
    der: bytes = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)}).dump()
    return der


def _name(certificate: x509.Certificate) -> Any:
    return cms.Name.load(certificate.issuer.public_bytes())
