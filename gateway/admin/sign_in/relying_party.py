"""For whom passkeys are good: the host under which people reach the page."""

from urllib.parse import urlsplit

from ca_core.access.passkeys import RelyingParty
from gateway.admin.front_end import FrontEnd


def relying_party(front_end: FrontEnd) -> RelyingParty:
    """Return the relying party of the page's URL (Web Authentication section 5.1.2)."""
    return RelyingParty(id=urlsplit(front_end.external_url).hostname or "", origin=front_end.external_url)
