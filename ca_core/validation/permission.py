"""Permission by CAA under a product: whether it is asked for, how long one that was found holds (rule 61)."""

from datetime import datetime, timedelta
from typing import Final

from ca_core.core import Core
from ca_core.model.authorizations import CaaPermission, ValidationMethod
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.products import Policy

GOOD_FOR: Final = timedelta(hours=7)
"""BR 4.2.2.1 lets a look-up serve for eight hours; an order may take a while between the look and the signature."""


def caa_applies(policy: Policy, identifier: Identifier) -> bool:
    """Whether CAA is checked: an address has no such records, and a product may leave them out."""
    return bool(policy.caa_identities) and identifier.type is IdentifierType.DNS


def holds(permission: CaaPermission | None, policy: Policy, now: datetime) -> bool:
    """Whether the permission is recent, and was asked for as ``policy`` asks."""
    return (
        permission is not None
        and permission.at <= now < permission.at + GOOD_FOR
        and permission.identities == policy.caa_identities
        and permission.dnssec >= policy.require_dnssec
    )


async def require_permission(
    core: Core, policy: Policy, name: Identifier, account_id: str | None, methods: frozenset[ValidationMethod]
) -> CaaPermission:
    """Look the permission for a domain name up, control of which the account has shown by ``methods``.

    Raises CAA or DNS, see :meth:`ca_core.validation.validator.CaaCheck.require`.
    """
    at = core.sources.now()
    await core.caa.require(
        name,
        identities=policy.caa_identities,
        account_id=account_id,
        methods=methods,
        dnssec=policy.require_dnssec,
    )
    return CaaPermission(at=at, identities=policy.caa_identities, dnssec=policy.require_dnssec)
