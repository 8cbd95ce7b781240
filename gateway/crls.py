"""``trivium crl``: what is published, and new ones, also of the root, whose key a person unlocks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ca_core.audit.log import entry
from ca_core.certificates.lint import Linters
from ca_core.certificates.throwaway import key_algorithm
from ca_core.core import Core
from ca_core.keys.passphrase import decrypt_private_key_pem
from ca_core.keys.software import SoftwareSigner
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import Issuer, IssuerKind
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.revocation.crl import make_root_crl, publish_crl
from gateway.installation import ROOT_PASSPHRASE_VARIABLE, Installation
from gateway.passphrase import root_passphrase
from gateway.wiring import opened_core, reading_core


@dataclass(frozen=True, kw_only=True)
class PublishedCrl:
    """An issuer's newest CRL; number and times are None before the first."""

    issuer: str
    issuer_id: str
    url: str
    number: int | None = None
    this_update: datetime | None = None
    next_update: datetime | None = None
    size: int = 0


async def crls(core: Core) -> list[PublishedCrl]:
    """Return the newest CRL of every issuer."""

    def read(tx: Transaction) -> list[PublishedCrl]:
        return [
            _published(tx, issuer)
            for issuer in sorted(tx.issuers.all(), key=lambda issuer: (issuer.kind is not IssuerKind.ROOT, issuer.name))
        ]

    return await core.store.read(read)


async def publish_issuing(installation: Installation, environment: Mapping[str, str]) -> None:
    """Publish a new CRL of every issuing CA; raises UNAVAILABLE when its key does not answer."""
    async with opened_core(installation, worker="console", linters=Linters(), environment=environment) as opened:
        core = opened.core
        for issuer in await core.store.read(lambda tx: tx.issuers.all()):
            if issuer.kind is IssuerKind.ISSUING:
                await publish_crl(core, issuer.id)


async def publish_root(installation: Installation, environment: Mapping[str, str], principal: Principal) -> None:
    """Publish a new CRL of the root; raises FORBIDDEN for a wrong passphrase, UNAVAILABLE without the key or one."""
    passphrase = root_passphrase(environment, confirm=False)
    if passphrase is None:
        raise TriviumError(
            ErrorKind.UNAVAILABLE, f"The root's passphrase is needed: on a terminal, or in {ROOT_PASSPHRASE_VARIABLE}."
        )
    try:
        encrypted = installation.root_key_file.read_bytes()
    except OSError as error:
        raise TriviumError(
            ErrorKind.UNAVAILABLE, f"The root's key is not there: bring {installation.root_key_file} back for this."
        ) from error
    key = decrypt_private_key_pem(encrypted, passphrase)
    signer = SoftwareSigner(key, key_algorithm(key.public_key()))
    async with reading_core(installation) as core:
        root = next(
            issuer for issuer in await core.store.read(lambda tx: tx.issuers.all()) if issuer.kind is IssuerKind.ROOT
        )
        number, revoked = await core.store.write(
            lambda tx: (
                tx.crls.next_number(root.id),
                tx.certificates.revoked(root.id, datetime(1970, 1, 1, tzinfo=UTC)),
            )
        )
        crl = await make_root_crl(
            signer, root.certificate, issuer_id=root.id, number=number, now=core.sources.now(), revoked=revoked
        )
        record = entry(core.sources, principal, "crl.publish", root.id, number=number)

        def publish(tx: Transaction) -> None:
            tx.crls.publish(crl)
            tx.audit.append([record])

        await core.store.write(publish)


def _published(tx: Transaction, issuer: Issuer) -> PublishedCrl:
    crl = tx.crls.latest(issuer.id)
    if crl is None:
        return PublishedCrl(issuer=issuer.name, issuer_id=issuer.id, url=issuer.crl_url)
    return PublishedCrl(
        issuer=issuer.name,
        issuer_id=issuer.id,
        url=issuer.crl_url,
        number=crl.number,
        this_update=crl.this_update,
        next_update=crl.next_update,
        size=len(crl.der),
    )
