"""The application of version 3."""

from typing import Final

from fastapi import FastAPI

from gateway.rest.front_end import FrontEnd, new_app
from gateway.rest.refusals import answer_refusals
from gateway.rest.v3.refusals import render

DOCUMENT: Final = "/v3/openapi.json"


def build_app(front_end: FrontEnd) -> FastAPI:
    """Return the application; its paths begin with ``/v3``."""
    app = new_app(front_end, title="RA API", version="3", openapi_url=DOCUMENT)
    answer_refusals(app, render)
    return app
