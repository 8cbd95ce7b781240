"""Pre-validated domains."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Body

from ca_core.model.domains import ClientDomain
from ca_core.validation import domains as commands
from gateway.rest.authentication import Authenticated
from gateway.rest.front_end import Asked
from gateway.rest.v2.operations import ClientInPath, DomainInPath, published, router
from gateway.rest.v2.schemas.domains import ClientDNS
from gateway.rest.v2.schemas.enumerations import ClientDomainValidationStatus

domains = router()


@published(domains, "/client/domain/{clientReference}/list", "getClientPrevalidatedDomains")
async def get_client_prevalidated_domains(asked: Authenticated, client_reference: ClientInPath) -> list[ClientDNS]:
    """Return the domains of a Client, by name."""
    found = await commands.listing(asked.core, client_reference, asked.principal)
    return [_schema(asked, domain) for domain in found]


@published(domains, "/client/domain/{clientReference}/register", "createClientPrevalidatedDomains")
async def create_client_prevalidated_domains(
    asked: Authenticated, client_reference: ClientInPath, names: Annotated[list[str], Body()]
) -> list[ClientDNS]:
    """Register domains, each with a random value to be put into the DNS."""
    made = await commands.register(asked.core, client_reference, names, asked.principal)
    return [_schema(asked, domain) for domain in made]


@published(domains, "/client/domain/{prevalidatedDomainReference}", "getClientPrevalidatedDomain")
async def get_client_prevalidated_domain(asked: Authenticated, domain_reference: DomainInPath) -> ClientDNS:
    """Return a domain."""
    return _schema(asked, await commands.get(asked.core, domain_reference, asked.principal))


@published(domains, "/client/domain/{prevalidatedDomainReference}/validate", "validateClientPrevalidatedDomain")
async def validate_client_prevalidated_domain(asked: Authenticated, domain_reference: DomainInPath) -> ClientDNS:
    """Look for the random value in the DNS now."""
    return _schema(asked, await commands.validate_now(asked.core, domain_reference, asked.principal))


@published(
    domains,
    "/client/domain/{prevalidatedDomainReference}/delete",
    "deleteClientPrevalidatedDomain",
    status=HTTPStatus.NO_CONTENT,
)
async def delete_client_prevalidated_domain(asked: Authenticated, domain_reference: DomainInPath) -> None:
    """Delete a domain."""
    await commands.delete(asked.core, domain_reference, asked.principal)


@published(domains, "/client/domain/{prevalidatedDomainReference}/token/reset", "resetClientPrevalidatedDomain")
async def reset_client_prevalidated_domain(asked: Authenticated, domain_reference: DomainInPath) -> ClientDNS:
    """Give a domain a new random value."""
    return _schema(asked, await commands.reset_token(asked.core, domain_reference, asked.principal))


@published(domains, "/client/domain/{prevalidatedDomainReference}/token/delete", "deleteClientPrevalidatedDomainToken")
async def delete_client_prevalidated_domain_token(asked: Authenticated, domain_reference: DomainInPath) -> ClientDNS:
    """Take the random value of a domain back."""
    return _schema(asked, await commands.delete_token(asked.core, domain_reference, asked.principal))


def _schema(asked: Asked, domain: ClientDomain) -> ClientDNS:
    now = asked.core.sources.now()
    token = domain.token
    return ClientDNS(
        uuid=domain.id,
        domain=domain.name,
        domain_unicode=domain.unicode_name,
        validated=domain.valid_at(now),
        trusted_domain=False,
        time_validated=domain.validated_at,
        validation_method=commands.METHOD.value,
        random_value=token.value if token else None,
        random_value_time_created=token.created_at if token else None,
        random_value_time_expire=token.expires_at if token else None,
        validation_result=domain.result or None,
        time_expired=domain.valid_until,
        expired=domain.valid_until is not None and not domain.valid_at(now),
        random_value_time_expired=token is not None and not token.usable_at(now),
        status=ClientDomainValidationStatus(domain.status_at(now)),
    )
