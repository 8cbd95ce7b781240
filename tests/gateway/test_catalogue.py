"""catalogue.toml: strict, applied as a whole, and the same thing twice changes nothing (rule 94)."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from ca_core.catalogue.application import Applied, apply
from ca_core.catalogue.changes import Change
from ca_core.catalogue.entries import Catalogue
from ca_core.certificates.lint import Linters
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.products import Product
from ca_core.model.store import Transaction
from ca_core.model.users import UserKind
from gateway import catalogue
from gateway.installation import Installation
from gateway.wiring import opened_core, reading_core
from tests.gateway.installations import OPERATOR, make_installation

T = TypeVar("T")
NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """One installation, which no test changes."""
    return make_installation(tmp_path_factory.mktemp("catalogue") / "ca").installation


@pytest.fixture(scope="module")
def text(installation: Installation) -> str:
    """The catalogue that init wrote."""
    return installation.catalogue_file.read_text("utf-8")


ROADS = 'roads = ["acme", "cmc", "rest", "page"]'

# What is replaced in the catalogue that init wrote, by what, and a part of the sentence that refuses it.
BROKEN = [
    (
        'roads = ["acme", "cmc", "rest", "page"]',
        'roads = ["acme"]\ncolour = "red"',
        "`products.0.colour` is not a setting",
    ),
    ("wildcards = false", "wildcard = false", "`products.0.policy.names.wildcard` is not a setting"),
    ("wildcards = false", "wildcards = 1", "`products.0.policy.names.wildcards`"),
    ("plain_get = false", 'plain_get = "no"', "`clients.0.settings.plain_get`"),
    (ROADS, 'roads = ["amce"]', "`products.0.roads.0`"),
    (ROADS, "roads = []", "`roads` is empty"),
    ('kind = "tls-server"', 'kind = "tls"', "`products.0.policy.profile.kind`"),
    ("validity = 7776000", "validity = 3600", "validity must be longer than backdate"),
    ("validity = 7776000", 'validity = "90d"', "`products.0.policy.profile.validity`"),
    ("backdate = 3600", "backdate = 200000", "backdate must be"),
    ('policy_oids = ["2.23.140.1.2.1"]', 'policy_oids = ["DV"]', "object identifiers"),
    ("public = false", "public = true", "a public product"),
    ("max_identifiers = 100", "max_identifiers = 1000", "`policy.names.max_identifiers`"),
    ("rsa_bits = [2048, 3072, 4096]", "rsa_bits = [1024]", "`policy.keys.rsa_bits`"),
    ('curves = ["secp256r1", "secp384r1", "secp521r1"]', 'curves = ["sect163k1"]', "`policy.keys.curves`"),
    ("authorization_lifetime = 604800", "authorization_lifetime = 8640000", "`policy.authorization_lifetime`"),
    ("caa_identities = []", 'caa_identities = ["CA example"]', "caa_identities must be domain names"),
    ("caa_identities = []", "caa_identities = [1]", "`products.0.policy.caa_identities.0`"),
    ("public = false", "public = true", "name the CA's issuer domain names in caa_identities"),
    ("require_dnssec = false", "require_dnssec = 0", "`products.0.policy.require_dnssec`"),
    ("order_lifetime = 604800", "order_lifetime = 0", "`policy.order_lifetime`"),
    ('code = "cabf.internal_ip_address"', 'code = "cabf.internal_domain_name"', "twice"),
    ('reason = "The product takes names of one label, such as localhost."', 'reason = " "', "a reason"),
    ('lint_set = "cabf-dv"', 'lint_set = "ocsp-responder"', "lint_set"),
    ('client = "default"', 'client = "nobody"', "names the Client 'nobody', which is not in the catalogue"),
    ('issuer = "issuing"', 'issuer = "none"', "names the issuer 'none', which is not in the catalogue"),
    ('name = "gateway-tls"\nclient = "gateway"', 'name = "tls"\nclient = "default"', "two products named tls"),
    ('name = "gateway"\n', 'name = "default"\n', "the name default is there twice"),
    ('name = "tls"', 'name = "t l s"', "is not a name"),
    ('ocsp_url = "http://', 'ocsp_url = "https://', "must be an http:// URL"),
    ("[[issuers]]", "[extra]\nx = 1\n\n[[issuers]]", "`extra` is not a setting"),
    ("[[clients]]", "[[clients]", "is not TOML"),
]


@pytest.mark.parametrize(("old", "new", "sentence"), BROKEN)
def test_broken_catalogue_is_refused(text: str, old: str, new: str, sentence: str) -> None:
    """Rule 94: a product that says something else than its operator meant issues certificates nobody wanted."""
    assert old in text
    with pytest.raises(TriviumError) as refused:
        catalogue.parse(text.replace(old, new, 1), "catalogue.toml", NOW)
    assert refused.value.kind is ErrorKind.MALFORMED
    assert sentence in refused.value.detail
    assert refused.value.detail.startswith("catalogue.toml: ")


def test_written_catalogue_reads_back(text: str) -> None:
    """What init writes for people to edit must say exactly what is in force."""
    content = catalogue.parse(text, "catalogue.toml", NOW)
    assert catalogue.parse(catalogue.toml(content), "again", NOW) == content


def _in_store(installation: Installation, fn: Callable[[Transaction], T]) -> T:
    async def run() -> T:
        async with reading_core(installation) as core:
            return await core.store.write(fn)

    return asyncio.run(run())


def _applied(installation: Installation, content: Catalogue) -> Applied:
    async def run() -> Applied:
        async with opened_core(installation, worker="test", linters=Linters()) as opened:
            core = opened.core
            issuer_of = catalogue.issuer_from_files(installation.directory, core.sources)
            return await core.store.write(lambda tx: apply(core, tx, content, issuer_of, OPERATOR))

    return asyncio.run(run())


def _apply(installation: Installation, content: Catalogue) -> list[Change]:
    return list(_applied(installation, content).changes)


def test_a_new_client_has_a_service_account(tmp_path: Path) -> None:
    """Whoever is taken on as a Client would wait for somebody to make him a user, and a key by hand."""
    installation = make_installation(tmp_path / "ca").installation
    text = installation.catalogue_file.read_text("utf-8")
    content = catalogue.parse(f'{text}\n[[clients]]\nname = "new"\n', "catalogue.toml", NOW)
    [account] = _applied(installation, content).accounts
    assert (account.user.name, account.user.kind) == ("service-new", UserKind.SERVICE_ACCOUNT)
    assert account.key is not None
    assert re.fullmatch("[0-9A-Za-z]{64}", account.key.secret)
    assert _applied(installation, content).accounts == ()
    without = f'{text}\n[[clients]]\nname = "bare"\nservice_account = false\n'
    assert _applied(installation, catalogue.parse(without, "catalogue.toml", NOW)).accounts == ()


def test_apply_ends_no_suspension(tmp_path: Path) -> None:
    """The next `apply`, of whatever, would let in again whoever was shut out by a command or over the API."""
    installation = make_installation(tmp_path / "ca").installation
    content = catalogue.read(installation.catalogue_file, NOW)
    [default] = _in_store(installation, lambda tx: [one for one in tx.clients.all() if one.name == "default"])
    _in_store(installation, lambda tx: tx.clients.save(replace(default, suspended=True)))
    assert _apply(installation, content) == []
    assert _in_store(installation, lambda tx: tx.clients.get(default.id)) == replace(default, suspended=True)


def test_roles_are_applied(tmp_path: Path) -> None:
    """A permission that the operator takes out of a role would be held by everybody who has it."""
    installation = make_installation(tmp_path / "ca").installation
    edited = installation.catalogue_file.read_text("utf-8").replace('"CERTIFICATE_DELETE", ', "", 1)
    assert [change.action for change in _apply(installation, catalogue.parse(edited, "x", NOW))] == ["role.change"]
    [role] = _in_store(installation, lambda tx: [one for one in tx.roles.all() if one.name == "ra-operator"])
    assert Permission.CERTIFICATE_DELETE not in role.permissions


def test_applying_twice_changes_nothing(tmp_path: Path) -> None:
    """An operator applies the file from a timer: only what differs may be written, with an audit record each."""
    installation = make_installation(tmp_path / "ca").installation
    content = catalogue.read(installation.catalogue_file, NOW)
    assert _apply(installation, content) == []
    edited = installation.catalogue_file.read_text("utf-8").replace("validity = 7776000", "validity = 864000", 1)
    changed = catalogue.parse(edited, "catalogue.toml", NOW)
    assert [change.summary for change in _apply(installation, changed)] == ["change product tls of Client default"]
    assert _apply(installation, changed) == []
    records = _in_store(installation, lambda tx: tx.audit.of_object(_product(tx).id, 10))
    assert [record.action for record in records].count("product.change") == 1


def test_changed_product_keeps_its_id_and_gets_a_version(tmp_path: Path) -> None:
    """Fault F17: an order is issued under the version it was placed with, so a change must leave the old one there."""
    installation = make_installation(tmp_path / "ca").installation
    before = _in_store(installation, _product)
    edited = installation.catalogue_file.read_text("utf-8").replace("wildcards = false", "wildcards = true", 1)
    _apply(installation, catalogue.parse(edited, "catalogue.toml", NOW))
    after = _in_store(installation, _product)
    assert after.id == before.id
    assert after.version != before.version
    assert _in_store(installation, lambda tx: tx.products.version(before.id, before.version)) == before


def test_issuer_never_changes(tmp_path: Path) -> None:
    """Issued certificates say where their issuer's CRL is: another URL under the same name would make them lie."""
    installation = make_installation(tmp_path / "ca").installation
    edited = installation.catalogue_file.read_text("utf-8").replace("/crl/", "/lists/")
    with pytest.raises(TriviumError) as refused:
        _apply(installation, catalogue.parse(edited, "catalogue.toml", NOW))
    assert refused.value.kind is ErrorKind.CONFLICT


def _product(tx: Transaction) -> Product:
    return next(product for product in tx.products.all(None) if product.name == "tls")


# Settings of a product that init wrote, by which value they are replaced, and what the refusal names with its line.
CONTRADICTIONS = [
    ("tls", "publish_ldap = false", "publish_ldap = true", ("policy.publish_ldap", "policy.profile.kind")),
    ("smime", "must_staple = false", "must_staple = true", ("policy.profile.must_staple", "policy.profile.kind")),
    ("smime", "public = false", "public = true", ("policy.public", "policy.fields")),
    ("smime", 'roads = ["rest", "page"]', 'roads = ["acme", "rest"]', ("roads", "policy.profile.kind")),
    ("smime", "rsa_bits = [2048, 3072, 4096]", 'key_type = "RSA_2048"\nrsa_bits = [3072]', ("policy.keys.key_type",)),
    ("smime", 'lint_set = "cabf-smime-mailbox"', 'lint_set = "cabf-dv"', ("policy.lint.lint_set",)),
    ("smime", 'name = "commonName"', 'name = "dNSName"', ("policy.fields", "policy.profile.kind")),
    ("smime", "mandatory = false", "mandatory = true\neditable = false", ("policy.fields",)),
    ("smime", "issuance = 0", "issuance = -1", ("policy.approval",)),
    ("tls", "renewal_notice = 2592000", "renewal_notice = -1", ("policy.renewal_notice",)),
]


@pytest.mark.parametrize(("product", "old", "new", "settings"), CONTRADICTIONS)
def test_contradictions_name_both_lines(text: str, product: str, old: str, new: str, settings: tuple[str, ...]) -> None:
    """Rule 94: an operator of fifty products must find the two lines that cannot both be meant."""
    head, name, tail = text.partition(f'name = "{product}"')
    assert old in tail
    if "editable" in new:
        tail = tail.replace("editable = true\n", "", 1)
    edited = head + name + tail.replace(old, new, 1)
    with pytest.raises(TriviumError) as refused:
        catalogue.parse(edited, "catalogue.toml", NOW)
    lines = edited.splitlines()
    for setting in settings:
        found = re.search(rf"`{re.escape(setting)}` \(line (\d+)\)", refused.value.detail)
        assert found is not None, refused.value.detail
        assert setting.rpartition(".")[2] in lines[int(found[1]) - 1]
