"""Products: what can be ordered, and the form that asks for it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from ca_core.certificates.csr import ParsedCsr
from ca_core.keys.policy import key_name
from ca_core.model import products
from ca_core.model.fields import FieldName, FieldPolicy
from ca_core.model.fields import FieldValue as CoreFieldValue
from ca_core.model.orders import OrderRequest
from ca_core.model.products import KeyGeneration, KeyType, ProfileKind, Road
from ca_core.orders import product_queries
from ca_core.orders.validate import FormField as CoreFormField
from ca_core.orders.validate import empty_form, validate
from gateway.pem_text import der_of
from gateway.rest.v3.ids import ClientId, IssuerId, ProductId
from gateway.rest.v3.names import FieldValue, Name, field_of, name_of
from gateway.rest.v3.operation import Called, ResourceOperation
from gateway.rest.v3.paging import Page, PageQuery, page_answer
from gateway.rest.v3.pem import Csr
from gateway.rest.v3.refusals import TYPE
from gateway.rest.v3.revisions import tag_of
from gateway.rest.v3.schema import Count, Flag, Line, Schema, json_answer

router = APIRouter(prefix="/v3/products", tags=["Products"], route_class=ResourceOperation)


class FormField(Schema):
    """A field of the form: an attribute of the subject, a name, or the value of an extension."""

    field: FieldName
    visible: Annotated[Flag, Field(description="Whether it is shown to whoever orders.")]
    editable: Annotated[Flag, Field(description="Whether an order may set it; otherwise `default` is its value.")]
    mandatory: Annotated[Flag, Field(description="Whether an order without a value is refused.")]
    default: str
    pattern: Annotated[str, Field(description="What the whole value must match; empty takes any.")]


class Approvals(Schema):
    """How many users besides the requester must agree."""

    issuance: Count
    revocation: Count


class Product(Schema):
    """What can be ordered."""

    id: ProductId
    version: Annotated[str, Field(description="Names its content: it changes when the product does.")]
    client: ClientId
    issuer: IssuerId
    name: Annotated[str, Field(examples=["tls"])]
    description: str
    kind: ProfileKind
    roads: Annotated[list[Road], Field(description="Over which it is ordered; `rest` is this API.")]
    public: Annotated[Flag, Field(description="Whether its certificates are for the public Internet.")]
    validity: Annotated[Count, Field(description="Seconds.", examples=[7776000])]
    requested_validity: Annotated[Flag, Field(description="Whether an order may name a shorter one.")]
    key_generation: KeyGeneration
    key_type: Annotated[KeyType, Field(description="The least key it takes.")]
    wildcards: Flag
    max_names: Count
    publishes: Annotated[Flag, Field(description="Whether its certificates can go into the directory.")]
    dns_owner_rule: Annotated[Flag, Field(description="Whether control of its names must be shown.")]
    approvals: Approvals
    form: list[FormField]


class Draft(Schema):
    """What would be ordered, as far as it is known."""

    csr: Csr | None = None
    fields: Annotated[tuple[FieldValue, ...], Field(max_length=64)] = ()
    validity: Annotated[Count | None, Field(ge=1, le=2**31, description="Seconds.", examples=[2592000])] = None


class FilledField(FormField):
    """A field of the form, filled in; identifiers may be several."""

    values: list[str]


class RequestContent(Schema):
    """What a CSR contains, whether it can be ordered or not."""

    key: Annotated[str, Field(description="Algorithm and size.", examples=["P-256", "RSA 3072"])]
    key_sha256: Annotated[
        str,
        Field(
            description="Of the SubjectPublicKeyInfo, hexadecimal.",
            examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
        ),
    ]
    subject: Annotated[list[FieldValue], Field(description="What of its subject can be a field.")]
    names: list[Name]


class Finding(Schema):
    """One thing that keeps it from being ordered."""

    type: Annotated[str, Field(examples=["urn:trivium:error:identifier_rejected"])]
    detail: str
    field: FieldName | None = None
    name: Name | None = None


class Form(Schema):
    """The form of a product, filled in. Without findings it could be ordered."""

    product: ProductId
    version: str
    valid: Flag
    request: Annotated[RequestContent | None, Field(description="What the CSR contains, if it can be read.")] = None
    fields: list[FilledField]
    findings: list[Finding]


class ProductQuery(PageQuery):
    """Which products are asked for."""

    client: ClientId | None = None
    road: Annotated[Road | None, Field(description="Those that are ordered over it.")] = None
    text: Annotated[Line | None, Field(description="In the name or the description.")] = None


def product_of(product: products.Product) -> Product:
    """Return a product as it is shown."""
    policy, profile = product.policy, product.policy.profile
    return Product.model_construct(
        id=product.id,
        version=product.version,
        client=product.client_id,
        issuer=product.issuer_id,
        name=product.name,
        description=product.description,
        kind=profile.kind,
        roads=sorted(product.roads),
        public=policy.public,
        validity=profile.validity,
        requested_validity=policy.requested_validity,
        key_generation=policy.keys.generation,
        key_type=policy.keys.least,
        wildcards=policy.names.wildcards,
        max_names=policy.names.max_identifiers,
        publishes=policy.publish_ldap,
        dns_owner_rule=policy.dns_owner_rule,
        approvals=Approvals.model_construct(issuance=policy.approval.issuance, revocation=policy.approval.revocation),
        form=[FormField.model_construct(**_members_of(one.policy)) for one in empty_form(product)],
    )


def _members_of(policy: FieldPolicy) -> dict[str, Any]:
    members = dict(vars(policy))
    members["field"] = members.pop("name")
    return members


def _filled_of(filled: CoreFormField) -> FilledField:
    return FilledField.model_construct(**_members_of(filled.policy), values=[*filled.values])


def _content_of(csr: ParsedCsr) -> RequestContent:
    return RequestContent.model_construct(
        key=key_name(csr.public_key),
        key_sha256=csr.spki_sha256.hex(),
        subject=[field_of(one) for one in csr.subject],
        names=[name_of(one) for one in sorted(csr.names | csr.mailboxes)],
    )


@router.get("", response_model=Page[Product])
async def list_products(caller: Called, query: Annotated[ProductQuery, Query()]) -> Response:
    """List the products of your Clients, by id."""
    found = await product_queries.search(
        caller.core,
        caller.principal,
        client_ids=None if query.client is None else frozenset({query.client}),
        road=query.road,
        text=query.text or "",
        after=query.place,
        limit=query.limit,
    )
    return page_answer(caller.request, query, [product_of(one) for one in found], [one.id for one in found])


@router.post("/{product_id}/validate", response_model=Form)
async def validate_product(caller: Called, product_id: ProductId, wanted: Draft) -> Response:
    """Fill the form in from a CSR and what is given, and say everything that keeps it from being ordered."""
    request = OrderRequest(
        product_id=product_id,
        road=Road.REST,
        identifiers=(),
        csr=None if wanted.csr is None else der_of(wanted.csr),
        validity=wanted.validity,
        fields=tuple(CoreFieldValue(name=one.name, value=one.value) for one in wanted.fields),
    )
    form = await validate(caller.core, request, caller.principal)
    shown = Form.model_construct(
        product=form.product.id,
        version=form.product.version,
        valid=not form.findings,
        request=None if form.csr is None else _content_of(form.csr),
        fields=[_filled_of(one) for one in form.fields],
        findings=[
            Finding.model_construct(
                type=TYPE + one.kind,
                detail=one.detail,
                field=one.field,
                name=None
                if one.identifier is None
                else Name.model_construct(type=str(one.identifier.type), value=one.identifier.value),
            )
            for one in form.findings
        ],
    )
    return json_answer(shown)


@router.get("/{product_id}", response_model=Product)
async def get_product(caller: Called, product_id: ProductId) -> Response:
    """Read a product with its form."""
    shown = product_of(await product_queries.get(caller.core, product_id, caller.principal))
    return json_answer(shown, etag=tag_of(shown))
