"""What CMC clients send, made by other programs than ours: PKIData by pyasn1, signed and encrypted by openssl."""

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pyasn1.codec.der import decoder, encoder
from pyasn1.type import univ
from pyasn1_alt_modules import rfc2986, rfc5652, rfc6402

PKI_DATA = "1.3.6.1.5.5.7.12.2"


@dataclass(frozen=True, kw_only=True)
class Control:
    """A control: its type in dotted form and its values in DER."""

    oid: str
    values: tuple[bytes, ...]
    body_part_id: int


def pki_data(
    *csrs: bytes, controls: tuple[Control, ...] = (), first: int = 1, contents: dict[int, bytes] | None = None
) -> bytes:
    """Return a PKIData (DER) of PKCS #10 requests, numbered from ``first``, controls, and CMS messages by number."""
    data = rfc6402.PKIData()
    for name in ("controlSequence", "reqSequence", "cmsSequence", "otherMsgSequence"):
        data[name].clear()
    for control in controls:
        tagged = rfc6402.TaggedAttribute()
        tagged["bodyPartID"], tagged["attrType"] = control.body_part_id, control.oid
        tagged["attrValues"].clear()
        for value in control.values:
            tagged["attrValues"].append(value)
        data["controlSequence"].append(tagged)
    for number, der in enumerate(csrs, first):
        request = rfc6402.TaggedRequest()
        request["tcr"]["bodyPartID"] = number
        request["tcr"]["certificationRequest"] = _csr(der)
        data["reqSequence"].append(request)
    for number, der in (contents or {}).items():
        tagged = rfc6402.TaggedContentInfo()
        tagged["bodyPartID"] = number
        tagged["contentInfo"] = decoder.decode(der, asn1Spec=rfc5652.ContentInfo())[0]
        data["cmsSequence"].append(tagged)
    encoded: bytes = encoder.encode(data)
    return encoded


def with_attribute(csr: bytes, key: ec.EllipticCurvePrivateKey, oid: str, *values: bytes) -> bytes:
    """Return a CSR with one attribute more, of values in DER, signed anew."""
    request = _csr(csr)
    info = request["certificationRequestInfo"]
    attribute = rfc2986.Attribute()
    attribute["type"] = oid
    attribute["values"].clear()
    for value in values:
        attribute["values"].append(value)
    info["attributes"].append(attribute)
    request["signature"] = univ.BitString.fromOctetString(key.sign(encoder.encode(info), ec.ECDSA(hashes.SHA256())))
    encoded: bytes = encoder.encode(request)
    return encoded


def without_signature(csr: bytes, algorithm: str) -> bytes:
    """Return a CSR whose signature is a bare hash; ``algorithm`` is the type it says it is of."""
    request = _csr(csr)
    digest = hashlib.sha256(encoder.encode(request["certificationRequestInfo"])).digest()
    request["signatureAlgorithm"]["algorithm"] = algorithm
    request["signature"] = univ.BitString.fromOctetString(digest)
    encoded: bytes = encoder.encode(request)
    return encoded


def _csr(der: bytes) -> Any:
    return decoder.decode(der, asn1Spec=rfc2986.CertificationRequest())[0]


def openssl(*arguments: str | Path, given: bytes = b"") -> bytes:
    """Run openssl and return what it printed."""
    done = subprocess.run(
        ["openssl", *(str(one) for one in arguments)], input=given, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def signed(content: bytes, certificate: Path, key: Path, *options: str, content_type: str = PKI_DATA) -> bytes:
    """Sign ``content`` with openssl, whose ``options`` are those of ``openssl cms``."""
    return openssl(
        "cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-econtent_type", content_type,
        "-signer", certificate, "-inkey", key, *options, given=content,
    )  # fmt: skip


def encrypted(content: bytes, recipient: Path, *options: str) -> bytes:
    """Encrypt a signed message (DER) with openssl for the certificate in the file."""
    return openssl("cms", "-encrypt", "-binary", "-outform", "DER", *options, recipient, given=content)
