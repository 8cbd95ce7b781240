"""The catalogue: Clients, products and roles as a text, compared with what is in force before it is applied."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from ca_core.catalogue import application
from ca_core.catalogue.changes import Change as CoreChange
from ca_core.catalogue.entries import Catalogue as CoreCatalogue
from gateway import catalogue
from gateway.rest.v3.api_keys import MadeApiKey, made_key_of
from gateway.rest.v3.operation import Called, Caller, ResourceOperation
from gateway.rest.v3.revisions import tag_of
from gateway.rest.v3.schema import Schema, json_answer

router = APIRouter(prefix="/v3/catalogue", tags=["Catalogue"], route_class=ResourceOperation)

_EXAMPLE = """\
[[clients]]
name = "default"
description = "The first Client"
"""
_DIGEST = "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"


class Catalogue(Schema):
    """Clients, products and roles as `catalogue.toml` has them."""

    text: Annotated[str, Field(max_length=262144, description="TOML.", examples=[_EXAMPLE])]


class Difference(Schema):
    """A member that differs; the values are JSON."""

    member: Annotated[str, Field(examples=["policy.names.wildcards"])]
    before: Annotated[str | None, Field(description="Null: it is new.", examples=["false"])]
    after: Annotated[str, Field(examples=["true"])]


class Change(Schema):
    """A thing that differs. Without differences, it is written anew as it is."""

    action: Annotated[str, Field(description="As in the audit log.", examples=["product.change"])]
    summary: Annotated[str, Field(examples=["change product tls of Client default"])]
    differences: list[Difference]


class Comparison(Schema):
    """What applying a catalogue would change."""

    changes: list[Change]
    digest: Annotated[str, Field(description="Names these changes.", examples=[_DIGEST])]


class CatalogueToApply(Catalogue):
    """A catalogue, and the changes that are expected of it."""

    digest: Annotated[
        str,
        Field(
            pattern="^[0-9a-f]{64}$",
            description="`digest` of the comparison.",
            examples=[_DIGEST],
        ),
    ]


class ServiceAccount(Schema):
    """The service account of a new Client."""

    user: Annotated[str, Field(examples=["service-shop"])]
    key: MadeApiKey | None


class Applied(Schema):
    """What was changed, and the service accounts of new Clients, whose keys are in this answer alone."""

    changes: list[Change]
    accounts: list[ServiceAccount]


def _changes_of(changes: tuple[CoreChange, ...]) -> list[Change]:
    return [
        Change.model_construct(
            action=one.action,
            summary=one.summary,
            differences=[Difference.model_construct(**vars(difference)) for difference in one.differences],
        )
        for one in changes
    ]


async def _read(caller: Caller, text: str) -> CoreCatalogue:
    """Read a text of an operator's; raises FORBIDDEN, and MALFORMED with the key or line that is wrong."""
    application.require_operator(caller.principal)
    return await asyncio.to_thread(catalogue.parse, text, "catalogue", caller.core.sources.now(), whole=False)


@router.get("", response_model=Catalogue)
async def get_catalogue(caller: Called) -> Response:
    """Read the catalogue that is in force, without the issuers: those are added where their keys are."""
    content = await application.current(caller.core, caller.principal)
    shown = Catalogue.model_construct(text=catalogue.toml(content))
    return json_answer(shown, etag=tag_of(shown))


@router.post("/compare", response_model=Comparison)
async def compare_catalogue(caller: Called, wanted: Catalogue) -> Response:
    """Say what a catalogue, whole or in part, would change. Nothing that it leaves out is deleted."""
    content = await _read(caller, wanted.text)
    found = await application.compare(caller.core, content, caller.principal)
    return json_answer(Comparison.model_construct(changes=_changes_of(found.changes), digest=found.digest))


@router.post("/apply", response_model=Applied)
async def apply_catalogue(caller: Called, wanted: CatalogueToApply) -> Response:
    """Apply a catalogue if it still changes what it did when it was compared: all of it, or nothing.

    The file `catalogue.toml` stays as it is: what differs there comes back with the next `trivium apply`.
    """
    content = await _read(caller, wanted.text)
    applied = await application.apply_as_compared(caller.core, content, wanted.digest, caller.principal)
    accounts = [
        ServiceAccount.model_construct(user=made.user.name, key=None if made.key is None else made_key_of(made.key))
        for made in applied.accounts
    ]
    return json_answer(Applied.model_construct(changes=_changes_of(applied.changes), accounts=accounts))
