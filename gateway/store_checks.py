"""What ``trivium doctor`` looks at in the store: the database, the clock against it, keys, certificates, CRLs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca_core.core import Core
from ca_core.model.certificates import Crl
from ca_core.model.cmc_clients import CmcClient
from ca_core.model.errors import TriviumError
from ca_core.model.issuers import Issuer, IssuerKind, OwnCertificate, OwnCertificateRole
from ca_core.model.products import ProfileKind
from ca_core.model.store import Transaction
from ca_core.orders import cmc_expiry
from gateway.findings import Finding, good, soon, wrong
from gateway.installation import Installation
from store.migrate import is_current

CLOCK_TOLERANCE: Final = timedelta(minutes=1)
CA_SOON: Final = timedelta(days=365)
CA_WRONG: Final = timedelta(days=90)
"""An issuing CA that ends sooner cannot issue the default product any more (rule 16)."""
OWN_SOON: Final = timedelta(days=7)
ROOT_CRL_SOON: Final = timedelta(days=30)
_CMC_KINDS: Final = frozenset({ProfileKind.CMC_RESPONDER, ProfileKind.CMC_RECIPIENT, ProfileKind.CMC_CLIENT})


async def database(core: Core, installation: Installation) -> Finding:
    """The database is there, answers, and has the schema of this program."""
    file = installation.database_file
    if file is not None and not file.exists():
        return wrong("database", f"{file} does not exist", "Bring it back from the backup, or correct `database.url`.")
    try:
        if not is_current(installation.database_url):
            return wrong("database", "its schema is older than this program", "Start the gateway, which migrates it.")
        issuers = await core.store.read(lambda tx: tx.issuers.all())
    except TriviumError as error:
        return wrong("database", error.detail, "Start the database, or correct `database.url` in trivium.toml.")
    if not issuers:
        return wrong("database", "it holds no installation", "Correct `database.url`, or bring the backup back.")
    return good("database", f"answers, {len(issuers)} issuers")


async def clock(core: Core) -> Finding:
    """The clock is not behind what has happened already."""
    now = core.sources.now()
    latest = await core.store.read(lambda tx: tx.audit.latest())
    if latest is not None and latest.at > now + CLOCK_TOLERANCE:
        return wrong(
            "clock",
            f"it shows {now:%Y-%m-%d %H:%M:%S} UTC, but something happened at {latest.at:%Y-%m-%d %H:%M:%S} already",
            "Set the clock, and keep it right with NTP: certificates are dated by it.",
        )
    return good("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")


async def keys(core: Core) -> list[Finding]:
    """Every issuing key can be opened, and is the one of its certificate."""
    issuers = await core.store.read(lambda tx: tx.issuers.all())
    return [await _key(core, issuer) for issuer in issuers if issuer.kind is IssuerKind.ISSUING]


async def _key(core: Core, issuer: Issuer) -> Finding:
    check = f"key of {issuer.name}"
    try:
        signer = await core.keys.signer(issuer.key_reference)
        await signer.sign(b"trivium doctor")
    except TriviumError as error:
        return wrong(check, error.detail, "Nothing can be issued until the key answers.")
    certified = x509.load_der_x509_certificate(issuer.certificate).public_key()
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if signer.public_key.public_bytes(*form) != certified.public_bytes(*form):
        return wrong(check, "it is not the key of the issuer's certificate", "Bring back the key that belongs to it.")
    return good(check, f"{issuer.key_reference.partition(':')[0]}, {signer.algorithm}")


async def certificates(core: Core) -> list[Finding]:
    """No certificate of the CA or of the gateway itself is about to end."""
    now = core.sources.now()
    return await core.store.read(lambda tx: list(_certificates(tx, now)))


def _certificates(tx: Transaction, now: datetime) -> Iterator[Finding]:
    for issuer in tx.issuers.all():
        end = x509.load_der_x509_certificate(issuer.certificate).not_valid_after_utc
        yield _ends(
            f"certificate of {issuer.name}",
            end,
            now,
            CA_WRONG,
            CA_SOON,
            "Make a new one: issued certificates must not outlive it.",
        )
        if issuer.kind is IssuerKind.ISSUING:
            for role in OwnCertificateRole:
                yield _own(role, tx.issuers.own_certificate(role, issuer.id), now)


def _own(role: OwnCertificateRole, own: OwnCertificate | None, now: datetime) -> Finding:
    if own is None:
        return good(f"{role} certificate", "ordered when the gateway starts")
    what_to_do = (
        "Start the gateway: it renews the certificate by itself; `trivium order list` shows whether that fails."
    )
    return _ends(f"{role} certificate", own.not_after, now, timedelta(0), OWN_SOON, what_to_do)


def _ends(
    check: str, end: datetime, now: datetime, is_wrong: timedelta, is_soon: timedelta, what_to_do: str
) -> Finding:
    left = end - now
    if left <= timedelta(0):
        return wrong(check, f"ended {end:%Y-%m-%d}", what_to_do)
    detail = f"ends {end:%Y-%m-%d}, in {left.days} days"
    if left <= is_wrong:
        return wrong(check, detail, what_to_do)
    return soon(check, detail, what_to_do) if left <= is_soon else good(check, detail)


async def cmc_clients(core: Core) -> list[Finding]:
    """CMC is served, and no CMC client's certificate is about to end."""
    kinds, found = await core.store.read(
        lambda tx: ({one.policy.profile.kind for one in tx.products.all(None)}, tx.cmc_clients.all(None))
    )
    if not kinds >= _CMC_KINDS:
        missing = ", ".join(sorted(_CMC_KINDS - kinds))
        what_to_do = "Where CMC is wanted: docs/cmc.md says what to add to catalogue.toml; then `trivium apply`."
        return [soon("CMC", f"not served: no product of the kind {missing}", what_to_do)]
    now = core.sources.now()
    ending = [finding for one in found if (finding := _cmc_client(one, now)) is not None]
    return ending or [good("CMC clients", f"{len(found)} clients, no certificate ends soon")]


def _cmc_client(cmc_client: CmcClient, now: datetime) -> Finding | None:
    days, end = cmc_expiry.threshold(cmc_client, now), cmc_expiry.end_of(cmc_client)
    if days is None or end is None:
        return None
    what_to_do = (
        f"Have the client renew it over CMC (docs/cmc.md), or `trivium cmc-client change {cmc_client.name}` with "
        "--csr, --cert or --p12."
    )
    return _ends(f"CMC client {cmc_client.name}", end, now, timedelta(0), timedelta(days=days), what_to_do)


async def crls(core: Core) -> list[Finding]:
    """Every issuer's CRL is published and has not ended."""
    now = core.sources.now()

    def read(tx: Transaction) -> list[Finding]:
        return [_crl(issuer, tx.crls.latest(issuer.id), now) for issuer in tx.issuers.all()]

    return await core.store.read(read)


def _crl(issuer: Issuer, crl: Crl | None, now: datetime) -> Finding:
    check = f"CRL of {issuer.name}"
    offline = issuer.kind is IssuerKind.ROOT
    what_to_do = "trivium crl --root" if offline else "Start the gateway, which publishes it, or `trivium crl --new`."
    if crl is None:
        return wrong(check, "there is none", what_to_do)
    detail = f"number {crl.number}, good until {crl.next_update.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if crl.next_update <= now:
        return wrong(check, detail, what_to_do)
    return soon(check, detail, what_to_do) if offline and crl.next_update - now < ROOT_CRL_SOON else good(check, detail)
