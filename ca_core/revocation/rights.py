"""Who may revoke a certificate, and for which reason (RFC 8555 section 7.6, rules 26, 77 and 79)."""

from ca_core.access.authorisation import require
from ca_core.access.cmc_clients import may_revoke
from ca_core.model.certificates import Certificate, RevocationReason
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.orders import ProofOfPossession
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.sources import Sources
from ca_core.model.store import Transaction
from ca_core.revocation.schedule import MOST_AT_ONCE


def require_may_revoke(
    tx: Transaction, sources: Sources, certificate: Certificate, reason: RevocationReason, principal: Principal
) -> None:
    """Raise FORBIDDEN unless ``principal`` may revoke ``certificate``: whoever is not named here may not (rule 77).

    Raises BAD_REASON where the key would be blocked by somebody who has not shown that it is compromised.
    """
    if principal.kind in {PrincipalKind.OPERATOR, PrincipalKind.SYSTEM}:
        allowed = principal.client_id in {None, certificate.client_id}
    elif principal.kind is PrincipalKind.CERTIFICATE_KEY:
        allowed = principal.id == certificate.spki_sha256.hex()
    elif principal.kind is PrincipalKind.API_USER:
        require(principal, Permission.CERTIFICATE_DELETE, certificate.client_id, "certificate")
        allowed = True
        if reason is RevocationReason.KEY_COMPROMISE:
            _require_possession_shown(tx, certificate)
            _require_nobody_elses_key(tx, certificate)
    elif principal.kind is PrincipalKind.CMC_CLIENT:
        allowed = may_revoke(tx, principal, certificate)
        if allowed and reason is RevocationReason.KEY_COMPROMISE:
            _require_possession_shown(tx, certificate)
            _require_nobody_elses_key(tx, certificate)
    elif principal.kind is PrincipalKind.ACME_ACCOUNT:
        allowed = _account_may(tx, sources, certificate, reason, principal)
    else:
        allowed = False
    if not allowed:
        raise TriviumError(
            ErrorKind.FORBIDDEN,
            "You may not revoke this certificate: ask with the account that ordered it, with an account that holds "
            "valid authorizations for all its identifiers, or sign the request with the certificate's own key.",
        )


def _require_possession_shown(tx: Transaction, certificate: Certificate) -> None:
    """Raise BAD_REASON where nobody signed with the key: any public key can be vouched for, and it would be blocked."""
    order = tx.orders.get(certificate.order_id)
    if order is None or order.possession is ProofOfPossession.VERIFIED:
        raise TriviumError(
            ErrorKind.BAD_REASON,
            "Possession of this certificate's key was vouched for and never shown, so it cannot be reported as "
            "compromised: sign the request with that key, or use another reason.",
        )


def _require_nobody_elses_key(tx: Transaction, certificate: Certificate) -> None:
    """Raise BAD_REASON where another Client uses the key: a request for it can be copied, and would end that."""
    siblings = tx.certificates.issued_with_key(certificate.spki_sha256, MOST_AT_ONCE + 1)
    users = {sibling.client_id for sibling in siblings}
    cmc_client = tx.cmc_clients.by_key(certificate.spki_sha256)
    if cmc_client is not None:
        users.add(cmc_client.client_id)
    if len(siblings) > MOST_AT_ONCE or not users <= {certificate.client_id}:
        raise TriviumError(
            ErrorKind.BAD_REASON,
            "This key is not in use by your Client alone, or in too many certificates, so it cannot be reported as "
            "compromised here: sign the request with that key (ACME's revokeCert), tell the operator, or use another "
            "reason.",
        )


def _account_may(
    tx: Transaction, sources: Sources, certificate: Certificate, reason: RevocationReason, principal: Principal
) -> bool:
    order = tx.orders.get(certificate.order_id)
    if order is not None and order.account_id == principal.id:
        return True
    held = tx.authorizations.valid_for(principal.id, certificate.identifiers, sources.now())
    if not all(any(one.covers(identifier) for one in held) for identifier in certificate.identifiers):
        return False
    if reason is RevocationReason.KEY_COMPROMISE:
        # Control of the names says nothing about the key, and keyCompromise blocks it wherever else it is used.
        raise TriviumError(
            ErrorKind.BAD_REASON,
            "An account that did not order the certificate cannot report its key as compromised: sign the request "
            "with that key, or use another reason.",
        )
    return bool(certificate.identifiers)
