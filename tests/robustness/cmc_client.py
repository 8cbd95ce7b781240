"""A CMC client that signs fast, and whatever it is told to: PKIData by pyasn1, SignedData by asn1crypto."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asn1crypto import cms, core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from conformance.cmc.clients.pyasn1 import Pyasn1
from conformance.cmc.model import Control, Message, Pkcs10, Secret
from conformance.cmc.requests import csr
from tests.running_gateway import RunningGateway

PKI_DATA = "1.3.6.1.5.5.7.12.2"
SHA256 = {"algorithm": "sha256"}
ENCODER = Pyasn1()


@dataclass(frozen=True)
class CmcClient:
    """A registered client; ``secret`` is shared with it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    secret: Secret

    def sign(self, content: bytes, **changes: Any) -> bytes:
        """Return the SignedData around ``content``; ``changes`` are fields of the SignerInfo, after it was signed."""
        return signed_data(content, self.certificate, self.info(content) | changes)

    def info(self, content: bytes) -> dict[str, Any]:
        """Return the fields of the SignerInfo over ``content``."""
        return signer_info(content, self.certificate, self.key)


def register(gateway: RunningGateway, folder: Path, name: str, *options: str) -> CmcClient:
    """Register a client with a certificate that the gateway issues."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    file = folder / f"{name}.p10"
    file.write_bytes(request.public_bytes(Encoding.DER))
    made = json.loads(gateway.trivium("cmc-client", "add", name, "--csr", str(file), "--secret", "--json", *options))
    certificate = x509.load_pem_x509_certificate(made["certificate"].encode())
    return CmcClient(certificate, key, Secret(identification=name, value=made["secret"].encode()))


def pki_data(*controls: Control, csrs: tuple[bytes, ...] = ()) -> bytes:
    """Return a PKIData (DER)."""
    requests = tuple(Pkcs10(id=number, der=der) for number, der in enumerate(csrs, 1))
    return ENCODER.encode(Message(controls=controls, requests=requests))


def request(name: str) -> bytes:
    """Return a PKCS #10 request (DER) with a new key."""
    return csr(ec.generate_private_key(ec.SECP256R1()), name)


def unproved(name: str) -> bytes:
    """Return a request whose signature is wrong: whatever else is changed, nobody may certify it."""
    good = request(name)
    return good[:-1] + bytes([good[-1] ^ 1])


def attributes(content: bytes, content_type: str = PKI_DATA) -> cms.CMSAttributes:
    """Return the signed attributes of a content."""
    return cms.CMSAttributes(
        [
            {"type": "content_type", "values": [content_type]},
            {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
        ]
    )


def signer_info(content: bytes, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    """Return the fields of a SignerInfo."""
    signed = attributes(content)
    issuer = cms.Name.load(certificate.issuer.public_bytes())
    return {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            "issuer_and_serial_number", {"issuer": issuer, "serial_number": certificate.serial_number}
        ),
        "digest_algorithm": SHA256,
        "signed_attrs": signed,
        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
        "signature": key.sign(signed.dump(), ec.ECDSA(hashes.SHA256())),
    }


def signed_data(
    content: bytes, certificate: x509.Certificate | None, *infos: dict[str, Any], content_type: str = PKI_DATA
) -> bytes:
    """Return a SignedData (DER) with these SignerInfos."""
    encapsulated = cms.EncapsulatedContentInfo({"content_type": content_type})
    encapsulated["content"] = core.ParsableOctetString(content)
    fields: dict[str, Any] = {
        "version": "v3",
        "digest_algorithms": [SHA256],
        "encap_content_info": encapsulated,
        "signer_infos": [{name: value for name, value in info.items() if value is not None} for info in infos],
    }
    if certificate is not None:
        fields["certificates"] = [cms.CertificateChoices.load(certificate.public_bytes(Encoding.DER))]
    der: bytes = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(fields)}).dump()
    return der
