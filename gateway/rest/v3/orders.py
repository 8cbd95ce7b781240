"""Orders: place one, read it, search, and see what was done for it."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from pydantic import Field

from ca_core.certificates.serials import parse_serial
from ca_core.model import jobs, orders
from ca_core.model.fields import FieldValue as CoreFieldValue
from ca_core.model.jobs import JobState, JobType
from ca_core.model.orders import OrderRequest, OrderState
from ca_core.model.products import Road
from ca_core.model.repositories.orders import OrderSearch, OrderSort
from ca_core.orders import queries, search
from ca_core.orders.enrol import enrol
from ca_core.orders.waiting import settled
from gateway.pem_text import der_of
from gateway.rest.v3.audit import AuditRecord, record_of
from gateway.rest.v3.ids import AccountId, CertificateId, ClientId, JobId, OrderId, ProductId
from gateway.rest.v3.names import FieldValue, Name, field_of, name_of
from gateway.rest.v3.operation import Called, ResourceOperation
from gateway.rest.v3.order_parts import NewDocument, Recipient, Tags
from gateway.rest.v3.paging import Page, PageQuery, linked_page
from gateway.rest.v3.pem import Csr
from gateway.rest.v3.preference import Waits
from gateway.rest.v3.refusals import Problem, problem_of
from gateway.rest.v3.revisions import tag_of
from gateway.rest.v3.schema import Count, Flag, Line, Schema, Text, Time, json_answer, list_answer

router = APIRouter(prefix="/v3/orders", tags=["Orders"], route_class=ResourceOperation)
_BACKWARDS: Final = "-"
"""What a cursor of the page before begins with."""


class NewOrder(Schema):
    """What is ordered."""

    product: ProductId
    csr: Csr
    fields: Annotated[
        tuple[FieldValue, ...], Field(max_length=64, description="Values for the product's fields that you may set.")
    ] = ()
    validity: Annotated[
        Count | None,
        Field(ge=1, le=2**31, description="Seconds, where the product lets you choose.", examples=[2592000]),
    ] = None
    publish: Annotated[
        Flag | None, Field(description="Whether the certificate goes into the directory; null: as the product says.")
    ] = None
    tags: Tags = ()
    recipients: Annotated[tuple[Recipient, ...], Field(max_length=50)] = ()
    documents: Annotated[tuple[NewDocument, ...], Field(max_length=10)] = ()
    comment: Annotated[Text, Field(examples=["For the new web shop"])] = ""


class Order(Schema):
    """An order, from placing it to the certificate and beyond."""

    id: OrderId
    status: OrderState
    client: ClientId
    product: ProductId
    product_name: Annotated[str, Field(examples=["tls"])]
    product_version: Annotated[str, Field(description="The version of the product it was placed with, and keeps.")]
    road: Road
    placed_by: Annotated[str, Field(examples=["api-user:usr-0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"])]
    names: list[Name]
    fields: list[FieldValue]
    created_at: Time
    expires_at: Annotated[Time, Field(description="When it fails if it still waits then.")]
    publish: Flag
    tags: list[str]
    comment: str
    certificate: Annotated[CertificateId | None, Field(description="Once it is issued.")] = None
    replaces: Annotated[CertificateId | None, Field(description="The certificate that its own replaces.")] = None
    error: Annotated[Problem | None, Field(description="Why it failed.")] = None


class OrderQuery(PageQuery):
    """Which orders are asked for; what may be given more than once is an alternative, tags add up."""

    client: ClientId | None = None
    status: Annotated[list[OrderState], Field(max_length=len(OrderState))] = []  # noqa: RUF012 - a query is read once
    road: Annotated[list[Road], Field(max_length=len(Road))] = []  # noqa: RUF012 - the same
    product: ProductId | None = None
    account: AccountId | None = None
    placed_by: Annotated[Line | None, Field(description="The actor, as `placedBy` shows him.")] = None
    serial: Annotated[str | None, Field(max_length=128, description="Of the certificate, hexadecimal.")] = None
    name: Annotated[Line | None, Field(description="A whole name.")] = None
    attribute: Annotated[Line | None, Field(description="In a name or the subject; `?` and `*` are wildcards.")] = None
    text: Annotated[Line | None, Field(description="In a name, the subject, a tag or the comment.")] = None
    tag: Annotated[list[Line], Field(max_length=20)] = []  # noqa: RUF012 - the same
    start_after: Annotated[Time | None, Field(description="The certificate's notBefore, from this time on.")] = None
    start_before: Annotated[Time | None, Field(description="Before this time.")] = None
    sort: OrderSort = OrderSort.NEWEST


class Job(Schema):
    """A piece of work of an order."""

    id: JobId
    type: JobType
    state: JobState
    created_at: Time
    scheduled_at: Time | None = None
    started_at: Time | None = None
    finished_at: Time | None = None
    due_at: Annotated[Time | None, Field(description="When it runs next.")] = None
    executions: Annotated[Count, Field(description="How often it has run.")]
    waiting_for: Annotated[str, Field(description="What ends the waiting of a WAITING job.")]
    request: dict[str, Any]
    response: dict[str, Any]
    error: Problem | None = None


def order_of(order: orders.Order) -> Order:
    """Return an order as it is shown."""
    return Order.model_construct(
        id=order.id,
        status=order.state,
        client=order.client_id,
        product=order.product_id,
        product_name=order.product_name,
        product_version=order.product_version,
        road=order.road,
        placed_by=order.placed_by,
        names=[name_of(one) for one in order.identifiers],
        fields=[field_of(one) for one in order.fields],
        created_at=order.created_at,
        expires_at=order.expires_at,
        publish=order.publish,
        tags=[*order.tags],
        comment=order.comment,
        certificate=order.certificate_id,
        replaces=order.replaces,
        error=None if order.error is None else problem_of(order.error),
    )


def job_of(job: jobs.Job) -> Job:
    """Return a job as it is shown."""
    return Job.model_construct(
        id=job.id,
        type=job.type,
        state=job.state,
        created_at=job.created_at,
        scheduled_at=job.scheduled_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        due_at=job.due_at,
        executions=job.executions,
        waiting_for=job.waiting_for,
        request=job.request,
        response=job.response,
        error=None if job.error is None else problem_of(job.error),
    )


@router.post("", response_model=Order, status_code=201)
async def place_order(caller: Called, wanted: NewOrder, waits: Waits) -> Response:
    """Order a certificate for the names of a CSR.

    The order is issued at once as far as nothing is missing; where control of a name must be shown first, or somebody
    must approve, it waits, and `Prefer: wait` waits with it.
    """
    request = OrderRequest(
        product_id=wanted.product,
        road=Road.REST,
        identifiers=(),
        csr=der_of(wanted.csr),
        validity=wanted.validity,
        comment=wanted.comment,
        tags=wanted.tags,
        publish=wanted.publish,
        fields=tuple(CoreFieldValue(name=one.name, value=one.value) for one in wanted.fields),
        recipients=tuple(one.in_core() for one in wanted.recipients),
        documents=tuple(one.in_core() for one in wanted.documents),
    )
    placed = await enrol(caller.core, request, caller.principal)
    order = await settled(caller.core, placed, caller.principal, waits.seconds)
    shown = order_of(order)
    location = f"{caller.front_end.external_url}/v3/orders/{order.id}"
    return json_answer(shown, 201, location=location, etag=tag_of(shown), preference_applied=waits.applied)


@router.get("", response_model=Page[Order])
async def search_orders(caller: Called, query: Annotated[OrderQuery, Query()]) -> Response:
    """Search the orders of your Clients; `Link` has the page before (`prev`) too."""
    place = query.place or ""
    backwards = place.startswith(_BACKWARDS)
    wanted = OrderSearch(
        client_ids=None if query.client is None else frozenset({query.client}),
        states=frozenset(query.status) or None,
        roads=frozenset(query.road) or None,
        product_ids=None if query.product is None else frozenset({query.product}),
        placed_by=query.placed_by,
        account_id=query.account,
        serial=None if query.serial is None else parse_serial(query.serial),
        start_after=query.start_after,
        start_before=query.start_before,
        identifier=query.name,
        attribute=query.attribute,
        text=query.text,
        tags=tuple(query.tag),
        sort=query.sort,
        after=place.removeprefix(_BACKWARDS) or None,
        limit=query.limit,
    )
    found = await search.page(caller.core, wanted, caller.principal, backwards=backwards)
    return linked_page(
        caller.request,
        [order_of(one.order) for one in found.orders],
        following=found.next,
        previous=None if found.previous is None else _BACKWARDS + found.previous,
    )


@router.get("/{order_id}", response_model=Order)
async def get_order(caller: Called, order_id: OrderId, waits: Waits) -> Response:
    """Read an order; with `Prefer: wait`, when it is decided."""
    found = (await queries.get(caller.core, order_id, caller.principal)).order
    shown = order_of(await settled(caller.core, found, caller.principal, waits.seconds))
    return json_answer(shown, etag=tag_of(shown), preference_applied=waits.applied)


@router.get("/{order_id}/jobs", response_model=list[Job])
async def list_order_jobs(caller: Called, order_id: OrderId) -> Response:
    """List the work done for an order, oldest first."""
    found = await queries.jobs(caller.core, order_id, caller.principal)
    return list_answer([job_of(job) for job in found])


@router.get("/{order_id}/events", response_model=list[AuditRecord])
async def list_order_events(caller: Called, order_id: OrderId) -> Response:
    """List what happened to an order, newest first: the audit log's records of it."""
    found = await queries.events(caller.core, order_id, caller.principal)
    return list_answer([record_of(one) for one in found])
