"""Certificates of other CAs: imported, so that they are seen before they end."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from ca_core.certificates import external_certificates as commands
from ca_core.certificates.chain import pem_certificate
from ca_core.model import external_certificates
from gateway.rest.v3.ids import ClientId, ExternalCertificateId
from gateway.rest.v3.operation import Called, ResourceOperation
from gateway.rest.v3.paging import Page, PageQuery, page_answer
from gateway.rest.v3.pem import Certificates
from gateway.rest.v3.schema import Flag, Schema, Time, json_answer, list_answer

router = APIRouter(prefix="/v3/external-certificates", tags=["External certificates"], route_class=ResourceOperation)


class NewExternalCertificates(Schema):
    """Certificates to be imported; one that the Client has already is answered as it is."""

    client: ClientId
    certificates: Certificates


class ExternalCertificate(Schema):
    """A certificate of another CA: what it says is that CA's word, and nothing here revokes or publishes it."""

    external: Annotated[Flag, Field(description="That it is of another CA: true.")] = True
    id: ExternalCertificateId
    client: ClientId
    serial: Annotated[str, Field(description="Hexadecimal.", examples=["1f2e3d4c"])]
    subject: Annotated[str, Field(examples=["CN=www.example.com,O=Example"])]
    issuer: Annotated[str, Field(examples=["CN=Earlier CA"])]
    names: Annotated[list[str], Field(description="The subjectAltName.", examples=[["dNSName: www.example.com"]])]
    not_before: Time
    not_after: Time
    fingerprint: Annotated[str, Field(description="SHA-256, hexadecimal.")]
    imported_at: Time
    imported_by: str


class ExternalCertificateQuery(PageQuery):
    """Whose external certificates are asked for."""

    client: ClientId | None = None


def external_certificate_of(certificate: external_certificates.ExternalCertificate) -> ExternalCertificate:
    """Return an external certificate as it is shown."""
    return ExternalCertificate.model_construct(
        id=certificate.id,
        client=certificate.client_id,
        serial=certificate.serial,
        subject=certificate.subject,
        issuer=certificate.issuer,
        names=[*certificate.names],
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        fingerprint=certificate.fingerprint,
        imported_at=certificate.imported_at,
        imported_by=certificate.imported_by,
    )


@router.get("", response_model=Page[ExternalCertificate])
async def list_external_certificates(caller: Called, query: Annotated[ExternalCertificateQuery, Query()]) -> Response:
    """List the external certificates of a Client, or of all your Clients, the first to end first."""
    found = await commands.listing(
        caller.core, caller.principal, client_id=query.client, after=query.place, limit=query.limit
    )
    return page_answer(
        caller.request, query, [external_certificate_of(one) for one in found], [one.id for one in found]
    )


@router.post("", response_model=list[ExternalCertificate], status_code=201)
async def import_external_certificates(caller: Called, wanted: NewExternalCertificates) -> Response:
    """Import certificates of another CA: all of the text, or none where one cannot be read."""
    content = wanted.certificates.encode()
    imported = await commands.import_file(caller.core, wanted.client, content, caller.principal)
    return list_answer([external_certificate_of(one) for one in imported.certificates], 201)


@router.get("/{external_certificate_id}", response_model=ExternalCertificate)
async def get_external_certificate(caller: Called, external_certificate_id: ExternalCertificateId) -> Response:
    """Read an external certificate."""
    found = await commands.get(caller.core, external_certificate_id, caller.principal)
    return json_answer(external_certificate_of(found))


@router.get(
    "/{external_certificate_id}/pem",
    response_class=Response,
    responses={200: {"description": "The certificate.", "content": {"application/x-pem-file": {}}}},
)
async def download_external_pem(caller: Called, external_certificate_id: ExternalCertificateId) -> Response:
    """Download an external certificate in PEM."""
    found = await commands.get(caller.core, external_certificate_id, caller.principal)
    return _file(found, "pem", pem_certificate(found.der).encode(), "application/x-pem-file")


@router.get(
    "/{external_certificate_id}/der",
    response_class=Response,
    responses={200: {"description": "The certificate.", "content": {"application/pkix-cert": {}}}},
)
async def download_external_der(caller: Called, external_certificate_id: ExternalCertificateId) -> Response:
    """Download an external certificate in DER."""
    found = await commands.get(caller.core, external_certificate_id, caller.principal)
    return _file(found, "cer", found.der, "application/pkix-cert")


@router.delete("/{external_certificate_id}", status_code=204)
async def delete_external_certificate(caller: Called, external_certificate_id: ExternalCertificateId) -> None:
    """Forget an external certificate, which stays as good as it is for whoever relies on it."""
    await commands.delete(caller.core, external_certificate_id, caller.principal)


def _file(
    found: external_certificates.ExternalCertificate, extension: str, content: bytes, media_type: str
) -> Response:
    name = f"{found.fingerprint[:40]}.{extension}"
    return Response(content, headers={"Content-Disposition": f'attachment; filename="{name}"'}, media_type=media_type)
