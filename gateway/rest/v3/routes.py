"""The application of version 3: its resources, its document and the page that shows it."""

import functools
from typing import Final

from fastapi import FastAPI

from gateway.rest.application import new_app
from gateway.rest.front_end import FrontEnd
from gateway.rest.refusals import answer_refusals
from gateway.rest.v3 import (
    acme,
    api_keys,
    approvals,
    audit,
    catalogue,
    certificates,
    clients,
    cmc_clients,
    decoded_certificates,
    domains,
    external_certificates,
    issuers,
    order_acts,
    order_parts,
    orders,
    overview,
    products,
    roles,
    users,
    validations,
    webhooks,
)
from gateway.rest.v3.document import Json, document_of
from gateway.rest.v3.documentation import documentation_routes
from gateway.rest.v3.rate_limit_headers import RateLimitHeaders
from gateway.rest.v3.refusals import render

DOCUMENT: Final = "/v3/openapi.json"
_DESCRIPTION: Final = """\
Every request carries `Authorization: Bearer` with a token signed by an API key; nothing else identifies you.

What you may do is what your roles permit you for each Client. What is another Client's is not there for you.

A POST may carry an `Idempotency-Key`: repeat the request with the same key until you have an answer, and it is \
carried out once. Changes need `If-Match` with the `ETag` that you have read. Lists are paged: follow `next`. Where an \
operation may take its time, `Prefer: wait=30` waits for it.

Refusals are problem documents (RFC 9457). Their `detail` says what to change; their `instance` is what to tell the \
operator.
"""
_TAGS: Final = {
    "Orders": "What asks for a certificate, from placing it to the certificate and beyond.",
    "Certificates": "What was issued: to be downloaded, revoked, published.",
    "External certificates": "Those of an earlier CA, imported so that they are seen before they end.",
    "CMC clients": "The mail gateways, appliances and scripts that order over CMC.",
    "Products": "What can be ordered, and the form that asks for it.",
    "Domains": "Control of domains that a Client has shown ahead of any order.",
    "ACME": "Accounts, tokens and external account keys of ACME clients.",
    "Clients": "The tenants you act for.",
    "Users": "Who asks: people and their programs, and the roles they have for Clients.",
    "Roles": "What users may do.",
    "API keys": "What users sign their tokens with.",
    "Webhooks": "URLs that are told what happens, signed.",
    "Overview": "What needs looking after, in figures.",
    "Catalogue": "Clients, products and roles as a text, compared before it is applied.",
    "Issuers": "The certification authorities and their revocation lists.",
    "Audit": "Who did what, for whom, and how it ended.",
}
_RESOURCES: Final = (
    *(orders, order_acts, order_parts, approvals, validations, certificates, decoded_certificates),
    external_certificates,
    *(products, domains, acme, cmc_clients, clients, users, roles, api_keys, webhooks),
    *(overview, issuers, catalogue, audit),
)


def build_app(front_end: FrontEnd) -> FastAPI:
    """Return the application; its paths begin with ``/v3``."""
    app = new_app(
        front_end, title="RA API", version="3", openapi_url=None, generate_unique_id_function=lambda route: route.name
    )
    app.add_middleware(RateLimitHeaders)
    answer_refusals(app, render)
    for resource in _RESOURCES:
        app.include_router(resource.router)
    app.include_router(api_keys.token_router)
    tags = [{"name": name, "description": said} for name, said in _TAGS.items()]

    @functools.cache
    def document() -> Json:
        return document_of(app, front_end.external_url, _DESCRIPTION, tags)

    app.router.routes.extend(documentation_routes(document, DOCUMENT))
    return app
