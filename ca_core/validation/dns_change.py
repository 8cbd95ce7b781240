"""ca-dns-change: a TXT record of the domain is a random value of ours (BR 3.2.2.4.7 "DNS Change").

The record stands under the domain itself or under ``_trivium-challenge`` before it: BR 3.2.2.4.7 allows either, and
either is within reach of whoever controls the zone alone.
"""

import asyncio
import hmac
from typing import Final

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.validation.resolver import Resolver, Texts
from ca_core.validation.validator import NO_REQUIREMENTS, Requirements, Validated, ValidationSettings, quoted

LABEL: Final = "_trivium-challenge"
_SHOWN: Final = 3


def places(identifier: Identifier) -> tuple[str, str]:
    """Return the two domain names under which the record may stand, the one to recommend first."""
    return f"{LABEL}.{identifier.base.value}", identifier.base.value


class DnsChange:
    """The ca-dns-change validator."""

    def __init__(self, settings: ValidationSettings, resolver: Resolver) -> None:
        self._settings = settings
        self._resolver = resolver

    async def validate(
        self,
        identifier: Identifier,
        token: str,
        key_authorization: str,
        requirements: Requirements = NO_REQUIREMENTS,
    ) -> Validated:
        """Look for ``token``; see :class:`ca_core.validation.validator.Validator`.

        It shows control of the domain, its sub-domains and wildcards. A place that cannot be looked up does not hinder
        the other; there is no key, and ``key_authorization`` is not looked at.
        """
        del key_authorization
        if identifier.type is not IdentifierType.DNS:
            raise TriviumError(ErrorKind.IDENTIFIER_UNSUPPORTED, "The DNS cannot show control of an IP address.")
        names, expected = places(identifier), token.encode("ascii")
        try:
            async with asyncio.timeout(self._settings.timeout):
                found = await asyncio.gather(
                    *(self._resolver.texts(name, dnssec=requirements.dnssec) for name in names),
                    return_exceptions=True,
                )
        except TimeoutError as error:
            raise TriviumError(
                ErrorKind.DNS,
                f"The DNS look-up of {identifier.base.value} took longer than {self._settings.timeout:g} s.",
            ) from error
        for name, texts in zip(names, found, strict=True):
            if isinstance(texts, Texts) and any(hmac.compare_digest(record, expected) for record in texts.records):
                return Validated(
                    address="", resolver=self._resolver.name, detail=_evidence(name, texts), dnssec=texts.authenticated
                )
        raise _refusal(identifier, found)


def _refusal(identifier: Identifier, found: list[Texts | BaseException]) -> TriviumError:
    """Return the reason: what was found instead, or why nothing could be."""
    prefixed, own = places(identifier)
    for outcome in found:
        if isinstance(outcome, BaseException) and not isinstance(outcome, TriviumError):
            raise outcome
    records = [record for texts in found if isinstance(texts, Texts) for record in texts.records]
    advice = f"add a TXT record with the value of the token to {prefixed} or {own}"
    if records:
        shown = ", ".join(quoted(record) for record in records[:_SHOWN])
        more = f" and {len(records) - _SHOWN} more" if len(records) > _SHOWN else ""
        return TriviumError(
            ErrorKind.INCORRECT_RESPONSE, f"No TXT record of {own} is the token; found: {shown}{more}: {advice}."
        )
    # That of the domain itself says more: the other name need not exist.
    if isinstance(found[1], TriviumError):
        return found[1]
    return TriviumError(ErrorKind.INCORRECT_RESPONSE, f"{own} has no TXT record that is the token: {advice}.")


def _evidence(name: str, texts: Texts) -> str:
    aliases = f", by CNAME to {' to '.join(texts.aliases)}" if texts.aliases else ""
    return f"TXT {name}{aliases}, {'DNSSEC validated' if texts.authenticated else 'no DNSSEC'}"
