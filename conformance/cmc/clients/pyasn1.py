"""pyasn1-modules encodes (RFC 6402, RFC 4211), openssl signs."""

from importlib.metadata import version
from typing import Any

from pyasn1.codec.der import decoder, encoder
from pyasn1.type import char, univ
from pyasn1_alt_modules import rfc2986, rfc4211, rfc5280, rfc5652, rfc6402

from conformance.cmc import openssl
from conformance.cmc.client import Client
from conformance.cmc.model import (
    CertificateId,
    Control,
    ControlType,
    Credential,
    CrlId,
    Crmf,
    Der,
    Message,
    Number,
    Octets,
    OtherRequest,
    Pkcs10,
    PopWitness,
    Request,
    Revocation,
    Text,
    Value,
    Witness,
)

_SHA256 = "2.16.840.1.101.3.4.2.1"
_HMAC_SHA256 = "1.2.840.113549.2.9"


class Pyasn1(Client):
    """pyasn1-modules and openssl."""

    name = "pyasn1"

    def version(self) -> str:
        """The version of the structures."""
        return version("pyasn1_alt_modules")

    def encode(self, message: Message) -> bytes:
        """Encode a PKIData."""
        data = rfc6402.PKIData()
        for name in ("controlSequence", "reqSequence", "cmsSequence", "otherMsgSequence"):
            data[name].clear()
        for one in message.controls:
            data["controlSequence"].append(tagged(one))
        for request in message.requests:
            data["reqSequence"].append(_request(request))
        for number, der in enumerate(message.contents, 500):
            content = rfc6402.TaggedContentInfo()
            content["bodyPartID"], content["contentInfo"] = number, decoded(der, rfc5652.ContentInfo())
            data["cmsSequence"].append(content)
        return encoded(data)

    def sign(self, content: bytes, credential: Credential) -> bytes:
        """Sign with openssl."""
        return openssl.signed(content, credential)


def encoded(value: Any) -> bytes:
    """Encode as DER."""
    der: bytes = encoder.encode(value)
    return der


def decoded(der: bytes, spec: Any) -> Any:
    """Decode DER that is exactly one value of ``spec``; raises ValueError."""
    value, rest = decoder.decode(der, asn1Spec=spec)
    if rest:
        raise ValueError(f"{len(rest)} bytes stand behind the {type(spec).__name__}")
    return value


def value_of(oid: str, value: Value) -> bytes:
    """Encode the value of a control."""
    match value:
        case Der(value=der):
            return der
        case Octets(value=octets):
            return encoded(univ.OctetString(octets))
        case Number(value=number):
            return encoded(univ.Integer(number))
        case Text(value=text):
            return encoded(char.UTF8String(text))
    return encoded(_structure(oid, value))


def _structure(oid: str, value: Value) -> Any:  # noqa: PLR0911 - one case a kind of value
    match value:
        case Witness(value=witness) if oid == ControlType.IDENTITY_PROOF_V2.oid:
            proof = rfc6402.IdentifyProofV2()
            proof["proofAlgID"]["algorithm"], proof["macAlgId"]["algorithm"] = _SHA256, _HMAC_SHA256
            proof["witness"] = witness
            return proof
        case Witness(value=witness):
            link = rfc6402.PopLinkWitnessV2()
            link["keyGenAlgorithm"]["algorithm"], link["macAlgorithm"]["algorithm"] = _SHA256, _HMAC_SHA256
            link["witness"] = witness
            return link
        case Revocation(issuer=issuer, serial=serial, reason=reason, passphrase=passphrase):
            revocation = rfc6402.RevokeRequest()
            revocation["issuerName"] = decoded(issuer, rfc5280.Name())
            revocation["serialNumber"], revocation["reason"] = serial, reason
            if passphrase is not None:
                revocation["passphrase"] = passphrase
            return revocation
        case CertificateId(issuer=issuer, serial=serial) if oid == ControlType.GET_CERT.oid:
            query = rfc6402.GetCert()
            query["issuerName"]["directoryName"]["rdnSequence"] = decoded(issuer, rfc5280.Name())["rdnSequence"]
            query["serialNumber"] = serial
            return query
        case CertificateId(issuer=issuer, serial=serial):
            confirmed = rfc6402.CMCCertId()
            confirmed["issuer"], confirmed["serialNumber"] = decoded(issuer, rfc5280.Name()), serial
            return confirmed
        case CrlId(issuer=issuer):
            crl = rfc6402.GetCRL()
            crl["issuerName"] = decoded(issuer, rfc5280.Name())
            return crl
        case PopWitness(body_ids=body_ids, pki_data=pki_data):
            witness_of_ra = rfc6402.LraPopWitness()
            witness_of_ra["pkiDataBodyid"] = pki_data
            witness_of_ra["bodyIds"].extend(body_ids)
            return witness_of_ra
    raise TypeError(value)


def tagged(one: Control) -> Any:
    """Return a control as a TaggedAttribute."""
    attribute = rfc6402.TaggedAttribute()
    attribute["bodyPartID"], attribute["attrType"] = one.id, one.oid
    attribute["attrValues"].append(value_of(one.oid, one.value))
    return attribute


def _request(request: Request) -> Any:
    asked = rfc6402.TaggedRequest()
    match request:
        case Pkcs10(id=number, der=der):
            asked["tcr"]["bodyPartID"] = number
            asked["tcr"]["certificationRequest"] = decoded(der, rfc2986.CertificationRequest())
        case Crmf(der=der):
            crm = decoded(der, rfc4211.CertReqMsg())
            for name in crm:
                if crm[name].hasValue():
                    asked["crm"][name] = crm[name]
        case OtherRequest(id=number, oid=oid):
            asked["orm"]["bodyPartID"] = number
            asked["orm"]["requestMessageType"] = oid
            asked["orm"]["requestMessageValue"] = encoded(univ.Null(""))
    return asked
