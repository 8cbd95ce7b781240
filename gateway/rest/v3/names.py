"""Names that certificates are for, and the fields of their subject, as they are shown and asked for."""

from typing import Annotated

from pydantic import Field

from ca_core.model import fields, identifiers
from ca_core.model.fields import FieldName
from gateway.rest.v3.schema import Schema


class Name(Schema):
    """A name: `dns`, `ip` and what else a product takes."""

    type: Annotated[str, Field(examples=["dns"])]
    value: Annotated[str, Field(examples=["www.example.com"])]


class FieldValue(Schema):
    """What a field of the product is to hold: an attribute of the subject, or the value of an extension."""

    name: FieldName
    value: Annotated[str, Field(min_length=1, max_length=256, examples=["Example AG"])]


def name_of(identifier: identifiers.Identifier) -> Name:
    """Return a name as it is shown."""
    return Name(type=identifier.type, value=identifier.value)


def field_of(value: fields.FieldValue) -> FieldValue:
    """Return the value of a field as it is shown."""
    return FieldValue.model_construct(name=value.name, value=value.value)
