"""Orders of the core as version 2 shows them."""

import base64
import json
from typing import Final

from cryptography import x509

from ca_core.model import jobs as model
from ca_core.model.certificates import Certificate as ModelCertificate
from ca_core.model.certificates import RevocationReason as ModelReason
from ca_core.model.issuers import Issuer, IssuerKind
from ca_core.orders.details import OrderDetails
from gateway.rest.v2.recipients import shown
from gateway.rest.v2.schemas.certificates import Certificate, RevocationStatus
from gateway.rest.v2.schemas.enumerations import CertificateOrderStatus, JobStatus, RevocationReason
from gateway.rest.v2.schemas.orders import CertificateOrder, CertificateOrderTask

REASONS: Final = {
    RevocationReason.UNUSED: ModelReason.UNSPECIFIED,
    RevocationReason.KEY_COMPROMISE: ModelReason.KEY_COMPROMISE,
    RevocationReason.C_A_COMPROMISE: ModelReason.CA_COMPROMISE,
    RevocationReason.AFFILIATION_CHANGED: ModelReason.AFFILIATION_CHANGED,
    RevocationReason.SUPERSEDED: ModelReason.SUPERSEDED,
    RevocationReason.CESSATION_OF_OPERATION: ModelReason.CESSATION_OF_OPERATION,
    RevocationReason.CERTIFICATE_HOLD: ModelReason.CERTIFICATE_HOLD,
    RevocationReason.REMOVE_FROM_CRL: ModelReason.REMOVE_FROM_CRL,
    RevocationReason.PRIVILEGE_WITHDRAWN: ModelReason.PRIVILEGE_WITHDRAWN,
    RevocationReason.A_A_COMPROMISE: ModelReason.AA_COMPROMISE,
}
"""Reasons as the published document spells them."""

_SPELLED: Final = {reason: spelled for spelled, reason in REASONS.items()}


def order_schema(details: OrderDetails, *, chain: bool) -> CertificateOrder:
    """Return an order, with the ``chain`` of its certificate where that is wanted."""
    order, certificate, issuer = details.order, details.certificate, details.issuer
    return CertificateOrder(
        uuid=order.id,
        created_on=order.created_at,
        status=CertificateOrderStatus(order.state),
        client_reference=order.client_id,
        product_reference=order.product_id,
        certificate=_certificate(certificate, details) if certificate else None,
        certificate_chain=[*chain_of(certificate, issuer)] if chain and certificate and issuer else None,
        tags=[*order.tags],
        additional_recipients=shown(details.recipients),
        issued_by=details.placed_by or None,
    )


def _certificate(certificate: ModelCertificate, details: OrderDetails) -> Certificate:
    """Return a certificate; names in the form of RFC 4514."""
    parsed = x509.load_der_x509_certificate(certificate.der or b"")
    revocation = certificate.revocation
    return Certificate(
        subject=parsed.subject.rfc4514_string(),
        issuer=parsed.issuer.rfc4514_string(),
        serial=f"{certificate.serial:X}",
        start_validity=certificate.not_before,
        end_validity=certificate.not_after,
        certificate=_base64(certificate.der or b""),
        revocation_status=RevocationStatus(
            revoked_on=revocation.revoked_at,
            reason=_SPELLED[revocation.reason],
            revoked_by=details.revoked_by or _address(revocation.revoked_by),
            revocation_requestor=revocation.requestor or None,
        )
        if revocation
        else None,
    )


def chain_of(certificate: ModelCertificate, issuer: Issuer) -> list[str]:
    """Return the chain, leaf first and without the root, each in base64."""
    above = () if issuer.kind is IssuerKind.ROOT else (issuer.certificate, *issuer.chain)
    return [_base64(der) for der in (certificate.der or b"", *above)]


def task_schema(job: model.Job) -> CertificateOrderTask | None:
    """Return a job of an order; None for the gateway's own timers, which the published enumeration lacks."""
    if not isinstance(job.type, model.JobType):
        return None
    return CertificateOrderTask(
        uuid=job.id,
        time_created=job.created_at,
        time_scheduled=job.scheduled_at,
        time_started=job.started_at,
        time_finished=job.finished_at,
        status=JobStatus(job.state),
        type=job.type,
        number_of_executions=job.executions,
        response=json.dumps(job.response) if job.response else None,
        error=job.error.detail if job.error else None,
    )


def _base64(der: bytes) -> str:
    return base64.b64encode(der).decode()


def _address(actor: str) -> str:
    """Return what stands where the document demands an e-mail address and there is none: one that is nobody's."""
    kind, _, name = actor.partition(":")
    return f"{name or kind}@{kind}.invalid"
