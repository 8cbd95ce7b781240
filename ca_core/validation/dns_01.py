"""dns-01: a TXT record under the name holds the digest of the key authorization (RFC 8555 section 8.4, rule 58)."""

import asyncio
import hashlib
import hmac
from base64 import urlsafe_b64encode

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.validation.resolver import Resolver, Texts
from ca_core.validation.validator import NO_REQUIREMENTS, Requirements, Validated, ValidationSettings, quoted

_SHOWN = 3


class Dns01:
    """The dns-01 validator."""

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
        """Look for the key authorization's digest; see :class:`ca_core.validation.validator.Validator`.

        RFC 8555 section 8.4: any one of several TXT records may match; that is how a name and its wildcard are
        validated side by side. ``token`` is in the key authorization already.
        """
        del token
        if identifier.type is not IdentifierType.DNS:
            raise TriviumError(
                ErrorKind.IDENTIFIER_UNSUPPORTED,
                "dns-01 cannot show control of an IP address: use http-01 or tls-alpn-01 (RFC 8738).",
            )
        name = f"_acme-challenge.{identifier.base.value}"
        try:
            async with asyncio.timeout(self._settings.timeout):
                texts = await self._resolver.texts(name, dnssec=requirements.dnssec)
        except TimeoutError as error:
            raise TriviumError(
                ErrorKind.DNS, f"The DNS look-up of {name} took longer than {self._settings.timeout:g} s."
            ) from error
        expected = urlsafe_b64encode(hashlib.sha256(key_authorization.encode("ascii")).digest()).rstrip(b"=")
        if not any(hmac.compare_digest(record, expected) for record in texts.records):
            raise TriviumError(ErrorKind.INCORRECT_RESPONSE, _mismatch(name, expected, texts))
        return Validated(address="", resolver=self._resolver.name, detail=_evidence(name, texts))


def _mismatch(name: str, expected: bytes, texts: Texts) -> str:
    if not texts.records:
        return f"{name} has no TXT record: add one with the value {expected.decode()}."
    found = ", ".join(quoted(record) for record in texts.records[:_SHOWN])
    more = f" and {len(texts.records) - _SHOWN} more" if len(texts.records) > _SHOWN else ""
    return f"No TXT record of {name} is {expected.decode()}; found: {found}{more}."


def _evidence(name: str, texts: Texts) -> str:
    aliases = f", by CNAME to {' to '.join(texts.aliases)}" if texts.aliases else ""
    return f"TXT {name}{aliases}, {'DNSSEC validated' if texts.authenticated else 'no DNSSEC'}"
