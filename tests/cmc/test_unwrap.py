"""Encrypted messages: the three forms of RFC 10002 section 5, made by openssl for the gateway's own certificate."""

from pathlib import Path

import pytest
from cryptography.x509 import load_der_x509_certificate

from ca_core.certificates.chain import pem_certificate
from ca_core.model.issuers import OwnCertificateRole
from ca_core.orders.own_certificates import ensure
from gateway.cmc.cms import AUTH_ENVELOPED_DATA, ENVELOPED_DATA
from gateway.cmc.errors import CmcFailInfo
from gateway.cmc.transport import RecipientResource
from tests.cmc.messages import encrypted, openssl, pki_data
from tests.cmc.office import Office, new_key, nonce, request
from tests.status.asgi import call


@pytest.fixture
async def recipient(office: Office) -> Path:
    """Have the certificate made that messages are encrypted for; return its file as clients fetch it."""
    app = RecipientResource(office.front_end)
    assert (await call(app, "GET", "/cmc/recipient.pem")).status == 404
    own = await ensure(office.workshop.core, OwnCertificateRole.CMC_RECIPIENT, office.front_end.issuer_id)
    answer = await call(app, "GET", "/cmc/recipient.pem")
    assert answer.body.decode() == pem_certificate(own.certificate)
    assert load_der_x509_certificate(own.certificate)
    file = office.folder / "recipient.pem"
    file.write_bytes(answer.body)
    return file


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
