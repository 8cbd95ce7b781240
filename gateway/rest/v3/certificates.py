"""Certificates: read and download them, revoke them, and see what they renewed and where they are published."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from pydantic import Field

from ca_core.certificates import certificate_queries
from ca_core.certificates.certificate_queries import IssuedCertificate
from ca_core.certificates.expiring import Ending, expiring
from ca_core.certificates.forms import CHAIN, DER, PEM, PKCS7
from ca_core.certificates.serials import parse_serial
from ca_core.model import certificates, external_certificates, publications
from ca_core.model.certificates import CertificateStatus
from ca_core.model.publications import PublicationAction, PublicationStatus
from ca_core.model.repositories.certificates import CertificateSearch, CertificateSort
from ca_core.orders import comments
from ca_core.publish import publications as publication_commands
from ca_core.revocation.revoke import revoke_by_id
from gateway.rest.v3.certificate_forms import FORMS, chosen_form, in_form
from gateway.rest.v3.external_certificates import ExternalCertificate, external_certificate_of
from gateway.rest.v3.ids import CertificateId, ClientId, IssuerId, JobId, OrderId
from gateway.rest.v3.names import Name, name_of
from gateway.rest.v3.operation import Called, Caller, ResourceOperation
from gateway.rest.v3.order_parts import Comment, NewComment, comment_of
from gateway.rest.v3.paging import Page, PageQuery, page_answer
from gateway.rest.v3.reasons import Reason
from gateway.rest.v3.revisions import tag_of
from gateway.rest.v3.schema import Count, Flag, Line, Schema, Text, Time, json_answer, list_answer

router = APIRouter(prefix="/v3/certificates", tags=["Certificates"], route_class=ResourceOperation)

_DOWNLOADS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The certificate.", "content": {media_type: {} for media_type in FORMS}}
}


class Revocation(Schema):
    """When, why and by whom a certificate was revoked."""

    revoked_at: Time
    reason: Reason
    revoked_by: str
    requestor: Annotated[str, Field(description="Who asked the service account for it, where that was said.")]


class Certificate(Schema):
    """An issued certificate."""

    external: Annotated[Flag, Field(description="Whether it is of another CA: false.")] = False
    id: CertificateId
    order: OrderId
    client: ClientId
    issuer: IssuerId
    serial: Annotated[str, Field(description="Hexadecimal.", examples=["1f2e3d4c5b6a79880112233445566778899aabbc"])]
    status: CertificateStatus
    subject: str
    names: list[Name]
    not_before: Time
    not_after: Time
    fingerprint: Annotated[str, Field(description="SHA-256, hexadecimal.")]
    revocation: Revocation | None = None


class RevocationRequest(Schema):
    """Why a certificate is revoked, and who asks for it."""

    reason: Reason = Reason.UNSPECIFIED
    comment: Annotated[Text, Field(description="For the audit log.")] = ""
    requestor: Annotated[Line, Field(description="Who asked for it, where a service account revokes.")] = ""


class Publication(Schema):
    """One publication in the directory, or its end."""

    id: JobId
    action: PublicationAction
    status: PublicationStatus
    asked_by: str
    because: Annotated[str, Field(examples=["asked"])]
    created_at: Time
    finished_at: Time | None = None
    tries: Count
    next_try_at: Time | None = None
    entries: Annotated[list[str], Field(description="The distinguished names written to.")]
    error: str


class Renewals(Schema):
    """What the certificate replaced, the newest first, and what replaced it, the oldest first."""

    predecessors: list[Certificate]
    successors: list[Certificate]


class CertificateQuery(PageQuery):
    """Which certificates are asked for."""

    client: ClientId | None = None
    status: Annotated[list[CertificateStatus], Field(max_length=len(CertificateStatus))] = []  # noqa: RUF012 - read once
    issuer: IssuerId | None = None
    serial: Annotated[str | None, Field(max_length=128, description="Hexadecimal.")] = None
    attribute: Annotated[Line | None, Field(description="In a name or the subject; `?` and `*` are wildcards.")] = None
    expires_after: Time | None = None
    expires_before: Time | None = None
    sort: CertificateSort = CertificateSort.NEWEST


class ExpiringQuery(PageQuery):
    """Which certificates end soon."""

    client: ClientId | None = None
    days: Annotated[int, Field(ge=1, le=3650)] = 30


def _search_of(query: CertificateQuery) -> CertificateSearch:
    return CertificateSearch(
        client_ids=None if query.client is None else frozenset({query.client}),
        statuses=frozenset(query.status) or None,
        issuer_id=query.issuer,
        serial=None if query.serial is None else parse_serial(query.serial),
        attribute=query.attribute,
        expires_after=query.expires_after,
        expires_before=query.expires_before,
        sort=query.sort,
        after=query.place,
        limit=query.limit,
    )


def certificate_of(certificate: certificates.Certificate) -> Certificate:
    """Return a certificate as it is shown."""
    revocation = certificate.revocation
    return Certificate.model_construct(
        id=certificate.id,
        order=certificate.order_id,
        client=certificate.client_id,
        issuer=certificate.issuer_id,
        serial=f"{certificate.serial:x}",
        status=certificate.status,
        subject=certificate.subject,
        names=[name_of(one) for one in certificate.identifiers],
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        fingerprint=certificate.fingerprint,
        revocation=None
        if revocation is None
        else Revocation.model_construct(
            revoked_at=revocation.revoked_at,
            reason=Reason.of(revocation.reason),
            revoked_by=revocation.revoked_by,
            requestor=revocation.requestor,
        ),
    )


def _ending(certificate: Ending) -> Certificate | ExternalCertificate:
    match certificate:
        case certificates.Certificate():
            return certificate_of(certificate)
        case external_certificates.ExternalCertificate():
            return external_certificate_of(certificate)


def _publication_of(event: publications.PublicationEvent) -> Publication:
    return Publication.model_construct(
        id=event.id,
        action=event.action,
        status=event.status,
        asked_by=event.asked_by,
        because=event.because,
        created_at=event.created_at,
        finished_at=event.finished_at,
        tries=event.tries,
        next_try_at=event.next_try_at,
        entries=[*event.entries],
        error=event.error,
    )


async def _found(caller: Caller, certificate_id: str) -> IssuedCertificate:
    return await certificate_queries.get(caller.core, certificate_id, caller.principal)


@router.get("", response_model=Page[Certificate])
async def search_certificates(caller: Called, query: Annotated[CertificateQuery, Query()]) -> Response:
    """Search the certificates of your Clients."""
    found = await certificate_queries.search(caller.core, _search_of(query), caller.principal)
    return page_answer(caller.request, query, [certificate_of(one) for one in found], [one.id for one in found])


@router.get("/expiring", response_model=Page[Certificate | ExternalCertificate])
async def list_expiring(caller: Called, query: Annotated[ExpiringQuery, Query()]) -> Response:
    """List the certificates that end within some days, the first to end first, those of other CAs too."""
    found = await expiring(
        caller.core,
        caller.principal,
        until=caller.core.sources.now() + timedelta(days=query.days),
        client_ids=None if query.client is None else frozenset({query.client}),
        after=query.place,
        limit=query.limit,
    )
    return page_answer(caller.request, query, [_ending(one) for one in found], [one.id for one in found])


@router.get("/{certificate_id}", response_model=Certificate, responses=_DOWNLOADS)
async def get_certificate(
    caller: Called,
    certificate_id: CertificateId,
    accept: Annotated[
        str | None, Header(description="`application/json`, or one of the forms of a certificate.")
    ] = None,
) -> Response:
    """Read a certificate, in the form that `Accept` asks for: JSON, PEM, DER, PKCS #7 or the chain in PEM."""
    form = chosen_form(accept)
    found = await _found(caller, certificate_id)
    if form is None:
        shown = certificate_of(found.certificate)
        return json_answer(shown, etag=tag_of(shown), vary="Accept")
    return in_form(found, form)


@router.get("/{certificate_id}/pem", response_class=Response, responses=_DOWNLOADS)
async def download_pem(caller: Called, certificate_id: CertificateId) -> Response:
    """Download a certificate in PEM."""
    return in_form(await _found(caller, certificate_id), PEM)


@router.get("/{certificate_id}/der", response_class=Response, responses=_DOWNLOADS)
async def download_der(caller: Called, certificate_id: CertificateId) -> Response:
    """Download a certificate in DER."""
    return in_form(await _found(caller, certificate_id), DER)


@router.get("/{certificate_id}/pkcs7", response_class=Response, responses=_DOWNLOADS)
async def download_pkcs7(caller: Called, certificate_id: CertificateId) -> Response:
    """Download a certificate with its chain in PKCS #7 (DER, certificates only)."""
    return in_form(await _found(caller, certificate_id), PKCS7)


@router.get("/{certificate_id}/chain", response_class=Response, responses=_DOWNLOADS)
async def download_chain(caller: Called, certificate_id: CertificateId) -> Response:
    """Download a certificate with its chain in PEM, leaf first, without the root."""
    return in_form(await _found(caller, certificate_id), CHAIN)


@router.post("/{certificate_id}/revoke", response_model=Certificate)
async def revoke_certificate(caller: Called, certificate_id: CertificateId, wanted: RevocationRequest) -> Response:
    """Revoke a certificate. Where the product wants that somebody else agrees, it is revoked once he does."""
    revoked = await revoke_by_id(
        caller.core,
        certificate_id,
        wanted.reason.in_core,
        caller.principal,
        requestor=wanted.requestor,
        comment=wanted.comment,
    )
    shown = certificate_of(revoked)
    return json_answer(shown, etag=tag_of(shown))


@router.get("/{certificate_id}/renewals", response_model=Renewals)
async def get_renewals(caller: Called, certificate_id: CertificateId) -> Response:
    """Read what a certificate replaced, and what replaced it."""
    found = await certificate_queries.renewals(caller.core, certificate_id, caller.principal)
    shown = Renewals.model_construct(
        predecessors=[certificate_of(one) for one in found.predecessors],
        successors=[certificate_of(one) for one in found.successors],
    )
    return json_answer(shown)


@router.get("/{certificate_id}/publications", response_model=list[Publication])
async def list_publications(caller: Called, certificate_id: CertificateId) -> Response:
    """List what happened to a certificate in the directory, oldest first."""
    order_id = (await _found(caller, certificate_id)).certificate.order_id
    found = await publication_commands.events(caller.core, order_id, caller.principal)
    return list_answer([_publication_of(one) for one in found])


@router.post("/{certificate_id}/publish", response_model=Publication, status_code=202)
async def publish_certificate(caller: Called, certificate_id: CertificateId) -> Response:
    """Have a certificate published in the directory."""
    order_id = (await _found(caller, certificate_id)).certificate.order_id
    event = await publication_commands.publish(caller.core, order_id, caller.principal)
    return json_answer(_publication_of(event), 202)


@router.post("/{certificate_id}/unpublish", response_model=Publication, status_code=202)
async def unpublish_certificate(caller: Called, certificate_id: CertificateId) -> Response:
    """Have a certificate taken out of the directory."""
    order_id = (await _found(caller, certificate_id)).certificate.order_id
    event = await publication_commands.unpublish(caller.core, order_id, caller.principal)
    return json_answer(_publication_of(event), 202)


@router.get("/{certificate_id}/comments", response_model=list[Comment])
async def list_certificate_comments(caller: Called, certificate_id: CertificateId) -> Response:
    """List the comments on a certificate, which are those on its order."""
    order_id = (await _found(caller, certificate_id)).certificate.order_id
    found = await comments.listing(caller.core, order_id, caller.principal)
    return list_answer([comment_of(one) for one in found])


@router.post("/{certificate_id}/comments", response_model=Comment, status_code=201)
async def add_certificate_comment(caller: Called, certificate_id: CertificateId, wanted: NewComment) -> Response:
    """Comment on a certificate, and so on its order."""
    order_id = (await _found(caller, certificate_id)).certificate.order_id
    return json_answer(comment_of(await comments.add(caller.core, order_id, wanted.text, caller.principal)), 201)
