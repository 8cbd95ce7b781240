"""What a catalogue must not say although each of its values is one (rule 94): references, limits, public promises."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ca_core.model.products import LintMode, LintSet, Policy, ProfileKind

if TYPE_CHECKING:
    from gateway.catalogue import Catalogue, ProductEntry

_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]{0,19})){1,20}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
_RSA_BITS = frozenset({2048, 3072, 4096})
_DAY = 86400
_LIFETIMES = range(60, 30 * _DAY + 1)
MAX_PUBLIC_VALIDITY = 200 * _DAY
"""BR 6.3.2, from 2026-03-15; the ballot lowers it further in 2027."""
MAX_IDENTIFIERS = 100


def check(catalogue: "Catalogue") -> Iterator[str]:
    """Yield a sentence for each thing that is wrong."""
    for kind in ("issuers", "clients"):
        yield from _names(kind, [item.name for item in getattr(catalogue, kind)])
    yield from _names("products of one Client", [product.name for product in catalogue.products], unique=False)
    twice = Counter((product.client, product.name) for product in catalogue.products)
    yield from (
        f"Client {client} has two products named {name}." for (client, name), count in twice.items() if count > 1
    )
    issuers = {issuer.name for issuer in catalogue.issuers}
    clients = {client.name for client in catalogue.clients}
    for product in catalogue.products:
        if product.issuer not in issuers:
            yield f"product {product.name} names the issuer {product.issuer!r}, which is not in the catalogue."
        if product.client not in clients:
            yield f"product {product.name} names the Client {product.client!r}, which is not in the catalogue."
        yield from (f"product {product.name}: {sentence}" for sentence in _product(product))
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


def _product(product: "ProductEntry") -> Iterator[str]:
    policy = product.policy
    if not product.roads:
        yield "`roads` is empty, so it could never be ordered."
    yield from _profile(policy)
    if not 1 <= policy.names.max_identifiers <= MAX_IDENTIFIERS:
        yield f"`policy.names.max_identifiers` must be from 1 to {MAX_IDENTIFIERS}."
    yield from _keys(policy)
    for name in ("authorization_lifetime", "order_lifetime"):
        if getattr(policy, name) not in _LIFETIMES:
            yield f"`policy.{name}` must be from 60 seconds to 30 days (rule 65)."
    yield from _lint(policy)
    if policy.public:
        yield from _public(policy)


def _keys(policy: Policy) -> Iterator[str]:
    if not set(policy.keys.rsa_bits) <= _RSA_BITS:
        yield "`policy.keys.rsa_bits` takes 2048, 3072 and 4096 (rule 22)."
    if not set(policy.keys.curves) <= _CURVES:
        yield "`policy.keys.curves` takes secp256r1, secp384r1 and secp521r1 (rule 27)."
    if not policy.keys.rsa_bits and not policy.keys.curves:
        yield "`policy.keys` leaves no key to take."


def _lint(policy: Policy) -> Iterator[str]:
    codes = Counter(accepted.code for accepted in policy.lint.accepted)
    yield from (f"`policy.lint.accepted` has {code} twice." for code, count in codes.items() if count > 1)
    for accepted in policy.lint.accepted:
        if not accepted.reason.strip():
            yield f"`policy.lint.accepted` needs a reason for {accepted.code} (rule 11)."


def _profile(policy: Policy) -> Iterator[str]:
    profile = policy.profile
    if not 0 <= profile.backdate <= 2 * _DAY:
        yield "`policy.profile.backdate` must be from 0 seconds to 48 hours (rule 14)."
    if not profile.backdate < profile.validity <= 3650 * _DAY:
        yield "`policy.profile.validity` must be longer than `backdate` and at most ten years, in seconds."
    for oid in profile.policy_oids:
        if not _OID.fullmatch(oid):
            yield f"`policy.profile.policy_oids`: {oid!r} is not an object identifier."


def _public(policy: Policy) -> Iterator[str]:
    names = policy.names
    if names.internal_names or names.single_labels or names.private_addresses:
        yield "a public product takes no internal names, single labels or private addresses (rules 63, 64)."
    if policy.lint.mode is LintMode.OFF or policy.lint.accepted:
        yield "a public product is linted and accepts no finding (rule 11)."
    if policy.profile.kind is ProfileKind.TLS_SERVER:
        if policy.lint.lint_set is not LintSet.CABF_DV:
            yield "a public TLS product is linted with cabf-dv."
        if policy.profile.validity > MAX_PUBLIC_VALIDITY:
            yield f"a public TLS product is valid for at most {MAX_PUBLIC_VALIDITY} seconds (200 days)."
