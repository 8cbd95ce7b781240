"""Account keys in files: whichever way a client keeps its key, the operator finds the account by it."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from ca_core.model.errors import ErrorKind, TriviumError
from gateway.account_key_file import thumbprint_of
from gateway.acme.jwk import parse_jwk
from tests.acme.signing import PrivateKey, jwk_of

EC_KEY = ec.generate_private_key(ec.SECP384R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize("key", [EC_KEY, RSA_KEY], ids=["EC", "RSA"])
def test_the_thumbprint_is_that_of_the_account(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    """The operator would be told that a user has no account, who has one (RFC 7638)."""
    spellings = (
        json.dumps(jwk_of(key)).encode(),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )
    for content in spellings:
        file = tmp_path / "key"
        file.write_bytes(content)
        assert thumbprint_of(file) == parse_jwk(jwk_of(key)).thumbprint


def pem(key: PrivateKey, password: bytes = b"") -> bytes:
    """Return a private key in PEM."""
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"{}",
        b'{"kty": "EC", "crv": 7}',
        b'{"kty": "oct", "k": "AAAA"}',
        b"\xff\xfe",
        pem(EC_KEY, b"secret"),
        pem(ed25519.Ed25519PrivateKey.generate()),
    ],
)
def test_other_files_are_refused_in_a_sentence(content: bytes, tmp_path: Path) -> None:
    """The operator would read a traceback, perhaps with somebody's private key in it (rule 31)."""
    file = tmp_path / "key"
    file.write_bytes(content)
    with pytest.raises(TriviumError, match="holds no RSA or EC key") as refused:
        thumbprint_of(file)
    assert refused.value.kind is ErrorKind.MALFORMED
    with pytest.raises(TriviumError, match="holds no RSA or EC key"):
        thumbprint_of(tmp_path / "missing")
