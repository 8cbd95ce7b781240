"""The directory over LDAP, against a real one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.publish.directory import Person
from ca_core.publish.ldap_directory import LdapDirectory, LdapSettings
from tests.publish.slapd import ADMIN, BASE, PASSWORD, Slapd, certificate_for

ANNA = Person(mail="anna@example.test", common_name="Anna Muster")
BERT = Person(mail="bert@example.test", common_name="Bert")
CARLA = Person(mail="carla@example.test", common_name="Carla, née #1 <x>")


@asynccontextmanager
async def opened(settings: LdapSettings) -> AsyncIterator[LdapDirectory]:
    """Open a directory for the block."""
    directory = LdapDirectory(settings)
    try:
        yield directory
    finally:
        directory.close()


async def refusal(settings: LdapSettings, person: Person) -> TriviumError:
    """Publish what must fail, and return the error."""
    async with opened(settings) as directory:
        with pytest.raises(TriviumError) as refused:
            await directory.publish(person, certificate_for(person.mail))
    return refused.value


async def test_a_certificate_is_published_and_taken_back(slapd: Slapd) -> None:
    """Nobody could find the certificate, or it would stay after its revocation."""
    first, second = certificate_for(ANNA.mail), certificate_for(ANNA.mail)
    async with opened(slapd.settings()) as directory:
        for certificate in (first, second, first):
            assert await directory.publish(ANNA, certificate) == f"uid=anna,{BASE}"
        assert sorted(slapd.certificates(ANNA.mail)) == sorted([first, second])
        assert await directory.unpublish(ANNA, first) == f"uid=anna,{BASE}"
        assert slapd.certificates(ANNA.mail) == [second]
        assert await directory.unpublish(ANNA, first) == ""
        assert await directory.unpublish(CARLA, first) == ""


async def test_every_transport_works_and_verifies_the_server(slapd: Slapd, tmp_path: Path) -> None:
    """The password would go to whoever answers in the directory's place."""
    over_tls: dict[str, object] = {"port": slapd.tls_port, "tls": True, "start_tls": False}
    for changes in ({}, over_tls, {"start_tls": False}):
        async with opened(slapd.settings(**changes)) as directory:
            assert await directory.publish(ANNA, certificate_for(ANNA.mail))
    for wrong in ({"ca_file": ""}, over_tls | {"ca_file": ""}, {"host": "localhost"}):
        error = await refusal(slapd.settings(**wrong), ANNA)
        assert error.kind is ErrorKind.UNAVAILABLE
        assert "CERTIFICATE_VERIFY_FAILED" in error.detail.upper()
    (tmp_path / "empty.pem").write_text("")
    with pytest.raises(TriviumError, match=r"ldap.ca_file"):
        LdapDirectory(slapd.settings(ca_file=str(tmp_path / "empty.pem")))


async def test_an_entry_is_made_where_the_settings_name_it(slapd: Slapd) -> None:
    """A name with special characters would end as another entry, or as none (RFC 4514, abuse 61)."""
    certificate = certificate_for(CARLA.mail)
    async with opened(slapd.settings(new_entry="cn={cn}")) as directory:
        for _ in range(2):
            await directory.publish(CARLA, certificate)
    assert slapd.certificates(CARLA.mail) == [certificate]
    async with opened(slapd.settings(new_entry="uid={local}")) as directory:
        assert (
            await directory.publish(Person(mail="dora@x.test", common_name="Dora"), certificate) == f"uid=dora,{BASE}"
        )
    assert len(slapd.names()) == 6


async def test_without_a_name_for_new_entries_none_is_made(slapd: Slapd) -> None:
    """Strangers would become people of the directory."""
    error = await refusal(slapd.settings(), CARLA)
    assert error.kind is ErrorKind.MALFORMED
    assert "`ldap.new_entry`" in error.detail
    assert len(slapd.names()) == 4


async def test_an_address_with_two_entries_is_refused(slapd: Slapd) -> None:
    """It would be chance under whom the certificate is published."""
    error = await refusal(slapd.settings(), BERT)
    assert error.kind is ErrorKind.MALFORMED
    assert "`ldap.filter`" in error.detail


@pytest.mark.parametrize(
    "mail", ["*", "*@example.test", "x)(uid=anna", "anna@example.test)(objectClass=*", "\\2a", "x\x00y", "*)(|(mail=*"]
)
async def test_an_address_is_never_read_as_part_of_a_filter(slapd: Slapd, mail: str) -> None:
    """A requester could publish his certificate in somebody else's entry (RFC 4515, abuse 61)."""
    error = await refusal(slapd.settings(), Person(mail=mail, common_name="x"))
    assert error.kind is ErrorKind.MALFORMED
    assert "no entry for" in error.detail
    assert slapd.certificates(ANNA.mail) == []


@pytest.mark.parametrize(
    "cn", ["x,uid=anna", "a+uid=anna", ' "lead', "trail ", "#04024869", "a\\,b", "ü=\x01", "a\x00b"]
)
async def test_a_name_is_never_read_as_part_of_a_distinguished_name(slapd: Slapd, cn: str) -> None:
    """A requester could write to an entry above, below or beside the one that is his (RFC 4514, abuse 61)."""
    person = Person(mail="eve@example.test", common_name=cn)
    async with opened(slapd.settings(new_entry="cn={cn}")) as directory:
        await directory.publish(person, certificate_for(person.mail))
    assert len(slapd.certificates(person.mail)) == 1
    assert slapd.certificates(ANNA.mail) == []
    assert len(slapd.names()) == 5


async def test_a_wrong_password_is_tried_again(slapd: Slapd) -> None:
    """A publication would be lost while the operator mends the settings."""
    error = await refusal(slapd.settings(password="wrong"), ANNA)
    assert error.kind is ErrorKind.UNAVAILABLE
    assert "invalidCredentials" in error.detail
    assert "wrong" not in error.detail
    assert (await refusal(slapd.settings(bind_dn="", password=""), ANNA)).kind is ErrorKind.UNAVAILABLE


async def test_a_server_that_does_not_answer_is_given_up_in_time() -> None:
    """A hanging directory would hold a worker's job for longer than its lease (abuse 5, fault F19)."""
    silent: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: silent.append(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = LdapSettings(
        host="127.0.0.1", port=port, tls=False, start_tls=False, base=BASE, bind_dn=ADMIN, password=PASSWORD, timeout=1
    )
    assert (await refusal(settings, ANNA)).kind is ErrorKind.UNAVAILABLE
    server.close()
    for writer in silent:
        writer.transport.abort()
    await server.wait_closed()
    assert (await refusal(settings, ANNA)).kind is ErrorKind.UNAVAILABLE


def test_settings_do_not_show_the_password(slapd: Slapd) -> None:
    """A log line or a traceback would have it (invariant I10)."""
    assert PASSWORD not in repr(slapd.settings())
