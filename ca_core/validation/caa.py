"""CAA: whether the domain allows this CA to issue for a name (RFC 8659, RFC 8657, rules 60 and 61)."""

import asyncio

from ca_core.model.authorizations import ValidationMethod
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier
from ca_core.validation.caa_records import Applicant, Property, refusal
from ca_core.validation.resolver import Resolver
from ca_core.validation.validator import ValidationSettings


class Caa:
    """The check of CAA over the gateway's resolver."""

    def __init__(self, settings: ValidationSettings, resolver: Resolver) -> None:
        self._settings = settings
        self._resolver = resolver

    async def require(
        self,
        name: Identifier,
        *,
        identities: tuple[str, ...],
        account_id: str | None,
        methods: frozenset[ValidationMethod],
        dnssec: bool,
    ) -> str:
        """See :class:`ca_core.validation.validator.CaaCheck`."""
        prefixes = self._settings.account_uri_prefixes if account_id else ()
        applicant = Applicant(
            identities=identities,
            wildcard=name.wildcard,
            account_uris=frozenset(f"{prefix}{account_id}" for prefix in prefixes),
            methods=methods,
        )
        base = name.base.value
        try:
            async with asyncio.timeout(self._settings.timeout):
                domain, properties = await self._governing(base, dnssec=dnssec)
        except TimeoutError as error:
            raise TriviumError(
                ErrorKind.DNS,
                f"The look-up of the CAA records of {base} took longer than {self._settings.timeout:g} s.",
            ) from error
        reason = refusal(properties, applicant)
        if reason is not None:
            raise TriviumError(
                ErrorKind.CAA,
                f"The CAA records of {domain} forbid a certificate for {name.value}: {reason}. Add the record "
                f'`{domain}. CAA 0 {"issuewild" if name.wildcard else "issue"} "{identities[0]}"`.',
            )
        return f"CAA of {domain}" if domain else f"no CAA records for {base} or above"

    async def _governing(self, name: str, *, dnssec: bool) -> tuple[str, tuple[Property, ...]]:
        """Climb to the first domain with CAA records (RFC 8659 section 3); a failure on the way ends it (rule 60)."""
        labels = name.split(".")
        for start in range(len(labels)):
            domain = ".".join(labels[start:])
            properties = await self._resolver.caa(domain, dnssec=dnssec)
            if properties:
                return domain, properties
        return "", ()
