"""The application of version 2."""

from typing import Final

from fastapi import FastAPI

from gateway.rest.application import new_app
from gateway.rest.front_end import FrontEnd
from gateway.rest.refusals import answer_refusals
from gateway.rest.v2.clients import clients
from gateway.rest.v2.document import publish_document
from gateway.rest.v2.domains import domains
from gateway.rest.v2.issuing import issuing
from gateway.rest.v2.order_search import order_search
from gateway.rest.v2.orders import orders
from gateway.rest.v2.publication import publication
from gateway.rest.v2.recipients import recipients
from gateway.rest.v2.refusals import render
from gateway.rest.v2.revocation import revocation
from gateway.rest.v2.tokens import exposing, tokens

DOCUMENT: Final = "/v2/openapi.json"


def build_app(front_end: FrontEnd) -> FastAPI:
    """Return the application; its paths begin with ``/v2``, as the published document has them."""
    app = new_app(front_end, title="RA REST API", version="3.5.0", openapi_url=DOCUMENT)
    for router in (tokens, clients, issuing, orders, order_search, revocation, domains, recipients, publication):
        app.include_router(router)
    if front_end.key_in_url:
        app.include_router(exposing)
    publish_document(app)
    answer_refusals(app, render)
    return app
