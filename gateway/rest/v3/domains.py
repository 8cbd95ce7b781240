"""Pre-validated domains: control that a Client shows once, for a domain and everything below it."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from ca_core.model import domains
from ca_core.model.domains import DomainStatus
from ca_core.validation import domains as commands
from gateway.rest.v3.ids import ClientId, DomainId
from gateway.rest.v3.operation import Called, Caller, ResourceOperation
from gateway.rest.v3.paging import Page, PageQuery, page_answer
from gateway.rest.v3.schema import Line, Schema, Time, json_answer, list_answer

router = APIRouter(prefix="/v3/domains", tags=["Domains"], route_class=ResourceOperation)


class NewDomains(Schema):
    """Domains to be registered; one that is registered already is answered as it is."""

    client: ClientId
    names: Annotated[
        tuple[Annotated[Line, Field(min_length=1, examples=["example.com"])], ...],
        Field(min_length=1, max_length=commands.MAX_AT_ONCE),
    ]


class Token(Schema):
    """The random value that shows control where it stands in a TXT record of the domain."""

    value: str
    created_at: Time
    expires_at: Time


class Domain(Schema):
    """A domain of a Client."""

    id: DomainId
    client: ClientId
    name: Annotated[str, Field(examples=["example.com"])]
    unicode_name: Annotated[str, Field(examples=["example.com"])]
    status: DomainStatus
    token: Token | None = None
    validated_at: Time | None = None
    valid_until: Annotated[Time | None, Field(description="Until when orders are served.")] = None
    checked_at: Annotated[Time | None, Field(description="When its token was last looked for.")] = None
    result: Annotated[str, Field(description="What was seen then.")]
    created_at: Time
    created_by: str


class DomainQuery(PageQuery):
    """Which domains are asked for."""

    client: ClientId | None = None
    text: Annotated[Line | None, Field(description="In the name; `?` and `*` are wildcards.")] = None


def _domain_of(caller: Caller, domain: domains.ClientDomain) -> Domain:
    token = domain.token
    return Domain.model_construct(
        id=domain.id,
        client=domain.client_id,
        name=domain.name,
        unicode_name=domain.unicode_name,
        status=domain.status_at(caller.core.sources.now()),
        token=None
        if token is None
        else Token.model_construct(value=token.value, created_at=token.created_at, expires_at=token.expires_at),
        validated_at=domain.validated_at,
        valid_until=domain.valid_until,
        checked_at=domain.checked_at,
        result=domain.result,
        created_at=domain.created_at,
        created_by=domain.created_by,
    )


@router.get("", response_model=Page[Domain])
async def list_domains(caller: Called, query: Annotated[DomainQuery, Query()]) -> Response:
    """List the domains of a Client, or of all your Clients, by name."""
    found = await commands.search(
        caller.core,
        caller.principal,
        client_id=query.client,
        text=query.text or "",
        after=query.place or "",
        limit=query.limit,
    )
    return page_answer(caller.request, query, [_domain_of(caller, one) for one in found], [one.place for one in found])


@router.post("", response_model=list[Domain], status_code=201)
async def register_domains(caller: Called, wanted: NewDomains) -> Response:
    """Register domains, each with a token to put into the DNS."""
    made = await commands.register(caller.core, wanted.client, wanted.names, caller.principal)
    return list_answer([_domain_of(caller, one) for one in made], 201)


@router.get("/{domain_id}", response_model=Domain)
async def get_domain(caller: Called, domain_id: DomainId) -> Response:
    """Read a domain."""
    return json_answer(_domain_of(caller, await commands.get(caller.core, domain_id, caller.principal)))


@router.delete("/{domain_id}", status_code=204)
async def delete_domain(caller: Called, domain_id: DomainId) -> None:
    """Delete a domain: it serves no further orders."""
    await commands.delete(caller.core, domain_id, caller.principal)


@router.post("/{domain_id}/validate", response_model=Domain)
async def validate_domain(caller: Called, domain_id: DomainId) -> Response:
    """Look for the token now. That it is not found is no error: `result` says what was seen."""
    return json_answer(_domain_of(caller, await commands.validate_now(caller.core, domain_id, caller.principal)))


@router.post("/{domain_id}/token", response_model=Domain)
async def reset_domain_token(caller: Called, domain_id: DomainId) -> Response:
    """Give the domain a new token in the place of the one it has."""
    return json_answer(_domain_of(caller, await commands.reset_token(caller.core, domain_id, caller.principal)))


@router.delete("/{domain_id}/token", response_model=Domain)
async def delete_domain_token(caller: Called, domain_id: DomainId) -> Response:
    """Take the token of the domain back; control that was shown with it stays shown."""
    return json_answer(_domain_of(caller, await commands.delete_token(caller.core, domain_id, caller.principal)))
