"""CMC clients: the mail gateways, appliances and scripts that order over CMC."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field

from ca_core.access import cmc_clients as access
from ca_core.certificates.chain import pem_certificate, pem_chain
from ca_core.model import cmc_clients
from ca_core.model.cmc_clients import CmcRight
from ca_core.model.store import Transaction
from ca_core.orders import cmc_expiry, cmc_registration
from ca_core.orders.cmc_registration import CmcChange, CmcRegistration, RegisteredCmcClient
from gateway.pem_text import der_of, der_of_certificate
from gateway.rest.v3.api_keys import Networks
from gateway.rest.v3.ids import CertificateId, ClientId, CmcClientId, ProductId
from gateway.rest.v3.operation import Called, Caller, ResourceOperation
from gateway.rest.v3.pem import Certificate, Csr
from gateway.rest.v3.revisions import IfMatch, tag_of
from gateway.rest.v3.schema import Flag, Schema, Time, json_answer, list_answer

router = APIRouter(prefix="/v3/cmc-clients", tags=["CMC clients"], route_class=ResourceOperation)

_Name = Annotated[str, Path(min_length=1, max_length=64, examples=["mail-gateway"])]
_Products = Annotated[
    tuple[ProductId, ...], Field(min_length=1, max_length=50, description="What it may order, first the default.")
]


class CmcClient(Schema):
    """A CMC client."""

    id: CmcClientId
    name: Annotated[str, Field(examples=["mail-gateway"])]
    client: ClientId
    products: list[ProductId]
    rights: list[CmcRight]
    certificate: Annotated[str | None, Field(description="The dedicated one, PEM.")]
    certificate_id: Annotated[CertificateId | None, Field(description="Where it was issued here.")]
    certificate_until: Annotated[Time | None, Field(description="When it ends.")] = None
    has_secret: Annotated[Flag, Field(description="Whether a secret is shared with it.")]
    sha1: Annotated[Flag, Field(description="Whether it may sign with SHA-1.")]
    sha1_used_at: Time | None = None
    networks: list[str]
    disabled: Flag
    created_at: Time


class NewCmcClient(Schema):
    """A CMC client to be registered: with a CSR or a certificate, a shared secret, or both."""

    name: Annotated[str, Field(min_length=1, max_length=64, examples=["mail-gateway"])]
    client: ClientId
    products: _Products
    rights: Annotated[tuple[CmcRight, ...], Field(min_length=1, max_length=len(CmcRight))]
    csr: Annotated[Csr | None, Field(description="For its dedicated certificate, which is issued at once.")] = None
    certificate: Annotated[
        Certificate | None, Field(description="Its dedicated certificate, from elsewhere.", examples=[None])
    ] = None
    secret: Annotated[Flag, Field(description="Whether a secret is made, to be shared with it.")] = False
    networks: Networks = ()
    sha1: Flag = False


class CmcClientChange(Schema):
    """What is to become different of a CMC client; what is left out stays as it is."""

    products: _Products | None = None
    rights: Annotated[tuple[CmcRight, ...], Field(min_length=1, max_length=len(CmcRight))] | None = None
    csr: Annotated[Csr | None, Field(description="For a new dedicated certificate.")] = None
    certificate: Annotated[
        Certificate | None, Field(description="The new dedicated certificate, from elsewhere.", examples=[None])
    ] = None
    secret: Annotated[Flag | None, Field(description="true: a new secret is made; false: none is shared.")] = None
    networks: Networks | None = None
    sha1: Flag | None = None


class MadeCmcClient(Schema):
    """A CMC client, and what is new of it: the chain of its dedicated certificate, its secret."""

    client: CmcClient
    secret: Annotated[
        str | None, Field(description="In this answer alone.", examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"])
    ] = None
    chain: Annotated[str, Field(description="PEM, leaf first.")]


def client_of(client: cmc_clients.CmcClient) -> CmcClient:
    """Return a CMC client as it is shown."""
    return CmcClient.model_construct(
        id=client.id,
        name=client.name,
        client=client.client_id,
        products=[*client.product_ids],
        rights=sorted(client.rights),
        certificate=None if client.certificate is None else pem_certificate(client.certificate),
        certificate_id=client.certificate_id,
        certificate_until=cmc_expiry.end_of(client),
        has_secret=client.sealed_secret is not None,
        sha1=client.sha1,
        sha1_used_at=client.sha1_used_at,
        networks=[*client.networks],
        disabled=client.disabled,
        created_at=client.created_at,
    )


def _made_of(made: RegisteredCmcClient, secret: str | None) -> MadeCmcClient:
    certificate = made.cmc_client.certificate
    chain = "" if certificate is None else pem_chain(certificate, made.chain)
    return MadeCmcClient.model_construct(client=client_of(made.cmc_client), secret=secret or None, chain=chain)


def _require(caller: Caller, if_match: IfMatch, name: str) -> None:
    def now(tx: Transaction) -> CmcClient | None:
        client = tx.cmc_clients.by_name(name)
        return None if client is None else client_of(client)

    caller.first_write.also(if_match.of(now))


@router.get("", response_model=list[CmcClient])
async def list_cmc_clients(caller: Called) -> Response:
    """List the CMC clients of your Clients, by name."""
    return list_answer([client_of(one) for one in await access.listing(caller.core, caller.principal)])


@router.post("", response_model=MadeCmcClient, status_code=201)
async def register_cmc_client(caller: Called, wanted: NewCmcClient) -> Response:
    """Register a CMC client, with a dedicated certificate, a shared secret, or both."""
    secret = cmc_registration.new_secret(caller.core) if wanted.secret else None
    registration = CmcRegistration(
        name=wanted.name,
        client_id=wanted.client,
        product_ids=wanted.products,
        rights=frozenset(wanted.rights),
        csr=None if wanted.csr is None else der_of(wanted.csr),
        certificate=None if wanted.certificate is None else der_of_certificate(wanted.certificate),
        secret=secret,
        networks=wanted.networks,
        sha1=wanted.sha1,
    )
    made = _made_of(await cmc_registration.register(caller.core, registration, caller.principal), secret)
    return json_answer(made, 201, location=f"{caller.front_end.external_url}/v3/cmc-clients/{wanted.name}")


@router.get("/{name}", response_model=CmcClient)
async def get_cmc_client(caller: Called, name: _Name) -> Response:
    """Read a CMC client."""
    shown = client_of(await access.get(caller.core, name, caller.principal))
    return json_answer(shown, etag=tag_of(shown))


@router.patch("/{name}", response_model=MadeCmcClient)
async def change_cmc_client(caller: Called, name: _Name, wanted: CmcClientChange, if_match: IfMatch) -> Response:
    """Change a CMC client: its products, rights, dedicated certificate or shared secret."""
    _require(caller, if_match, name)
    secret = cmc_registration.new_secret(caller.core) if wanted.secret else None if wanted.secret is None else ""
    change = CmcChange(
        product_ids=wanted.products,
        rights=None if wanted.rights is None else frozenset(wanted.rights),
        csr=None if wanted.csr is None else der_of(wanted.csr),
        certificate=None if wanted.certificate is None else der_of_certificate(wanted.certificate),
        secret=secret,
        networks=wanted.networks,
        sha1=wanted.sha1,
    )
    made = _made_of(await cmc_registration.change(caller.core, name, change, caller.principal), secret)
    return json_answer(made, etag=tag_of(made.client))


@router.post("/{name}/disable", response_model=CmcClient)
async def disable_cmc_client(caller: Called, name: _Name) -> Response:
    """Let a CMC client do nothing from now on."""
    shown = client_of(await access.disable(caller.core, name, caller.principal))
    return json_answer(shown, etag=tag_of(shown))


@router.post("/{name}/enable", response_model=CmcClient)
async def enable_cmc_client(caller: Called, name: _Name) -> Response:
    """Let a CMC client go on."""
    shown = client_of(await access.enable(caller.core, name, caller.principal))
    return json_answer(shown, etag=tag_of(shown))
