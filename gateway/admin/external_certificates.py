"""Certificates of an earlier PKI that were imported: looked at and downloaded until they end, never revoked here."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from ca_core.certificates import external_certificates
from ca_core.certificates.chain import pem_certificate
from ca_core.certificates.decoded import decoded
from ca_core.model.permissions import Permission
from gateway.admin.choices import clients_that
from gateway.admin.downloads import attached, file_name
from gateway.admin.page import act, show
from gateway.admin.sections import DASHBOARD, EXTERNAL_CERTIFICATES
from gateway.admin.visit import Visit


async def external_certificate_page(visit: Visit) -> Response:
    """Show what an imported certificate says."""
    found = await external_certificates.get(visit.core, visit.path("external_certificate_id"), visit.principal)
    return await visit.page(
        "external_certificate.html",
        found=found,
        decoded=decoded(found.der),
        may_forget=bool(clients_that(visit, Permission.CERTIFICATE_UPDATE, [found.client_id])),
    )


async def download_external_pem(visit: Visit) -> Response:
    """Answer with an imported certificate in PEM."""
    found = await external_certificates.get(visit.core, visit.path("external_certificate_id"), visit.principal)
    name = file_name(found.subject, int(found.serial, 16), "pem")
    return attached(pem_certificate(found.der).encode(), name, "application/x-pem-file")


async def download_external_der(visit: Visit) -> Response:
    """Answer with an imported certificate in DER."""
    found = await external_certificates.get(visit.core, visit.path("external_certificate_id"), visit.principal)
    return attached(found.der, file_name(found.subject, int(found.serial, 16), "cer"), "application/pkix-cert")


async def forget_external_certificate(visit: Visit) -> Response:
    """Forget an imported certificate, which changes nothing for whoever relies on it."""
    await external_certificates.delete(visit.core, visit.path("external_certificate_id"), visit.principal)
    return visit.to(DASHBOARD.path, "forgotten")


routes: Final[list[Route]] = [
    show("/{external_certificate_id}", external_certificate_page, EXTERNAL_CERTIFICATES),
    show("/{external_certificate_id}/pem", download_external_pem, EXTERNAL_CERTIFICATES),
    show("/{external_certificate_id}/der", download_external_der, EXTERNAL_CERTIFICATES),
    act("/{external_certificate_id}/forget", forget_external_certificate, EXTERNAL_CERTIFICATES),
]
