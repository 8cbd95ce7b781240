"""CMC clients: the mail gateways, appliances and scripts that order over CMC; registered, changed, let in or not."""

from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from ca_core.access import cmc_clients as access
from ca_core.access.authorisation import clients_with
from ca_core.certificates.chain import pem_chain
from ca_core.model.cmc_clients import CmcClient, CmcRight
from ca_core.model.errors import Problem
from ca_core.model.permissions import Permission
from ca_core.model.products import Road
from ca_core.model.store import Transaction
from ca_core.orders import cmc_expiry, cmc_registration
from ca_core.orders.cmc_registration import CmcChange, CmcRegistration, RegisteredCmcClient
from gateway.admin.choices import client_names, clients_that, products
from gateway.admin.page import act, show
from gateway.admin.sections import CMC
from gateway.admin.visit import Visit
from gateway.pem_text import der_of


@dataclass(frozen=True, kw_only=True)
class CmcRow:
    """A CMC client with when its dedicated certificate ends, and whether it is to be renewed now."""

    cmc_client: CmcClient
    ends_at: datetime | None
    ending: bool


@dataclass(frozen=True, kw_only=True)
class Made:
    """What was made for a CMC client and is shown this once: its certificate with the chain in PEM, its secret."""

    name: str
    chain: str = ""
    secret: str = field(default="", repr=False)


async def cmc_client_list(visit: Visit) -> Response:
    """Show the CMC clients, and the form that registers one."""
    return await _list(visit)


async def register_cmc_client(visit: Visit) -> Response:
    """Register a CMC client for the key of a CSR, with a secret or both, and show what was made of them."""
    form, csr = visit.form, visit.form.text("csr")
    secret = cmc_registration.new_secret(visit.core) if form.ticked("secret") else ""
    registration = CmcRegistration(
        name=form.text("name"),
        client_id=form.text("client"),
        product_ids=tuple(form.texts("product")),
        rights=_rights(visit),
        csr=der_of(csr) if csr else None,
        secret=secret or None,
        networks=tuple(form.text("networks").split()),
        sha1=form.ticked("sha1"),
    )
    registered = await cmc_registration.register(visit.core, registration, visit.principal)
    made = Made(name=registration.name, chain=_chain(registered), secret=secret)
    return await _list(visit.without_form(), made=made)


async def cmc_client_page(visit: Visit) -> Response:
    """Show one CMC client."""
    return await _one(visit)


async def change_cmc_client(visit: Visit) -> Response:
    """Change a CMC client; a CSR brings it a new certificate."""
    form, csr, name = visit.form, visit.form.text("csr"), visit.path("name")
    wanted = CmcChange(
        product_ids=tuple(form.texts("product")) or None,
        rights=_rights(visit),
        csr=der_of(csr) if csr else None,
        networks=tuple(form.text("networks").split()),
        sha1=form.ticked("sha1"),
    )
    changed = await cmc_registration.change(visit.core, name, wanted, visit.principal)
    if not csr:
        return visit.to(_path(name), "saved")
    return await _one(visit.without_form(), made=Made(name=name, chain=_chain(changed)))


async def make_cmc_secret(visit: Visit) -> Response:
    """Make a secret in the place of the one that is shared with a CMC client, and show it, this once."""
    name = visit.path("name")
    await access.get(visit.core, name, visit.principal)  # whoever may not see the page would not get to see the secret
    secret = cmc_registration.new_secret(visit.core)
    await cmc_registration.change(visit.core, name, CmcChange(secret=secret), visit.principal)
    return await _one(visit, made=Made(name=name, secret=secret))


async def end_cmc_secret(visit: Visit) -> Response:
    """Share no secret with a CMC client any more."""
    name = visit.path("name")
    await cmc_registration.change(visit.core, name, CmcChange(secret=""), visit.principal)
    return visit.to(_path(name), "saved")


async def disable_cmc_client(visit: Visit) -> Response:
    """Let a CMC client do nothing from now on."""
    await access.disable(visit.core, visit.path("name"), visit.principal)
    return visit.to(_path(visit.path("name")), "saved")


async def enable_cmc_client(visit: Visit) -> Response:
    """Let a CMC client go on."""
    await access.enable(visit.core, visit.path("name"), visit.principal)
    return visit.to(_path(visit.path("name")), "saved")


async def _list(visit: Visit, problem: Problem | None = None, *, made: Made | None = None) -> Response:
    found = await access.listing(visit.core, visit.principal)
    over_cmc = await products(visit, Road.CMC)
    may_register = clients_with(visit.principal, Permission.CMC_CLIENT_CREATE)
    return await visit.page(
        "cmc_clients.html",
        status=HTTPStatus.CREATED if made else HTTPStatus.OK,
        problem=problem,
        rows=[_row(visit, one) for one in found],
        clients=await client_names(visit),
        products={one.id: one.name for one in over_cmc},
        rights=[*CmcRight],
        orderable=[one for one in over_cmc if may_register is None or one.client_id in may_register],
        made=made,
        endpoint=f"{visit.front_end.external_url}/cmc",
    )


async def _one(visit: Visit, problem: Problem | None = None, *, made: Made | None = None) -> Response:
    found = await access.get(visit.core, visit.path("name"), visit.principal)
    over_cmc = await products(visit, Road.CMC)
    return await visit.page(
        "cmc_client.html",
        status=HTTPStatus.CREATED if made else HTTPStatus.OK,
        problem=problem,
        row=_row(visit, found),
        clients=await client_names(visit),
        products={one.id: one.name for one in over_cmc},
        rights=[*CmcRight],
        orderable=[one for one in over_cmc if one.client_id == found.client_id],
        may_change=bool(clients_that(visit, Permission.CMC_CLIENT_UPDATE, [found.client_id])),
        made=made,
        endpoint=f"{visit.front_end.external_url}/cmc",
    )


def _row(visit: Visit, cmc_client: CmcClient) -> CmcRow:
    ending = cmc_expiry.threshold(cmc_client, visit.core.sources.now()) is not None
    return CmcRow(cmc_client=cmc_client, ends_at=cmc_expiry.end_of(cmc_client), ending=ending)


def _rights(visit: Visit) -> frozenset[CmcRight]:
    return frozenset(right for right in CmcRight if right in visit.form.texts("right"))


def _chain(registered: RegisteredCmcClient) -> str:
    """Return the certificate with its chain in PEM, empty where there is none."""
    certificate = registered.cmc_client.certificate
    return "" if certificate is None else pem_chain(certificate, registered.chain)


def _path(name: str) -> str:
    return f"{CMC.path}/{name}"


def _stored(visit: Visit, tx: Transaction) -> CmcClient | None:
    return tx.cmc_clients.by_name(visit.path("name"))


routes: Final[list[Route]] = [
    show("", cmc_client_list, CMC),
    act("", register_cmc_client, CMC, again=_list),
    show("/{name}", cmc_client_page, CMC),
    act("/{name}", change_cmc_client, CMC, again=_one, changes=_stored),
    act("/{name}/secret", make_cmc_secret, CMC, again=_one),
    act("/{name}/secret/end", end_cmc_secret, CMC, again=_one),
    act("/{name}/disable", disable_cmc_client, CMC),
    act("/{name}/enable", enable_cmc_client, CMC),
]
