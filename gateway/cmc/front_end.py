"""What the CMC front end works with, and what it is given."""

import asyncio
from dataclasses import dataclass, field

from cryptography import x509

from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import Issuer, IssuerKind, OwnCertificate, OwnCertificateRole
from ca_core.orders.own_certificates import ensure


@dataclass(frozen=True, kw_only=True)
class FrontEnd:
    """The front end on a core. ``issuer_id`` is the issuer of the certificate that signs the answers.

    ``derivation`` is held while a key is derived from a password: senders choose how long that takes.
    """

    core: Core
    issuer_id: str
    derivation: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    @classmethod
    async def of(cls, core: Core) -> "FrontEnd":
        """Return the front end of an installation, its responder's certificate ordered; raises UNAVAILABLE."""
        issuing = [
            issuer for issuer in await core.store.read(lambda tx: tx.issuers.all()) if issuer.kind is IssuerKind.ISSUING
        ]
        if not issuing:
            raise TriviumError(ErrorKind.UNAVAILABLE, "The database has no issuing CA; `trivium init` makes one.")
        issuer = min(issuing, key=lambda one: one.created_at)
        await ensure(core, OwnCertificateRole.CMC_RESPONDER, issuer.id)
        return cls(core=core, issuer_id=issuer.id)

    async def responder(self) -> OwnCertificate:
        """Return the responder's certificate as it is now, whichever worker has renewed it."""
        role, issuer_id = OwnCertificateRole.CMC_RESPONDER, self.issuer_id
        own = await self.core.store.read(lambda tx: tx.issuers.own_certificate(role, issuer_id))
        return own or await ensure(self.core, role, issuer_id)

    async def recipients(self) -> list[OwnCertificate]:
        """Return the certificates that messages are encrypted for, RSA first; none before the gateway has made them."""
        roles, issuer_id = (OwnCertificateRole.CMC_RECIPIENT, OwnCertificateRole.CMC_RECIPIENT_EC), self.issuer_id
        found = await self.core.store.read(lambda tx: [tx.issuers.own_certificate(role, issuer_id) for role in roles])
        return [own for own in found if own is not None]

    async def issuer_named(self, name: bytes) -> Issuer | None:
        """Return the issuer whose subject is ``name`` (a Name in DER); None when it is none of ours."""
        for issuer in await self.core.store.read(lambda tx: tx.issuers.all()):
            if x509.load_der_x509_certificate(issuer.certificate).subject.public_bytes() == name:
                return issuer
        return None


@dataclass(frozen=True, kw_only=True)
class Received:
    """A message as it came, nothing of which is believed yet: DER or BER, the peer's address, the URL's parameters."""

    body: bytes
    address: str
    parameters: dict[str, str] = field(default_factory=dict)
