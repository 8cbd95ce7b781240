"""Messages made of what others have signed, or nobody: over HTTP, none of them orders or revokes anything."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from asn1crypto import cms
from asn1crypto import core as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from conformance.cmc.model import ControlType, Der, Octets, Revocation, control, nonce
from conformance.cmc.requests import name_of
from conformance.cmc.rows.revocation import unsigned
from tests.robustness.acme_client import https
from tests.robustness.cmc_client import (
    CmcClient,
    attributes,
    pki_data,
    register,
    request,
    signed_data,
    signer_info,
)
from tests.robustness.cmc_lanes import issued_over_cmc, lanes
from tests.robustness.invariants import check
from tests.running_gateway import UNLIMITED, RunningGateway

NAME = "forged.trivium.test"
DATA = "1.2.840.113549.1.7.1"
BAD_MESSAGE_CHECK, BAD_REQUEST, BAD_CERT_ID, BAD_IDENTITY = "2:1", "2:2", "2:4", "2:7"


@dataclass(frozen=True)
class Scene:
    """A gateway, one of its clients, and a client of another Client, which may order nothing here."""

    gateway: RunningGateway
    client: CmcClient
    other: CmcClient
    certificate: x509.Certificate
    """One that the client ordered."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Serve a gateway with two Clients."""
    folder = tmp_path_factory.mktemp("cmc-forgeries")
    gateway = RunningGateway(folder / "ca")
    gateway.init(*UNLIMITED)
    catalogue = gateway.directory / "catalogue.toml"
    catalogue.write_text(f'{catalogue.read_text()}\n[[clients]]\nname = "other"\n[clients.settings]\ncmc = true\n')
    gateway.trivium("apply")
    gateway.start()
    owner = register(gateway, folder, "owner", "--right", "issue", "--right", "revoke")
    stranger = register(gateway, folder, "stranger", "--client", "other")
    yield Scene(gateway, owner, stranger, asyncio.run(ordered(gateway, owner)))
    gateway.stop()
    assert "Traceback" not in gateway.log.read_text()


async def ordered(gateway: RunningGateway, client: CmcClient) -> x509.Certificate:
    """Let the client order a certificate."""
    async with https(gateway.endpoints["tls_ca"]) as session:
        message = client.sign(pki_data(csrs=(request(NAME),)))
        async with session.post(gateway.endpoints["cmc"], data=message) as response:
            bag = pkcs7.load_der_pkcs7_certificates(await response.read())
    [certificate] = [one for one in bag if one.subject != client.certificate.issuer]
    return certificate


def good() -> bytes:
    """Return a PKIData that its client might have sent."""
    return pki_data(nonce(), csrs=(request(NAME),))


def other_content(scene: Scene) -> bytes:
    """Rule 72: the signature is good, over another content."""
    return signed_data(good(), scene.client.certificate, scene.client.info(good()))


def other_digest(scene: Scene) -> bytes:
    """Rule 72: messageDigest is exchanged for that of the content, after the signature."""
    content = good()
    return scene.client.sign(good(), signed_attrs=attributes(content))


def two_digests(scene: Scene) -> bytes:
    """Rule 72: of two messageDigests one is the content's."""
    content = good()
    double = cms.CMSAttributes(
        [*attributes(content), {"type": "message_digest", "values": [hashlib.sha256(good()).digest()]}]
    )
    signature = scene.client.key.sign(double.dump(), ec.ECDSA(hashes.SHA256()))
    return scene.client.sign(content, signed_attrs=double, signature=signature)


def without_attributes(scene: Scene) -> bytes:
    """Rule 72: the content alone is signed."""
    content = good()
    signature = scene.client.key.sign(content, ec.ECDSA(hashes.SHA256()))
    return scene.client.sign(content, signed_attrs=None, signature=signature)


def attributes_as_content(scene: Scene) -> bytes:
    """Rule 72: the attributes of a message as the content of another, under the signature that is theirs."""
    content = good()
    return signed_data(
        b"\x31" + attributes(content).dump()[1:],
        scene.client.certificate,
        scene.client.info(content) | {"signed_attrs": None},
    )


def signed_mail(scene: Scene) -> bytes:
    """Rule 73: what was signed is a mail, and its bytes are a PKIData."""
    content = good()
    mail = attributes(content, DATA)
    signature = scene.client.key.sign(mail.dump(), ec.ECDSA(hashes.SHA256()))
    return scene.client.sign(content, signed_attrs=mail, signature=signature)


def data_content(scene: Scene) -> bytes:
    """Rule 73: the content type is id-data."""
    content = good()
    mail = attributes(content, DATA)
    signature = scene.client.key.sign(mail.dump(), ec.ECDSA(hashes.SHA256()))
    info = scene.client.info(content) | {"signed_attrs": mail, "signature": signature}
    return signed_data(content, scene.client.certificate, info, content_type=DATA)


def no_signer(_: Scene) -> bytes:
    """Rule 73: nobody signed."""
    return unsigned(good())


def five_signers(scene: Scene) -> bytes:
    """Rule 73: more signers than anybody needs."""
    content = good()
    return signed_data(content, scene.client.certificate, *[scene.client.info(content)] * 5)


def two_clients(scene: Scene) -> bytes:
    """Rule 73: two clients signed, of whom either would do."""
    content = good()
    signed = cms.ContentInfo.load(
        signed_data(content, scene.client.certificate, scene.client.info(content), scene.other.info(content))
    )
    bag = signed["content"]["certificates"]
    bag.append(cms.CertificateChoices.load(scene.other.certificate.public_bytes(Encoding.DER)))
    der: bytes = signed.dump(force=True)
    return der


def anothers_name(scene: Scene) -> bytes:
    """Rule 74: the other client signs and names the certificate of the first."""
    content = good()
    return signed_data(
        content, scene.client.certificate, signer_info(content, scene.client.certificate, scene.other.key)
    )


def anothers_product(scene: Scene) -> bytes:
    """Rule 74: the other client signs, and asks for the first one's product."""
    info = control(ControlType.REG_INFO, Octets(value=b"product=tls&account=default"))
    return scene.other.sign(pki_data(nonce(), info, csrs=(request(NAME),)))


def anothers_certificate(scene: Scene) -> bytes:
    """Rule 78: the other client revokes what the first one ordered."""
    victim = scene.certificate
    revocation = Revocation(issuer=name_of(victim), serial=victim.serial_number)
    return scene.other.sign(pki_data(nonce(), control(ControlType.REVOKE_REQUEST, revocation)))


def nested(depth: int) -> bytes:
    """Return so many constructed values in one another."""
    der = b"\x05\x00"
    for _ in range(depth):
        der = bytes(asn1.Sequence(contents=der).dump())
    return der


def deep_message(_: Scene) -> bytes:
    """Rule 62: ten thousand values in one another."""
    return nested(10_000)


def deep_ber(_: Scene) -> bytes:
    """Rule 62: the same in indefinite lengths."""
    return b"\x30\x80" * 30_000


def deep_control(scene: Scene) -> bytes:
    """Rule 62: they are the value of a control, and somebody signed them."""
    wrong = control(ControlType.DATA_RETURN, Der(value=nested(500)))
    return scene.client.sign(pki_data(wrong, csrs=(request(NAME),)))


def signed_on_and_on(scene: Scene) -> bytes:
    """Signed, and signed, and signed again."""
    message = scene.client.sign(good())
    for _ in range(5):
        message = scene.client.sign(message)
    return message


FORGERIES: dict[Callable[[Scene], bytes], str] = {
    other_content: BAD_MESSAGE_CHECK,
    other_digest: BAD_MESSAGE_CHECK,
    two_digests: BAD_MESSAGE_CHECK,
    without_attributes: BAD_MESSAGE_CHECK,
    attributes_as_content: BAD_MESSAGE_CHECK,
    signed_mail: BAD_MESSAGE_CHECK,
    data_content: BAD_REQUEST,
    no_signer: BAD_IDENTITY,
    five_signers: BAD_REQUEST,
    two_clients: BAD_IDENTITY,
    anothers_name: BAD_MESSAGE_CHECK,
    anothers_product: BAD_IDENTITY,
    anothers_certificate: BAD_CERT_ID,
    deep_message: BAD_REQUEST,
    deep_ber: BAD_REQUEST,
    deep_control: BAD_REQUEST,
    signed_on_and_on: BAD_REQUEST,
}
"""Each, and the CMCStatus and CMCFailInfo it is refused with."""


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.__name__)
async def test_forgeries_order_nothing(scene: Scene, forgery: Callable[[Scene], bytes]) -> None:
    """A client would have, or lose, certificates that it never asked for."""
    before = issued_over_cmc(scene.gateway)
    async with lanes(scene.gateway, 1, "") as [lane]:
        assert await lane.post(forgery(scene)) == [FORGERIES[forgery]]
        assert issued_over_cmc(scene.gateway) == before
        assert await lane.post(scene.client.sign(good())) == ["0"], "the client itself is served on"
    await asyncio.to_thread(check, scene.gateway)
