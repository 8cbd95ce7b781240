"""CMC clients as the operator sees and changes them: certificates that end, new ones, secrets, rights, SHA-1."""

import hashlib
import hmac
import json
import logging
import os
import shutil
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import core as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from ca_core.access.cmc_clients import disable, enable
from ca_core.model.audit import AuditRecord
from ca_core.model.cmc_clients import CmcClient, CmcRight
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import Job, JobState, TimerType
from ca_core.model.permissions import Permission
from ca_core.model.repositories.orders import OrderSearch
from ca_core.orders import cmc_expiry, maintenance
from ca_core.orders.cmc_registration import CmcChange, CmcRegistration, change, register
from gateway import store_checks
from gateway.cmc import oids
from gateway.cmc.errors import CmcFailInfo
from gateway.cmc.pki_data import parse_pki_data
from gateway.findings import Health
from tests.cmc.messages import pki_data, with_attribute
from tests.cmc.office import SECRET, Office, control, new_key, nonce, octets, request
from tests.cmc.test_controls import IDENTIFICATION, proof, self_signed
from tests.cmc.test_renewal import for_itself, order, registered, signer
from tests.gateway.command import trivium
from tests.orders.workshop import CONSOLE

PASSWORD = "a password of sixteen"


async def records(office: Office, action: str, name: str = "gateway-1") -> list[AuditRecord]:
    """Return a client's audit records of an action."""
    cmc_client = await registered(office, name)
    found = await office.workshop.core.store.read(lambda tx: tx.audit.of_object(cmc_client.id, 100))
    return [one for one in found if one.action == action]


async def test_certificates_that_end_are_warned_of_once_a_threshold(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    """A mail gateway whose certificate has ended cannot even renew it, and nobody would know before."""
    core, clock = office.workshop.core, office.workshop.clock
    await office.register("disabled")
    await disable(core, "disabled", CONSOLE)
    end = office.sender.certificate.not_valid_after_utc
    job = Job(id="job-1", type=TimerType.HOURLY, state=JobState.PROCESSING, created_at=clock.now())
    seen = []
    with caplog.at_level(logging.WARNING, "trivium.cmc"):
        for days in (61, 60, 59, 30, 7, 6, -1, -2):  # the gateway was off between 30 and 7
            clock.time = end - timedelta(days=days)
            response, _ = await maintenance.tidy(core, job)
            seen.append(response["endingCmcCertificates"])
    assert seen == [0, 1, 0, 1, 1, 0, 1, 0]
    assert [one.details["days"] for one in await records(office, "cmc-client.ending")] == [0, 7, 30, 60]
    assert await records(office, "cmc-client.ending", "disabled") == []
    assert len(caplog.messages) == 4
    assert "gateway-1" in caplog.messages[0]
    await change(core, "gateway-1", CmcChange(csr=for_itself(new_key())), CONSOLE)
    clock.time = cmc_expiry.end_of(await registered(office)) or clock.time
    assert await cmc_expiry.warn(core) == 1, "the next certificate is warned of as the first one was"


async def test_the_doctor_tells_of_certificates_that_end(office: Office) -> None:
    """Whoever looks whether all is well would not see what stops next week."""
    core, clock = office.workshop.core, office.workshop.clock
    assert [one.health for one in await store_checks.cmc_clients(core)] == [Health.GOOD]
    end = office.sender.certificate.not_valid_after_utc
    for left, health in ((timedelta(days=20), Health.SOON), (timedelta(0), Health.WRONG)):
        clock.time = end - left
        [found] = await store_checks.cmc_clients(core)
        assert found.health is health
        assert "gateway-1" in found.check
        assert "cmc-client change gateway-1" in found.what_to_do


async def test_the_doctor_tells_that_cmc_is_not_served(office: Office) -> None:
    """An older catalogue lacks the products, and nothing else would say why /cmc is not there."""
    core = office.workshop.core
    products = await core.store.read(lambda tx: tx.products.all(None))
    other = next(one for one in products if one.name == "gateway-tls").policy.profile
    product = next(one for one in products if one.name == "gateway-cmc-recipient")
    without = replace(product, version="another", policy=replace(product.policy, profile=other))
    await core.store.write(lambda tx: tx.products.put(without))
    [found] = await store_checks.cmc_clients(core)
    assert (found.health, "cmc-recipient" in found.detail) == (Health.SOON, True)


async def changed(office: Office, **wanted: Any) -> CmcClient:
    """Change the office's client."""
    return (await change(office.workshop.core, "gateway-1", CmcChange(**wanted), CONSOLE)).cmc_client


async def test_a_new_certificate_takes_the_place_of_the_old_one_at_once(office: Office) -> None:
    """A lost or stolen key would stay good, or the client would have to be registered anew, its orders not its own."""
    key = new_key()
    office.workshop.clock.advance(seconds=1)
    after = await changed(office, csr=for_itself(key))
    new = signer(office, x509.load_der_x509_certificate(after.certificate or b""), key, "rotated")
    assert not await order(office, office.sender)
    assert await order(office, new)
    assert after.id == office.sender.cmc_client.id
    [record] = await records(office, "cmc-client.change")
    assert (record.details["changed"], record.details["certificate"]) == (["certificate"], after.certificate_id)


async def test_rights_products_and_permissions_change(office: Office) -> None:
    """What a client may would be for ever what it was registered with."""
    other = await office.register("other")
    await changed(office, rights=frozenset({CmcRight.QUERY}))
    assert not (await office.ask(request("a.example.com", key=new_key()), sender=other)).full
    read = await office.ask(request("a.example.com", key=new_key()), controls=(nonce(),))
    assert read.only.fail_info == CmcFailInfo.BAD_IDENTITY
    await changed(office, rights=frozenset(CmcRight), product_ids=())
    read = await office.ask(request("a.example.com", key=new_key()), controls=(nonce(),))
    assert read.only.fail_info == CmcFailInfo.BAD_IDENTITY
    after = await changed(office, product_ids=(office.product.id,), sha1=True)
    assert after.sha1
    sha1 = office.signed(pki_data(request("a.example.com", key=new_key())), None, "-md", "sha1")
    assert not (await office.send(sha1)).full
    await changed(office, sha1=False)
    sha1 = office.signed(pki_data(request("b.example.com", key=new_key())), None, "-md", "sha1")
    assert (await office.send(sha1)).only.fail_info == CmcFailInfo.BAD_ALG
    assert [one.details["changed"] for one in await records(office, "cmc-client.change")] == [
        ["sha1"],
        ["product_ids", "sha1"],
        ["product_ids", "rights"],
        ["rights"],
    ]


async def test_secrets_are_replaced_and_ended(office: Office) -> None:
    """A secret that has leaked would stay good; and one that is recorded has leaked."""
    key = new_key()
    csr = request("mail.example.com", key=key)
    fresh = "another secret of more than sixteen"

    async def proved(secret: str) -> bool:
        controls = (IDENTIFICATION, proof(csr, secret=secret.encode()), nonce())
        return (await office.send(self_signed(office, key, pki_data(csr, controls=controls)))).only.status == 0

    assert await proved(SECRET)
    await changed(office, secret=fresh)
    assert not await proved(SECRET)
    assert await proved(fresh)
    await changed(office, secret="")
    assert not await proved(fresh)
    for record in await records(office, "cmc-client.change"):
        assert record.details["changed"] == ["sealed_secret"]
        assert fresh not in json.dumps(record.details)
    alone = CmcRegistration(
        name="secret-alone",
        client_id=office.product.client_id,
        product_ids=(),
        rights=frozenset(),
        secret=SECRET,
    )
    await register(office.workshop.core, alone, CONSOLE)
    with pytest.raises(TriviumError) as refused:
        await change(office.workshop.core, "secret-alone", CmcChange(secret=""), CONSOLE)
    assert refused.value.kind is ErrorKind.MALFORMED


def registration(office: Office, **wanted: Any) -> CmcRegistration:
    """Return the registration of a client that brings a CSR."""
    plain = CmcRegistration(
        name="new",
        client_id=office.product.client_id,
        product_ids=(office.product.id,),
        rights=frozenset({CmcRight.ISSUE}),
        csr=for_itself(new_key()),
    )
    return replace(plain, **wanted)


async def orders_in(office: Office) -> int:
    """Return how many orders there are, those of the gateway itself too."""
    query = OrderSearch(client_ids=None, limit=1000)
    return len(await office.workshop.core.store.read(lambda tx: tx.orders.search(query)))


async def refusal_of(act: Awaitable[object], office: Office) -> ErrorKind:
    """Return the kind of the error that an act ends with, having seen that it ordered nothing."""
    before = await orders_in(office)
    with pytest.raises(TriviumError) as refused:
        await act
    assert await orders_in(office) == before
    return refused.value.kind


async def test_nobody_makes_a_client_that_may_do_more_than_he(office: Office) -> None:
    """Whoever looks after CMC clients would revoke by one of them, or by a new key for one that may."""
    core, client_id = office.workshop.core, office.product.client_id
    may = {Permission.CMC_CLIENT_CREATE, Permission.CMC_CLIENT_UPDATE, Permission.ORDER_VIEW, Permission.ORDER_CREATE}
    keeper = await office.workshop.user(client_id, "keeper", frozenset(may))
    for right in (CmcRight.REVOKE, CmcRight.QUERY):
        more = registration(office, rights=frozenset({CmcRight.ISSUE, right}))
        assert await refusal_of(register(core, more, keeper), office) is ErrorKind.FORBIDDEN
    assert (await register(core, registration(office), keeper)).cmc_client.rights == {CmcRight.ISSUE}
    for name, wanted in (
        ("new", CmcChange(rights=frozenset({CmcRight.REVOKE}), csr=for_itself(new_key()))),
        ("gateway-1", CmcChange(csr=for_itself(new_key()))),
        ("gateway-1", CmcChange(secret="known to the keeper, who may not revoke")),
    ):
        assert await refusal_of(change(core, name, wanted, keeper), office) is ErrorKind.FORBIDDEN
    assert (await change(core, "new", CmcChange(csr=for_itself(new_key())), keeper)).chain


async def test_a_typing_error_orders_no_certificate(office: Office) -> None:
    """A wrong network would issue a certificate that belongs to nobody."""
    core, networks = office.workshop.core, ("192.0.2.1/24",)
    added = register(core, registration(office, networks=networks), CONSOLE)
    assert await refusal_of(added, office) is ErrorKind.MALFORMED
    wanted = CmcChange(csr=for_itself(new_key()), networks=networks)
    assert await refusal_of(change(core, "gateway-1", wanted, CONSOLE), office) is ErrorKind.MALFORMED


@pytest.mark.parametrize("name", ["", " ", " a", "a/b", "..", "a\nb", "a\x7f", "x" * 65])
async def test_the_name_of_a_client_can_stand_in_urls_and_logs(office: Office, name: str) -> None:
    """A client that no URL names could not be changed or disabled, and a line break forges a line of a log."""
    added = register(office.workshop.core, registration(office, name=name), CONSOLE)
    assert await refusal_of(added, office) is ErrorKind.MALFORMED


async def test_who_was_disabled_can_be_enabled(office: Office) -> None:
    """After a false alarm the client would need a new name, and lose its orders."""
    core = office.workshop.core
    await disable(core, "gateway-1", CONSOLE)
    assert not await order(office, office.sender)
    await enable(core, "gateway-1", CONSOLE)
    assert await order(office, office.sender)
    assert [len(await records(office, f"cmc-client.{act}")) for act in ("disable", "enable")] == [1, 1]
    with pytest.raises(TriviumError) as refused:
        await enable(core, "nobody", CONSOLE)
    assert refused.value.kind is ErrorKind.NOT_FOUND


async def test_sha1_is_noted_wherever_it_is(office: Office) -> None:
    """RFC 10004 section 5.1: a client that proves by SHA-1 and signs by SHA-256 would be missing in the report."""
    key, value = new_key(), os.urandom(64)
    csr = request("mail.example.com", key=key)
    await office.register("old-proof", secret=SECRET, sha1=True)
    name = control(2, asn1.UTF8String("old-proof").dump())
    secret = hashlib.sha1(SECRET.encode() + b"old-proof").digest()  # noqa: S324
    witness = hmac.digest(secret, parse_pki_data(pki_data(csr)).request_sequence, "sha1")
    content = pki_data(csr, controls=(name, control(3, octets(witness))))
    assert not (await office.send(self_signed(office, key, content))).full
    link = await office.register("old-link", secret=SECRET, sha1=True)
    witness = hmac.digest(hashlib.sha1(SECRET.encode()).digest(), value, "sha1")  # noqa: S324
    other = new_key()
    old = with_attribute(request("mail.example.com", key=other), other, oids.POP_LINK_WITNESS, octets(witness))
    assert not (await office.ask(old, controls=(control(22, octets(value)),), sender=link)).full
    modern = await office.register("modern", sha1=True)
    assert await order(office, modern)
    for name_, used in (("old-proof", True), ("old-link", True), ("modern", False)):
        assert ((await registered(office, name_)).sha1_used_at is not None) is used
        assert len(await records(office, "cmc-client.sha1", name_)) == used


def test_clients_are_changed_by_the_command(template: Path, tmp_path: Path) -> None:
    """The operator could not hand out a new certificate or secret, nor see what a client has."""
    installation, password = tmp_path / "ca", tmp_path / "password"
    shutil.copytree(template, installation)
    password.write_text(PASSWORD)
    password.chmod(0o600)

    def run(*arguments: str) -> Any:
        done = trivium(installation, "cmc-client", *arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    p12 = ("--password-file", str(password), "--p12")
    first = run("add", "gateway-1", *p12, str(tmp_path / "first.p12"))
    second = run("change", "gateway-1", *p12, str(tmp_path / "second.p12"), "--secret", "--sha1", "--right", "issue")
    assert (second["reference"], len(second["secret"])) == (first["reference"], 32)
    assert second["certificate"] != first["certificate"]
    key, certificate, _ = pkcs12.load_key_and_certificates((tmp_path / "second.p12").read_bytes(), PASSWORD.encode())
    assert certificate == x509.load_pem_x509_certificate(second["certificate"].encode())
    assert key is not None
    [listed] = run("list")
    assert (listed["rights"], listed["products"], listed["sha1"], listed["secret"]) == (["issue"], ["tls"], True, True)
    assert listed["not_after"] == certificate.not_valid_after_utc.isoformat()
    assert not listed["ending"]
    run("change", "gateway-1", "--no-secret", "--no-sha1", "--product", "tls")
    [listed] = run("list")
    assert (listed["rights"], listed["sha1"], listed["secret"]) == (["issue"], False, False)
    assert "gateway-1" in trivium(installation, "cmc-client", "list").stdout
    assert trivium(installation, "cmc-client", "enable", "gateway-1").returncode == 0
    for wrong in (("nobody",), ("gateway-1", "--product", "none"), ("gateway-1", "--right", "all")):
        assert trivium(installation, "cmc-client", "change", *wrong).returncode == 1
