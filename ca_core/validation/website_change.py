"""ca-website-change: a page under the name is a random value of ours (BR 3.2.2.4.18, 3.2.2.5.1).

It is fetched as http-01 fetches its page. Its path is made from the value's digest, since the value itself must not
appear in the request (BR 3.2.2.4.18), and two orders for one name have a page each.
"""

import hashlib
from typing import Final

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.validation.http_01 import Http01
from ca_core.validation.validator import NO_REQUIREMENTS, Requirements, Validated

FOLDER: Final = "/.well-known/pki-validation/"
_DIGITS: Final = 32


def place(identifier: Identifier, token: str) -> str:
    """Return the URL of the page that has to show ``token`` and nothing else."""
    ipv6 = identifier.type is IdentifierType.IP and ":" in identifier.value
    return f"http://{f'[{identifier.value}]' if ipv6 else identifier.value}{_path(token)}"


class WebsiteChange:
    """The ca-website-change validator."""

    def __init__(self, pages: Http01) -> None:
        self._pages = pages

    async def validate(
        self,
        identifier: Identifier,
        token: str,
        key_authorization: str,
        requirements: Requirements = NO_REQUIREMENTS,
    ) -> Validated:
        """Fetch the page; see :class:`ca_core.validation.validator.Validator`.

        There is no key, and ``key_authorization`` is not looked at. Neither wildcards nor sub-domains are shown this
        way (rule 66).
        """
        del key_authorization
        if identifier.wildcard:
            raise TriviumError(
                ErrorKind.IDENTIFIER_UNSUPPORTED, "A page cannot show control of a wildcard name: use the DNS."
            )
        return await self._pages.fetch(identifier, _path(token), token, requirements)


def _path(token: str) -> str:
    return f"{FOLDER}{hashlib.sha256(token.encode('ascii')).hexdigest()[:_DIGITS]}.txt"
