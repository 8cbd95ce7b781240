"""The TLS listener's certificate: ordered by the gateway itself, and taken over by every worker when it is renewed."""

import asyncio
import contextlib
import ipaddress
import logging
import ssl
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from ca_core.certificates.chain import pem_certificate
from ca_core.core import Core
from ca_core.model.errors import TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.issuers import OwnCertificate, OwnCertificateRole
from ca_core.orders.own_certificates import ensure
from gateway.listener import tls_context
from gateway.settings.installation import Settings

FOLLOW_SECONDS: Final = 60
_ROLE: Final = OwnCertificateRole.TLS_LISTENER
_log = logging.getLogger("trivium.listener")


def listener_names(settings: Settings) -> tuple[Identifier, ...]:
    """Return the names of the TLS listener: the hosts of its URL and of its address, and localhost on loopback."""
    hosts = {urlsplit(settings.acme_base).hostname or "", settings.listen.acme.host}
    identifiers: set[Identifier] = set()
    for host in hosts:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            identifiers.add(Identifier(type=IdentifierType.DNS, value=host.lower()))
            continue
        if not address.is_unspecified:
            identifiers.add(Identifier(type=IdentifierType.IP, value=str(address)))
        if address.is_loopback:
            identifiers.add(Identifier(type=IdentifierType.DNS, value="localhost"))
    return tuple(sorted(identifiers))


class ListenerCertificate:
    """Keeps one TLS context up to date. New connections get the newest certificate; running ones keep theirs."""

    def __init__(self, core: Core, issuer_id: str, run_directory: Path) -> None:
        self.context: ssl.SSLContext = tls_context()
        self._core = core
        self._issuer_id = issuer_id
        self._run_directory = run_directory
        self._certificate_id = ""

    async def order(self, names: tuple[Identifier, ...]) -> None:
        """See to it that there is a certificate for ``names``, and use it; raises UNAVAILABLE."""
        await self._use(await ensure(self._core, _ROLE, self._issuer_id, names))

    async def follow(self, stop: asyncio.Event) -> None:
        """Take over what the renewal timer, in whichever worker, has stored; returns at ``stop``."""
        while not stop.is_set():
            try:
                await self.refresh()
            except TriviumError as error:
                _log.warning("the listener keeps its certificate for now: %s", error.detail)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), FOLLOW_SECONDS)

    async def refresh(self) -> None:
        """Take over the stored certificate when it is another one; raises UNAVAILABLE."""
        own = await self._core.store.read(lambda tx: tx.issuers.own_certificate(_ROLE, self._issuer_id))
        if own is not None and own.certificate_id != self._certificate_id:
            await self._use(own)

    async def _use(self, own: OwnCertificate) -> None:
        key = await self._core.keys.private_key(own.key_id)
        # OpenSSL takes the key from a file only; so it is there for a moment, encrypted under a password nobody keeps.
        password = self._core.sources.entropy.token(32).hex()
        encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password.encode()))
        chain = "".join(pem_certificate(der) for der in (own.certificate, *own.chain))
        with tempfile.NamedTemporaryFile(dir=self._run_directory, suffix=".pem") as file:
            file.write(chain.encode() + encrypted)
            file.flush()
            self.context.load_cert_chain(file.name, password=password)
        self._certificate_id = own.certificate_id
