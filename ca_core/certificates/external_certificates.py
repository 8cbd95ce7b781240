"""Certificates of other CAs, such as an earlier PKI: imported for a Client, listed, seen when they end, forgotten."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ca_core.access.authorisation import clients_searched, require
from ca_core.access.visibility import MAX_PAGE, not_found, require_sees
from ca_core.audit.log import entry
from ca_core.certificates.certificate_files import certificates_in
from ca_core.certificates.decoded import decoded
from ca_core.certificates.der import DerLimits, check_der
from ca_core.core import Core
from ca_core.model.audit import AuditRecord
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.external_certificates import ExternalCertificate
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction

MAX_AT_ONCE: Final = 100
"""The most certificates that one call imports."""
_SENT: Final = DerLimits(size=1_000_000, nodes=20_000)
"""The limits of a file that a user sends: it is read between the requests of all others."""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import did: the certificates as they are stored now, in the order of their first mention.

    ``new`` are the ids of those that were not there before.
    """

    certificates: tuple[ExternalCertificate, ...]
    new: frozenset[str]


async def import_file(core: Core, client_id: str, content: bytes, principal: Principal) -> Imported:
    """Import the certificates of a file, as :func:`import_certificates`; it is not read for who may not import."""
    _require_may_import(principal, client_id)
    return await import_certificates(core, client_id, certificates_in(content, limits=_SENT), principal)


async def import_certificates(core: Core, client_id: str, ders: Sequence[bytes], principal: Principal) -> Imported:
    """Import certificates (DER) for a Client; one that it has already stays as it is.

    All or none. Raises NOT_FOUND, FORBIDDEN, MALFORMED for none, too many, or one that cannot be read.
    """
    _require_may_import(principal, client_id)
    if not 0 < len(ders) <= MAX_AT_ONCE:
        raise TriviumError(ErrorKind.MALFORMED, f"Import from 1 to {MAX_AT_ONCE} certificates.")
    read = {one.fingerprint: one for one in (_read(core, client_id, der, principal) for der in ders)}

    def add(tx: Transaction) -> Imported:
        if tx.clients.get(client_id) is None:
            raise not_found("Client")
        known = {one.fingerprint: one for one in tx.external_certificates.known(client_id, list(read))}
        new = [one for fingerprint, one in read.items() if fingerprint not in known]
        tx.external_certificates.add(new)
        tx.audit.append([_entry(core, one, principal, "external-certificate.import") for one in new])
        return Imported(
            certificates=tuple(known.get(fingerprint, one) for fingerprint, one in read.items()),
            new=frozenset(one.id for one in new),
        )

    return await core.store.write(add)


async def listing(
    core: Core, principal: Principal, *, client_id: str | None = None, after: str | None = None, limit: int
) -> list[ExternalCertificate]:
    """Return a page of the certificates of a Client (None: of all the principal has), the first to end first.

    It begins behind the certificate ``after``; none behind one that there is not. Raises FORBIDDEN.
    """
    asked = None if client_id is None else frozenset({client_id})
    allowed = clients_searched(principal, Permission.CERTIFICATE_VIEW, asked)

    def read(tx: Transaction) -> list[ExternalCertificate]:
        behind = None if after is None else tx.external_certificates.get(after)
        if after is not None and behind is None:
            return []
        return tx.external_certificates.search(allowed, after=behind, limit=max(1, min(limit, MAX_PAGE)))

    return await core.store.read(read)


async def get(core: Core, certificate_id: str, principal: Principal) -> ExternalCertificate:
    """Return the certificate; raises NOT_FOUND, also for another Client's, and FORBIDDEN."""
    return await core.store.read(lambda tx: _visible(tx, certificate_id, principal, Permission.CERTIFICATE_VIEW))


async def delete(core: Core, certificate_id: str, principal: Principal) -> None:
    """Forget the certificate, which changes nothing for whoever relies on it. Raises NOT_FOUND, FORBIDDEN."""

    def act(tx: Transaction) -> None:
        found = _visible(tx, certificate_id, principal, Permission.CERTIFICATE_UPDATE)
        tx.external_certificates.delete(found.id)
        tx.audit.append([_entry(core, found, principal, "external-certificate.delete")])

    await core.store.write(act)


def check(der: bytes) -> None:
    """Raise MALFORMED for a certificate that cannot be imported."""
    check_der(der)
    decoded(der)


def _require_may_import(principal: Principal, client_id: str) -> None:
    require_sees(principal, "Client", client_id=client_id)
    require(principal, Permission.CERTIFICATE_UPDATE, client_id, "Client")


def _read(core: Core, client_id: str, der: bytes, principal: Principal) -> ExternalCertificate:
    check_der(der)
    says = decoded(der)
    return ExternalCertificate(
        id=core.sources.new_id("ext"),
        client_id=client_id,
        fingerprint=hashlib.sha256(der).hexdigest(),
        serial=f"{says.serial:x}",
        subject=says.subject_name,
        issuer=says.issuer_name,
        names=says.names,
        not_before=says.not_before,
        not_after=says.not_after,
        der=der,
        imported_at=core.sources.now(),
        imported_by=principal.actor,
    )


def _visible(tx: Transaction, certificate_id: str, principal: Principal, permission: Permission) -> ExternalCertificate:
    found = tx.external_certificates.get(certificate_id)
    if found is None:
        raise not_found("external certificate")
    require_sees(principal, "external certificate", client_id=found.client_id)
    require(principal, permission, found.client_id, "external certificate")
    return found


def _entry(core: Core, certificate: ExternalCertificate, principal: Principal, action: str) -> AuditRecord:
    return entry(
        core.sources,
        principal,
        action,
        certificate.id,
        client_id=certificate.client_id,
        fingerprint=certificate.fingerprint,
    )
