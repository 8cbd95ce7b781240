"""Encrypted messages: the three forms of RFC 10002 section 5, made by openssl for the gateway's own certificate."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import KeyUsage, load_pem_x509_certificate

from ca_core.certificates.chain import pem_certificate
from ca_core.model.issuers import OwnCertificateRole
from ca_core.model.jobs import Job, JobState, TimerType
from ca_core.orders.maintenance import renew_own_certificates
from ca_core.orders.own_certificates import ensure
from gateway.cmc.cms import AUTH_ENVELOPED_DATA, ENVELOPED_DATA
from gateway.cmc.errors import CmcFailInfo
from gateway.cmc.transport import RecipientResource
from tests.cmc.messages import encrypted, openssl, pki_data
from tests.cmc.office import Office, new_key, nonce, request
from tests.status.asgi import call

ROLES = (OwnCertificateRole.CMC_RECIPIENT, OwnCertificateRole.CMC_RECIPIENT_EC)


async def fetched(office: Office) -> list[Path]:
    """Have the certificates made that messages are encrypted for; return their files as clients fetch them."""
    app, core, issuer_id = RecipientResource(office.front_end), office.workshop.core, office.front_end.issuer_id
    assert (await call(app, "GET", "/cmc/recipient.pem")).status == 404
    own = [await ensure(core, role, issuer_id) for role in ROLES]
    answer = await call(app, "GET", "/cmc/recipient.pem")
    assert answer.body.decode() == "".join(pem_certificate(one.certificate) for one in own)
    files = [office.folder / f"{role}.pem" for role in ROLES]
    for file, one in zip(files, own, strict=True):
        file.write_text(pem_certificate(one.certificate))
    return files


@pytest.fixture(params=[0, 1], ids=["rsa", "ec"])
async def recipient(office: Office, request: pytest.FixtureRequest) -> Path:
    """Give the certificate with an RSA key, and the one with a key on a curve."""
    number: int = request.param
    return (await fetched(office))[number]


async def test_the_recipients_say_what_their_keys_are_for(office: Office) -> None:
    """RFC 5280 section 4.2.1.3: openssl would refuse to encrypt, and the first one in the file must suit everybody."""
    rsa_file, ec_file = await fetched(office)
    found = [load_pem_x509_certificate(file.read_bytes()) for file in (rsa_file, ec_file)]
    usages = [one.extensions.get_extension_for_class(KeyUsage).value for one in found]
    assert [(one.key_encipherment, one.key_agreement) for one in usages] == [(True, False), (False, True)]
    assert not any(one.digital_signature for one in usages)
    assert isinstance(found[0].public_key(), rsa.RSAPublicKey)
    assert isinstance(found[1].public_key(), ec.EllipticCurvePublicKey)


async def test_both_recipients_are_made_and_renewed_by_the_worker(office: Office) -> None:
    """A certificate that has ended could not be encrypted for, and nobody would notice before a client does."""
    core, clock, issuer_id = office.workshop.core, office.workshop.clock, office.front_end.issuer_id
    job = Job(
        id="job-1",
        type=TimerType.OWN_CERTIFICATES,
        state=JobState.PROCESSING,
        created_at=clock.now(),
        subject_id=issuer_id,
    )
    await renew_own_certificates(core, job)
    first = await office.front_end.recipients()
    assert [one.role for one in first] == list(ROLES)
    await renew_own_certificates(core, job)
    assert await office.front_end.recipients() == first
    clock.advance(days=300)
    await renew_own_certificates(core, job)
    renewed = await office.front_end.recipients()
    assert all(new.not_after > old.not_after for new, old in zip(renewed, first, strict=True))


async def test_a_message_for_several_recipients_is_opened(office: Office) -> None:
    """Who encrypts for all certificates in the file, and for an archive of its own, would not be understood."""
    files = await fetched(office)
    signed = office.signed(pki_data(request("mail.example.com", key=new_key()), controls=(nonce(),)))
    for recipients in ((office.sender.certificate_file, files[1]), tuple(reversed(files))):
        again = office.signed(pki_data(request("mail.example.com", key=new_key()), controls=(nonce(),)))
        message = encrypted(again, recipients[0], "-aes-128-cbc", *(str(one) for one in recipients[1:]))
        assert (await office.send(message)).only.status == 0
    strangers = encrypted(signed, office.sender.certificate_file, "-aes-128-cbc")
    assert (await office.send(strangers)).only.fail_info == CmcFailInfo.BAD_MESSAGE_CHECK


async def test_the_three_forms_are_opened(office: Office, recipient: Path) -> None:
    """RFC 10002 section 5: "Servers MUST provide support for all three"; a changed or foreign one is refused."""
    for cipher, outer in (("-aes-128-cbc", ENVELOPED_DATA), ("-aes-256-gcm", AUTH_ENVELOPED_DATA)):
        signed = office.signed(pki_data(request("mail.example.com", key=new_key()), controls=(nonce(),)))
        inside = encrypted(signed, recipient, cipher)
        assert (await office.send(inside)).only.status == 0
        again = office.signed(pki_data(request("mail.example.com", key=new_key()), controls=(nonce(),)))
        twice = openssl(
            "cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-econtent_type", outer,
            "-signer", office.sender.certificate_file, "-inkey", office.sender.key_file,
            given=encrypted(again, recipient, cipher),
        )  # fmt: skip
        assert (await office.send(twice)).only.status == 0
        broken = bytearray(encrypted(again, recipient, cipher))
        broken[-20] ^= 1
        assert (await office.send(bytes(broken))).only.fail_info in {
            CmcFailInfo.BAD_MESSAGE_CHECK,
            CmcFailInfo.BAD_REQUEST,
        }
    assert len(await office.orders()) == 4


async def test_encryption_authenticates_nobody(office: Office, recipient: Path) -> None:
    """Anybody can encrypt for a public certificate: a PKIData without a signature inside would be obeyed."""
    content = pki_data(request("mail.example.com", key=new_key()))
    bare = openssl(
        "cms", "-encrypt", "-binary", "-outform", "DER", "-aes-128-cbc", "-econtent_type", "1.3.6.1.5.5.7.12.2",
        recipient, given=content,
    )  # fmt: skip
    for message in (bare, encrypted(content, recipient, "-aes-128-cbc")):
        assert (await office.send(message)).only.status == 2
    foreign = encrypted(office.signed(content), office.sender.certificate_file, "-aes-128-cbc")
    assert (await office.send(foreign)).only.fail_info == CmcFailInfo.BAD_MESSAGE_CHECK
    assert await office.orders() == []
