"""Which addresses a validation may connect to: a host is resolved once and every address checked (rules 55, 57).

Validators connect to what is returned here and never resolve a name themselves, so that the address that was checked
and the one that is used cannot differ (DNS rebinding).
"""

from ipaddress import IPv4Address, IPv6Address

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.validation.addresses import special_purpose
from ca_core.validation.redirects import literal_address
from ca_core.validation.resolver import Resolver
from ca_core.validation.validator import Requirements, ValidationSettings


async def destinations(
    host: str, resolver: Resolver, settings: ValidationSettings, requirements: Requirements
) -> tuple[IPv4Address | IPv6Address, ...]:
    """Return the addresses of ``host``, a name or an IP address, to try in this order: at most one of each family.

    The second is for when the first cannot be dialled. Raises DNS when the name has no address, CONNECTION when *any*
    of its addresses is reserved.
    """
    literal = literal_address(host)
    addresses = (
        (literal,) if literal is not None else (await resolver.addresses(host, dnssec=requirements.dnssec)).addresses
    )
    if not settings.allow_private_addresses:
        for address in addresses:
            purpose = special_purpose(address)
            if purpose is not None:
                raise TriviumError(
                    ErrorKind.CONNECTION,
                    f"{host} has the address {address}, which is reserved ({purpose}): give it public ones only.",
                )
    v4 = next((address for address in addresses if address.version == 4), None)  # noqa: PLR2004 - the IP version
    return (addresses[0],) if v4 in {None, addresses[0]} else (addresses[0], v4)
