"""CRLs: numbers, content, publication."""

import asyncio
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca_core.certificates.authority import AuthorityName, make_root
from ca_core.keys.signer import KeyAlgorithm
from ca_core.keys.software import SoftwareSigner, generate
from ca_core.model.certificates import Certificate, CertificateStatus, Crl, RevocationReason, RevokedSerial
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import Job, JobState, TimerType
from ca_core.model.orders import OrderState
from ca_core.model.principals import SYSTEM
from ca_core.orders.worker import run_due, start_timers
from ca_core.revocation import crl as crl_module
from ca_core.revocation.crl import make_root_crl, publish_crl, run_crl_job
from ca_core.revocation.revoke import revoke_by_id
from tests.revocation.installation import DAY, ISSUER_ID, ROOT_ID, Installation
from tests.revocation.linting import crl_findings


def _entry(crl: Crl, certificate: Certificate) -> x509.RevokedCertificate | None:
    return x509.load_der_x509_crl(crl.der).get_revoked_certificate_by_serial_number(certificate.serial)


def _text(crl: Crl) -> str:
    done = subprocess.run(
        ["openssl", "crl", "-inform", "DER", "-noout", "-text"], input=crl.der, capture_output=True, check=True
    )
    return done.stdout.decode()


def _verify(directory: Path, name: str) -> subprocess.CompletedProcess[str]:
    command = ["openssl", "verify", "-CAfile", "root", "-untrusted", "issuing", "-CRLfile", "crls", "-crl_check_all"]
    return subprocess.run([*command, name], cwd=directory, capture_output=True, text=True, check=False)


async def test_openssl_and_pkilint_accept_the_crl(installation: Installation) -> None:
    """If this fails, relying parties cannot use the CRL, or its form breaks RFC 5280 section 5 (rule 83)."""
    for reason in (RevocationReason.UNSPECIFIED, RevocationReason.KEY_COMPROMISE, RevocationReason.SUPERSEDED):
        certificate = await installation.issue()
        await revoke_by_id(installation.core, certificate.id, reason, SYSTEM)
    crl = await publish_crl(installation.core, ISSUER_ID)
    assert crl_findings(crl.der) == []
    text = _text(crl)
    assert "X509v3 CRL Number" in text
    assert "X509v3 Authority Key Identifier" in text
    assert text.count("Serial Number:") == 3
    assert text.count("X509v3 CRL Reason Code") == 2, "the reason is absent when unspecified"
    assert "critical" not in text
    assert await installation.store.read(lambda tx: tx.crls.latest(ISSUER_ID)) == crl


async def test_openssl_verify_goes_by_the_crls(installation: Installation, tmp_path: Path) -> None:
    """If this fails, `openssl verify -crl_check_all` accepts a revoked certificate or refuses a good one (rule 81)."""
    good, bad = await installation.issue(), await installation.issue()
    await revoke_by_id(installation.core, bad.id, RevocationReason.KEY_COMPROMISE, SYSTEM)
    crl = await publish_crl(installation.core, ISSUER_ID)
    number = await installation.store.write(lambda tx: tx.crls.next_number(ROOT_ID))
    root_crl = await make_root_crl(
        installation.root_signer, installation.root, issuer_id=ROOT_ID, number=number, now=installation.clock.now()
    )
    assert crl_findings(root_crl.der, root=True) == []
    assert crl_findings(root_crl.der) != [], "the linter is awake: a year is too long for an issuing CA's CRL"
    files = {"root": installation.root, "issuing": installation.issuer.certificate, "good": good.der, "bad": bad.der}
    for name, der in files.items():
        assert der is not None
        certificate = x509.load_der_x509_certificate(der)
        (tmp_path / name).write_bytes(certificate.public_bytes(Encoding.PEM))
    crls = [x509.load_der_x509_crl(one.der) for one in (crl, root_crl)]
    (tmp_path / "crls").write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in crls))
    verified, refused = _verify(tmp_path, "good"), _verify(tmp_path, "bad")
    assert (verified.returncode, verified.stdout) == (0, "good: OK\n"), verified.stderr
    assert refused.returncode != 0
    assert "certificate revoked" in refused.stderr


async def test_the_number_rises_although_the_clock_goes_back(installation: Installation) -> None:
    """If this fails, relying parties keep an old CRL as the newer one (rule 80, RFC 5280 section 5.2.3)."""
    first = await publish_crl(installation.core, ISSUER_ID)
    installation.clock.advance(days=-1)
    second = await publish_crl(installation.core, ISSUER_ID)
    assert second.number > first.number
    assert second.this_update < first.this_update
    assert (
        x509.load_der_x509_crl(second.der).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        == second.number
    )


async def test_parallel_generators_publish_one_after_the_other(installation: Installation) -> None:
    """If this fails, CRLs share a number, or a later one lacks a revoked serial of an earlier (rule 80, I5, F13)."""
    certificates = [await installation.issue() for _ in range(8)]

    async def revoke_and_publish(certificate: Certificate) -> Crl:
        await revoke_by_id(installation.core, certificate.id, RevocationReason.SUPERSEDED, SYSTEM)
        crl = await publish_crl(installation.core, ISSUER_ID)
        assert _entry(crl, certificate) is not None
        return crl

    published = await asyncio.gather(*(revoke_and_publish(certificate) for certificate in certificates))
    numbers = [crl.number for crl in published]
    assert len(set(numbers)) == len(numbers)
    by_number = sorted(published, key=lambda crl: crl.number)
    sizes = [len(x509.load_der_x509_crl(crl.der)) for crl in by_number]
    assert sizes == sorted(sizes), "a later CRL lacks a serial of an earlier one"
    assert await installation.store.read(lambda tx: tx.crls.latest(ISSUER_ID)) == by_number[-1]
    assert sizes[-1] == 8


async def test_an_entry_stays_until_one_crl_after_expiry(installation: Installation) -> None:
    """If this fails, a revoked certificate leaves the CRL too early (rule 82, RFC 5280 section 3.3)."""
    short, long = await installation.issue(validity=2 * DAY), await installation.issue(validity=90 * DAY)
    for certificate in (short, long):
        await revoke_by_id(installation.core, certificate.id, RevocationReason.SUPERSEDED, SYSTEM)
    await publish_crl(installation.core, ISSUER_ID)
    installation.clock.advance(days=3)
    once_more = await publish_crl(installation.core, ISSUER_ID)
    assert _entry(once_more, short) is not None, "it expired since the last CRL and stands on one more"
    installation.clock.advance(hours=1)
    gone = await publish_crl(installation.core, ISSUER_ID)
    assert _entry(gone, short) is None
    assert _entry(gone, long) is not None
    installation.clock.advance(days=-2.5)
    back_again = await publish_crl(installation.core, ISSUER_ID)
    assert _entry(back_again, short) is not None, "with the clock back before its expiry it is unexpired"


async def test_an_abandoned_serial_is_on_the_crl(installation: Installation) -> None:
    """If this fails, a certificate that a crash left undelivered is trusted if it exists (rules 3 and 4)."""
    abandoned = await installation.issue(status=CertificateStatus.ABANDONED, state=OrderState.FAILED)
    intended = await installation.issue(status=CertificateStatus.INTENDED, state=OrderState.ISSUE)
    crl = await publish_crl(installation.core, ISSUER_ID)
    assert _entry(crl, abandoned) is not None
    assert _entry(crl, intended) is None


async def test_the_job_says_what_was_published_and_when_the_next_is_due(installation: Installation) -> None:
    """If this fails, operators cannot read what a CRL job did, or the CRL goes stale (rule 81)."""
    now = installation.clock.now()
    job = Job(id="job-1", type=TimerType.CRL, state=JobState.PROCESSING, created_at=now, subject_id=ISSUER_ID)
    response, following = await run_crl_job(installation.core, job)
    crl = await installation.store.read(lambda tx: tx.crls.latest(ISSUER_ID))
    assert crl is not None
    assert response["number"] == crl.number
    assert timedelta(0) < following <= (crl.next_update - crl.this_update) / 2
    records = await installation.store.read(lambda tx: tx.audit.of_object(ISSUER_ID, 10))
    assert [(record.action, record.details["number"]) for record in records] == [("crl.publish", crl.number)]


async def test_an_offline_or_unknown_issuer_is_told_apart(installation: Installation) -> None:
    """If this fails, the operator is not told that the root's CRL needs the root's key."""
    with pytest.raises(TriviumError) as offline:
        await publish_crl(installation.core, ROOT_ID)
    assert offline.value.kind is ErrorKind.UNAVAILABLE
    assert "trivium crl --root" in offline.value.detail
    with pytest.raises(TriviumError) as unknown:
        await publish_crl(installation.core, "iss-other")
    assert unknown.value.kind is ErrorKind.NOT_FOUND


async def test_a_crl_under_the_wrong_key_is_not_made(installation: Installation) -> None:
    """If this fails, a CRL leaves that no relying party can verify (rule 9)."""
    with pytest.raises(TriviumError) as error:
        await make_root_crl(
            installation.root_signer,
            installation.issuer.certificate,
            issuer_id=ISSUER_ID,
            number=1,
            now=installation.clock.now(),
        )
    assert error.value.kind is ErrorKind.INTERNAL


async def test_the_workers_next_round_puts_a_revocation_on_the_crl(installation: Installation) -> None:
    """If this fails, a revocation is not seen within a minute (rule 81, I5), or no later CRL follows by itself."""
    core = installation.core
    await publish_crl(core, ISSUER_ID)
    await start_timers(core)
    certificate = await installation.issue()
    await revoke_by_id(core, certificate.id, RevocationReason.SUPERSEDED, SYSTEM)
    await run_due(core)
    crl = await installation.store.read(lambda tx: tx.crls.latest(ISSUER_ID))
    assert crl is not None
    assert _entry(crl, certificate) is not None
    following = await installation.store.read(lambda tx: tx.jobs.open_of_type(TimerType.CRL, ISSUER_ID))
    assert following is not None
    assert following.due_at is not None
    assert installation.clock.now() < following.due_at < crl.next_update


async def test_a_hundred_thousand_entries_take_seconds(installation: Installation) -> None:
    """If this fails, an issuer with many revocations publishes no CRL in time (F13: 10 s for 100,000 entries)."""
    now = installation.clock.now()
    revoked = [
        RevokedSerial(serial=1 << 140 | number, revoked_at=now, reason=RevocationReason.SUPERSEDED)
        for number in range(100_000)
    ]
    making = make_root_crl(
        installation.root_signer, installation.root, issuer_id=ROOT_ID, number=1, now=now, revoked=revoked
    )
    crl = await asyncio.wait_for(making, 10)
    assert len(x509.load_der_x509_crl(crl.der)) == 100_000


async def test_the_list_is_read_in_pages(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, reading 100,000 entries holds everybody's requests up, or entries at a page's end are lost."""
    monkeypatch.setattr(crl_module, "PAGE", 3)
    certificates = [await installation.issue() for _ in range(7)]
    for number, certificate in enumerate(certificates):
        await revoke_by_id(installation.core, certificate.id, RevocationReason.SUPERSEDED, SYSTEM)
        crl = x509.load_der_x509_crl((await publish_crl(installation.core, ISSUER_ID)).der)
        listed = {entry.serial_number for entry in crl}
        assert listed == {one.serial for one in certificates[: number + 1]}


@pytest.mark.parametrize("algorithm", list(KeyAlgorithm))
async def test_a_key_of_every_algorithm_signs_crls(installation: Installation, algorithm: KeyAlgorithm) -> None:
    """If this fails, an issuer with a key of this algorithm has no CRL (rule 83)."""
    signer = SoftwareSigner(generate(algorithm), algorithm)
    name = AuthorityName(common_name="Test Root")
    root = await make_root(signer, name=name, validity=DAY, sources=installation.core.sources)
    crl = await make_root_crl(signer, root, issuer_id=ROOT_ID, number=7, now=installation.clock.now())
    loaded = x509.load_der_x509_crl(crl.der)
    assert loaded.is_signature_valid(signer.public_key)
    assert loaded.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 7
