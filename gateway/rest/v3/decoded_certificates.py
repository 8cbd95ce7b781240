"""Certificates as people read them, without a program that decodes them."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from ca_core.certificates import certificate_queries, decoded
from ca_core.certificates.decoded import DecodedAttribute
from gateway.rest.v3.ids import CertificateId
from gateway.rest.v3.operation import Called, ResourceOperation
from gateway.rest.v3.schema import Count, Flag, Schema, Time, json_answer

router = APIRouter(prefix="/v3/certificates", tags=["Certificates"], route_class=ResourceOperation)

_Fingerprint = Annotated[str, Field(description="Hexadecimal with colons.", examples=["9F:86:D0:81"])]


class Attribute(Schema):
    """An attribute of a distinguished name."""

    type: Annotated[str, Field(examples=["commonName"])]
    value: Annotated[str, Field(examples=["www.example.com"])]


class Extension(Schema):
    """An extension, and what it says in lines; members are spelled as in RFC 5280."""

    oid: Annotated[str, Field(examples=["2.5.29.15"])]
    name: Annotated[str, Field(examples=["keyUsage"])]
    critical: Flag
    values: Annotated[list[str], Field(examples=[["digitalSignature"]])]


class DecodedCertificate(Schema):
    """What the bytes of a certificate say."""

    version: Annotated[Count, Field(examples=[3])]
    serial: Annotated[str, Field(description="Hexadecimal.", examples=["1f2e3d4c5b6a79880112233445566778899aabbc"])]
    subject: Annotated[list[Attribute], Field(description="In the order of the encoding.")]
    issuer: Annotated[list[Attribute], Field(description="In the order of the encoding.")]
    names: Annotated[list[str], Field(examples=[["dNSName: www.example.com"]])]
    not_before: Time
    not_after: Time
    key: Annotated[str, Field(description="Its algorithm and size.", examples=["EC secp256r1"])]
    key_sha256: Annotated[str, Field(description="The digest of the SubjectPublicKeyInfo.", examples=["9F:86:D0:81"])]
    signature_algorithm: Annotated[str, Field(examples=["ecdsa-with-SHA256"])]
    extensions: list[Extension]
    sha256: _Fingerprint
    sha1: _Fingerprint


class DecodedChain(Schema):
    """A certificate, and those above it, its issuer's first, without the root."""

    certificate: DecodedCertificate
    chain: list[DecodedCertificate]


def _attributes(found: tuple[DecodedAttribute, ...]) -> list[Attribute]:
    return [Attribute.model_construct(type=one.type, value=one.value) for one in found]


def _decoded_of(found: decoded.DecodedCertificate) -> DecodedCertificate:
    return DecodedCertificate.model_construct(
        version=found.version,
        serial=f"{found.serial:x}",
        subject=_attributes(found.subject),
        issuer=_attributes(found.issuer),
        names=[*found.names],
        not_before=found.not_before,
        not_after=found.not_after,
        key=found.key,
        key_sha256=found.key_sha256,
        signature_algorithm=found.signature_algorithm,
        extensions=[
            Extension.model_construct(oid=one.oid, name=one.name, critical=one.critical, values=[*one.values])
            for one in found.extensions
        ],
        sha256=found.sha256,
        sha1=found.sha1,
    )


@router.get("/{certificate_id}/decoded", response_model=DecodedChain)
async def get_decoded_certificate(caller: Called, certificate_id: CertificateId) -> Response:
    """Read what a certificate and those above it say: subject, names, key, extensions, fingerprints."""
    found = await certificate_queries.get(caller.core, certificate_id, caller.principal)
    shown = DecodedChain.model_construct(
        certificate=_decoded_of(decoded.decoded(found.der)),
        chain=[_decoded_of(one) for one in decoded.decoded_chain(found)],
    )
    return json_answer(shown)
