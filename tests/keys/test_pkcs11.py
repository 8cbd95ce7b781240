"""Keys in a PKCS#11 token, against SoftHSM 2."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from traceback import TracebackException

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca_core.keys.pkcs11 import Pkcs11Signer, Pkcs11Token
from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.errors import ErrorKind, TriviumError
from tests.keys.softhsm import PIN, SoftHsm
from tests.keys.verification import verifies

IN_TOKEN = [KeyAlgorithm.P256, KeyAlgorithm.P384, KeyAlgorithm.RSA3072, KeyAlgorithm.ED25519]


@pytest.mark.parametrize("algorithm", IN_TOKEN)
async def test_a_key_made_in_the_token_signs(token: Pkcs11Token, algorithm: KeyAlgorithm) -> None:
    """If this failed, an issuer with its key in a token could not issue (BR 6.2.7, rule 31)."""
    made = await token.generate_key("issuing", algorithm)
    found = await token.signer("issuing")
    assert found.algorithm is algorithm
    assert found.public_key == made.public_key
    assert verifies(found.public_key, await found.sign(b"to be signed"), b"to be signed")
    assert not verifies(found.public_key, await found.sign(b"to be signed"), b"something else")


async def test_an_ecdsa_signature_of_the_token_is_der(token: Pkcs11Token, tmp_path: Path) -> None:
    """If this failed, certificates would carry r||s instead of Ecdsa-Sig-Value (RFC 3279 section 2.2.3)."""
    signer = await token.generate_key("issuing", KeyAlgorithm.P256)
    (tmp_path / "message").write_bytes(b"to be signed")
    (tmp_path / "signature").write_bytes(await signer.sign(b"to be signed"))
    (tmp_path / "key.pem").write_bytes(signer.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    command = ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "message"]
    openssl = await asyncio.create_subprocess_exec(*command, cwd=tmp_path, stdout=asyncio.subprocess.PIPE)
    said, _ = await asyncio.wait_for(openssl.communicate(), 30)
    assert said == b"Verified OK\n"


async def test_concurrent_tasks_share_the_one_thread(token: Pkcs11Token) -> None:
    """If this failed, two issuances at a time would crash the process or mix their signatures up."""
    signers = [await token.generate_key(f"key-{n}", KeyAlgorithm.P256) for n in range(2)]

    async def sign(task: int) -> list[bool]:
        signer = signers[task % 2]
        messages = [f"{task}/{n}".encode() for n in range(25)]
        return [verifies(signer.public_key, await signer.sign(message), message) for message in messages]

    results = await asyncio.gather(*(sign(task) for task in range(8)))
    assert sum(map(sum, results)) == 200


async def test_a_private_key_cannot_leave_the_token(token: Pkcs11Token, softhsm: SoftHsm) -> None:
    """If this failed, whoever has the PIN could copy the issuer's key (rule 31)."""
    await token.generate_key("issuing", KeyAlgorithm.P256)
    session = token._module._session

    def extractable() -> tuple[bool, bool]:
        import pkcs11  # noqa: PLC0415 - only to ask the token from its own thread

        key = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label="issuing")
        return key[pkcs11.Attribute.EXTRACTABLE], key[pkcs11.Attribute.SENSITIVE]

    assert await token._call(extractable, 10) == (False, True)


async def test_a_label_is_used_once(token: Pkcs11Token) -> None:
    """If this failed, a second key under an issuer's label would make the first one unreachable."""
    await token.generate_key("issuing", KeyAlgorithm.P256)
    with pytest.raises(TriviumError, match="has a key issuing already") as raised:
        await token.generate_key("issuing", KeyAlgorithm.P256)
    assert raised.value.kind is ErrorKind.CONFLICT


async def test_a_token_makes_no_ml_dsa_keys(token: Pkcs11Token) -> None:
    """If this failed, the wish would end in an internal error instead of a sentence."""
    with pytest.raises(TriviumError, match="mldsa44 cannot be made") as raised:
        await token.generate_key("issuing", KeyAlgorithm.MLDSA44)
    assert raised.value.kind is ErrorKind.BAD_ALGORITHM


async def test_an_unknown_label_is_a_sentence(token: Pkcs11Token) -> None:
    """If this failed, a typing error in the catalogue would be an internal error."""
    with pytest.raises(TriviumError, match="The token trivium has no key nobody") as raised:
        await token.signer("nobody")
    assert raised.value.kind is ErrorKind.UNAVAILABLE
    assert raised.value.problem.retry_after == 5


async def test_an_unknown_token_is_a_sentence(open_token: Callable[..., Pkcs11Token]) -> None:
    """If this failed, a token that is not plugged in would be an internal error."""
    with pytest.raises(TriviumError, match="other is not in any slot") as raised:
        await open_token(label="other").signer("issuing")
    assert raised.value.kind is ErrorKind.UNAVAILABLE


async def test_a_missing_module_is_a_sentence(open_token: Callable[..., Pkcs11Token]) -> None:
    """If this failed, a wrong path in the settings would be an internal error."""
    with pytest.raises(TriviumError, match=r"/nowhere/module\.so cannot be loaded") as raised:
        await open_token(module=Path("/nowhere/module.so")).signer("issuing")
    assert raised.value.kind is ErrorKind.UNAVAILABLE


async def test_a_wrong_pin_is_tried_once(open_token: Callable[..., Pkcs11Token]) -> None:
    """If this failed, every order would bring a hardware token one attempt closer to locking its PIN."""
    token = open_token(pin="not-the-pin-4711")
    with pytest.raises(TriviumError, match="refused the PIN") as raised:
        await token.signer("issuing")
    token._module._pin = PIN  # another attempt would succeed, so the refusal below shows that there is none
    with pytest.raises(TriviumError, match="refused the PIN") as again:
        await token.signer("issuing")
    assert "4711" not in f"{raised.value!r} {again.value!r} {token!r}"


async def test_a_token_that_comes_back_signs_again(token: Pkcs11Token, softhsm: SoftHsm) -> None:
    """If this failed, a token that was away for a moment would need a restart of the gateway."""
    signer = await token.generate_key("issuing", KeyAlgorithm.P256)
    softhsm.unplug()
    await token._call(token._module._library.reinitialize, 10)  # SoftHSM signs on from memory until it is restarted
    with pytest.raises(TriviumError) as raised:
        await signer.sign(b"message")
    assert raised.value.kind is ErrorKind.UNAVAILABLE
    assert raised.value.problem.retry_after == 5
    softhsm.plug_in()
    assert verifies(signer.public_key, await signer.sign(b"message"), b"message")


async def test_a_token_restarted_between_two_signatures_is_not_noticed(token: Pkcs11Token) -> None:
    """If this failed, handles gone stale would fail an order although the key is there."""
    signer = await token.generate_key("issuing", KeyAlgorithm.P256)
    await token._call(token._module._library.reinitialize, 10)
    assert verifies(signer.public_key, await signer.sign(b"message"), b"message")


async def test_a_signature_of_another_key_is_thrown_away(token: Pkcs11Token) -> None:
    """If this failed, a stale handle that names another key now would put a wrong signature on a certificate."""
    right = await token.generate_key("right", KeyAlgorithm.P256)
    wrong = await token.generate_key("wrong", KeyAlgorithm.P256)
    await wrong.sign(b"message")
    handles = token._module._private_keys
    handles["right"] = handles["wrong"]
    assert verifies(right.public_key, await right.sign(b"message"), b"message")

    replaced = Pkcs11Signer(token=token, label="wrong", algorithm=KeyAlgorithm.P256, public_key=right.public_key)
    with pytest.raises(TriviumError, match="signed with another key than wrong") as raised:
        await replaced.sign(b"message")
    assert raised.value.kind is ErrorKind.UNAVAILABLE


async def test_a_token_that_hangs_costs_a_bounded_time(open_token: Callable[..., Pkcs11Token]) -> None:
    """If this failed, a token that stops answering would hold every order for ever."""
    token = open_token(timeout=0.2)
    signer = await token.generate_key("issuing", KeyAlgorithm.P256)
    held, release = os.pipe()
    hanging = token._thread.submit(lambda: os.read(held, 1))
    try:
        with pytest.raises(TriviumError, match=r"did not answer within 0\.2 seconds") as raised:
            await signer.sign(b"message")
        assert raised.value.problem.retry_after == 5
    finally:
        os.write(release, b".")
    assert await asyncio.wrap_future(hanging) == b"."
    assert verifies(signer.public_key, await signer.sign(b"message"), b"message")
    os.close(held)
    os.close(release)


async def test_a_closed_token_says_so_and_can_be_opened_anew(open_token: Callable[..., Pkcs11Token]) -> None:
    """If this failed, a shutdown would leave the module loaded, or hang."""
    first = open_token()
    made = await first.generate_key("issuing", KeyAlgorithm.P256)
    first.close()
    first.close()
    with pytest.raises(TriviumError, match="closed") as raised:
        await made.sign(b"message")
    assert raised.value.kind is ErrorKind.UNAVAILABLE
    second = open_token()
    assert (await second.signer("issuing")).public_key == made.public_key


async def test_one_process_opens_a_module_once(token: Pkcs11Token, open_token: Callable[..., Pkcs11Token]) -> None:
    """If this failed, two threads could use the module, which crashes the process."""
    await token.generate_key("issuing", KeyAlgorithm.P256)
    with pytest.raises(TriviumError, match="one token a module and process"):
        await open_token().signer("issuing")


async def test_the_pin_is_nowhere_to_be_seen(token: Pkcs11Token) -> None:
    """If this failed, the PIN could be read in a log or an error report (rule 31)."""
    signer = await token.generate_key("issuing", KeyAlgorithm.P256)
    with pytest.raises(TriviumError) as raised:
        await token.signer("nobody")
    report = "".join(TracebackException.from_exception(raised.value, capture_locals=True).format())
    assert PIN not in f"{token!r} {signer!r} {token._module!r} {token._thread!r} {report}"
