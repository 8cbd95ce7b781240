"""What a catalogue must not say although each of its values is one (rule 94): references, limits, public promises."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from ca_core.catalogue.entries import Catalogue, ProductEntry
from ca_core.certificates.policies import policy_faults
from ca_core.model.products import Policy, ProfileKind, Road
from gateway.toml_lines import TomlLines

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
_RSA_BITS = frozenset({2048, 3072, 4096})
_DAY = 86400
_LIFETIMES = range(60, 30 * _DAY + 1)
MAX_IDENTIFIERS = 100


def check(catalogue: Catalogue, now: datetime, lines: TomlLines, *, whole: bool) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong at ``now`` (UTC); ``lines`` are those of the file.

    A catalogue that is ``whole`` has every issuer and Client that it names.
    """
    for kind in ("issuers", "clients", "roles"):
        yield from _names(kind, [item.name for item in getattr(catalogue, kind)])
    yield from _names("products of one Client", [product.name for product in catalogue.products], unique=False)
    twice = Counter((product.client, product.name) for product in catalogue.products)
    yield from (
        f"Client {client} has two products named {name}." for (client, name), count in twice.items() if count > 1
    )
    issuers = {issuer.name for issuer in catalogue.issuers}
    clients = {client.name for client in catalogue.clients}
    for index, product in enumerate(catalogue.products):
        if whole and product.issuer not in issuers:
            yield f"product {product.name} names the issuer {product.issuer!r}, which is not in the catalogue."
        if whole and product.client not in clients:
            yield f"product {product.name} names the Client {product.client!r}, which is not in the catalogue."
        yield from (f"product {product.name}: {sentence}" for sentence in _product(product, index, now, lines))
    for issuer in catalogue.issuers:
        for url in (issuer.crl_url, issuer.ocsp_url, issuer.certificate_url):
            if url and not url.startswith("http://"):
                yield f"issuer {issuer.name}: {url} must be an http:// URL (RFC 5280 section 8)."


def _names(kind: str, names: list[str], *, unique: bool = True) -> Iterator[str]:
    for name, count in Counter(names).items():
        if not _NAME.fullmatch(name):
            yield f"{kind}: {name!r} is not a name; use up to 64 letters, digits, dots, dashes and underscores."
        if unique and count > 1:
            yield f"{kind}: the name {name} is there twice."


def _product(product: ProductEntry, index: int, now: datetime, lines: TomlLines) -> Iterator[str]:
    policy = product.policy
    if not product.roads:
        yield "`roads` is empty, so it could never be ordered."
    if not 1 <= policy.names.max_identifiers <= MAX_IDENTIFIERS:
        yield f"`policy.names.max_identifiers` must be from 1 to {MAX_IDENTIFIERS}."
    yield from _keys(policy)
    for name in ("authorization_lifetime", "order_lifetime"):
        if getattr(policy, name) not in _LIFETIMES:
            yield f"`policy.{name}` must be from 60 seconds to 30 days (rule 65)."
    for fault in policy_faults(policy, at=now):
        yield _contradiction(fault.detail, [f"policy.{setting}" for setting in fault.settings], index, lines)
    yield from (_contradiction(detail, settings, index, lines) for detail, settings in _road_faults(product))


def _road_faults(product: ProductEntry) -> Iterator[tuple[str, list[str]]]:
    """Find what the roads of a product cannot bring."""
    policy = product.policy
    if Road.ACME not in product.roads:
        return
    if policy.profile.kind is ProfileKind.SMIME:
        yield "mail addresses are not ordered over ACME", ["roads", "policy.profile.kind"]
    asked = [one for one in policy.fields if one.mandatory and not one.default and not one.name.identifies]
    if asked:
        yield f"an order over ACME says nothing of the mandatory field {asked[0].name}", ["roads", "policy.fields"]


def _contradiction(detail: str, settings: list[str], index: int, lines: TomlLines) -> str:
    """Name every setting with its line, or say that it is the default."""
    places = []
    for setting in settings:
        line = lines.of("products", index, setting)
        places.append(f"`{setting}` ({'by default' if line is None else f'line {line}'})")
    return f"{' and '.join(places)}: {detail}."


def _keys(policy: Policy) -> Iterator[str]:
    if not set(policy.keys.rsa_bits) <= _RSA_BITS:
        yield "`policy.keys.rsa_bits` takes 2048, 3072 and 4096 (rule 22)."
    if not set(policy.keys.curves) <= _CURVES:
        yield "`policy.keys.curves` takes secp256r1, secp384r1 and secp521r1 (rule 27)."
    if not policy.keys.rsa_bits and not policy.keys.curves:
        yield "`policy.keys` leaves no key to take."
