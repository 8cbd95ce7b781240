"""The key policy: the corpus of keys that account keys, requests' keys and CMC keys all meet (rules 22-30)."""

import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, mldsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from ca_core.certificates.csr import parse_csr
from ca_core.keys.policy import ACCOUNT_KEYS, check_public_key, load_spki, spki_sha256
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.products import KeyPolicy
from tests.keys import weak_keys

REQUEST_KEYS = KeyPolicy()
P256_PRIME = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF


def refusal(key: PublicKeyTypes, policy: KeyPolicy) -> str:
    """Return the sentence with which the policy refuses the key."""
    with pytest.raises(TriviumError) as raised:
        check_public_key(key, policy)
    assert raised.value.kind is ErrorKind.BAD_KEY
    return raised.value.detail


def load_refusal(spki: bytes) -> str:
    """Return the sentence with which a key in DER is refused when it is loaded."""
    with pytest.raises(TriviumError) as raised:
        load_spki(spki)
    assert raised.value.kind is ErrorKind.BAD_KEY
    return raised.value.detail


@pytest.mark.parametrize("policy", [REQUEST_KEYS, ACCOUNT_KEYS])
@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_nist_curves_are_taken(curve: ec.EllipticCurve, policy: KeyPolicy) -> None:
    """If this failed, ordinary clients could not get a certificate (rule 27)."""
    check_public_key(ec.generate_private_key(curve).public_key(), policy)


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
@pytest.mark.parametrize("policy", [REQUEST_KEYS, ACCOUNT_KEYS])
def test_sound_rsa_keys_are_taken(bits: int, policy: KeyPolicy) -> None:
    """If this failed, ordinary RSA clients could not get a certificate (rule 22)."""
    check_public_key(weak_keys.public_key(weak_keys.sound(bits)), policy)


def test_new_rsa_keys_have_no_false_alarm() -> None:
    """If this failed, a check would refuse good keys by chance."""
    for seed in range(10, 30):
        modulus = weak_keys.prime(1024, seed) * weak_keys.prime(1024, seed + 100)
        check_public_key(weak_keys.public_key(modulus), REQUEST_KEYS)


def test_ed25519_signs_for_accounts_but_is_in_no_tls_certificate() -> None:
    """If this failed, EdDSA clients were turned away (RFC 8037) or a public product broke BR 6.1.5."""
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    check_public_key(key, ACCOUNT_KEYS)
    assert refusal(key, REQUEST_KEYS).startswith("Keys on the curve Ed25519 are not accepted; use RSA 2048, 3072")


@pytest.mark.parametrize("bits", [1024, 2047, 2056, 8192])
def test_rsa_sizes_outside_the_policy_are_refused(bits: int) -> None:
    """If this failed, a key too small, or too costly to verify, would be certified (rule 22; BR 6.1.5)."""
    said = refusal(weak_keys.public_key(weak_keys.sound(bits)), REQUEST_KEYS)
    assert said == (f"RSA keys of {bits} bits are not accepted; use RSA 2048, 3072, 4096, P-256, P-384 or P-521.")


def test_account_keys_may_have_any_multiple_of_8() -> None:
    """If this failed, the sizes that BR 6.1.5 allows would be refused to accounts, or others let in."""
    check_public_key(weak_keys.public_key(weak_keys.sound(2056)), ACCOUNT_KEYS)
    for bits in (1024, 2047, 2049, 8192):
        said = refusal(weak_keys.public_key(weak_keys.sound(bits)), ACCOUNT_KEYS)
        assert f"{bits} bits are not accepted; use RSA 2048 to 4096, P-256" in said


@pytest.mark.parametrize("exponent", [3, 17, 65539])
def test_another_exponent_is_refused(exponent: int) -> None:
    """If this failed, keys open to low-exponent attacks would be certified (rule 22)."""
    said = refusal(weak_keys.public_key(weak_keys.sound(2048), exponent), ACCOUNT_KEYS)
    assert said == "RSA keys must have the public exponent 65537."


def test_an_even_modulus_is_refused() -> None:
    """If this failed, a key that factors at a glance would be certified (rule 22)."""
    spki = weak_keys.public_key(weak_keys.sound(2048)).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    modulus = weak_keys.sound(2048).to_bytes(256)
    even = spki.replace(modulus, (weak_keys.sound(2048) - 1).to_bytes(256))
    with pytest.raises(TriviumError) as raised:
        check_public_key(load_spki(even), REQUEST_KEYS)
    assert raised.value.kind is ErrorKind.BAD_KEY


@pytest.mark.parametrize("factor", [3, 751, 757, 65521])
def test_a_small_prime_factor_is_refused(factor: int) -> None:
    """If this failed, keys from broken generators would be certified (rule 22: no factor below 752)."""
    said = refusal(weak_keys.public_key(weak_keys.with_small_factor(factor)), REQUEST_KEYS)
    assert said == "This RSA key is weak: its modulus has a small prime factor; make a new key pair."


def test_roca_is_refused() -> None:
    """If this failed, keys from Infineon's library could be factored and used by others (rule 23)."""
    assert "CVE-2017-15361" in refusal(weak_keys.public_key(weak_keys.roca()), ACCOUNT_KEYS)


@pytest.mark.parametrize("rounds", [1, 50, 99, 100, 101, 110])
def test_close_primes_are_refused(rounds: int) -> None:
    """If this failed, keys that Fermat's method factors would be certified (rule 24; BR 6.1.1.3 (5.3))."""
    said = refusal(weak_keys.public_key(weak_keys.with_close_primes(rounds)), REQUEST_KEYS)
    assert said == "This RSA key is weak: its two primes are too close to each other; make a new key pair."


def test_a_square_is_refused() -> None:
    """If this failed, a modulus with the same prime twice would be certified (rule 24)."""
    assert "too close" in refusal(weak_keys.public_key(weak_keys.prime(1024, 6) ** 2), REQUEST_KEYS)


def test_the_search_for_close_primes_ends() -> None:
    """If this failed, the number of rounds, and so the cost of a request, would be unbounded (rule 24)."""
    check_public_key(weak_keys.public_key(weak_keys.with_close_primes(111)), REQUEST_KEYS)


def test_a_modulus_that_is_not_random_is_refused() -> None:
    """If this failed, keys with a chosen modulus would be certified."""
    assert "weak" in refusal(weak_keys.public_key(weak_keys.with_biased_bits()), REQUEST_KEYS)


@pytest.mark.parametrize("policy", [REQUEST_KEYS, ACCOUNT_KEYS])
def test_other_types_of_key_are_refused(policy: KeyPolicy) -> None:
    """If this failed, keys that no policy names would be certified (rules 27, 30)."""
    keys: list[PublicKeyTypes] = [
        dsa.generate_private_key(2048).public_key(),
        x25519.X25519PrivateKey.generate().public_key(),
        ed448.Ed448PrivateKey.generate().public_key(),
        mldsa.MLDSA44PrivateKey.generate().public_key(),
    ]
    for key in keys:
        assert refusal(key, policy).startswith("Keys of this type are not accepted; use RSA 2048")


def test_a_koblitz_curve_is_refused() -> None:
    """If this failed, a curve that no policy names would be certified (rule 27)."""
    said = refusal(ec.generate_private_key(ec.SECP256K1()).public_key(), ACCOUNT_KEYS)
    assert said.startswith("Keys on the curve secp256k1 are not accepted; use ")


@pytest.mark.parametrize("curve", ["sect283r1", "sect571k1", "prime192v1", "brainpoolP256r1"])
def test_a_curve_outside_the_policy_is_refused(curve: str) -> None:
    """If this failed, a binary or an unusual curve would be certified (rule 27)."""
    with pytest.raises(TriviumError) as raised:
        check_public_key(load_spki(_openssl_key(curve)), ACCOUNT_KEYS)
    assert raised.value.kind is ErrorKind.BAD_KEY


@pytest.mark.parametrize("options", [["-param_enc", "explicit"], ["-conv_form", "compressed"]])
def test_a_curve_must_be_named_and_a_point_uncompressed(options: list[str]) -> None:
    """If this failed, a key could bring curve parameters of its own, as in CVE-2020-0601 (rule 27; RFC 5480 2.1.1)."""
    usual, unusual = _openssl_key("prime256v1"), _openssl_key("prime256v1", *options)
    check_public_key(load_spki(usual), REQUEST_KEYS, document=usual)
    with pytest.raises(TriviumError, match="name its curve") as raised:
        check_public_key(load_spki(unusual), REQUEST_KEYS, document=unusual)
    assert raised.value.kind is ErrorKind.BAD_KEY


@pytest.mark.parametrize(("form", "taken"), [("named_curve", True), ("explicit", False)])
def test_a_request_is_held_to_the_same_encoding(form: str, taken: bool, tmp_path: Path) -> None:
    """If this failed, a CSR could carry what is refused elsewhere (rules 27, 30)."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", f"ec_param_enc:{form}", "-nodes"]
    command = ["openssl", "req", "-new", *key, "-subj", "/", "-outform", "DER", "-keyout", str(tmp_path / "key.pem")]
    csr = parse_csr(subprocess.run(command, check=True, capture_output=True, timeout=30).stdout)
    if taken:
        check_public_key(csr.public_key, REQUEST_KEYS, document=csr.der)
    else:
        with pytest.raises(TriviumError, match="name its curve"):
            check_public_key(csr.public_key, REQUEST_KEYS, document=csr.der)


def test_explicit_parameters_of_another_curve_are_refused() -> None:
    """If this failed, a curve with a generator of the sender's choice would be taken for a named one (rule 27)."""
    explicit = _openssl_key("prime256v1", "-param_enc", "explicit")
    generator = bytes.fromhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")
    assert generator in explicit
    said = load_refusal(explicit.replace(generator, generator[:-1] + b"\x97"))
    assert said == "The public key is of an unknown type or on an unknown curve."


@pytest.mark.parametrize("coordinates", [(1, 1), (0, 0), (P256_PRIME, 5), (P256_PRIME + 5, 5)])
def test_a_point_off_the_curve_is_refused(coordinates: tuple[int, int]) -> None:
    """If this failed, an invalid-curve key, or one with coordinates out of range, would be taken (rule 27)."""
    spki = _openssl_key("prime256v1")
    point = b"".join(coordinate.to_bytes(32) for coordinate in coordinates)
    assert "not a point on its curve" in load_refusal(spki[:-64] + point)


def test_the_point_at_infinity_and_nothing_are_refused() -> None:
    """If this failed, a key under which anything verifies, or none, would be taken (rule 27)."""
    load_refusal(bytes.fromhex("3019301306072a8648ce3d020106082a8648ce3d03010703020000"))
    load_refusal(b"")


@settings(max_examples=200)
@given(position=st.integers(0, 90), value=st.integers(0, 255), cut=st.integers(0, 91))
def test_no_damage_gets_past_the_sentence(position: int, value: int, cut: int) -> None:
    """If this failed, a damaged key would be an internal error, or be taken for what it is not (rule 27)."""
    good = _named_p256()
    damaged = bytearray(good)
    damaged[position] = value
    for spki in (bytes(damaged), good[:cut], good + good[:cut]):
        try:
            check_public_key(load_spki(spki), REQUEST_KEYS, document=spki)
        except TriviumError as error:
            assert error.kind is ErrorKind.BAD_KEY  # noqa: PT017 - most damage is refused, some makes another key
        else:
            assert len(spki) == len(good)
            assert spki[:27] == good[:27]


def test_a_key_is_named_by_the_hash_of_its_spki() -> None:
    """If this failed, a blocked key would not be recognised (rules 25, 26)."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=pem, check=True, capture_output=True)
    digest = subprocess.run(["sha256sum"], input=der.stdout, check=True, capture_output=True).stdout.split()[0]
    assert spki_sha256(key).hex() == digest.decode()


def test_no_check_reaches_outside_or_ends_the_process() -> None:
    """If this failed, a check would open a socket or a downloaded list, and end the worker without it."""
    program = (
        "import socket, pathlib\n"
        "def refuse(*_): raise AssertionError('a socket was opened')\n"
        "socket.socket = refuse\n"
        "from ca_core.keys.policy import check_public_key, ACCOUNT_KEYS\n"
        "from cryptography.hazmat.primitives.asymmetric import ec, rsa\n"
        "for key in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())):\n"
        "    check_public_key(key.public_key(), ACCOUNT_KEYS)\n"
        "print('alive')\n"
    )
    environment = {"XDG_CACHE_HOME": "/nonexistent", "HOME": "/nonexistent"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("alive\n", "")


def test_the_door_is_fast() -> None:
    """If this failed, the key check would be felt in every request (0.02 ms for EC, 1 ms for a new RSA key)."""
    elliptic = ec.generate_private_key(ec.SECP256R1()).public_key()
    known = weak_keys.public_key(weak_keys.sound(2048))
    for key, bound in ((elliptic, 0.02e-3), (known, 0.05e-3)):
        assert _cpu_seconds(partial(check_public_key, key, REQUEST_KEYS)) < 10 * bound


def _cpu_seconds(call: Callable[[], None]) -> float:
    """Return the CPU time of the fastest of some calls."""
    times = []
    for _ in range(50):
        start = time.thread_time()
        call()
        times.append(time.thread_time() - start)
    return min(times)


@cache
def _named_p256() -> bytes:
    key = ec.derive_private_key(7, ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _openssl_key(curve: str, *options: str) -> bytes:
    """Return the SubjectPublicKeyInfo of a new EC key, written by the openssl program with these options."""
    make = ["openssl", "ecparam", "-name", curve, "-genkey", "-noout"]
    write = ["openssl", "ec", "-pubout", "-outform", "DER", *options]
    key = subprocess.run(make, check=True, capture_output=True, timeout=30).stdout
    return subprocess.run(write, input=key, check=True, capture_output=True, timeout=30).stdout
