"""Issuers and their CRLs."""

from typing import Annotated

from cryptography import x509
from fastapi import APIRouter, Response
from pydantic import Field

from ca_core.certificates import issuer_queries
from ca_core.certificates.chain import pem_certificate
from ca_core.model import certificates, issuers
from ca_core.model.issuers import IssuerKind
from gateway.rest.v3.ids import IssuerId
from gateway.rest.v3.operation import Called, ResourceOperation
from gateway.rest.v3.schema import Count, Schema, Time, json_answer, list_answer

router = APIRouter(prefix="/v3", tags=["Issuers"], route_class=ResourceOperation)


class Issuer(Schema):
    """A certification authority that certificates are issued under."""

    id: IssuerId
    name: Annotated[str, Field(examples=["issuing"])]
    kind: IssuerKind
    subject: Annotated[str, Field(description="RFC 4514.", examples=["CN=Example Issuing CA,O=Example AG,C=CH"])]
    not_before: Time
    not_after: Time
    certificate: Annotated[str, Field(description="PEM.")]
    chain: Annotated[list[str], Field(description="The certificates above it, PEM, without the root.")]
    crl_url: str
    ocsp_url: str
    certificate_url: str


class Crl(Schema):
    """A certificate revocation list, without its content: `/v3/issuers/{issuer}/crl` downloads it."""

    issuer: IssuerId
    number: Count
    this_update: Time
    next_update: Time
    size: Annotated[Count, Field(description="Bytes.")]


def _issuer_of(issuer: issuers.Issuer) -> Issuer:
    certificate = x509.load_der_x509_certificate(issuer.certificate)
    return Issuer.model_construct(
        id=issuer.id,
        name=issuer.name,
        kind=issuer.kind,
        subject=certificate.subject.rfc4514_string(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        certificate=pem_certificate(issuer.certificate),
        chain=[pem_certificate(one) for one in issuer.chain],
        crl_url=issuer.crl_url,
        ocsp_url=issuer.ocsp_url,
        certificate_url=issuer.certificate_url,
    )


def _crl_of(crl: certificates.Crl) -> Crl:
    return Crl.model_construct(
        issuer=crl.issuer_id,
        number=crl.number,
        this_update=crl.this_update,
        next_update=crl.next_update,
        size=len(crl.der),
    )


@router.get("/issuers", response_model=list[Issuer])
async def list_issuers(caller: Called) -> Response:
    """List the issuers of your Clients' products."""
    return list_answer([_issuer_of(one) for one in await issuer_queries.search(caller.core, caller.principal)])


@router.get("/issuers/{issuer_id}", response_model=Issuer)
async def get_issuer(caller: Called, issuer_id: IssuerId) -> Response:
    """Read an issuer."""
    return json_answer(_issuer_of(await issuer_queries.get(caller.core, issuer_id, caller.principal)))


@router.get("/crls", response_model=list[Crl])
async def list_crls(caller: Called) -> Response:
    """List the newest CRL of each issuer."""
    return list_answer([_crl_of(one) for one in await issuer_queries.crls(caller.core, caller.principal)])


@router.get(
    "/issuers/{issuer_id}/crl",
    response_class=Response,
    responses={200: {"description": "The CRL in DER.", "content": {"application/pkix-crl": {}}}},
)
async def download_crl(caller: Called, issuer_id: IssuerId) -> Response:
    """Download an issuer's newest CRL (RFC 5280)."""
    crl = await issuer_queries.crl(caller.core, issuer_id, caller.principal)
    return Response(crl.der, media_type="application/pkix-crl", headers={"ETag": f'"{crl.number}"'})
