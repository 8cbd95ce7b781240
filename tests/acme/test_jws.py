"""The strict JWS reader: RFC 8555 section 6.2, rules 32-35 and 41-43, and what lax libraries let through."""

import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from josepy import jwa
from josepy.jwk import JWKEC, JWKRSA

from ca_core.access.accounts import AccountKey
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.acme.jwk import load_jwk, parse_jwk
from gateway.acme.jws import ALGORITHMS, Jwk, Jws, KeyId, VerifiedJws, parse_jws, verify
from tests.acme.signing import Json, PrivateKey, b64, b64_int, envelope, jwk_of, jws

URL = "https://ca.example/acme/new-order"
KID = "https://ca.example/acme/account/acc-1"
EC_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


def check(body: bytes, key: AccountKey | None = None) -> VerifiedJws:
    """Read and verify a JWS under ``key``, or the one it carries."""
    parsed = parse_jws(body)
    if key is None:
        assert isinstance(parsed.signer, Jwk)
        key = parsed.signer.key
    return verify(parsed, key)


def refusal(body: bytes, key: AccountKey | None = None) -> TriviumError:
    """Return the error with which a JWS is refused."""
    with pytest.raises(TriviumError) as caught:
        check(body, key)
    return caught.value


def good_envelope(**header: Any) -> Json:
    """Return a good flattened JWS, as a dictionary to spoil."""
    return envelope(EC_KEY, {"alg": "ES256", "jwk": jwk_of(EC_KEY), "nonce": "AAAA", "url": URL} | header, b"{}")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_verifies(account_keys: dict[str, PrivateKey], algorithm: str) -> None:
    """An account key that clients use could not sign (acme.md fact 15)."""
    key = account_keys[algorithm]
    verified = check(jws(key, {"a": 1}, jwk=jwk_of(key), nonce="AAAA", url=URL))
    assert json.loads(verified.payload) == {"a": 1}
    assert (verified.url, verified.nonce) == (URL, "AAAA")
    assert verified.key.public_key == key.public_key()


@pytest.mark.parametrize("algorithm", ALGORITHMS[:4])
def test_thumbprints_and_signatures_agree_with_josepy(account_keys: dict[str, PrivateKey], algorithm: str) -> None:
    """Key authorizations would differ from what clients compute (RFC 7638, RFC 8555 section 8.1)."""
    key = account_keys[algorithm]
    theirs = JWKRSA(key=key) if isinstance(key, rsa.RSAPrivateKey) else JWKEC(key=key)
    ours = parse_jwk(theirs.public_key().to_json())
    assert ours.thumbprint == b64(theirs.thumbprint())
    protected = json.dumps({"alg": algorithm, "jwk": theirs.public_key().to_json(), "url": URL})
    message = f"{b64(protected.encode())}.{b64(b'hello')}".encode()
    sent = {
        "protected": b64(protected.encode()),
        "payload": b64(b"hello"),
        "signature": b64(getattr(jwa, algorithm).sign(theirs.key, message)),
    }
    assert check(json.dumps(sent).encode()).payload == b"hello"


def test_a_key_id_is_kept_apart_from_a_key() -> None:
    """A request could be taken as signed by another account (rule 35)."""
    parsed = parse_jws(jws(EC_KEY, kid=KID, nonce="AAAA", url=URL))
    assert parsed.signer == KeyId(value=KID)
    assert verify(parsed, parse_jwk(jwk_of(EC_KEY))).signer == KeyId(value=KID)


def test_pretty_printed_json_is_read() -> None:
    """ACMESharp sends its JWS pretty-printed (acme.md fact 17)."""
    assert check(json.dumps(good_envelope(), indent=4).encode()).payload == b"{}"


def test_unknown_members_are_ignored() -> None:
    """A client that adds a member would be shut out (acme.md fact 13)."""
    body = good_envelope(typ="JOSE+JSON", x="y") | {"comment": "hello"}
    assert check(json.dumps(body).encode()).payload == b"{}"


@pytest.mark.parametrize(
    "change",
    [
        {"header": {"kid": KID}},
        {"header": {}},
        {"signatures": []},
        {"signatures": [{"protected": "e30", "signature": "AAAA"}]},
        {"signature": ""},
        {"signature": None},
        {"payload": None},
        {"payload": {}},
        {"protected": None},
        {"protected": ""},
        {"protected": 5},
        {"protected": b64(b"[]")},
        {"protected": b64(b"{")},
    ],
)
def test_only_flattened_jws_without_unprotected_header(change: Json) -> None:
    """What nobody signed, or the second of two signatures, would be trusted (rule 33)."""
    assert refusal(json.dumps(good_envelope() | change).encode()).kind is ErrorKind.MALFORMED


@pytest.mark.parametrize("member", ["protected", "payload", "signature"])
def test_missing_members_are_malformed(member: str) -> None:
    """A missing part would be a KeyError, a 500 (rule 33)."""
    body = good_envelope()
    del body[member]
    assert refusal(json.dumps(body).encode()).kind is ErrorKind.MALFORMED


@pytest.mark.parametrize("member", ["protected", "payload", "signature"])
@pytest.mark.parametrize(
    "spoil", [lambda s: s + "=", lambda s: s + "\n", lambda s: s[:4] + "!" + s[4:], lambda s: " " + s]
)
def test_every_part_is_strict_base64url(member: str, spoil: Any) -> None:
    """A library skips padding, line breaks and `!` inside base64 (rule 42, acme.md fact 14)."""
    body = good_envelope() | {"payload": b64(b"four")}
    body[member] = spoil(body[member])
    assert refusal(json.dumps(body).encode()).kind is ErrorKind.MALFORMED


def test_the_compact_form_is_refused() -> None:
    """RFC 8555 section 6.2: the JWS is in flattened JSON serialisation (rule 33)."""
    body = good_envelope()
    compact = f"{body['protected']}.{body['payload']}.{body['signature']}"
    assert refusal(compact.encode()).kind is ErrorKind.MALFORMED


@pytest.mark.parametrize("extension", [{"crit": ["exp"]}, {"crit": []}, {"b64": False}, {"b64": True}, {"zip": "DEF"}])
def test_extensions_that_change_the_meaning_are_refused(extension: Json) -> None:
    """A signature would be read under other rules than it was made (rule 41, abuse 17)."""
    assert refusal(json.dumps(good_envelope(**extension)).encode()).kind is ErrorKind.MALFORMED


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": jwk_of(EC_KEY), "kid": KID},
        {},
        {"kid": 7},
        {"kid": None, "jwk": None},
        {"jwk": "key"},
        {"jwk": []},
        {"jwk": None},
    ],
)
def test_exactly_one_of_jwk_and_kid(header: Json) -> None:
    """With both, two parts of a server can take a different one (rule 35, abuse 14)."""
    body = json.dumps(envelope(EC_KEY, {"alg": "ES256", "nonce": "AAAA", "url": URL} | header, b"")).encode()
    assert refusal(body).kind is ErrorKind.MALFORMED


@pytest.mark.parametrize(
    "header", [{"alg": None}, {"alg": 5}, {"url": None}, {"url": 5}, {"nonce": "=="}, {"nonce": 5}, {"nonce": None}]
)
def test_header_parameters_have_their_types(header: Json) -> None:
    """A header parameter of a strange type would be a TypeError, a 500 (RFC 8555 sections 6.2, 6.4, 6.5)."""
    assert refusal(json.dumps(good_envelope(**header)).encode()).kind is ErrorKind.MALFORMED


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "HS256", "HS384", "HS512", "PS256", "RS384", "RS512", "RS1", "es256", "ES256K", ""]
)
def test_other_algorithms_are_refused(algorithm: str) -> None:
    """`none` needs no key, and HS256 takes the public key as its secret (rule 34, abuse 13)."""
    assert refusal(json.dumps(good_envelope(alg=algorithm)).encode()).kind is ErrorKind.BAD_ALGORITHM


def test_a_public_key_is_no_hmac_secret(rsa_key: rsa.RSAPrivateKey) -> None:
    """Anybody could sign for an RSA account with its public key as HMAC secret (rule 34)."""
    secret = rsa_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    protected = b64(json.dumps({"alg": "HS256", "kid": KID, "nonce": "AAAA", "url": URL}).encode())
    signature = hmac.digest(secret, f"{protected}.".encode(), "sha256")
    body = json.dumps({"protected": protected, "payload": "", "signature": b64(signature)}).encode()
    assert refusal(body, parse_jwk(jwk_of(rsa_key))).kind is ErrorKind.BAD_ALGORITHM


@pytest.mark.parametrize("claimed", ALGORITHMS)
@pytest.mark.parametrize("actual", ALGORITHMS)
def test_the_algorithm_goes_with_the_key(account_keys: dict[str, PrivateKey], claimed: str, actual: str) -> None:
    """ES256 under a P-384 key, or RS256 under an EC key, would be tried all the same (rule 34)."""
    key = account_keys[actual]
    body = jws(key, alg=claimed, kid=KID, nonce="AAAA", url=URL)
    if claimed == actual:
        assert check(body, parse_jwk(jwk_of(key))).key.public_key == key.public_key()
    else:
        assert refusal(body, parse_jwk(jwk_of(key))).kind is ErrorKind.BAD_ALGORITHM


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_another_key_or_changed_bytes_do_not_verify(account_keys: dict[str, PrivateKey], algorithm: str) -> None:
    """A forged request would be carried out (RFC 7515 section 5.2)."""
    key = account_keys[algorithm]
    parsed = parse_jws(jws(key, {"a": 1}, kid=KID, nonce="AAAA", url=URL))
    ours = parse_jwk(jwk_of(key))
    for forged in (
        {"signing_input": parsed.signing_input + b"A"},
        {"signature": parsed.signature[:-1] + bytes([parsed.signature[-1] ^ 1])},
        {"signature": parsed.signature + b"\0"},
        {"signature": parsed.signature[:-1]},
        {"signature": b"\0" * len(parsed.signature)},
        {"signature": b"\xff" * len(parsed.signature)},
        {"signature": b"\0"},
    ):
        with pytest.raises(TriviumError) as caught:
            verify(Jws(**(vars(parsed) | forged)), ours)
        assert caught.value.kind is ErrorKind.BAD_SIGNATURE


def test_an_ecdsa_signature_is_not_der() -> None:
    """RFC 7518 section 3.4: r and s concatenated; a second spelling makes signatures malleable."""
    parsed = parse_jws(json.dumps(good_envelope()).encode())
    r, s = int.from_bytes(parsed.signature[:32]), int.from_bytes(parsed.signature[32:])
    with pytest.raises(TriviumError) as caught:
        verify(Jws(**(vars(parsed) | {"signature": encode_dss_signature(r, s)})), parse_jwk(jwk_of(EC_KEY)))
    assert caught.value.kind is ErrorKind.BAD_SIGNATURE


def _p256_point_off_the_curve() -> Json:
    return jwk_of(EC_KEY) | {"y": jwk_of(OTHER_KEY)["y"]}


def _rsa_jwk(bits: int, exponent: int = 65537) -> Json:
    return {"kty": "RSA", "n": b64_int((1 << bits) - 1), "e": b64_int(exponent)}


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": 5},
        {"kty": "oct", "k": "AAAA"},
        {"kty": "EC"},
        jwk_of(EC_KEY) | {"d": "AAAA"},
        jwk_of(EC_KEY) | {"crv": "P-384"},
        jwk_of(EC_KEY) | {"crv": "secp256k1"},
        jwk_of(EC_KEY) | {"crv": ["P-256"]},
        jwk_of(EC_KEY) | {"x": b64(b"\0" * 32), "y": b64(b"\0" * 32)},
        jwk_of(EC_KEY) | {"x": b64(b"\0" * 33)},
        jwk_of(EC_KEY) | {"x": b64_int(2**256 - 1)},
        _p256_point_off_the_curve(),
        _rsa_jwk(1024),
        _rsa_jwk(2047),
        _rsa_jwk(4097),
        _rsa_jwk(100_000),
        _rsa_jwk(2048, 1),
        _rsa_jwk(2048, 2),
        _rsa_jwk(2048, 2**65 + 1),
        _rsa_jwk(2048) | {"n": b64(b"\0" + b"\xff" * 256)},
        {"kty": "OKP", "crv": "Ed448", "x": b64(ed448.Ed448PrivateKey.generate().public_key().public_bytes_raw())},
        {"kty": "OKP", "crv": "X25519", "x": b64(b"\1" * 32)},
        {"kty": "OKP", "crv": "Ed25519", "x": b64(b"\1" * 31)},
    ],
)
def test_keys_that_no_account_may_have(jwk: Json) -> None:
    """A weak, foreign or costly key would be used for a verification (rules 22, 27; acme.md fact 15)."""
    with pytest.raises(TriviumError) as caught:
        parse_jwk(jwk)
    assert caught.value.kind in {ErrorKind.BAD_KEY, ErrorKind.MALFORMED}
    if all(isinstance(jwk.get(name), str) for name in ("kty", "x", "y")):
        assert caught.value.kind is ErrorKind.BAD_KEY


def test_a_key_has_one_canonical_form(account_keys: dict[str, PrivateKey]) -> None:
    """One key could register two accounts by a member more or another order (RFC 7638 section 3)."""
    for key in account_keys.values():
        jwk = jwk_of(key)
        spoiled = dict(reversed(jwk.items())) | {"use": "sig", "kid": "mine", "alg": "whatever"}
        assert parse_jwk(jwk) == parse_jwk(spoiled)
        assert load_jwk(parse_jwk(jwk).jwk).thumbprint == parse_jwk(jwk).thumbprint


def test_the_rfc_7638_example() -> None:
    """The thumbprint would not be RFC 7638's (section 3.1)."""
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs"
        "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajr"
        "n1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    key = parse_jwk({"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"})
    assert key.thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@settings(max_examples=300)
@given(st.data())
def test_mutated_requests_are_refused_never_crash(data: st.DataObject) -> None:
    """Any other exception than ours is a 500 that a stranger can cause (F11; rule 43)."""
    body = bytearray(json.dumps(good_envelope()).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(body) - 1))
        match data.draw(st.sampled_from(["flip", "delete", "insert", "cut"])):
            case "flip":
                body[position] ^= data.draw(st.integers(1, 255))
            case "delete" if len(body) > 1:
                del body[position]
            case "insert":
                body[position:position] = data.draw(st.binary(min_size=1, max_size=3))
            case _:
                del body[position + 1 :]
    try:
        verified = check(bytes(body))
    except TriviumError:
        return
    assert verified.payload == b"{}"


HEADER_VALUES: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.lists(st.text(max_size=2), max_size=2)
    | st.just({})
)


@settings(max_examples=200)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "alg": st.sampled_from([*ALGORITHMS, "none"]) | HEADER_VALUES,
            "jwk": st.just(jwk_of(EC_KEY))
            | st.fixed_dictionaries(
                {"kty": st.sampled_from(["EC", "RSA", "OKP"]) | HEADER_VALUES},
                optional={
                    name: st.sampled_from(["P-256", "Ed25519", "AQAB", b64(b"\1" * 32)]) | HEADER_VALUES
                    for name in ("crv", "x", "y", "n", "e", "d", "k")
                },
            )
            | HEADER_VALUES,
            "kid": HEADER_VALUES,
            "url": HEADER_VALUES,
            "nonce": HEADER_VALUES,
            "crit": HEADER_VALUES,
        },
    )
)
def test_strange_headers_are_refused_never_crash(header: Json) -> None:
    """A header of strange types would be a TypeError or KeyError, a 500 (rules.md section 0 on josepy)."""
    body = json.dumps(envelope(EC_KEY, header, b"{}")).encode()
    try:
        parsed = parse_jws(body)
        key = parsed.signer.key if isinstance(parsed.signer, Jwk) else parse_jwk(jwk_of(EC_KEY))
        verify(parsed, key)
    except TriviumError:
        return
    assert header["alg"] == "ES256"


def test_ed25519_keys_of_small_order_do_not_verify_everything() -> None:
    """Under the zero point any message could verify; openssl must refuse at least a foreign signature (RFC 8032)."""
    key = parse_jwk({"kty": "OKP", "crv": "Ed25519", "x": b64(b"\1" + b"\0" * 31)})
    parsed = parse_jws(jws(ed25519.Ed25519PrivateKey.generate(), {"a": 1}, kid=KID, nonce="AAAA", url=URL))
    with pytest.raises(TriviumError):
        verify(parsed, key)
