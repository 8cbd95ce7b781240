"""The validators of every method, built once a process over one resolver."""

from collections.abc import Mapping
from types import MappingProxyType

from ca_core.model.authorizations import ValidationMethod
from ca_core.model.sources import Sources
from ca_core.validation.caa import Caa
from ca_core.validation.dns_01 import Dns01
from ca_core.validation.dns_change import DnsChange
from ca_core.validation.http_01 import Http01
from ca_core.validation.resolver import Resolver
from ca_core.validation.tls_alpn_01 import TlsAlpn01
from ca_core.validation.validator import ValidationSettings, Validator
from ca_core.validation.website_change import WebsiteChange


class Validators:
    """Every validator by its method, and the check of CAA beside them; close it when the process ends."""

    def __init__(
        self, *, http_01: Http01, dns_01: Dns01, tls_alpn_01: TlsAlpn01, dns_change: DnsChange, caa: Caa
    ) -> None:
        self._http_01 = http_01
        self.caa = caa
        self.by_method: Mapping[ValidationMethod, Validator] = MappingProxyType(
            {
                ValidationMethod.HTTP_01: http_01,
                ValidationMethod.DNS_01: dns_01,
                ValidationMethod.TLS_ALPN_01: tls_alpn_01,
                ValidationMethod.CA_DNS_CHANGE: dns_change,
                ValidationMethod.CA_WEBSITE_CHANGE: WebsiteChange(http_01),
            }
        )

    async def close(self) -> None:
        """Close what the validators keep open."""
        await self._http_01.close()


def build_validators(settings: ValidationSettings, sources: Sources) -> Validators:
    """Build the validators; no event loop need run yet.

    Raises MALFORMED when the resolver's address is none, UNAVAILABLE when none is set and the system names none.
    """
    resolver = Resolver(settings.resolver, sources, timeout=settings.dns_timeout)
    return Validators(
        http_01=Http01(settings, resolver),
        dns_01=Dns01(settings, resolver),
        tls_alpn_01=TlsAlpn01(settings, resolver),
        dns_change=DnsChange(settings, resolver),
        caa=Caa(settings, resolver),
    )
