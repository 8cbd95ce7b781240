"""Addresses of signing in that others are told: a link that counts once, where a provider sends people back."""

from typing import Final

LINK_PATH: Final = "/admin/sign-in/link"
"""The page that takes a link's token: it stands in the fragment, which no server, log or Referer header gets."""

REDIRECT_PATH: Final = "/admin/sign-in/openid/callback"
"""The page to which the identity provider sends browsers back."""


def sign_in_address(base: str, token: str) -> str:
    """Return the address below the https base URL at which the link's token signs in."""
    return f"{base}{LINK_PATH}#{token}"
