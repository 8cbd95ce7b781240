"""An answer as a client reads it: verified by openssl, decoded by pyasn1, and parsed by Bouncy Castle beside."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from pyasn1_alt_modules import rfc5652, rfc6402

from conformance.cmc.clients.bouncy_castle import BouncyCastle
from conformance.cmc.clients.pyasn1 import decoded, encoded
from conformance.cmc.model import ControlType
from conformance.cmc.openssl import openssl


@dataclass(frozen=True, kw_only=True)
class Status:
    """A CMCStatusInfoV2; ``fail_info`` and ``pend_token`` as far as it has them."""

    status: int
    body_list: tuple[int, ...]
    text: str
    fail_info: int | None
    pend_token: bytes | None

    def __str__(self) -> str:
        return f"{self.status}:{','.join(map(str, self.body_list))}:{'-' if self.fail_info is None else self.fail_info}"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A PKI Response; ``full`` is False for a Simple one. ``controls`` are the values (DER) by type, in their order."""

    der: bytes
    full: bool
    statuses: tuple[Status, ...]
    controls: tuple[tuple[str, bytes], ...]
    certificates: tuple[x509.Certificate, ...]
    crls: int
    signer: x509.Certificate | None
    contents: dict[int, bytes] = field(default_factory=dict)
    """The cmsSequence: ContentInfos (DER) by their body part ids."""

    def values(self, kind: ControlType) -> list[bytes]:
        """Return the values of the controls of a type."""
        return [value for oid, value in self.controls if oid == kind.oid]

    def certificate_of(self, key: PublicKeyTypes) -> x509.Certificate | None:
        """Return the certificate of a public key."""
        return next((one for one in self.certificates if one.public_key() == key), None)

    def __str__(self) -> str:
        said = ", ".join(f"{status} ({status.text})" for status in self.statuses)
        return f"{said or 'no status'}, {len(self.certificates)} certificates, {self.crls} CRLs"


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Reads answers; ``root`` is what they verify to (PEM), ``folder`` where openssl finds them."""

    root: Path
    folder: Path
    second: BouncyCastle
    seen: dict[bytes, x509.Certificate] = field(default_factory=dict)
    """Every certificate that came with an answer: getCert brings none of those above."""

    def read(self, der: bytes) -> Reply:
        """Verify and decode an answer; raises ValueError and ProgramError for one that is not in order."""
        info = decoded(der, rfc5652.ContentInfo())
        if info["contentType"] != rfc5652.id_signedData:
            raise ValueError(f"the answer is of type {info['contentType']}")
        signed = decoded(bytes(info["content"]), rfc5652.SignedData())
        bag = tuple(x509.load_der_x509_certificate(encoded(one["certificate"])) for one in signed["certificates"])
        full = len(signed["signerInfos"]) > 0
        reply = Reply(
            der=der,
            full=full,
            certificates=bag,
            crls=len(signed["crls"]) if signed["crls"].hasValue() else 0,
            **(self._response(der, signed) if full else {"statuses": (), "controls": (), "signer": None}),
        )
        self._verify(reply)
        self._compare(reply)
        return reply

    def _response(self, der: bytes, signed: Any) -> dict[str, Any]:
        if signed["encapContentInfo"]["eContentType"] != rfc6402.id_cct_PKIResponse:
            raise ValueError("the signed content is no PKIResponse")
        file, signer = self.folder / "answer.der", self.folder / "signer.pem"
        file.write_bytes(der)
        content = openssl(
            "cms", "-verify", "-binary", "-inform", "DER", "-in", file, "-CAfile", self.root, "-signer", signer
        )
        response = decoded(content, rfc6402.PKIResponse())
        controls = [(str(one["attrType"]), bytes(one["attrValues"][0])) for one in response["controlSequence"]]
        return {
            "statuses": tuple(_status(value) for oid, value in controls if oid == ControlType.STATUS_INFO_V2.oid),
            "controls": tuple(controls),
            "contents": {int(one["bodyPartID"]): encoded(one["contentInfo"]) for one in response["cmsSequence"]},
            "signer": x509.load_pem_x509_certificate(signer.read_bytes()),
        }

    def _verify(self, reply: Reply) -> None:
        """Let openssl verify every certificate to the root, through those that came with it or before."""
        if not reply.certificates:
            return
        self.seen.update({one.fingerprint(hashes.SHA256()): one for one in reply.certificates if _is_ca(one)})
        above = self.folder / "above.pem"
        above.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in self.seen.values()))
        files = []
        for number, one in enumerate(reply.certificates):
            files.append(self.folder / f"certificate-{number}.pem")
            files[-1].write_bytes(one.public_bytes(Encoding.PEM))
        openssl("verify", "-CAfile", self.root, "-untrusted", above, *files)

    def _compare(self, reply: Reply) -> None:
        seen = self.second.read(reply.der)
        expected = (len(reply.certificates), reply.crls, [str(status) for status in reply.statuses])
        if seen != expected:
            raise ValueError(f"Bouncy Castle reads {seen}, pyasn1 {expected}")


def _status(value: bytes) -> Status:
    info = decoded(value, rfc6402.CMCStatusInfoV2())
    other, fail_info, pend_token = info["otherInfo"], None, None
    if other.hasValue():
        if other.getName() == "failInfo":
            fail_info = int(other["failInfo"])
        elif other.getName() == "pendInfo":
            pend_token = bytes(other["pendInfo"]["pendToken"])
    return Status(
        status=int(info["cMCStatus"]),
        body_list=tuple(int(one["bodyPartID"]) for one in info["bodyList"]),
        text=str(info["statusString"]) if info["statusString"].hasValue() else "",
        fail_info=fail_info,
        pend_token=pend_token,
    )


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
