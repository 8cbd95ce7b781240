"""Certificates on the wire: the chain and its alternates, as PEM (RFC 8555 sections 7.4.2 and 9.1)."""

from ca_core.access.visibility import not_found
from ca_core.certificates.chain import pem_chains
from ca_core.core import Core
from ca_core.model.certificates import Certificate
from ca_core.orders import queries
from gateway.acme.auth import ResourceRequest, require_post_as_get
from gateway.acme.front_end import FrontEnd, Reply, link

_ALTERNATES = frozenset("123456789")


async def certificate(front_end: FrontEnd, request: ResourceRequest) -> Reply:
    """Deliver the certificate with the chain the URL names: the default, or an alternate by its number from 1 on."""
    require_post_as_get(request)
    found = await queries.certificate(request.core, request.path["id"], request.principal)
    chains = await _chains(request.core, found)
    number = _chain_number(request.path.get("chain"))
    if number >= len(chains):
        raise not_found("certificate chain")
    url = front_end.directory.certificate(found.id)
    others = [url if other == 0 else f"{url}/{other}" for other in range(len(chains)) if other != number]
    return Reply(
        body=chains[number].encode(),
        content_type=b"application/pem-certificate-chain",
        headers=tuple(link(other, "alternate") for other in others),
    )


async def _chains(core: Core, certificate: Certificate) -> tuple[str, ...]:
    issuer = await core.store.read(lambda tx: tx.issuers.get(certificate.issuer_id))
    if issuer is None or certificate.der is None:
        raise not_found("certificate")
    return pem_chains(certificate.der, issuer)


def _chain_number(text: str | None) -> int:
    """Read the number of an alternate chain, 1 to 9; the URL without one is the default chain's."""
    if text is None:
        return 0
    if text not in _ALTERNATES:
        raise not_found("certificate chain")
    return int(text)
