"""trivium.toml: what it says is understood or refused with a sentence that names the key (rule 94)."""

from pathlib import Path

import pytest

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.rate_limits import Limit, Rate
from gateway import settings_file
from gateway.installation import Installation
from gateway.settings.values import Endpoint
from gateway.wiring import rate_limits

BROKEN = [
    ("listen.acmee = '127.0.0.1:1'", "`listen.acmee` is not a setting; did you mean `listen.acme`?"),
    ("lissten = 1", "`lissten` is not a setting"),
    ("listen = 3", "`listen`"),
    ("listen.acme = '127.0.0.1'", "`listen.acme`: write a host and a port"),
    ("listen.acme = '127.0.0.1:0'", "`listen.acme`: write a host and a port"),
    ("listen.acme = '127.0.0.1:65536'", "`listen.acme`: write a host and a port"),
    ("listen.acme = ':8443'", "`listen.acme`: write a host and a port"),
    ("listen.status = '127.0.0.1:\uff18\uff10'", "`listen.status`: write a host and a port"),
    ("external_url = 'http://ca.example'", "`external_url`: write https://host"),
    ("external_url = 'https://ca.example/acme'", "`external_url`: write https://host"),
    ("external_url = 'https://ca.example?x=1'", "`external_url`: write https://host"),
    ("external_url = 'https://me@ca.example'", "`external_url`: write https://host"),
    ("external_url = 'https://ca.example:99999'", "`external_url`"),
    ("status_url = 'https://ca.example'", "`status_url`: write http://host"),
    ("status_url = 'ca.example'", "`status_url`: write http://host"),
    ("database.url = 'mysql://u:hunter2@h/d'", "`database.url`: write sqlite:///FILE"),
    ("database.url = ''", "`database.url`: write sqlite:///FILE"),
    ("database.user = 'x'", "`database.user` is not a setting"),
    ("validation.resolver = '127.0.0.1'", "`validation.resolver`: write a host and a port"),
    ("validation.http_port = 0", "`validation.http_port`"),
    ("validation.http_port = '80'", "`validation.http_port`"),
    ("validation.tls_alpn_port = 70000", "`validation.tls_alpn_port`"),
    ("validation.allow_private_addresses = 1", "`validation.allow_private_addresses`"),
    ("validation.allow_private_addresses = 'yes'", "`validation.allow_private_addresses`"),
    ("validation.allow_privat_addresses = true", "did you mean `validation.allow_private_addresses`?"),
    ("pkcs11.pin = '1234'", "`pkcs11.pin` is not a setting"),
    ("pkcs11.pin_file = 'pin'", "`pkcs11.pin_file`: write an absolute path"),
    ("pkcs11.module = 3", "`pkcs11.module`"),
    ("limits.orders_per_account = '100'", "`limits.orders_per_account`: write a number and a time, such as 1000/1h"),
    ("limits.orders_per_account = 100", "`limits.orders_per_account`: write a number and a time, such as 1000/1h"),
    ("limits.orders = '100/1h'", "`limits.orders` is not a setting"),
    ("limits.exempt_addresses = ['10.1.2.3/8']", "`limits.exempt_addresses"),
    ("ldap.url = 'http://directory.example'", "`ldap.url`: write ldap://host"),
    ("ldap.url = 'ldaps://directory.example/dc=x'", "`ldap.url`: write ldap://host"),
    ("smtp.url = 'ldap://mail.example'", "`smtp.url`: write smtp://host"),
    ("smtp.sender = 'CA <ca@example.test>'", "`smtp.sender`: write an address"),
    ("smtp.language = 'IT'", "`smtp.language`"),
    ("webhooks.ports = [0]", "`webhooks.ports"),
    ("webhooks.plain_http = 1", "`webhooks.plain_http`"),
    ("ldap.password = 'x'", "`ldap.password` is not a setting"),
    ("ldap.filter = '(mail=anna)'", "`ldap.filter`: write at least one of {mail}"),
    ("ldap.filter = '(mail={address})'", "`ldap.filter`: write at least one of {mail}"),
    ("ldap.new_entry = '{mail}'", "`ldap.new_entry`: begin with one attribute and its value"),
    ("ldap.timeout = 60", "`ldap.timeout`"),
    ("log.level = 'loud'", "`log.level`"),
    ("lint = 'off'", "`lint` is for `trivium init --set` only"),
    ("acme.wildcards = true", "`acme` is for `trivium init --set` only"),
    ("listen.acme = ", "is not TOML"),
    ("external_url = 'https://a'\nexternal_url = 'https://b'", "is not TOML"),
]


@pytest.mark.parametrize(("line", "sentence"), BROKEN)
def test_broken_setting_is_refused(tmp_path: Path, line: str, sentence: str) -> None:
    """Rule 94: a gateway that starts with a setting it does not understand does something nobody asked for."""
    (tmp_path / "trivium.toml").write_text(line)
    with pytest.raises(TriviumError) as refused:
        settings_file.load(tmp_path)
    assert refused.value.kind is ErrorKind.MALFORMED
    assert sentence in refused.value.detail
    assert "hunter2" not in refused.value.detail


def test_missing_installation_says_how_to_make_one(tmp_path: Path) -> None:
    """Whoever names the wrong directory must be told, not served with defaults."""
    with pytest.raises(TriviumError) as refused:
        settings_file.load(tmp_path / "none")
    assert refused.value.kind is ErrorKind.NOT_FOUND
    assert "trivium init" in refused.value.detail


def test_environment_sets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one place to look when something is set: a stray variable must not move the database."""
    monkeypatch.setenv("DATABASE", '{"url": "sqlite:///elsewhere.db"}')
    monkeypatch.setenv("EXTERNAL_URL", "https://elsewhere.example")
    (tmp_path / "trivium.toml").write_text("")
    settings = settings_file.load(tmp_path)
    assert settings.database.url == "sqlite:///trivium.db"
    assert settings.acme_base == "https://127.0.0.1:8443"


def test_file_that_init_writes_says_what_was_set(tmp_path: Path) -> None:
    """What --set said must be in force at every later start, and every other setting must be its default."""
    values, settings, defaults = settings_file.parse_assignments(
        ["listen.acme=[::1]:9443", "validation.http_port=5002", "acme.plain_get=true", "lint=off", 'pkcs11.token=a "b"']
    )
    (tmp_path / "trivium.toml").write_text(settings_file.toml(values))
    assert settings_file.load(tmp_path) == settings
    assert settings.listen.acme == Endpoint("::1", 9443)
    assert settings.acme_base == "https://[::1]:9443"
    assert settings.pkcs11.token == 'a "b"'
    assert (defaults.lint, defaults.acme.plain_get, defaults.acme.require_eab) == ("off", True, False)


@pytest.mark.parametrize(
    "text", ["ca.example,other.example", "ca.example, other.example,", '["ca.example", "other.example"]']
)
def test_caa_identities_are_a_list(text: str) -> None:
    """Names separated by commas would be taken for one, which no CAA record could ever name."""
    _, _, defaults = settings_file.parse_assignments([f"acme.caa_identities={text}"])
    assert defaults.acme.caa_identities == ("ca.example", "other.example")


def test_limits_say_who_is_exempt_and_what_is_off(tmp_path: Path) -> None:
    """A limit would be another one after init than the one that was set, or hold for those it must not (rule 53)."""
    values, settings, _ = settings_file.parse_assignments(
        [
            *("limits.orders_per_account=5/30s", "limits.failed_validations=off", "limits.refusals_per_address=0"),
            *("limits.exempt_addresses=10.0.0.0/8,2001:db8::/32", 'limits.exempt_clients=["a", "b"]'),
        ]
    )
    (tmp_path / "trivium.toml").write_text(settings_file.toml(values))
    assert settings_file.load(tmp_path) == settings
    found = rate_limits(Installation(directory=tmp_path, settings=settings))
    assert set(found.rates) == set(Limit)
    assert found.rates[Limit.ORDERS_PER_ACCOUNT] == Rate.parse("5/30s")
    assert found.rates[Limit.ACCOUNTS_PER_ADDRESS].count > 0
    assert found.rates[Limit.FAILED_VALIDATIONS].count == found.rates[Limit.REFUSALS_PER_ADDRESS].count == 0
    assert [str(network) for network in found.exempt_networks] == ["10.0.0.0/8", "2001:db8::/32"]
    assert (found.exempt_accounts, found.exempt_clients) == (frozenset(), frozenset({"a", "b"}))


@pytest.mark.parametrize("assignment", ["listen.acme", "=x", "lint=warn", "acme.wildcards=1", "listen.acme.x=1", "a=1"])
def test_broken_assignment_is_refused(assignment: str) -> None:
    """A misspelt --set must stop init: afterwards the root exists and its CRL address cannot change."""
    with pytest.raises(TriviumError) as refused:
        settings_file.parse_assignments([assignment])
    assert refused.value.kind is ErrorKind.MALFORMED


def test_every_setting_is_documented() -> None:
    """A setting without a reason is one that an operator has to guess."""
    settings = settings_file.documented()
    assert {setting.key for setting in settings} >= {"listen.acme", "validation.resolver", "lint", "acme.plain_get"}
    assert [setting.key for setting in settings if len(setting.description) < 20] == []


def test_values_in_force_are_shown_without_passwords() -> None:
    """Whoever looks over the operator's shoulder must not read the database's password (rule 31)."""
    values = {"database": {"url": "postgresql://trivium:s3@cret@db/trivium"}, "listen": {"acme": "127.0.0.1:9443"}}
    shown = {one.key: one.value for one in settings_file.documented(settings_file.parse(values, "test"))}
    assert shown["database.url"] == '"postgresql://trivium:***@db/trivium"'
    assert shown["listen.acme"] == '"127.0.0.1:9443"'
    assert shown["lint"] is None
