"""One certificate: what its bytes say, what goes with it, and what can be done with it."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from ca_core.access.actors import actor_names
from ca_core.access.authorisation import permitted
from ca_core.certificates import certificate_queries
from ca_core.certificates.certificate_queries import IssuedCertificate
from ca_core.certificates.decoded import decoded, decoded_chain
from ca_core.certificates.forms import FORMS
from ca_core.model.annotations import RecipientLanguage, RecipientType
from ca_core.model.certificates import Certificate
from ca_core.model.permissions import Permission
from ca_core.model.publications import PublicationEvent
from ca_core.orders import details
from ca_core.orders.details import OrderDetails
from ca_core.publish import publications
from gateway.admin.attachments import attachments_of
from gateway.admin.downloads import attached, file_name
from gateway.admin.page import Handle, act, show
from gateway.admin.possible_acts import may_publish, may_revoke, may_unpublish
from gateway.admin.sections import CERTIFICATES
from gateway.admin.visit import Visit


async def certificate_page(visit: Visit) -> Response:
    """Show a certificate; what belongs to its order is left out for whoever may not see orders."""
    found = await certificate_of(visit)
    certificate = found.certificate
    placed = await placed_order(visit, found)
    events = await _publication_events(visit, certificate)
    attachments = await attachments_of(visit, placed.order) if placed else None
    people = [*(one.asked_by for one in events), *(attachments.people if attachments else [])]
    if certificate.revocation:
        people.append(certificate.revocation.revoked_by)
    return await visit.page(
        "certificate.html",
        found=found,
        certificate=certificate,
        decoded=decoded(found.der),
        chain=decoded_chain(found),
        details=placed,
        renewals=await certificate_queries.renewals(visit.core, certificate.id, visit.principal),
        events=events,
        attachments=attachments,
        names_of=await actor_names(visit.core, people),
        recipient_types=[*RecipientType],
        recipient_languages=[*RecipientLanguage],
        may_revoke=may_revoke(visit, certificate),
        may_publish=may_publish(visit, certificate, placed.product if placed else None),
        may_unpublish=bool(events) and may_unpublish(visit, certificate),
    )


async def publish_certificate(visit: Visit) -> Response:
    """Have a certificate published in the directory."""
    certificate = (await certificate_of(visit)).certificate
    await publications.publish(visit.core, certificate.order_id, visit.principal)
    return visit.to(f"/admin/certificates/{certificate.id}", "published")


async def unpublish_certificate(visit: Visit) -> Response:
    """Have a certificate taken out of the directory."""
    certificate = (await certificate_of(visit)).certificate
    await publications.unpublish(visit.core, certificate.order_id, visit.principal)
    return visit.to(f"/admin/certificates/{certificate.id}", "unpublished")


async def certificate_of(visit: Visit) -> IssuedCertificate:
    """Return the certificate of the path; raises NOT_FOUND, FORBIDDEN."""
    return await certificate_queries.get(visit.core, visit.path("certificate_id"), visit.principal)


async def placed_order(visit: Visit, found: IssuedCertificate) -> OrderDetails | None:
    """Return the order of a certificate, None for whoever may not see orders."""
    if not permitted(visit.principal, Permission.ORDER_VIEW, found.certificate.client_id):
        return None
    return await details.get(visit.core, found.certificate.order_id, visit.principal)


async def _publication_events(visit: Visit, certificate: Certificate) -> list[PublicationEvent]:
    if not permitted(visit.principal, Permission.PUBLICATION_VIEW, certificate.client_id):
        return []
    return await publications.events(visit.core, certificate.order_id, visit.principal)


def _download_of(name: str) -> Handle:
    """Return what answers with the certificate in the form of this name."""
    [form] = [one for one in FORMS if one.name == name]

    async def download(visit: Visit) -> Response:
        found = await certificate_of(visit)
        names = [one.value for one in found.certificate.identifiers]
        name = file_name(next(iter(names), ""), found.certificate.serial, form.extension)
        return attached(form.content(found), name, form.media_type)

    download.__name__ = f"download_{name}"
    return download


routes: Final[list[Route]] = [
    show("/{certificate_id}", certificate_page, CERTIFICATES),
    *(show(f"/{{certificate_id}}/{form.name}", _download_of(form.name), CERTIFICATES) for form in FORMS),
    act("/{certificate_id}/publish", publish_certificate, CERTIFICATES),
    act("/{certificate_id}/unpublish", unpublish_certificate, CERTIFICATES),
]
