"""The application of version 2."""

from typing import Final

from fastapi import FastAPI

from gateway.rest.front_end import FrontEnd, new_app
from gateway.rest.refusals import answer_refusals
from gateway.rest.v2.refusals import render

DOCUMENT: Final = "/v2/openapi.json"


def build_app(front_end: FrontEnd) -> FastAPI:
    """Return the application; its paths begin with ``/v2``, as the published document has them."""
    app = new_app(front_end, title="RA REST API", version="3.5.0", openapi_url=DOCUMENT)
    answer_refusals(app, render)
    return app
