"""Products: what can be ordered, and the form that asks for it."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from ca_core.model import products
from ca_core.model.fields import FieldName
from ca_core.model.products import KeyGeneration, KeyType, ProfileKind, Road
from ca_core.orders import product_queries
from gateway.rest.v3.ids import ClientId, IssuerId, ProductId
from gateway.rest.v3.operation import Called, ResourceOperation
from gateway.rest.v3.paging import Page, PageQuery, page_answer
from gateway.rest.v3.revisions import tag_of
from gateway.rest.v3.schema import Count, Flag, Schema, json_answer

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


class ProductQuery(PageQuery):
    """Which products are asked for."""

    client: ClientId | None = None
    road: Annotated[Road | None, Field(description="Those that are ordered over it.")] = None


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
        form=[
            FormField.model_construct(
                field=field.name,
                visible=field.visible,
                editable=field.editable,
                mandatory=field.mandatory,
                default=field.default,
                pattern=field.pattern,
            )
            for field in policy.fields
        ],
    )


@router.get("", response_model=Page[Product])
async def list_products(caller: Called, query: Annotated[ProductQuery, Query()]) -> Response:
    """List the products of your Clients, by id."""
    found = await product_queries.search(
        caller.core,
        caller.principal,
        client_ids=None if query.client is None else frozenset({query.client}),
        road=query.road,
        after=query.place,
        limit=query.limit,
    )
    return page_answer(caller.request, query, [product_of(one) for one in found], [one.id for one in found])


@router.get("/{product_id}", response_model=Product)
async def get_product(caller: Called, product_id: ProductId) -> Response:
    """Read a product with its form."""
    shown = product_of(await product_queries.get(caller.core, product_id, caller.principal))
    return json_answer(shown, etag=tag_of(shown))
