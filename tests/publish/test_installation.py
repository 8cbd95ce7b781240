"""The directory that trivium.toml names is the one the gateway publishes in."""

from pathlib import Path

import pytest

from ca_core.certificates.lint import Linters
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.publish.directory import Person
from gateway.installation import Installation
from gateway.wiring import opened_core
from tests.publish.slapd import ADMIN, BASE, PASSWORD, Slapd, certificate_for

ANNA = Person(mail="anna@example.test", common_name="Anna")


def write(installation: Installation, section: str, **values: object) -> Installation:
    """Write the section into trivium.toml, and open the installation again."""
    lines = [
        f"{key} = {str(value).lower() if isinstance(value, bool) else repr(str(value))}"
        for key, value in values.items()
    ]
    text = installation.settings_file.read_text("utf-8").partition(f"[{section}]")[0]
    installation.settings_file.write_text("\n".join([text, f"[{section}]", *lines]), "utf-8")
    return Installation.open(installation.directory)


async def test_the_settings_lead_to_the_directory(
    installation: Installation, linters: Linters, slapd: Slapd, tmp_path: Path
) -> None:
    """An operator would set everything right and nothing would be published."""
    password = tmp_path / "password"
    password.write_text(f"{PASSWORD}\n")
    password.chmod(0o600)
    with_tls = {"ca_file": slapd.ca_file, "bind_dn": ADMIN, "password_file": password, "base": BASE}
    for url in (f"ldap://127.0.0.1:{slapd.port}", f"ldaps://127.0.0.1:{slapd.tls_port}"):
        configured = write(installation, "ldap", url=url, **with_tls)
        async with opened_core(configured, worker="test", linters=linters, environment={}) as opened:
            assert await opened.core.directory.publish(ANNA, certificate_for(ANNA.mail)) == f"uid=anna,{BASE}"
    assert len(slapd.certificates(ANNA.mail)) == 2
    password.chmod(0o644)
    with pytest.raises(TriviumError, match="Others may read"):
        Installation.open(installation.directory)


@pytest.mark.parametrize(
    ("ldap", "sentence"),
    [
        ({}, "`ldap.base` must be set too"),
        ({"base": BASE, "bind_dn": ADMIN}, "Set both `ldap.bind_dn` and `ldap.password_file`"),
        ({"base": BASE, "password_file": "/nowhere"}, "Set both `ldap.bind_dn` and `ldap.password_file`"),
    ],
)
async def test_half_a_directory_is_refused_at_start(
    installation: Installation, linters: Linters, ldap: dict[str, str], sentence: str
) -> None:
    """The gateway would start, and fail at the first publication (rule 94)."""
    configured = write(installation, "ldap", url="ldap://127.0.0.1:1", **ldap)
    with pytest.raises(TriviumError, match=sentence) as refused:
        async with opened_core(configured, worker="test", linters=linters, environment={}):
            raise AssertionError
    assert refused.value.kind is ErrorKind.MALFORMED
