"""A FastAPI application as both versions have it."""

from typing import Any

from fastapi import FastAPI

from gateway.rest.front_end import FrontEnd


def new_app(front_end: FrontEnd, **documented: Any) -> FastAPI:
    """Return an application without operations; ``documented`` is what FastAPI takes for its OpenAPI document.

    Nothing is traced or exported: FastAPI would by itself, where the environment names a collector.
    """
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        root_path_in_servers=False,
        separate_input_output_schemas=False,
        strict_content_type=False,
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
        **documented,
    )
    app.state.front_end = front_end
    return app
