"""Tokens of the REST API: every forgery is refused, and nothing tells a stranger who is a user (abuse 13-21, 52)."""

import hmac
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ca_core.access import api_keys
from ca_core.access.tokens import authenticate, issue_token, revoke_token
from ca_core.core import Core
from ca_core.keys.sealing import Sealer
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import PrincipalKind
from tests.access.people import ADDRESS, Office, Person, claims, encoded, signed
from tests.orders.workshop import CONSOLE

HOUR = 3600
EIGHT_HOURS = 8 * HOUR


async def refusal(core: Core, token: str, address: str = ADDRESS) -> TriviumError:
    """Return the error that refuses a token."""
    with pytest.raises(TriviumError) as refused:
        await authenticate(core, token, address)
    assert refused.value.kind is ErrorKind.UNAUTHENTICATED
    return refused.value


async def test_a_users_token_is_his(office: Office) -> None:
    """No integration could do anything, or it would do it as somebody else."""
    principal = await office.alice.principal()
    assert (principal.kind, principal.id) == (PrincipalKind.API_USER, office.alice.user.id)
    assert (principal.address, principal.credential_id) == (ADDRESS, office.alice.key.key.id)
    assert set(principal.permissions) == {office.client_id}
    assert Permission.ORDER_CREATE in principal.permissions[office.client_id]
    assert principal.everywhere == frozenset()
    chief = await office.chief.principal()
    assert (chief.permissions, chief.everywhere) == ({}, frozenset(Permission))


async def test_the_tokens_of_deployed_clients_are_taken(office: Office) -> None:
    """ra-api-v2.md, point 5: clients write three issuers; libraries write one audience as a list, and add a jti."""
    for issuer in ("SwissPKI", "Swiss PKI", "SwissSign CA"):
        assert await authenticate(office.core, office.alice.token(iss=issuer), ADDRESS)
    now = office.clock.time.timestamp()
    for changes in (
        {"aud": ["REST API"]},
        {"jti": "one", "extra": {"a": 1}},
        {"iat": now - 7 * HOUR, "nbf": now - 7 * HOUR, "exp": now + HOUR},
        {"iat": now, "nbf": now, "exp": now + EIGHT_HOURS},
    ):
        assert await authenticate(office.core, office.alice.token(**changes), ADDRESS)
    with_pyjwt = jwt.encode(claims(office.core, "alice"), office.alice.key.secret, algorithm="HS256")
    assert await authenticate(office.core, with_pyjwt, ADDRESS)
    assert await authenticate(office.core, office.alice.token(header={"kid": "../../etc/passwd' OR 1=1"}), ADDRESS)


# What is wrong with a token that alice signs with her key: the claims, and a part of the sentence that refuses it.
WRONG_CLAIMS: list[tuple[dict[str, Any], str]] = [
    *(({claim: None}, f"its claim {claim} is missing") for claim in ("iss", "aud", "iat", "nbf", "exp")),
    ({"iss": "Somebody"}, "its iss must be one of"),
    ({"iss": ["SwissPKI"]}, ""),
    ({"aud": "REST"}, "audience"),
    ({"aud": ["REST API", "other"]}, 'its aud must be "REST API" alone'),
    ({"aud": []}, "its claim aud is missing"),
    ({"exp": HOUR * 9}, "at most 8 hours"),
    ({"iat": -HOUR, "exp": EIGHT_HOURS}, "at most 8 hours"),
    ({"iat": HOUR, "nbf": 0, "exp": 2 * HOUR}, "set your clock"),
    ({"nbf": 61}, "set your clock"),
    ({"iat": 61}, "set your clock"),
    ({"iat": -2 * HOUR, "nbf": -2 * HOUR, "exp": -61}, "it has expired"),
    ({"exp": "soon"}, "number of seconds"),
    ({"exp": True}, "number of seconds"),
    ({"nbf": {}}, "number of seconds"),
    ({"iat": "1"}, "number of seconds"),
    ({"jti": 7}, ""),
]


@pytest.mark.parametrize(("changes", "sentence"), WRONG_CLAIMS)
async def test_every_claim_is_required_and_bounded(office: Office, changes: dict[str, Any], sentence: str) -> None:
    """Abuse 21: a stolen token would work for ever, or one made for another service would work here."""
    now = int(office.clock.time.timestamp())
    moved: dict[str, Any] = {
        claim: now + value
        if claim in {"iat", "nbf", "exp"} and isinstance(value, int) and not isinstance(value, bool)
        else value
        for claim, value in changes.items()
    }
    error = await refusal(office.core, office.alice.token(**moved))
    assert sentence in error.detail


async def test_clocks_may_differ_by_a_minute(office: Office) -> None:
    """Abuse 21: a client whose clock is a minute off would be locked out; two minutes would be a way around exp."""
    now = int(office.clock.time.timestamp())
    ahead: dict[str, Any] = {"iat": now + 59, "nbf": now + 59}
    behind: dict[str, Any] = {"iat": now - HOUR, "nbf": now - HOUR, "exp": now - 59}
    for good in (ahead, behind):
        assert await authenticate(office.core, office.alice.token(**good), ADDRESS)


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "HS384", "HS512", "RS256", "PS256", "ES256", "EdDSA", "hs256", "", 256, None]
)
async def test_the_algorithm_is_fixed(office: Office, algorithm: object) -> None:
    """Abuse 13, 21: whoever chooses the algorithm chooses how little it takes to sign as anybody."""
    token = office.alice.token(header={"alg": algorithm})
    assert "its alg must be HS256" in (await refusal(office.core, token)).detail
    unsigned = f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{encoded(claims(office.core, 'alice'))}"
    for rest in ("", ".", ".AA"):
        await refusal(office.core, unsigned + rest)


async def test_a_public_key_is_no_secret(office: Office) -> None:
    """Abuse 13: RS/HS confusion: a token signed by HMAC with a public key, which anybody has, would count."""
    public = rsa.generate_private_key(65537, 2048).public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    for secret in (pem, b"", b"\0" * 64):
        await refusal(office.core, signed(claims(office.core, "alice"), secret))
    own = {"jwk": {"kty": "oct", "k": encoded(b"secret")}, "jku": "https://evil.test/jwks", "x5u": "https://evil.test/"}
    await refusal(office.core, signed(claims(office.core, "alice"), b"secret", own))


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"zip": "DEF"},
        {"crit": []},
        {"typ": "JWE"},
        {"cty": "JWT"},
    ],
)
async def test_headers_that_change_the_meaning_are_refused(office: Office, header: dict[str, object]) -> None:
    """Abuse 17: what the signer says must be understood would be passed over (CVE-2026-32597)."""
    await refusal(office.core, office.alice.token(header=header))


def _malformed(person: Person) -> list[str]:
    good = person.token()
    head, payload, signature = good.split(".")
    twice = b'{"alg":"HS256","alg":"HS256"}'
    return [
        "",
        "a.b",
        "..",
        f"{good}.{signature}",
        f"{good}=",
        f" {good}",
        f"{good}\n",
        good + "A" * 4096,
        f"{encoded(twice)}.{payload}.{signature}",
        f"{head}.{encoded(b'[' * 2000)}.{signature}",
        f"{head}.{encoded(b'NaN')}.{signature}",
        f"{head}.{encoded(b'[]')}.{signature}",
        f"{head}.{encoded(bytes([0xFF, 0xFE]))}.{signature}",
        f"{encoded('text')}.{payload}.{signature}",
        f"A.{payload}.{signature}",
        f"{head}.{payload}.",
        "\u00e9.\u00e9.\u00e9",
    ]


async def test_what_is_no_token_is_refused(office: Office) -> None:
    """Abuse 18: each reader would read something else, or a stranger's bytes would end a worker."""
    for token in _malformed(office.alice):
        await refusal(office.core, token)
    doubled = json.dumps(claims(office.core, "alice"))[:-1] + ', "sub": "bob"}'
    await refusal(office.core, signed(doubled.encode(), office.alice.key.secret))
    infinite = json.dumps(claims(office.core, "alice")).replace(str(claims(office.core, "alice")["exp"]), "1e999")
    await refusal(office.core, signed(infinite.encode(), office.alice.key.secret))


@pytest.mark.parametrize(
    "subject",
    ["nobody", "", "a" * 500, "\ud800", "\0", "alice\0", "' OR 1=1 --", "../alice", 7, None, ["alice"], "Alice"],
)
async def test_strangers_all_get_one_answer(office: Office, subject: object) -> None:
    """Rule 52: the answer would tell who is a user here."""
    wrong_key = await refusal(office.core, office.alice.token(secret="x" * 64))
    unknown = await refusal(office.core, signed(claims(office.core, "alice") | {"sub": subject}, "x" * 64))
    assert unknown.problem == wrong_key.problem


async def test_other_keys_do_not_sign_for_a_user(office: Office) -> None:
    """Abuse 21: bob would act as alice; a key that was deleted or renewed 8 days ago would work on."""
    wrong = await refusal(office.core, office.alice.token(secret=office.bob.key.secret))
    old = office.alice.key
    renewed = await api_keys.renew(office.core, old.key.id, CONSOLE)
    office.clock.advance(days=7, seconds=-1)
    assert await authenticate(office.core, office.alice.token(), ADDRESS)
    office.clock.advance(days=1)
    assert (await refusal(office.core, office.alice.token())).problem == wrong.problem
    assert await authenticate(office.core, office.alice.token(secret=renewed.secret), ADDRESS)
    await api_keys.delete(office.core, renewed.key.id, CONSOLE)
    assert (await refusal(office.core, office.alice.token(secret=renewed.secret))).problem == wrong.problem


async def test_a_key_works_from_its_networks_alone(office: Office) -> None:
    """A stolen key would work from anywhere, and its thief would be told that it is one."""
    await api_keys.restrict(office.core, office.alice.key.key.id, ("192.0.2.0/28", "2001:db8::/32"), CONSOLE)
    token = office.alice.token()
    for address in ("192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1"):
        assert await authenticate(office.core, token, address)
    stranger = await refusal(office.core, office.alice.token(secret="x" * 64))
    for address in ("192.0.2.16", "2001:db9::1", "", "nonsense"):
        assert (await refusal(office.core, token, address)).problem == stranger.problem
        with pytest.raises(TriviumError):
            await issue_token(office.core, "alice", office.alice.key.secret, address)


async def test_whoever_shows_a_key_gets_a_token(office: Office) -> None:
    """POST /v2/jwt would give nothing, or a token that does not hold."""
    token = await issue_token(office.core, "alice", office.alice.key.secret, ADDRESS)
    decoded = jwt.decode(
        token,
        office.alice.key.secret,
        ["HS256"],
        audience="REST API",
        options={"verify_iat": False, "verify_nbf": False, "verify_exp": False},
    )
    assert (decoded["iss"], decoded["sub"], decoded["exp"] - decoded["iat"]) == ("SwissPKI", "alice", EIGHT_HOURS)
    assert (await authenticate(office.core, token, ADDRESS)).id == office.alice.user.id
    office.clock.advance(hours=8, seconds=59)
    assert await authenticate(office.core, token, ADDRESS)
    office.clock.advance(seconds=2)
    await refusal(office.core, token)


async def test_a_wrong_key_gets_no_token(office: Office) -> None:
    """Rule 52: guessing names by what is answered."""
    answers = []
    for name, secret in (
        ("alice", "x" * 64),
        ("nobody", "x" * 64),
        ("alice", office.bob.key.secret),
        ("alice", ""),
        ("\ud800", "\ud800"),
    ):
        with pytest.raises(TriviumError) as refused:
            await issue_token(office.core, name, secret, ADDRESS)
        answers.append(refused.value.problem)
    assert set(answers) == {answers[0]}
    assert answers[0].kind is ErrorKind.UNAUTHENTICATED


async def test_a_key_in_a_url_is_marked(office: Office) -> None:
    """Abuse 50: the operator would not learn which keys stand in the logs of proxies."""
    await issue_token(office.core, "alice", office.alice.key.secret, ADDRESS)
    key = await api_keys.get(office.core, office.alice.key.key.id, CONSOLE)
    assert key.exposed_at is None
    await issue_token(office.core, "alice", office.alice.key.secret, ADDRESS, exposed=True)
    key = await api_keys.get(office.core, office.alice.key.key.id, CONSOLE)
    assert key.exposed_at == office.clock.time


async def test_a_token_can_be_revoked(office: Office) -> None:
    """Abuse 21: a token that got into the wrong hands would work for 8 hours."""
    first, second = (office.alice.token(jti=jti) for jti in ("one", "two"))
    alice, bob = await office.alice.principal(), await office.bob.principal()
    with pytest.raises(TriviumError) as refused:
        await revoke_token(office.core, "alice", "one", bob)
    assert refused.value.kind is ErrorKind.NOT_FOUND
    await revoke_token(office.core, "alice", "one", alice)
    assert "revoked" in (await refusal(office.core, first)).detail
    assert await authenticate(office.core, second, ADDRESS)
    assert await authenticate(office.core, office.bob.token(jti="one"), ADDRESS)
    await revoke_token(office.core, "alice", "two", await office.chief.principal())
    await refusal(office.core, second)


@dataclass
class CountingSealer:
    """Counts what it is asked for; the work itself is the real one's."""

    real: Sealer
    counted: Counter[str] = field(default_factory=Counter)

    __hash__ = object.__hash__

    def seal(self, purpose: str, plaintext: bytes) -> bytes:
        """Seal, and count."""
        self.counted["seal"] += 1
        return self.real.seal(purpose, plaintext)

    def unseal(self, purpose: str, sealed: bytes) -> bytes:
        """Unseal, and count, also how much."""
        self.counted["unseal"] += 1
        self.counted["octets"] += len(sealed)
        return self.real.unseal(purpose, sealed)


async def test_the_same_work_is_done_for_everybody(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule 52: the time it takes to refuse would tell who is a user, and how many keys he has.

    Counted, not timed: secrets opened, octets of them, HMACs, comparisons, statements.
    """
    sealer = CountingSealer(office.core.sealer)
    core = replace(office.core, sealer=sealer)
    await api_keys.renew(core, office.bob.key.key.id, CONSOLE)
    real_digest, real_compare = hmac.digest, hmac.compare_digest

    def digest(key: bytes, message: bytes, name: str) -> bytes:
        sealer.counted["hmac"] += 1
        return real_digest(key, message, name)

    def compare(one: bytes, other: bytes) -> bool:
        sealer.counted["compare"] += 1
        return real_compare(one, other)

    monkeypatch.setattr("hmac.digest", digest)
    monkeypatch.setattr("hmac.compare_digest", compare)

    async def work(act: Callable[[], object]) -> Counter[str]:
        sealer.counted.clear()
        with pytest.raises(TriviumError):
            await act()  # type: ignore[misc]
        return Counter(sealer.counted)

    await work(lambda: authenticate(core, signed(claims(core, "first"), "x" * 64), ADDRESS))  # makes the decoy
    presented = [
        await work(lambda name=name: authenticate(core, signed(claims(core, name), "x" * 64), ADDRESS))  # type: ignore[misc]
        for name in ("alice", "bob", "nobody")
    ]
    shown = [
        await work(lambda name=name: issue_token(core, name, "x" * 64, ADDRESS))  # type: ignore[misc]
        for name in ("alice", "bob", "nobody")
    ]
    assert presented == [presented[0]] * 3
    assert shown == [shown[0]] * 3
    assert presented[0]["unseal"] == presented[0]["hmac"] == shown[0]["unseal"] == api_keys.MAX_KEYS
