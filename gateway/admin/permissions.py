"""Permissions as people read them: a table of objects, what may be done to each, and what that means."""

from dataclasses import dataclass
from typing import Final

from ca_core.model.permissions import Permission
from gateway.admin.sections import _

ACTS: Final = ("VIEW", "CREATE", "UPDATE", "DELETE")
"""What can be done to an object; the columns of the table."""


@dataclass(frozen=True, kw_only=True)
class PermissionObject:
    """What permissions are about: its part of their names, what it is called, and what the acts on it are."""

    name: str
    title: str
    meaning: str

    def permission(self, act: str) -> Permission | None:
        """Return the permission for an act on it, None where there is no such act."""
        name = f"{self.name}_{act}"
        return Permission(name) if name in Permission.__members__ else None


def _object(name: str, title: str, meaning: str) -> PermissionObject:
    return PermissionObject(name=name, title=title, meaning=meaning)


OBJECTS: Final = (
    _object("CLIENT", _("Clients"), _("See a Client; make one; change its settings, suspend and resume it.")),
    _object("PRODUCT", _("Products"), _("See what can be ordered; add products and change them by a catalogue.")),
    _object("ORDER", _("Orders"), _("See orders; place them; comment, tag and retry them; cancel them.")),
    _object(
        "CERTIFICATE",
        _("Certificates"),
        _("Search and download certificates; change what is kept of them; revoke them."),
    ),
    _object("PUBLICATION", _("Publications"), _("See what is in the directory; publish certificates; take them out.")),
    _object("APPROVAL", _("Approvals"), _("See what waits for somebody to agree; approve and reject it.")),
    _object("RENEWAL", _("Renewals"), _("See renewals; ask for them; change and cancel them.")),
    _object("KEY_RECOVERY", _("Key recovery"), _("See recoveries of keys; recover one.")),
    _object("DOMAIN", _("Domains"), _("See domains; add them; make new tokens and validate; delete them.")),
    _object("ACME_ACCOUNT", _("ACME accounts"), _("See ACME accounts; change them; deactivate them.")),
    _object("ACME_TOKEN", _("ACME tokens"), _("Search the tokens of ACME challenges, with their domain and status.")),
    _object(
        "EXTERNAL_ACCOUNT_KEY",
        _("External account keys"),
        _("See the keys that ACME accounts are bound with; make them; revoke them."),
    ),
    _object("CMC_CLIENT", _("CMC clients"), _("See CMC clients; register them; change them; disable them.")),
    _object(
        "USER", _("Users"), _("See users; make them; change, suspend and resume them and their roles; delete them.")
    ),
    _object("ROLE", _("Roles"), _("See what roles permit; make roles; change them; delete them.")),
    _object(
        "ACCOUNT_API_KEY",
        _("API keys"),
        _("See API keys; make them; renew, restrict and suspend them; delete them."),
    ),
    _object("OWN_ACCOUNT", _("One's own account"), _("See one's own account; change what one says of oneself.")),
    _object("WEBHOOK", _("Webhooks"), _("See webhooks and what was sent to them; make, change and delete them.")),
    _object("ISSUER", _("Issuers"), _("See the issuing CAs.")),
    _object("CRL", _("CRLs"), _("See and download revocation lists.")),
    _object("AUDIT", _("Audit log"), _("Search and export who did what.")),
)
"""The rows of the table."""
