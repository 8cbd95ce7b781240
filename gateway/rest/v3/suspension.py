"""Why somebody or something is suspended."""

from typing import Annotated

from pydantic import Field

from gateway.rest.v3.schema import Line, Schema


class Suspension(Schema):
    """Why it may do nothing from now on; whoever is stopped reads it."""

    reason: Annotated[Line, Field(min_length=1, max_length=200, examples=["Left the company"])]
