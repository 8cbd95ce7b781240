"""The address of a link that signs in once: printed at the console, shown on the page, told by mail and over REST."""

from typing import Final

LINK_PATH: Final = "/admin/sign-in/link"
"""The page that takes a link's token: it stands in the fragment, which no server, log or Referer header gets."""


def sign_in_address(base: str, token: str) -> str:
    """Return the address below the https base URL at which the link's token signs in."""
    return f"{base}{LINK_PATH}#{token}"
