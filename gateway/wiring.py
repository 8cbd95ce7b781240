"""Puts the parts together: the settings of an installation become the one :class:`~ca_core.core.Core` of a process."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from ca_core.certificates.lint import Linters
from ca_core.core import Core
from ca_core.keys.pkcs11 import Pkcs11Token
from ca_core.keys.ring import StoredKeyRing
from ca_core.keys.sealing import KeyEncryptionKey, read_secret_file
from ca_core.keys.signer import KeyAlgorithm, Signer
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import SealedKey
from ca_core.model.rate_limits import Limit, RateLimits
from ca_core.model.store import Store
from ca_core.model.tokens import TokenRules
from ca_core.validation.validator import ValidationSettings
from gateway.directories import account_prefixes
from gateway.installation import Installation
from gateway.outbound import outbound
from gateway.sources import system_sources
from store.database import open_store


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A core, and the key-encryption key it was opened with, from which front ends derive theirs."""

    core: Core
    kek: KeyEncryptionKey


@asynccontextmanager
async def opened_store(installation: Installation) -> AsyncIterator[Store]:
    """Open the store of an installation; raises UNAVAILABLE."""
    store = open_store(installation.database_url)
    try:
        yield store
    finally:
        store.close()


@asynccontextmanager
async def reading_core(installation: Installation) -> AsyncIterator[Core]:
    """Open what a command needs that only looks: the store, and no key."""
    async with opened_store(installation) as store:
        yield Core(
            store=store,
            sources=system_sources(),
            keys=NoKeys(),
            sealer=NoKeys(),
            linters=Linters(),
            validators={},
            worker="console",
        )


class NoKeys:
    """The key ring and the sealer of a command that only looks."""

    async def signer(self, key_reference: str) -> Signer:
        """Refuse."""
        raise self._refused(key_reference)

    async def new_key(self, algorithm: KeyAlgorithm) -> SealedKey:
        """Refuse."""
        raise self._refused(algorithm)

    async def private_key(self, key_id: str) -> CertificateIssuerPrivateKeyTypes:
        """Refuse."""
        raise self._refused(key_id)

    def seal(self, purpose: str, plaintext: bytes) -> bytes:
        """Refuse."""
        del plaintext
        raise self._refused(purpose)

    def unseal(self, purpose: str, sealed: bytes) -> bytes:
        """Refuse."""
        del sealed
        raise self._refused(purpose)

    def _refused(self, what: str) -> TriviumError:
        return TriviumError(ErrorKind.INTERNAL, f"A command that only looks has no keys, and so not {what}.")


@asynccontextmanager
async def opened_core(
    installation: Installation, *, worker: str, linters: Linters, environment: Mapping[str, str] = os.environ
) -> AsyncIterator[Opened]:
    """Open everything a command needs; ``worker`` names the process on its leases.

    ``linters`` are those built beforehand (a server) or none yet (a command). Raises UNAVAILABLE, FORBIDDEN.
    """
    from ca_core.validation.methods import build_validators  # noqa: PLC0415 - 0.3 s that commands without it save

    sources = system_sources()
    kek = installation.key_encryption_key(environment, sources.entropy)
    validators = build_validators(validation_settings(installation), sources)
    try:
        async with opened_store(installation) as store, outbound(installation, sources, environment) as servers:
            keys = StoredKeyRing(store, kek, sources, token(installation))
            try:
                core = Core(
                    store=store,
                    sources=sources,
                    keys=keys,
                    sealer=kek,
                    linters=linters,
                    validators=validators.by_method,
                    caa=validators.caa,
                    worker=worker,
                    limits=rate_limits(installation),
                    tokens=TokenRules(issuers=installation.settings.rest.token_issuers),
                    directory=servers.directory,
                    webhooks=servers.webhooks,
                    mailer=servers.mailer,
                    identity_provider=servers.identity_provider,
                )
                yield Opened(core=core, kek=kek)
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
        tls_alpn_port=validation.tls_alpn_port,
        account_uri_prefixes=account_prefixes(installation.settings.acme_base),
        allow_private_addresses=validation.allow_private_addresses,
    )


def rate_limits(installation: Installation) -> RateLimits:
    """Return the limits of the settings."""
    limits = installation.settings.limits
    return RateLimits(
        rates={limit: getattr(limits, limit) for limit in Limit},
        exempt_networks=limits.exempt_addresses,
        exempt_accounts=frozenset(limits.exempt_accounts),
        exempt_clients=frozenset(limits.exempt_clients),
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
