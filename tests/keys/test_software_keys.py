"""Keys in software: made, sealed, opened, and used."""

import subprocess
from dataclasses import replace
from pathlib import Path
from traceback import TracebackException

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ca_core.keys.sealing import KeyEncryptionKey
from ca_core.keys.signer import KeyAlgorithm, Signer
from ca_core.keys.software import SoftwareSigner, generate, open_key, seal_key
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.sources import Sources
from tests.keys.own_sources import SystemEntropy
from tests.keys.verification import verifies


@pytest.mark.parametrize("algorithm", KeyAlgorithm)
async def test_a_sealed_key_signs_when_opened(algorithm: KeyAlgorithm, kek: KeyEncryptionKey, sources: Sources) -> None:
    """If this failed, an issuer could not issue after a restart."""
    key = generate(algorithm)
    sealed = seal_key(key, algorithm, kek=kek, sources=sources)
    signer: Signer = open_key(sealed, kek)
    assert signer.algorithm is algorithm
    assert signer.public_key == key.public_key()
    assert sealed.spki == key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signature = await signer.sign(b"to be signed")
    assert verifies(signer.public_key, signature, b"to be signed")
    assert not verifies(signer.public_key, signature, b"something else")


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [(KeyAlgorithm.P256, "-sha256"), (KeyAlgorithm.P384, "-sha384"), (KeyAlgorithm.RSA3072, "-sha256")],
)
def test_openssl_verifies_the_signature(algorithm: KeyAlgorithm, digest: str, tmp_path: Path) -> None:
    """If this failed, the hash of a signature would not be the one that goes with the key."""
    key = generate(algorithm)
    signer = SoftwareSigner(key, algorithm)
    (tmp_path / "message").write_bytes(b"to be signed")
    (tmp_path / "signature").write_bytes(signer._sign(b"to be signed"))
    (tmp_path / "key.pem").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    command = ["openssl", "dgst", digest, "-verify", "key.pem", "-signature", "signature", "message"]
    said = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=30).stdout
    assert said == "Verified OK\n"


def test_new_keys_are_what_the_algorithm_says() -> None:
    """If this failed, an issuer's key would be weaker than its name."""
    p384, rsa3072 = generate(KeyAlgorithm.P384), generate(KeyAlgorithm.RSA3072)
    assert isinstance(p384, ec.EllipticCurvePrivateKey)
    assert p384.curve.name == "secp384r1"
    assert isinstance(rsa3072, rsa.RSAPrivateKey)
    assert rsa3072.key_size == 3072
    assert rsa3072.public_key().public_numbers().e == 65537


def test_a_sealed_key_opens_as_itself_only(kek: KeyEncryptionKey, sources: Sources) -> None:
    """If this failed, who writes to the database could make one issuer sign with another's key."""
    sealed = seal_key(generate(KeyAlgorithm.P256), KeyAlgorithm.P256, kek=kek, sources=sources)
    other = seal_key(generate(KeyAlgorithm.P256), KeyAlgorithm.P256, kek=kek, sources=sources)
    for moved in (
        replace(sealed, id=other.id),
        replace(sealed, spki=other.spki),
        replace(sealed, sealed=other.sealed),
        replace(sealed, algorithm="p384"),
    ):
        with pytest.raises(TriviumError, match="does not open") as raised:
            open_key(moved, kek)
        assert raised.value.kind is ErrorKind.UNAVAILABLE


def test_a_key_of_another_type_is_no_signer() -> None:
    """If this failed, a certificate would name another signature algorithm than it carries."""
    with pytest.raises(TriviumError, match="recorded as p256 is of another type"):
        SoftwareSigner(generate(KeyAlgorithm.ED25519), KeyAlgorithm.P256)


def test_the_private_key_is_nowhere_to_be_seen(kek: KeyEncryptionKey, sources: Sources) -> None:
    """If this failed, a log, an error report or the database would hold the key in clear (rule 31)."""
    key = generate(KeyAlgorithm.P256)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    scalar = key.private_numbers().private_value
    sealed = seal_key(key, KeyAlgorithm.P256, kek=kek, sources=sources)
    assert scalar.to_bytes(32) not in sealed.sealed
    with pytest.raises(TriviumError) as raised:
        open_key(sealed, KeyEncryptionKey(bytes(32), SystemEntropy()))
    assert raised.value.__traceback__ is not None
    frames = raised.value.__traceback__.tb_next  # without this test's own frame, which holds the key
    report = "".join(TracebackException(TriviumError, raised.value, frames, capture_locals=True).format())
    assert "kek = <KeyEncryptionKey>" in report
    shown = f"{open_key(sealed, kek)!r} {sealed!r} {report}"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode().splitlines()[1]
    for secret in (str(scalar), f"{scalar:x}", repr(scalar.to_bytes(32))[2:-1], pem):
        assert secret not in shown
