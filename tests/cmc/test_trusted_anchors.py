"""trustedAnchors and authData (RFC 10002 sections 6.15, 6.16): how clients learn the root, and what a secret proves."""

import hashlib
from typing import Any

from asn1crypto import cms
from asn1crypto import core as asn1
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyasn1.codec.der import decoder
from pyasn1_alt_modules import rfc6402

from ca_core.model.certificates import CertificateStatus
from gateway.cmc import asn1_controls, oids
from gateway.cmc.authenticated import parse_authenticated, verify
from gateway.cmc.errors import CmcFailInfo, CmcStatus
from tests.cmc.messages import Control, pki_data
from tests.cmc.office import SECRET, Office, Read, control, integer, new_key, nonce, octets, request
from tests.cmc.test_cms import authenticated_data
from tests.cmc.test_controls import IDENTIFICATION, issued, proof, revocation, self_signed, status_of

SHA256 = {"algorithm": "2.16.840.1.101.3.4.2.1"}
PART = 50


def asking() -> Control:
    """Return a trustedAnchors that knows nothing yet."""
    value = asn1_controls.TrustAnchors({"seq_number": 0, "hash_algorithm": SHA256, "anchor_hashes": []})
    return control(26, value.dump())


def check(office: Office, value: bytes, read: Read) -> int:
    """Check that the anchors are the root, as another decoder than ours reads them; return their number."""
    root = x509.load_pem_x509_certificate((office.folder / "root.pem").read_bytes())
    anchors, rest = decoder.decode(value, asn1Spec=rfc6402.PublishTrustAnchors())
    assert not rest
    assert str(anchors["hashAlgorithm"]["algorithm"]) == SHA256["algorithm"]
    assert [bytes(one) for one in anchors["anchorHashes"]] == [hashlib.sha256(root.public_bytes(Encoding.DER)).digest()]
    assert root in read.certificates
    return int(anchors["seqNumber"])


async def test_a_client_learns_the_root(office: Office) -> None:
    """RFC 10002 section 6.15: a client would have to be given the root by hand, or take a wrong one for it."""
    asked = asking()
    read = await office.ask(controls=(asked, nonce()))
    assert (read.only.status, read.only.body_list) == (CmcStatus.SUCCESS, (asked.body_part_id,))
    number = check(office, read.controls[oids.TRUSTED_ANCHORS], read)
    assert number > 0
    assert oids.AUTH_DATA not in read.controls
    again = await office.ask(controls=(asking(), nonce()))
    assert check(office, again.controls[oids.TRUSTED_ANCHORS], again) == number
    plain = await office.ask(request("mail.example.com", key=new_key()), controls=(nonce(),))
    assert oids.TRUSTED_ANCHORS not in plain.controls
    broken = control(26, b"\x05\x00")
    refused = await office.ask(controls=(broken, nonce()))
    assert (refused.only.body_list, refused.only.fail_info) == ((broken.body_part_id,), CmcFailInfo.BAD_REQUEST)


async def test_a_client_without_a_root_trusts_the_secret(office: Office) -> None:
    """RFC 10002 section 6.16: whoever sits between could hand a root of his own to a client that begins."""
    key = new_key()
    csr = request("mail.example.com", key=key)
    content = pki_data(csr, controls=(IDENTIFICATION, proof(csr), asking()))
    read = await office.send(self_signed(office, key, content))
    number = int(asn1.Integer.load(read.controls[oids.AUTH_DATA]).native)
    info = cms.ContentInfo.load(read.contents[number])
    assert info["content_type"].native == "authenticated_data"
    message = parse_authenticated(info["content"].untag().dump())
    verify(message, "gateway-1", SECRET.encode())
    inner, rest = decoder.decode(message.content, asn1Spec=rfc6402.PKIData())
    assert not rest
    [found] = inner["controlSequence"]
    assert str(found["attrType"]) == oids.TRUSTED_ANCHORS
    assert bytes(found["attrValues"][0]) == read.controls[oids.TRUSTED_ANCHORS]
    check(office, bytes(found["attrValues"][0]), read)


def inside(*controls: Control, secret: bytes = SECRET.encode(), csrs: tuple[bytes, ...] = ()) -> bytes:
    """Return a PKIData in an AuthenticatedData (ContentInfo)."""
    content = pki_data(*csrs, controls=controls)
    data = cms.AuthenticatedData.load(authenticated_data("gateway-1", secret, content))
    der: bytes = cms.ContentInfo({"content_type": "authenticated_data", "content": data}).dump()
    return der


async def ask(office: Office, part: bytes, number: int = PART, sender: Any = None) -> tuple[Control, Read]:
    """Send a message whose authData refers to a part."""
    auth_data = control(27, integer(number))
    message = pki_data(controls=(auth_data, nonce()), contents={PART: part})
    return auth_data, await office.send(office.signed(message, sender))


async def test_what_a_secret_vouches_for_is_done(office: Office) -> None:
    """RFC 10002 section 6.16: the controls inside would be disregarded, or done for whoever put them there."""
    certificate = await issued(office)
    auth_data, read = await ask(office, inside(revocation(certificate)))
    assert (read.only.status, read.only.body_list) == (CmcStatus.SUCCESS, (auth_data.body_part_id,))
    assert await status_of(office, certificate) is CertificateStatus.REVOKED
    issuer = asn1_x509.Name.load(certificate.issuer.public_bytes())
    wanted = asn1_controls.GetCert(
        {
            "issuer_name": asn1_controls.IssuerName("directory_name", issuer),
            "serial_number": certificate.serial_number,
        }
    )
    _, read = await ask(office, inside(control(15, wanted.dump())))
    assert certificate in read.certificates


async def test_what_does_not_authenticate_fails(office: Office) -> None:
    """Rule 77: authDataFail(13), and nothing inside is done."""
    certificate = await issued(office)
    other = await office.register("other", secret="a secret of somebody else's")
    asked = revocation(certificate)
    good = inside(asked)
    signed = office.signed(pki_data(controls=(asked,)))
    for part, sender in (
        (inside(asked, secret=b"a wrong one"), None),
        (good[:-1] + bytes([good[-1] ^ 1]), None),
        (signed, None),
        (good, other),
    ):
        auth_data, read = await ask(office, part, sender=sender)
        assert (read.only.status, read.only.body_list) == (CmcStatus.FAILED, (auth_data.body_part_id,))
        assert read.only.fail_info == CmcFailInfo.AUTH_DATA_FAIL
        assert "secret" in read.only.text
    assert await status_of(office, certificate) is CertificateStatus.ISSUED


async def test_a_message_has_few_parts_under_a_secret(office: Office) -> None:
    """Each is a derivation as long as the sender likes, and every other client waits for its own."""
    part = inside(asking())
    for count, status in ((4, CmcStatus.SUCCESS), (5, CmcStatus.FAILED)):
        controls = tuple(control(27, integer(PART)) for _ in range(count))
        read = await office.send(office.signed(pki_data(controls=(*controls, nonce()), contents={PART: part})))
        assert {one.status for one in read.statuses} == {status}


async def test_what_is_inside_asks_and_no_more(office: Office) -> None:
    """Rule 77: a request, or a control about the message, would come in by a door that nobody watches."""
    csr = request("mail.example.com", key=new_key())
    for part, number in (
        (inside(control(18, octets(b"product=tls"))), PART),
        (inside(csrs=(csr,)), PART),
        (inside(control(99, b"\x05\x00")), PART),
        (inside(asking()), PART + 1),
    ):
        auth_data, read = await ask(office, part, number)
        assert (read.only.body_list, read.only.fail_info) == ((auth_data.body_part_id,), CmcFailInfo.BAD_REQUEST)
    assert await office.orders() == []
