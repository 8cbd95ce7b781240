"""One worker of the gateway: the core, the applications on both listeners, and the order worker, in one event loop."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from ca_core.certificates.lint import Linters
from ca_core.certificates.warm_up import warm_up
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import Issuer, IssuerKind, OwnCertificateRole
from ca_core.model.products import ProfileKind
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.orders import worker as order_worker
from ca_core.orders.own_certificates import ensure
from gateway import hostile, logs
from gateway.acme.directory import Directory
from gateway.acme.nonces import Nonces
from gateway.acme.routes import build_app as build_acme
from gateway.admin.front_end import BASE as ADMIN_BASE
from gateway.admin.front_end import FrontEnd as AdminFrontEnd
from gateway.admin.routes import applications as admin_applications
from gateway.cmc import tcp as cmc_tcp
from gateway.cmc.front_end import FrontEnd as CmcFrontEnd
from gateway.cmc.transport import PATHS as CMC_PATHS
from gateway.cmc.transport import applications as cmc_applications
from gateway.directories import bound_directory, open_directory
from gateway.installation import KEY_ENCRYPTION_KEY_VARIABLE, Installation
from gateway.listener import serve_with
from gateway.listener_certificate import ListenerCertificate, listener_names
from gateway.rest.front_end import FrontEnd as RestFrontEnd
from gateway.rest.routes import applications as rest_applications
from gateway.roads import Roads
from gateway.settings.installation import Hostile
from gateway.start_message import StartMessage
from gateway.status.routes import build_app as build_status
from gateway.wiring import Opened, opened_core

NONCE_KEY_PURPOSE = "acme-nonce"
_LOG = logging.getLogger("trivium.server")


async def serve(message: StartMessage, *, stop: asyncio.Event, answering: Callable[[dict[str, str]], None]) -> None:
    """Serve until ``stop``; calls ``answering`` with the URLs once both listeners accept.

    Raises whatever keeps the worker from starting, or from going on: the supervisor starts another one.
    """
    installation = Installation.open(Path(message.directory))
    logs.configure(installation.settings.log.level)
    environment = {**os.environ}
    if message.key_encryption_key is not None:
        environment[KEY_ENCRYPTION_KEY_VARIABLE] = message.key_encryption_key
    if message.index == 0:
        from store.migrate import upgrade  # noqa: PLC0415 - 0.25 s that the other workers save

        await asyncio.to_thread(upgrade, installation.database_url)
    name = f"{socket.gethostname()}:{os.getpid()}"
    async with opened_core(installation, worker=name, linters=Linters(), environment=environment) as opened:
        await _serve(opened, installation, message, stop, answering)


async def _serve(
    opened: Opened,
    installation: Installation,
    message: StartMessage,
    stop: asyncio.Event,
    answering: Callable[[dict[str, str]], None],
) -> None:
    core, settings = opened.core, installation.settings
    issuer = await core.store.read(_issuer)
    directories = await core.store.read(
        lambda tx: (open_directory(tx, settings.acme_base), bound_directory(tx, settings.acme_base))
    )
    if not settings.listen.cross_origin:
        directories = (replace(directories[0], cross_origin=False), replace(directories[1], cross_origin=False))
    warm_up([issuer], await core.store.read(lambda tx: tx.products.all(None)), core.linters)
    await ensure(core, OwnCertificateRole.OCSP_RESPONDER, issuer.id)
    certificate = ListenerCertificate(core, issuer.id, installation.run_directory)
    await certificate.order(listener_names(settings))
    cmc = await _cmc(core)
    nonces = Nonces(opened.kek.derive(NONCE_KEY_PURPOSE), core.sources)
    if settings.hostile.on:
        core, nonces, directories = await _made_hostile(core, nonces, directories, settings.hostile)
    acme = build_acme(core, directories, nonces)
    rest = RestFrontEnd(core=core, external_url=settings.acme_base, key_in_url=settings.rest.key_in_url)
    admin = AdminFrontEnd(core=core, external_url=settings.acme_base)
    below = {**rest_applications(rest), **admin_applications(admin)}
    roads = Roads({} if cmc is None else cmc_applications(cmc), below, acme)
    serve_socket = serve_with(message.server)
    acme_started, status_started, cmc_started = asyncio.Event(), asyncio.Event(), asyncio.Event()
    acme_socket = socket.socket(fileno=message.acme_descriptor)
    status_socket = socket.socket(fileno=message.status_descriptor)

    async def say_when_answering() -> None:
        for started in (acme_started, status_started, cmc_started):
            await started.wait()
        answering(_endpoints(installation, issuer, directories, cmc=cmc is not None))

    answer = asyncio.create_task(say_when_answering())
    try:
        await _together(
            stop,
            serve_socket(roads, acme_socket, certificate.context, started=acme_started, stop=stop),
            serve_socket(build_status(core), status_socket, None, started=status_started, stop=stop),
            _cmc_over_tcp(cmc, message.cmc_tcp_descriptor, started=cmc_started, stop=stop),
            order_worker.run(core, stop),
            certificate.follow(stop),
        )
    finally:
        answer.cancel()


async def _together(stop: asyncio.Event, *parts: Coroutine[Any, Any, None]) -> None:
    """Run the parts until ``stop`` has ended them all; when one fails, stop the others and raise what it raised."""
    tasks = [asyncio.create_task(part) for part in parts]
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_EXCEPTION)
    stop.set()
    await stopped
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def _made_hostile(
    core: Core, nonces: Nonces, directories: tuple[Directory, Directory], switches: Hostile
) -> tuple[Core, Nonces, tuple[Directory, Directory]]:
    """Return what is served with the hostile switches on; raises FORBIDDEN where a product is public."""
    products = await core.store.read(lambda tx: tx.products.all(None))
    hostile.refuse_public(switches, (product.policy for product in products))
    _LOG.warning(hostile.warning(switches))
    opened_to_all, bound = (replace(one, hostile=switches.model_dump()) for one in directories)
    slow = hostile.hostile_core(core, switches)
    refusing = hostile.HostileNonces(nonces, switches.reject_nonces, core.sources.entropy)
    return slow, refusing, (opened_to_all, bound)


def _issuer(tx: Transaction) -> Issuer:
    """Return the issuer of the gateway's own certificates: the oldest issuing CA."""
    issuing = [issuer for issuer in tx.issuers.all() if issuer.kind is IssuerKind.ISSUING]
    if not issuing:
        raise TriviumError(ErrorKind.UNAVAILABLE, "The database has no issuing CA; was it made by `trivium init`?")
    return min(issuing, key=lambda issuer: issuer.created_at)


async def _cmc(core: Core) -> CmcFrontEnd | None:
    """Return the CMC front end; None where the catalogue has no product for its responder's certificate."""
    kinds = {product.policy.profile.kind for product in await core.store.read(lambda tx: tx.products.all(None))}
    if ProfileKind.CMC_RESPONDER not in kinds:
        _LOG.warning("CMC is not served: catalogue.toml has no product of the kind %s", ProfileKind.CMC_RESPONDER)
        return None
    return await CmcFrontEnd.of(core)


async def _cmc_over_tcp(
    cmc: CmcFrontEnd | None, descriptor: int | None, *, started: asyncio.Event, stop: asyncio.Event
) -> None:
    """Serve CMC over TCP where it is wanted; raises UNAVAILABLE where there is no CMC to serve."""
    if descriptor is None:
        started.set()
        return
    if cmc is None:
        detail = "`listen.cmc_tcp` is set, but the catalogue lacks the products of CMC; see docs/cmc.md."
        raise TriviumError(ErrorKind.UNAVAILABLE, detail)
    await cmc_tcp.serve(cmc, socket.socket(fileno=descriptor), started=started, stop=stop)


def _endpoints(
    installation: Installation, issuer: Issuer, directories: tuple[Directory, Directory], *, cmc: bool
) -> dict[str, str]:
    """Return what ``endpoints.json`` says."""
    opened_to_all, bound = directories
    settings = installation.settings
    root = str(installation.root_certificate_file)
    return {
        "acme_directory": opened_to_all.url,
        "acme_eab_directory": bound.url,
        "tls_ca": root,
        "root": root,
        "crl": issuer.crl_url,
        "ocsp": issuer.ocsp_url,
        "rest": settings.acme_base,
        "admin": f"{settings.acme_base}{ADMIN_BASE}/",
        **({"cmc": settings.acme_base + CMC_PATHS[0]} if cmc else {}),
        **({"cmc_tcp": str(settings.listen.cmc_tcp)} if settings.listen.cmc_tcp else {}),
    }
