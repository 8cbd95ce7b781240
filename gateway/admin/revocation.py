"""The revocation of a certificate: a page that explains each reason, and says so where somebody else must agree."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from ca_core.access.authorisation import require
from ca_core.model.certificates import CertificateStatus, RevocationReason
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.permissions import Permission
from ca_core.revocation.reasons import USABLE, reason_name
from ca_core.revocation.revoke import require_issued, revoke_by_id
from gateway.admin.certificates import certificate_of, placed_order
from gateway.admin.page import act, show
from gateway.admin.refusals import recorded
from gateway.admin.sections import CERTIFICATES, _
from gateway.admin.visit import Visit

EXPLANATIONS: Final[Mapping[RevocationReason, str]] = {
    RevocationReason.UNSPECIFIED: _("No other reason fits, or none is to be published: the CRL names no reason."),
    RevocationReason.KEY_COMPROMISE: _(
        "Somebody else has the private key, or may have it. Nobody can use the key again, and its other certificates "
        "are revoked with it; nobody else has to agree."
    ),
    RevocationReason.AFFILIATION_CHANGED: _(
        "The subject's name or other facts in the certificate have changed; the key is not in danger."
    ),
    RevocationReason.SUPERSEDED: _("Another certificate has taken its place; the key is not in danger."),
    RevocationReason.CESSATION_OF_OPERATION: _(
        "The certificate is not needed any more, because the site or the service has ended or the domain was given up."
    ),
    RevocationReason.PRIVILEGE_WITHDRAWN: _(
        "The subject has lost the right to the certificate, because terms were broken or the order said what is not so."
    ),
}
"""What RFC 5280 section 5.3.1 means by the reasons that can be given."""


async def revocation_page(visit: Visit) -> Response:
    """Ask why a certificate is to be revoked; raises ALREADY_REVOKED, FORBIDDEN as the revocation would."""
    certificate = (await certificate_of(visit)).certificate
    require(visit.principal, Permission.CERTIFICATE_DELETE, certificate.client_id, "certificate")
    require_issued(certificate)
    return await _page(visit)


async def revoke_certificate(visit: Visit) -> Response:
    """Revoke a certificate, or ask for the approval that its revocation needs."""
    try:
        revoked = await revoke_by_id(
            visit.core,
            visit.path("certificate_id"),
            _reason(visit.form.text("reason")),
            visit.principal,
            requestor=visit.form.text("requestor"),
            comment=visit.form.text("comment"),
        )
    except TriviumError as error:
        if error.kind not in {ErrorKind.BAD_REASON, ErrorKind.MALFORMED}:
            raise
        return await _page(visit, await recorded(visit.request, error.problem))
    done = revoked.status is CertificateStatus.REVOKED
    return visit.to(f"/admin/certificates/{revoked.id}", "revoked" if done else "revocation-asked")


async def _page(visit: Visit, problem: Problem | None = None) -> Response:
    found = await certificate_of(visit)
    placed = await placed_order(visit, found)
    approvals = placed.product.policy.approval.revocation if placed and placed.product else 0
    return await visit.page(
        "revocation.html",
        problem=problem,
        certificate=found.certificate,
        reasons=[(reason_name(reason), EXPLANATIONS[reason]) for reason in USABLE],
        chosen=visit.form.text("reason") or reason_name(RevocationReason.UNSPECIFIED),
        approvals=approvals,
    )


def _reason(name: str) -> RevocationReason:
    for reason in USABLE:
        if reason_name(reason) == name:
            return reason
    raise TriviumError(ErrorKind.BAD_REASON, "Choose one of the reasons.")


routes: Final[list[Route]] = [
    show("/{certificate_id}/revoke", revocation_page, CERTIFICATES),
    act("/{certificate_id}/revoke", revoke_certificate, CERTIFICATES),
]
