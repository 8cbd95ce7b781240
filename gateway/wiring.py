"""Puts the parts together: the settings of an installation become the one :class:`~ca_core.core.Core` of a process."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from ca_core.certificates.lint import Linters
from ca_core.core import Core
from ca_core.keys.pkcs11 import Pkcs11Token
from ca_core.keys.ring import StoredKeyRing
from ca_core.keys.sealing import read_secret_file
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.store import Store
from ca_core.validation.methods import build_validators
from ca_core.validation.validator import ValidationSettings
from gateway.installation import Installation
from gateway.sources import system_sources
from store.database import open_store


@asynccontextmanager
async def opened_store(installation: Installation) -> AsyncIterator[Store]:
    """Open the store of an installation; raises UNAVAILABLE."""
    store = open_store(installation.database_url)
    try:
        yield store
    finally:
        store.close()


@asynccontextmanager
async def opened_core(
    installation: Installation, *, worker: str, linters: Linters, environment: Mapping[str, str] = os.environ
) -> AsyncIterator[Core]:
    """Open everything a command needs; ``worker`` names the process on its leases.

    ``linters`` are those built beforehand (a server) or none yet (a command). Raises UNAVAILABLE, FORBIDDEN.
    """
    sources = system_sources()
    kek = installation.key_encryption_key(environment, sources.entropy)
    validators = build_validators(validation_settings(installation), sources)
    try:
        async with opened_store(installation) as store:
            keys = StoredKeyRing(store, kek, token(installation))
            try:
                yield Core(
                    store=store,
                    sources=sources,
                    keys=keys,
                    linters=linters,
                    validators=validators.by_method,
                    worker=worker,
                )
            finally:
                keys.close()
    finally:
        await validators.close()


def validation_settings(installation: Installation) -> ValidationSettings:
    """Return how validators reach the outside."""
    validation = installation.settings.validation
    return ValidationSettings(
        resolver=str(validation.resolver),
        http_port=validation.http_port,
        allow_private_addresses=validation.allow_private_addresses,
    )


def token(installation: Installation) -> Pkcs11Token | None:
    """Return the PKCS#11 token of the settings, or None; raises UNAVAILABLE when its PIN file cannot be read."""
    pkcs11 = installation.settings.pkcs11
    if not pkcs11.module:
        return None
    if not pkcs11.token or installation.pin_file is None:
        raise TriviumError(
            ErrorKind.MALFORMED, "`pkcs11.module` is set, so `pkcs11.token` and `pkcs11.pin_file` must be set too."
        )
    return Pkcs11Token(Path(pkcs11.module), pkcs11.token, read_secret_file(installation.pin_file).decode().strip())
