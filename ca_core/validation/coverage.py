"""Which pre-validated domains serve an order's names: the domain itself, sub-domains and wildcards (rule 50)."""

from collections.abc import Iterator, Sequence

from ca_core.certificates.names import icann_suffixes
from ca_core.core import Core
from ca_core.model.domains import ClientDomain
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.products import Policy, Product
from ca_core.model.store import Transaction
from ca_core.validation.reuse import TIME_TO_FINALIZE


def serving_domains(
    core: Core, tx: Transaction, product: Product, identifiers: Sequence[Identifier]
) -> dict[Identifier, ClientDomain]:
    """Return the domain of the product's Client that serves each identifier that has one: that which serves longest.

    Control was shown by the DNS, which holds for everything below a domain (BR 3.2.2.4.7); what may stand in a
    certificate the product has decided before.
    """
    above = {identifier: tuple(domains_above(identifier)) for identifier in identifiers}
    asked = sorted({name for names in above.values() for name in names})
    until = core.sources.now() + TIME_TO_FINALIZE
    found = [
        domain
        for domain in tx.domains.named(product.client_id, asked)
        if domain.valid_at(until) and domain.dnssec >= product.policy.require_dnssec
    ]
    found.sort(key=lambda domain: domain.valid_until or until)
    return {identifier: domain for domain in found for identifier, names in above.items() if domain.name in names}


def covers(domain: ClientDomain, identifier: Identifier, policy: Policy) -> bool:
    """Whether control of the domain is control of the identifier, shown no less strictly than ``policy`` wants it."""
    return domain.dnssec >= policy.require_dnssec and domain.name in domains_above(identifier)


def domains_above(identifier: Identifier) -> Iterator[str]:
    """Yield the domains whose control is control of the identifier: its own name, or mail domain, and those above it.

    They end below the public suffix (ICANN section): nobody's control reaches across one. Of a name under none, the
    top-level name alone is nobody's.
    """
    if identifier.base.type is not IdentifierType.DNS:
        return
    name = identifier.base.value
    suffix = icann_suffixes().publicsuffix(name) or name.rpartition(".")[2]
    while name != suffix and name:
        yield name
        name = name.partition(".")[2]
