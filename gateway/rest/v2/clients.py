"""Clients and what they can order."""

from collections.abc import Iterable
from typing import Annotated, Final, Literal

from fastapi import Query
from pydantic.json_schema import SkipJsonSchema

from ca_core.access import client_queries
from ca_core.access.visibility import MAX_PAGE
from ca_core.model import clients as model
from ca_core.model.products import Product as ModelProduct
from ca_core.model.products import Road
from ca_core.orders import product_queries
from gateway.rest.authentication import Authenticated
from gateway.rest.front_end import Asked
from gateway.rest.v2.operations import ClientInPath, published, router
from gateway.rest.v2.paging import CAP, Length, Start, window
from gateway.rest.v2.schemas.clients import Client, Clients, Product, ProductValidity
from gateway.rest.v2.schemas.enumerations import KeyType

clients = router()

Search = Annotated[str | SkipJsonSchema[None], Query()]

_UNITS: Final[tuple[tuple[Literal["DAYS", "HOURS", "MINUTES", "SECONDS"], int], ...]] = (
    ("DAYS", 86400),
    ("HOURS", 3600),
    ("MINUTES", 60),
    ("SECONDS", 1),
)


@published(clients, "/clients", "searchClients")
async def search_clients(asked: Authenticated, search: Search = None) -> list[Client]:
    """Return the Clients whose name or description matches; at most 300."""
    page = await client_queries.page(asked.core, asked.principal, text=search, offset=0, limit=CAP)
    return await _with_products(asked, page.clients)


@published(clients, "/clients/paged", "searchPagedClients")
async def search_paged_clients(
    asked: Authenticated, search: Search = None, length: Length = None, start: Start = None
) -> Clients:
    """Return a page of them, and how many there are."""
    offset, limit = window(start, length)
    page = await client_queries.page(asked.core, asked.principal, text=search, offset=offset, limit=limit)
    data = await _with_products(asked, page.clients[:limit])
    return Clients(draw=0, records_total=page.total, records_filtered=page.found, data=data)


@published(clients, "/client/{clientReference}", "getClient")
async def get_client(asked: Authenticated, client_reference: ClientInPath) -> Client:
    """Return a Client."""
    client = await client_queries.get(asked.core, client_reference, asked.principal)
    return (await _with_products(asked, [client]))[0]


async def _with_products(asked: Asked, found: Iterable[model.Client]) -> list[Client]:
    found = list(found)
    if not found:
        return []
    products = await product_queries.search(
        asked.core,
        asked.principal,
        client_ids=frozenset(client.id for client in found),
        road=Road.REST,
        limit=MAX_PAGE,
    )
    return [
        Client(
            uuid=client.id,
            name=client.name,
            description=client.description or None,
            products=[_product(one) for one in products if one.client_id == client.id],
        )
        for client in found
    ]


def _product(product: ModelProduct) -> Product:
    policy = product.policy
    return Product(
        uuid=product.id,
        product_name=product.name,
        product_description=product.description or None,
        key_generation_type=policy.keys.generation.value,
        key_type=KeyType(policy.keys.least),
        issuance_notification=False,
        revocation_notification=False,
        authorization=policy.approval.issuance > 0,
        renewal_rule=False,
        publish_certificate=policy.publish_ldap,
        client_publish_certificate_override=policy.publish_ldap,
        client_publish_certificate_override_default=policy.publish_ldap,
        allow_additional_issuance_notification_recipients=True,
        allow_additional_revocation_notification_recipients=True,
        allow_additional_renewal_notification_recipients=True,
        allow_additional_authorization_notification_recipients=True,
        allow_additional_authorization_accepted_notification_recipients=True,
        allow_additional_authorization_rejected_notification_recipients=True,
        is_cab_dns_validation_required=policy.dns_owner_rule,
        allow_additional_cab_dns_notification_recipients=True,
        is_cab_dns_email_link_validation_required=False,
        is_email_box_validation_required=False,
        requires_registration_documents=False,
        requires_registration_documents_on_register=False,
        allow_registration_documents_pdf=True,
        allow_registration_documents_jpg=True,
        is_generate_revocation_code=False,
        product_validity=validity_of(product),
    )


def validity_of(product: ModelProduct) -> ProductValidity:
    """Return a product's validity in the largest unit that it is a whole number of."""
    seconds = product.policy.profile.validity
    unit, length = next((unit, length) for unit, length in _UNITS if seconds % length == 0)
    return ProductValidity(validity_type=unit, validity=seconds // length)


def validity_in_seconds(product: ModelProduct, validity: int) -> int:
    """Return a validity in the product's unit as seconds."""
    length: dict[str, int] = dict(_UNITS)
    return validity * length[validity_of(product).validity_type]
