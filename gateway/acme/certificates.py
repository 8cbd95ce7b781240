"""Certificates on the wire: the chain and its alternates, as PEM (RFC 8555 sections 7.4.2 and 9.1)."""

from ca_core.access.visibility import not_found
from ca_core.orders import queries
from gateway.acme.auth import ResourceRequest, require_post_as_get
from gateway.acme.front_end import FrontEnd, Reply, link

_ALTERNATES = frozenset("123456789")


async def certificate(front_end: FrontEnd, request: ResourceRequest) -> Reply:
    """Deliver the certificate with the chain the URL names: the default, or an alternate by its number from 1 on."""
    require_post_as_get(request)
    certificate_id = request.path["id"]
    chains = await queries.chains(request.core, certificate_id, request.principal)
    number = _chain_number(request.path.get("chain"))
    if number >= len(chains):
        raise not_found("certificate chain")
    url = front_end.directory.certificate(certificate_id)
    others = [url if other == 0 else f"{url}/{other}" for other in range(len(chains)) if other != number]
    return Reply(
        body=chains[number].encode(),
        content_type=b"application/pem-certificate-chain",
        headers=tuple(link(other, "alternate") for other in others),
    )


def _chain_number(text: str | None) -> int:
    """Read the number of an alternate chain, 1 to 9; the URL without one is the default chain's."""
    if text is None:
        return 0
    if text not in _ALTERNATES:
        raise not_found("certificate chain")
    return int(text)
