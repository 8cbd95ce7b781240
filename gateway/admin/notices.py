"""What a page says after something was done. The URL carries the name alone, so that nobody else's words appear."""

from collections.abc import Mapping
from typing import Final

from gateway.admin.sections import _

NOTICES: Final[Mapping[str, str]] = {
    "cancelled": _("The order is cancelled."),
    "retried": _("The order is being processed again."),
    "revoked": _("The certificate is revoked."),
    "revocation-asked": _("Somebody else must agree before the certificate is revoked."),
    "forgotten": _("The external certificate is no longer shown here."),
    "published": _("The publication is under way."),
    "unpublished": _("The certificate is being taken out of the directory."),
    "commented": _("The comment is added."),
    "saved": _("The changes are saved."),
    "approved": _("Your approval is recorded."),
    "rejected": _("The order is rejected."),
    "revocation-rejected": _("The revocation is rejected; the certificate stays valid."),
    "domains-registered": _("The domains are registered: put their tokens into the DNS."),
    "domain-shown": _("Control of the domain is shown."),
    "domain-not-shown": _("Control of the domain is not shown yet: the last look says what was seen."),
    "domain-token-renewed": _("The domain has a new token."),
    "domain-token-deleted": _("The domain has no token any more."),
    "domain-deleted": _("The domain is deleted."),
    "order-shown": _("Control of every name is shown; the order goes on."),
    "order-not-shown": _("The order still waits: what was seen stands beside each name."),
    "account-ended": _("The account has ended; its orders that waited are stopped."),
    "key-revoked": _("The external account key is revoked; accounts that it has bound stay as they are."),
    "client-suspended": _("The Client is suspended."),
    "client-resumed": _("The Client may go on."),
    "user-made": _("The user is made."),
    "user-suspended": _("The user is suspended."),
    "user-resumed": _("The user may go on."),
    "role-given": _("The role is given."),
    "role-withdrawn": _("The role is taken back."),
    "invited": _("The invitation is sent."),
    "role-made": _("The role is made."),
    "role-deleted": _("The role is deleted."),
    "key-suspended": _("The key is suspended."),
    "key-resumed": _("The key may be used again."),
    "key-deleted": _("The key is deleted."),
    "passkey-registered": _("The passkey is registered; you can sign in with it from now on."),
    "passkey-removed": _("The passkey is removed, and your other sessions have ended."),
    "ordered": _("The order is placed."),
}
"""The texts by name."""
