"""CMS: what openssl signs and encrypts we verify and open, what was changed we refuse; openssl verifies our replies."""

import hashlib
import hmac
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import algos, cms, core
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from hypothesis import given, settings
from hypothesis import strategies as st

from ca_core.keys.signer import KeyAlgorithm
from ca_core.keys.software import SoftwareSigner
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import OwnCertificate, OwnCertificateRole
from gateway.cmc import authenticated, enveloped, reply
from gateway.cmc import cms as cmc_cms
from gateway.cmc.ber import to_der
from gateway.cmc.pki_data import Pkcs10, parse_pki_data
from tests.cmc import vectors
from tests.cmc.messages import PKI_DATA, encrypted, openssl, signed

CONTENT = bytes.fromhex("3008300030003000") + b""
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Identity:
    """A key with a self-signed certificate, and the files openssl reads them from."""

    key: Any
    certificate: x509.Certificate
    certificate_file: Path
    key_file: Path


def identity(folder: Path, key: Any, name: str = "signer") -> Identity:
    """Return a new identity."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2049, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return Identity(key, certificate, certificate_file, key_file)


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Identity]:
    """Return a signer with an RSA and one with a P-256 key."""
    folder = tmp_path_factory.mktemp("signers")
    return {
        "rsa": identity(folder, rsa.generate_private_key(65537, 2048), "rsa"),
        "ec": identity(folder, ec.generate_private_key(ec.SECP256R1()), "ec"),
    }


def parsed(message: bytes) -> cmc_cms.SignedMessage:
    """Return a SignedData as the front end takes it."""
    kind, content = cmc_cms.content_info(to_der(message))
    assert kind == cmc_cms.SIGNED_DATA
    return cmc_cms.parse_signed(content)


def verified(message: bytes, *, sha1: bool = False) -> cmc_cms.SignedMessage:
    """Verify every signer by the certificate the message carries."""
    found = parsed(message)
    for signer in found.signers:
        certificate = cmc_cms.certificate_of(found, signer.sid)
        assert certificate is not None
        cmc_cms.verify_signer(found, signer, certificate.public_key(), sha1=sha1)
    return found


def refusal(message: bytes) -> ErrorKind:
    """Return why the message is refused."""
    with pytest.raises(TriviumError) as error:
        verified(message)
    return error.value.kind


@pytest.mark.parametrize("vector", [*vectors.PKCS10, *vectors.CRMF, vectors.REVOCATION])
def test_messages_of_other_clients_verify(vector: str) -> None:
    """Clients that are deployed could not sign a message that we take."""
    message = verified(vectors.message(vector))
    assert message.content_type == PKI_DATA
    assert message.content == vectors.pki_data(vector)


def test_the_corrupted_vector_is_refused() -> None:
    """A message that was changed on the way would be obeyed."""
    assert refusal(vectors.message(vectors.CORRUPTED)) is ErrorKind.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\x02\x01\x03\x31", b"\x42\x01\x03\x31"),
        (b"\x02\x01\x03\x31", b"\x02\x01\x03\x30"),
        (b"\x02\x01\x01\x30", b"\x82\x01\x01\x30"),
    ],
    ids=["version", "digest algorithms", "version of the signer"],
)
def test_what_is_not_used_has_its_type(old: bytes, new: bytes) -> None:
    """RFC 5652 section 5.1: what we take for a SignedData would be none to any other reader of it."""
    message = vectors.message(vectors.PKCS10[0])
    assert message.count(old) == 1
    assert refusal(message.replace(old, new)) is ErrorKind.MALFORMED


def test_windows_signs_with_sha1_and_the_key_of_its_request() -> None:
    """Certreq could not be served even where the operator permits it, or would be without the permission."""
    message = parsed(vectors.message(vectors.WINDOWS))
    [signer] = message.signers
    [request] = parse_pki_data(message.content).requests
    assert isinstance(request, Pkcs10)
    key: Any = x509.load_der_x509_csr(request.der).public_key()
    assert signer.sid == cmc_cms.KeyIdentifier(value=x509.SubjectKeyIdentifier.from_public_key(key).digest)
    cmc_cms.verify_signer(message, signer, key, sha1=True)
    with pytest.raises(TriviumError) as error:
        cmc_cms.verify_signer(message, signer, key, sha1=False)
    assert error.value.kind is ErrorKind.BAD_ALGORITHM


@pytest.mark.parametrize("kind", ["rsa", "ec"])
@pytest.mark.parametrize(
    "options", [(), ("-keyid",), ("-md", "sha384"), ("-md", "sha512", "-nosmimecap"), ("-stream",)], ids=str
)
def test_what_openssl_signs_verifies(signers: dict[str, Identity], kind: str, options: tuple[str, ...]) -> None:
    """A script around openssl could not order; with -stream it writes BER."""
    signer = signers[kind]
    message = verified(signed(CONTENT, signer.certificate_file, signer.key_file, *options))
    assert (message.content_type, message.content) == (PKI_DATA, CONTENT)


def test_pss_verifies(signers: dict[str, Identity]) -> None:
    """The padding that the newer clients use would be refused."""
    signer = signers["rsa"]
    message = signed(CONTENT, signer.certificate_file, signer.key_file, "-keyopt", "rsa_padding_mode:pss")
    assert verified(message).signers[0].digest is hashes.SHA256


def test_several_signers_all_verify(signers: dict[str, Identity]) -> None:
    """A message would count as signed by the one whose signature is wrong."""
    rsa_signer, ec_signer = signers["rsa"], signers["ec"]
    message = signed(
        CONTENT, rsa_signer.certificate_file, rsa_signer.key_file,
        "-signer", str(ec_signer.certificate_file), "-inkey", str(ec_signer.key_file),
    )  # fmt: skip
    assert len(verified(message).signers) == 2


def test_signed_attributes_are_a_must(signers: dict[str, Identity]) -> None:
    """Rule 72: signed attributes of one message could be presented as the content of another."""
    signer = signers["ec"]
    assert refusal(signed(CONTENT, signer.certificate_file, signer.key_file, "-noattr")) is ErrorKind.BAD_SIGNATURE


def test_attributes_are_not_taken_as_content(signers: dict[str, Identity]) -> None:
    """The same attack, made: the SET of attributes as content under its own signature, without attributes."""
    signer = signers["ec"]
    message = cms.ContentInfo.load(signed(CONTENT, signer.certificate_file, signer.key_file))
    info = message["content"]["signer_infos"][0]
    attributes = b"\x31" + info["signed_attrs"].dump()[1:]
    info["signed_attrs"] = None
    message["content"]["encap_content_info"]["content"] = core.ParsableOctetString(attributes)
    assert refusal(message.dump(force=True)) is ErrorKind.BAD_SIGNATURE


def changed(message: bytes, content: bytes) -> bytes:
    """Return a signed message with another content of the same length."""
    assert message.count(CONTENT) == 1
    assert len(content) == len(CONTENT)
    return message.replace(CONTENT, content)


def test_the_digest_of_the_content_is_compared(signers: dict[str, Identity]) -> None:
    """Any content would pass under a signature that was made over another (rule 72)."""
    signer = signers["ec"]
    message = signed(CONTENT, signer.certificate_file, signer.key_file)
    assert refusal(changed(message, CONTENT[:-1] + b"\x01")) is ErrorKind.BAD_SIGNATURE


def test_the_content_type_is_compared(signers: dict[str, Identity]) -> None:
    """A signed mail of the client could be sent as its order."""
    signer = signers["ec"]
    message = cms.ContentInfo.load(signed(CONTENT, signer.certificate_file, signer.key_file, content_type="1.2.3.4"))
    message["content"]["encap_content_info"]["content_type"] = PKI_DATA
    assert refusal(message.dump(force=True)) is ErrorKind.BAD_SIGNATURE


def test_attributes_are_there_once(signers: dict[str, Identity]) -> None:
    """Of two digests the one could be compared and the other meant."""
    signer = signers["ec"]
    message = cms.ContentInfo.load(signed(CONTENT, signer.certificate_file, signer.key_file))
    info = message["content"]["signer_infos"][0]
    double = [*info["signed_attrs"], {"type": "message_digest", "values": [bytes(32)]}]
    info["signed_attrs"] = cms.CMSAttributes(double)
    assert refusal(message.dump(force=True)) is ErrorKind.BAD_SIGNATURE


def test_detached_content_is_refused(signers: dict[str, Identity]) -> None:
    """There would be nothing to obey."""
    signer = signers["ec"]
    message = openssl(
        "cms", "-sign", "-binary", "-outform", "DER", "-signer", signer.certificate_file, "-inkey", signer.key_file,
        given=CONTENT,
    )  # fmt: skip
    assert refusal(message) is ErrorKind.MALFORMED


def test_without_a_signature_only_the_content_is_shown_whole(signers: dict[str, Identity]) -> None:
    """RFC 10002 C.1: id-alg-noSignature would pass for a signature, or a changed content for a whole one."""
    signer = signers["ec"]
    message = parsed(signed(CONTENT, signer.certificate_file, signer.key_file, "-keyid"))
    [genuine] = message.signers
    algorithm = algos.AlgorithmIdentifier({"algorithm": "1.3.6.1.5.5.7.6.2"}).dump()
    digest = hashlib.sha256(genuine.attributes).digest()
    unsigned = replace(genuine, unsigned=True, signature=replace(genuine.signature, algorithm=algorithm, value=digest))
    cmc_cms.verify_unsigned(message, unsigned)
    with pytest.raises(TriviumError):
        cmc_cms.verify_signer(message, unsigned, signer.key.public_key(), sha1=True)
    for broken in (
        replace(unsigned, signature=replace(unsigned.signature, value=bytes(32))),
        replace(unsigned, sid=cmc_cms.IssuerAndSerial(issuer=b"", serial=1)),
        genuine,
    ):
        with pytest.raises(TriviumError) as error:
            cmc_cms.verify_unsigned(message, broken)
        assert error.value.kind is ErrorKind.BAD_SIGNATURE


def test_a_certificate_of_no_known_version_is_nobodys(signers: dict[str, Identity]) -> None:
    """It was an internal error: the library raises an exception of its own, as mutating messages has found."""
    message = signed(CONTENT, signers["ec"].certificate_file, signers["ec"].key_file)
    version = bytes.fromhex("a003020102")
    assert message.count(version) == 1
    found = parsed(message.replace(version, bytes.fromhex("a003020103")))
    assert cmc_cms.certificate_of(found, found.signers[0].sid) is None


@given(st.data())
@settings(deadline=None, max_examples=300)
def test_changed_messages_never_verify_with_another_content(data: st.DataObject) -> None:
    """One byte changed anywhere: the content is refused, or it is the signer's to the byte."""
    name = data.draw(st.sampled_from((*vectors.PKCS10, *vectors.CRMF)))
    message = bytearray(vectors.message(name))
    message[data.draw(st.integers(0, len(message) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = parsed_or_none(bytes(message))
        certificate = cmc_cms.certificate_of(found, found.signers[0].sid) if found and found.signers else None
        if found is None or certificate is None:
            return
        cmc_cms.verify_signer(found, found.signers[0], cmc_cms.public_key(certificate), sha1=False)
    except TriviumError:
        return
    if is_unchanged(certificate):
        assert found.content == vectors.pki_data(name)


def is_unchanged(certificate: x509.Certificate) -> bool:
    """Whether the self-signed certificate of a vector still verifies."""
    try:
        certificate.verify_directly_issued_by(certificate)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def parsed_or_none(message: bytes) -> cmc_cms.SignedMessage | None:
    """Return the SignedData; None where it has become something else."""
    kind, content = cmc_cms.content_info(to_der(message))
    return cmc_cms.parse_signed(content) if kind == cmc_cms.SIGNED_DATA else None


@pytest.mark.parametrize(
    ("recipient", "options"),
    [
        ("rsa", ("-aes-128-cbc",)),
        ("rsa", ("-aes-256-cbc", "-keyopt", "rsa_padding_mode:oaep")),
        ("rsa", ("-aes-256-gcm",)),
        ("ec", ("-aes-256-cbc",)),
        ("ec", ("-aes-128-gcm",)),
        ("ec", ("-aes-256-cbc", "-keyopt", "ecdh_kdf_md:sha256")),
    ],
    ids=str,
)
def test_what_openssl_encrypts_opens(signers: dict[str, Identity], recipient: str, options: tuple[str, ...]) -> None:
    """RFC 10004 section 5.1: RSA key transport, AES-CBC and AES-GCM are musts, ECDH is what EC keys need."""
    ours = signers[recipient]
    cipher, *further = options
    named = ("-recip", str(ours.certificate_file), *further) if further else ()
    message = openssl(
        "cms", "-encrypt", "-binary", "-outform", "DER", cipher, *(named or (str(ours.certificate_file),)),
        given=CONTENT,
    )  # fmt: skip
    kind, content = cmc_cms.content_info(to_der(message))
    _, plain = enveloped.opened(kind, content, ours.certificate, ours.key)
    assert plain == CONTENT
    with pytest.raises(TriviumError) as error:
        enveloped.opened(kind, content, signers["ec" if recipient == "rsa" else "rsa"].certificate, ours.key)
    assert error.value.kind is ErrorKind.BAD_SIGNATURE


def test_what_does_not_unpad_is_read_like_what_does(signers: dict[str, Identity]) -> None:
    """An error before the content is read would tell by its time how a block decrypts that somebody has put behind."""
    ours = signers["rsa"]
    kind, content = cmc_cms.content_info(to_der(encrypted(CONTENT, ours.certificate_file, "-aes-128-cbc")))
    broken = content[:-1] + bytes([content[-1] ^ 1])  # the last block decrypts to something else altogether
    content_type, plain = enveloped.opened(kind, broken, ours.certificate, ours.key)
    assert content_type == "1.2.840.113549.1.7.1"
    assert len(plain) == 16
    with pytest.raises(TriviumError):
        to_der(plain)


def test_changed_ciphertexts_say_one_thing(signers: dict[str, Identity]) -> None:
    """Whoever may ask often could open a message with the help of different answers."""
    ours = signers["rsa"]
    kind, content = cmc_cms.content_info(to_der(encrypted(CONTENT, ours.certificate_file, "-aes-256-gcm")))
    details = set()
    for position in range(len(content) - 60, len(content), 7):
        broken = content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]
        with pytest.raises(TriviumError) as error:
            enveloped.opened(kind, broken, ours.certificate, ours.key)
        if error.value.kind is not ErrorKind.MALFORMED:
            details.add(error.value.detail)
    assert len(details) == 1


def authenticated_data(identification: str, secret: bytes, content: bytes = CONTENT, iterations: int = 1000) -> bytes:
    """Return an AuthenticatedData (DER) with a password recipient, made by hand as RFC 5652 section 9 says."""
    salt, key = os.urandom(16), os.urandom(32)
    kek = hashlib.pbkdf2_hmac("sha256", identification.encode() + secret, salt, iterations, 32)
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": [PKI_DATA]},
            {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
        ]
    )
    recipient = cms.PasswordRecipientInfo(
        {
            "version": 0,
            "key_derivation_algorithm": {
                "algorithm": "pbkdf2",
                "parameters": {
                    "salt": algos.Pbkdf2Salt("specified", salt),
                    "iteration_count": iterations,
                    "prf": {"algorithm": "sha256"},
                },
            },
            "key_encryption_algorithm": {"algorithm": "aes256_wrap"},
            "encrypted_key": aes_key_wrap(kek, key),
        }
    )
    encapsulated = cms.EncapsulatedContentInfo({"content_type": PKI_DATA})
    encapsulated["content"] = core.ParsableOctetString(content)
    der: bytes = cms.AuthenticatedData(
        {
            "version": 0,
            "recipient_infos": [cms.RecipientInfo("pwri", recipient)],
            "mac_algorithm": {"algorithm": "sha256"},
            "digest_algorithm": {"algorithm": "sha256"},
            "encap_content_info": encapsulated,
            "auth_attrs": attributes,
            "mac": hmac.digest(key, attributes.dump(), "sha256"),
        }
    ).dump()
    return der


def test_a_shared_secret_authenticates() -> None:
    """RFC 10002 section 3.2: a client without a certificate could not begin; or one with another's secret could."""
    message = authenticated.parse_authenticated(authenticated_data("gateway-1", b"a secret of length"))
    assert (message.content_type, message.content) == (PKI_DATA, CONTENT)
    authenticated.verify(message, "gateway-1", b"a secret of length")
    for identification, secret in (("gateway-2", b"a secret of length"), ("gateway-1", b"another secret")):
        with pytest.raises(TriviumError) as error:
            authenticated.verify(message, identification, secret)
        assert error.value.kind is ErrorKind.BAD_SIGNATURE
    with pytest.raises(TriviumError):
        authenticated.verify(replace(message, content=b"0\x00"), "gateway-1", b"a secret of length")


def test_iterations_are_bounded() -> None:
    """One small message could keep a core busy for an hour."""
    with pytest.raises(TriviumError) as error:
        authenticated.parse_authenticated(
            authenticated_data("a", b"b")
            .replace(b"\x02\x02\x03\xe8", b"\x02\x02\x7f\xff")
            .replace(b"\x02\x02\x7f\xff", b"\x02\x02\x80\x00")
        )
    assert error.value.kind is ErrorKind.BAD_ALGORITHM


async def test_openssl_verifies_our_replies(signers: dict[str, Identity], tmp_path: Path) -> None:
    """No client could read an answer."""
    ours = signers["ec"]
    own = OwnCertificate(
        role=OwnCertificateRole.CMC_RESPONDER,
        issuer_id="iss-1",
        certificate_id="crt-1",
        certificate=ours.certificate.public_bytes(serialization.Encoding.DER),
        chain=(),
        key_id="key-1",
        not_after=ours.certificate.not_valid_after_utc,
    )
    other = signers["rsa"].certificate.public_bytes(serialization.Encoding.DER)
    answer = await reply.sign(
        CONTENT,
        signer=SoftwareSigner(ours.key, KeyAlgorithm.P256),
        own=own,
        now=datetime.now(UTC),
        certificates=[other],
    )
    (tmp_path / "reply.der").write_bytes(answer)
    content = openssl(
        "cms", "-verify", "-inform", "DER", "-in", tmp_path / "reply.der", "-binary", "-CAfile", ours.certificate_file,
        "-purpose", "any",
    )  # fmt: skip
    assert content == CONTENT
    bag = openssl("pkcs7", "-inform", "DER", "-print_certs", given=reply.certs_only([other]))
    assert b"subject=CN = rsa" in bag or b"subject=CN=rsa" in bag


def test_rsa_signatures_of_the_test_key_are_pkcs1(signers: dict[str, Identity]) -> None:
    """The signature algorithm of the message must be the one that is verified."""
    signer = signers["rsa"]
    message = parsed(signed(CONTENT, signer.certificate_file, signer.key_file))
    [info] = message.signers
    signer.key.public_key().verify(info.signature.value, info.attributes, padding.PKCS1v15(), hashes.SHA256())
