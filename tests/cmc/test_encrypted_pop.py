"""Possession of keys that only encipher: the challenge, its answer, and the ways around it (RFC 10002 section 6.7)."""

import hashlib
import hmac
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import core as asn1
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyasn1.codec.der import decoder, encoder
from pyasn1_alt_modules import rfc6402

from ca_core.access import possession_challenges
from ca_core.certificates import crmf_asn1
from ca_core.model.orders import ProofOfPossession
from ca_core.orders.maintenance import tidy
from gateway.cmc import asn1 as structures
from gateway.cmc import asn1_controls, oids
from gateway.cmc.errors import CmcFailInfo, CmcStatus
from gateway.cmc.front_end import FrontEnd
from tests.cmc.messages import Control, openssl
from tests.cmc.office import Office, Read, Sender, control, integer, nonce
from tests.cmc.test_crmf import request as crmf_request

KEY = rsa.generate_private_key(65537, 2048)
HMAC_SHA256 = {"algorithm": "1.2.840.113549.2.9"}
NUMBER = 7
KEY_IDENTIFIER = {"extn_id": "2.5.29.14", "critical": False, "extn_value": asn1.OctetString(b"k" * 20).dump()}


def enciphering(*names: str, key: Any = KEY, method: int = 1, extensions: tuple[Any, ...] = ()) -> bytes:
    """Return a CertReqMsg for a key that can do nothing but decipher; ``method`` is its subsequentMessage."""
    general = asn1_x509.GeneralNames([asn1_x509.GeneralName("dns_name", name) for name in names])
    alternative = {"extn_id": "2.5.29.17", "critical": True, "extn_value": general.dump()}
    # pyasn1 leaves an empty name out when it writes a request again.
    subject = asn1_x509.Name.build({"common_name": "Mail gateway"})
    asked = crmf_request(key=key, extensions=[alternative, *extensions], subject=subject)
    popo = crmf_asn1.ProofOfPossession("key_encipherment", crmf_asn1.POPOPrivKey("subsequent_message", method))
    der: bytes = crmf_asn1.CertReqMsg({"cert_req": asked, "popo": popo}).dump()
    return der


def message(office: Office, *requests: bytes, controls: tuple[Control, ...], sender: Sender | None = None) -> bytes:
    """Sign a PKIData of CRMF requests and controls."""
    attributes = [
        {"body_part_id": one.body_part_id, "attr_type": one.oid, "attr_values": [asn1.Any.load(one.values[0])]}
        for one in controls
    ]
    data = structures.PKIData(
        {
            "control_sequence": attributes,
            "req_sequence": [structures.TaggedRequest.load(b"\xa1" + der[1:]) for der in requests],
            "cms_sequence": [],
            "other_msg_sequence": [],
        }
    )
    return office.signed(data.dump(), sender)


@dataclass(frozen=True)
class Challenge:
    """An encryptedPOP as a client reads it, by another decoder than ours, its value decrypted by openssl."""

    request: bytes
    value: bytes

    def answer(self, value: bytes | None = None, number: int = NUMBER, algorithm: Any = HMAC_SHA256) -> Control:
        """Return the decryptedPOP."""
        proof = hmac.digest(self.value if value is None else value, self.request, "sha256")
        fields = {"body_part_id": number, "the_pop_alg_id": algorithm, "the_pop": proof}
        return control(10, asn1_controls.DecryptedPOP(fields).dump())


def challenge_of(read: Read, folder: Path) -> Challenge:
    """Check a challenge and decrypt it."""
    assert (read.only.status, read.only.body_list) == (CmcStatus.POP_REQUIRED, (NUMBER,))
    assert read.only.fail_info == CmcFailInfo.POP_REQUIRED
    assert "decryptedPOP" in read.only.text
    found, rest = decoder.decode(read.controls[oids.ENCRYPTED_POP], asn1Spec=rfc6402.EncryptedPOP())
    assert not rest
    (folder / "request.key").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    enveloped = encoder.encode(found["cms"])
    value = openssl("cms", "-decrypt", "-binary", "-inform", "DER", "-inkey", folder / "request.key", given=enveloped)
    assert len(value) == 64
    assert bytes(found["witness"]) == hashlib.sha256(value).digest()
    return Challenge(encoder.encode(found["request"]), value)


@pytest.fixture
async def enciphers(office: Office) -> Office:
    """An office whose product is for keys that encipher."""
    await office.change_product(profile=replace(office.product.policy.profile, key_encipherment=True))
    return office


@pytest.mark.parametrize("extensions", [(), (KEY_IDENTIFIER,)], ids=["issuer and serial", "key identifier"])
async def test_a_key_that_only_enciphers_gets_its_certificate(enciphers: Office, extensions: tuple[Any, ...]) -> None:
    """RFC 10002 section 6.7: such keys could have no certificate without an authority, or one that lets them sign."""
    asked, transaction = enciphering("mail.example.com", extensions=extensions), control(5, integer(77))
    read = await enciphers.send(message(enciphers, asked, controls=(transaction, nonce())))
    assert await enciphers.orders() == []
    found = challenge_of(read, enciphers.folder)
    assert found.request == b"\xa1" + asked[1:]
    restarted = replace(enciphers, front_end=await FrontEnd.of(enciphers.workshop.core))
    read = await restarted.send(message(enciphers, asked, controls=(transaction, found.answer(), nonce())))
    assert (read.only.status, read.only.body_list) == (CmcStatus.SUCCESS, (NUMBER,))
    usage = read.certificate_of(KEY).extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.key_encipherment, usage.digital_signature) == (True, False)
    [order] = await enciphers.orders()
    assert order.possession is ProofOfPossession.SHOWN


async def test_a_challenge_is_answered_once_and_well(enciphers: Office) -> None:
    """Rule 76: who cannot decrypt could try again and again, or use an answer twice; popFailed says why."""
    asked, transaction = enciphering("mail.example.com"), control(5, integer(77))

    async def challenged() -> Challenge:
        read = await enciphers.send(message(enciphers, asked, controls=(transaction, nonce())))
        return challenge_of(read, enciphers.folder)

    async def refused(*controls: Control, requests: tuple[bytes, ...] = (asked,), sender: Sender | None = None) -> str:
        read = await enciphers.send(message(enciphers, *requests, controls=(*controls, nonce()), sender=sender))
        assert (read.only.status, read.only.body_list) == (CmcStatus.FAILED, (controls[-1].body_part_id,))
        assert read.only.fail_info == CmcFailInfo.POP_FAILED
        return read.only.text

    first = await challenged()
    assert "used up" in await refused(transaction, first.answer(value=b"w" * 64))
    assert "answered" in await refused(transaction, first.answer())
    second = await challenged()
    assert second.value != first.value
    other = await enciphers.register("other")
    assert "No challenge" in await refused(transaction, second.answer(), sender=other)
    assert "No challenge" in await refused(control(5, integer(78)), second.answer())
    assert "No challenge" in await refused(second.answer())
    evil = enciphering("evil.example.com")
    assert "No challenge" in await refused(transaction, second.answer(), requests=(evil,))
    assert await enciphers.orders() == []
    read = await enciphers.send(message(enciphers, asked, controls=(transaction, second.answer(), nonce())))
    assert read.only.status == CmcStatus.SUCCESS, "what others tried has not used it up"
    assert "answered" in await refused(transaction, second.answer())


async def test_answers_that_answer_nothing_are_refused(enciphers: Office) -> None:
    """A decryptedPOP without its request would be disregarded, and one under another algorithm believed."""
    asked = enciphering("mail.example.com")
    found = challenge_of(await enciphers.send(message(enciphers, asked, controls=(nonce(),))), enciphers.folder)
    for requests, answer, fail_info in (
        ((), found.answer(), CmcFailInfo.BAD_REQUEST),
        ((asked,), found.answer(number=8), CmcFailInfo.BAD_REQUEST),
        ((asked,), found.answer(algorithm={"algorithm": "1.3.6.1.5.5.8.1.2"}), CmcFailInfo.BAD_ALG),
    ):
        read = await enciphers.send(message(enciphers, *requests, controls=(answer, nonce())))
        assert (read.only.body_list, read.only.fail_info) == ((answer.body_part_id,), fail_info)
    read = await enciphers.send(message(enciphers, asked, controls=(found.answer(), nonce())))
    assert read.only.status == CmcStatus.SUCCESS


async def test_only_keys_that_could_be_certified_are_challenged(enciphers: Office) -> None:
    """A key that no certificate is for would cost a challenge; an even modulus, by which none encrypts, an error."""
    modulus = KEY.public_key().public_numbers().n
    even = enciphering("mail.example.com").replace(modulus.to_bytes(256), (modulus - 1).to_bytes(256))
    short = enciphering("mail.example.com", key=rsa.generate_private_key(65537, 1024))  # noqa: S505
    for asked, said in ((even, "even"), (short, "1024 bits")):
        read = await enciphers.send(message(enciphers, asked, controls=(nonce(),)))
        assert (read.only.status, read.only.fail_info) == (CmcStatus.FAILED, CmcFailInfo.BAD_ALG)
        assert said in read.only.text


async def test_challenges_expire(office: Office) -> None:
    """A challenge from long ago, overheard with its value, would still show the possession of a key."""
    core, clock = office.workshop.core, office.workshop.clock
    name = office.sender.cmc_client.id
    value = await possession_challenges.start(core, name, b"t", b"request")
    clock.advance(minutes=59)
    assert await possession_challenges.take(core, name, b"t", b"request") == value
    assert await possession_challenges.take(core, name, b"t", b"request") is None
    await possession_challenges.start(core, name, b"t", b"request")
    clock.advance(hours=1)
    assert await possession_challenges.take(core, name, b"t", b"request") is None
    await possession_challenges.start(core, name, b"t", b"another")
    clock.advance(hours=1)
    response, _ = await tidy(core, None)  # type: ignore[arg-type]
    assert response["forgottenChallenges"] == 1


async def test_a_product_says_what_its_keys_are_for(office: Office) -> None:
    """A key that cannot sign would get a certificate that says it does, or one that signs one for encipherment."""
    asked = enciphering("mail.example.com")
    read = await office.send(message(office, asked, controls=(nonce(),)))
    assert (read.only.status, read.only.fail_info) == (CmcStatus.FAILED, CmcFailInfo.BAD_REQUEST)
    assert "key_encipherment" in read.only.text
    assert oids.ENCRYPTED_POP not in read.controls
    await office.change_product(profile=replace(office.product.policy.profile, key_encipherment=True))
    elliptic = enciphering("mail.example.com", key=ec.generate_private_key(ec.SECP256R1()))
    read = await office.send(message(office, elliptic, controls=(nonce(),)))
    assert (read.only.status, read.only.fail_info) == (CmcStatus.FAILED, CmcFailInfo.POP_REQUIRED)
    for method in (0, 2):
        read = await office.send(message(office, enciphering("a.example.com", method=method), controls=(nonce(),)))
        assert (read.only.status, read.only.fail_info) == (CmcStatus.FAILED, CmcFailInfo.BAD_REQUEST)
    assert await office.orders() == []


async def test_a_request_that_lacks_its_proof_holds_the_others_up(enciphers: Office) -> None:
    """RFC 10002 section 6.7: a message is answered as a whole; nothing of it may be issued before."""
    signed = await enciphers.register("signer")
    first = enciphering("mail.example.com")
    whole = crmf_asn1.CertReqMsg.load(enciphering("other.example.com"))
    whole["cert_req"]["cert_req_id"] = 8
    read = await enciphers.send(message(enciphers, first, whole.dump(force=True), controls=(nonce(),), sender=signed))
    assert [(one.status, one.body_list) for one in read.statuses] == [(6, (7,)), (6, (8,))]
    answered = challenge_of(replace(read, statuses=read.statuses[:1], controls=read.controls), enciphers.folder)
    assert answered.value
    assert await enciphers.orders() == []


async def test_nobody_is_challenged_for_whom_an_authority_vouches(enciphers: Office) -> None:
    """RFC 10002 section 6.8: "The CA MUST NOT start a challenge-response to re-verify the POP itself"."""
    vouching = control(11, asn1_controls.LraPopWitness({"pki_data_body_id": 0, "body_ids": [NUMBER]}).dump())
    read = await enciphers.send(message(enciphers, enciphering("mail.example.com"), controls=(vouching, nonce())))
    assert oids.ENCRYPTED_POP not in read.controls
    assert read.only.fail_info != CmcFailInfo.POP_REQUIRED


async def test_the_challenge_is_for_answers_alone(office: Office) -> None:
    """Rule 77: an encryptedPOP in a request would be disregarded."""
    wrong = control(9, b"\x05\x00")
    read = await office.ask(controls=(wrong, nonce()))
    assert (read.only.body_list, read.only.fail_info) == ((wrong.body_part_id,), CmcFailInfo.BAD_REQUEST)


async def test_challenges_are_sealed(office: Office) -> None:
    """A database dump would hold the values that show possession."""
    core, name = office.workshop.core, office.sender.cmc_client.id
    value = await possession_challenges.start(core, name, b"", b"request")
    digest = hashlib.sha256(b"request").digest()
    stored = await core.store.write(lambda tx: tx.cmc_challenges.take(name, b"", digest))
    assert stored is not None
    assert value not in stored.sealed
    assert core.sealer.unseal(f"cmc-challenge:{name}", stored.sealed) == value
