"""External account binding over HTTP (RFC 8555 section 7.3.4; rule 47, abuse 19 and 20)."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ca_core.access import external_account_keys
from ca_core.access.external_account_keys import ExternalAccountKeyRequest
from ca_core.model.clients import Client, ClientSettings
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.store import Transaction
from gateway.acme.directory import Directory
from gateway.acme.external_account_binding import parse_binding
from gateway.acme.jwk import parse_jwk
from gateway.acme.nonces import Nonces
from gateway.acme.routes import build_app
from tests.acme.acme_client import AcmeClient, Answer
from tests.acme.acme_server import EXTERNAL_URL, NONCE_KEY, AcmeServer, private_product
from tests.acme.signing import Json, b64, jwk_of

OPERATOR = Principal(kind=PrincipalKind.OPERATOR, id="test")
HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
SOME_KEY = "eab-01a20d8f-a4e8-76c7-b0d6-a63cd94e3640"
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A key as the operator hands it out."""

    kid: str
    secret: bytes

    def bind(
        self, client: AcmeClient, *, secret: bytes | None = None, payload: Json | bytes | None = None, **header: Any
    ) -> Json:
        """Return the binding of the client's key; the arguments spoil it, a header parameter of None leaves it out."""
        jose = {"alg": "HS256", "kid": self.kid, "url": client.directory["newAccount"]} | header
        body = jwk_of(client.key) if payload is None else payload
        protected = b64(json.dumps({name: value for name, value in jose.items() if value is not None}).encode())
        encoded = b64(body if isinstance(body, bytes) else json.dumps(body).encode())
        mac = hmac.new(
            secret or self.secret, f"{protected}.{encoded}".encode(), HASHES.get(str(jose["alg"]), hashlib.sha256)
        )
        return {"protected": protected, "payload": encoded, "signature": b64(mac.digest())}


async def issue(
    server: AcmeServer, *products: str, client_id: str = "cli-1", product_id: str = "pma-tls", reusable: bool = False
) -> Issued:
    """Make a key as the operator does; ``products`` are further ids of what it allows."""
    request = ExternalAccountKeyRequest(client_id=client_id, product_ids=(product_id, *products), reusable=reusable)
    key, secret = await external_account_keys.create(server.core, request, OPERATOR)
    return Issued(kid=key.id, secret=secret)


async def another_client(server: AcmeServer) -> None:
    """Add a Client with a product of its own."""
    client = Client(id="cli-2", name="other", created_at=server.core.sources.now())
    product = replace(private_product(), id="pma-2", client_id="cli-2", name="other", version="3")

    def add(tx: Transaction) -> None:
        tx.clients.add(client)
        tx.products.put(product)

    await server.core.store.write(add)


async def require_binding(server: AcmeServer, *, required: bool) -> None:
    """Change the setting of the Client, as `trivium apply` does."""
    client = await server.core.store.read(lambda tx: tx.clients.get("cli-1"))
    assert client is not None
    changed = replace(client, settings=ClientSettings(require_eab=required))
    await server.core.store.write(lambda tx: tx.clients.save(changed))


@pytest.fixture
def bound(server: AcmeServer) -> AcmeServer:
    """Return the directory that demands a binding, beside the open one."""
    directory = Directory(external_url=EXTERNAL_URL, base_path="/eab", enrolment=None)
    app = build_app(server.core, [server.directory, directory], Nonces(NONCE_KEY, server.core.sources))
    return replace(server, app=app, directory=directory)


def refused(answer: Answer, status: int, problem: str) -> None:
    """Check a refusal; what it says must help."""
    assert (answer.status, answer.problem) == (status, problem), answer.body


@pytest.mark.parametrize("algorithm", HASHES)
async def test_a_bound_account_is_its_keys_clients(bound: AcmeServer, algorithm: str) -> None:
    """An account would be nobody's, or order what its Client does not have (RFC 8555 section 7.3.4)."""
    await another_client(bound)
    key = await issue(bound, client_id="cli-2", product_id="pma-2")
    client = await bound.client()
    binding = key.bind(client, alg=algorithm)
    answer = await client.register(externalAccountBinding=binding)
    assert answer.status == 201, answer.body
    assert answer.json["externalAccountBinding"] == binding
    assert (await client.post(client.kid)).json["externalAccountBinding"] == binding
    order = await bound.issued_order(client, "a.test")
    stored = await bound.core.store.read(lambda tx: tx.orders.get(order.header("location").rpartition("/")[2]))
    assert stored is not None
    assert (stored.client_id, stored.product_id) == ("cli-2", "pma-2")


async def test_an_open_directory_takes_bindings_too(server: AcmeServer) -> None:
    """A user with a key could not use it where none is demanded."""
    key = await issue(server)
    client = await server.client()
    binding = key.bind(client)
    assert (await client.register(externalAccountBinding=binding)).json["externalAccountBinding"] == binding
    assert "externalAccountBinding" not in (await (await server.account()).post(client.directory["newOrder"], {})).json


async def test_what_demands_a_binding_refuses_without(bound: AcmeServer) -> None:
    """Anybody could register where only bound accounts may, or not learn how (RFC 8555 section 7.3.4)."""
    client = await bound.client()
    for payload in ({}, {"externalAccountBinding": None}):
        answer = await client.register(**payload)
        refused(answer, 403, "externalAccountRequired")
        assert "trivium eab create" in answer.json["detail"]


async def test_the_clients_setting_counts_at_once(server: AcmeServer) -> None:
    """A directory closed by `trivium apply` would stay open until somebody restarts the gateway."""
    client = await server.client()
    assert client.directory["meta"]["externalAccountRequired"] is False
    await require_binding(server, required=True)
    closed = await server.client()
    assert closed.directory["meta"]["externalAccountRequired"] is True
    refused(await closed.register(), 403, "externalAccountRequired")
    key = await issue(server)
    assert (await closed.register(externalAccountBinding=key.bind(closed))).status == 201
    await require_binding(server, required=False)
    assert (await client.register()).status == 201


async def test_a_key_of_another_client_is_unknown(server: AcmeServer, bound: AcmeServer) -> None:
    """A Client's key would make accounts at another Client's directory (rule 47, abuse 20)."""
    await another_client(server)
    key = await issue(server, client_id="cli-2", product_id="pma-2")
    client = await server.client()
    refused(await client.register(externalAccountBinding=key.bind(client)), 403, "unauthorized")
    at_its_own = await bound.client(client.key)
    assert (await at_its_own.register(externalAccountBinding=key.bind(at_its_own))).status == 201


async def test_an_account_is_used_where_it_belongs(server: AcmeServer, bound: AcmeServer) -> None:
    """An account of one Client would act at another's directory, an unbound one at that for bound ones (abuse 14)."""
    await another_client(server)
    key = await issue(server, client_id="cli-2", product_id="pma-2")
    tenant = await bound.client()
    assert (await tenant.register(externalAccountBinding=key.bind(tenant))).status == 201
    stranger = await server.account()
    for account, elsewhere in ((tenant, server), (stranger, bound)):
        there = await elsewhere.client(account.key)
        refused(await there.register(onlyReturnExisting=True), 400, "accountDoesNotExist")
        mine = await issue(server)
        refused(await there.register(externalAccountBinding=mine.bind(there)), 400, "malformed")
        there.kid = elsewhere.directory.account(account.kid.rpartition("/")[2])
        refused(await there.post(there.kid), 400, "accountDoesNotExist")


async def test_a_one_time_key_binds_one_account(bound: AcmeServer) -> None:
    """A key that leaked after its use would still make accounts (abuse 20)."""
    key = await issue(bound)
    first = await bound.client()
    assert (await first.register(externalAccountBinding=key.bind(first))).status == 201
    second = await bound.client()
    answer = await second.register(externalAccountBinding=key.bind(second))
    refused(answer, 403, "unauthorized")
    assert "used" in answer.json["detail"]
    # Whoever lost the answer asks again: the key has its account, and the binding is not looked at.
    again = await first.register(externalAccountBinding=key.bind(first))
    assert (again.status, again.header("location")) == (200, first.kid)


async def test_of_parallel_uses_one_comes_through(bound: AcmeServer) -> None:
    """Two clients that share a one-time key would both be bound (rule 47)."""
    key = await issue(bound)
    clients = [await bound.client() for _ in range(10)]
    answers = await asyncio.gather(*(one.register(externalAccountBinding=key.bind(one)) for one in clients))
    assert sorted(answer.status for answer in answers) == [201] + [403] * 9


async def test_a_reusable_key_binds_many_until_it_is_revoked(bound: AcmeServer) -> None:
    """A fleet could not share a key, or a revoked key would go on."""
    key = await issue(bound, reusable=True)
    for _ in range(3):
        client = await bound.client()
        assert (await client.register(externalAccountBinding=key.bind(client))).status == 201
    await external_account_keys.revoke(bound.core, key.kid, OPERATOR)
    late = await bound.client()
    answer = await late.register(externalAccountBinding=key.bind(late))
    refused(answer, 403, "unauthorized")
    assert "revoked" in answer.json["detail"]
    assert (await client.post(client.kid)).status == 200


Spoil = Callable[[Issued, AcmeClient], Any]


@pytest.mark.parametrize(
    ("spoil", "status", "problem"),
    [
        (lambda k, c: k.bind(c, alg="RS256"), 400, "malformed"),
        (lambda k, c: k.bind(c, alg="ES256"), 400, "malformed"),
        (lambda k, c: k.bind(c, alg="none"), 400, "malformed"),
        (lambda k, c: k.bind(c, alg="HS1"), 400, "malformed"),
        (lambda k, c: k.bind(c, alg=None), 400, "malformed"),
        (lambda k, c: k.bind(c, kid=None), 400, "malformed"),
        (lambda k, c: k.bind(c, kid=7), 400, "malformed"),
        (lambda k, c: k.bind(c, kid=None, jwk=jwk_of(c.key)), 400, "malformed"),
        (lambda k, c: k.bind(c, jwk=jwk_of(c.key)), 400, "malformed"),
        (lambda k, c: k.bind(c, nonce="AAAA"), 400, "malformed"),
        (lambda k, c: k.bind(c, url=None), 400, "malformed"),
        (lambda k, c: k.bind(c, url=c.directory["newOrder"]), 400, "malformed"),
        (lambda k, c: k.bind(c, url=f"{EXTERNAL_URL}/acme/new-account"), 400, "malformed"),
        (lambda k, c: k.bind(c, crit=["url"]), 400, "malformed"),
        (lambda k, c: k.bind(c, b64=False), 400, "malformed"),
        (lambda k, c: k.bind(c, payload=jwk_of(OTHER_KEY)), 400, "malformed"),
        (lambda k, c: k.bind(c, payload=b""), 400, "malformed"),
        (lambda k, c: k.bind(c, payload={}), 400, "malformed"),
        (lambda k, c: k.bind(c) | {"header": {}}, 400, "malformed"),
        (lambda k, c: k.bind(c) | {"signature": ""}, 400, "malformed"),
        (lambda k, c: k.bind(c) | {"signatures": []}, 400, "malformed"),
        (lambda _, _client: "binding", 400, "malformed"),
        (lambda _, _client: [], 400, "malformed"),
        (lambda k, c: k.bind(c, secret=bytes(32)), 403, "unauthorized"),
        (lambda k, c: k.bind(c) | {"signature": k.bind(c)["signature"][:20]}, 403, "unauthorized"),
        (lambda k, c: k.bind(c) | {"signature": "AA"}, 403, "unauthorized"),
        (lambda k, c: k.bind(c, kid=SOME_KEY), 403, "unauthorized"),
        (lambda k, c: k.bind(c, kid=k.kid.upper()), 403, "unauthorized"),
        (lambda k, c: k.bind(c, kid="' OR 1=1 --"), 403, "unauthorized"),
        (lambda k, c: k.bind(c, kid=c.directory["newAccount"]), 403, "unauthorized"),
        (lambda k, c: k.bind(c, kid=""), 403, "unauthorized"),
    ],
)
async def test_bindings_that_show_nothing(bound: AcmeServer, spoil: Spoil, status: int, problem: str) -> None:
    """An account could be bound by somebody who does not hold the key, or with a key that is not its own (rule 47)."""
    key = await issue(bound)
    client = await bound.client()
    answer = await client.register(externalAccountBinding=spoil(key, client))
    assert (answer.status, answer.problem) == (status, problem), answer.body
    # The attempt has cost its holder nothing.
    assert (await client.register(externalAccountBinding=key.bind(client))).status == 201


async def test_a_binding_is_good_for_its_account_alone(bound: AcmeServer) -> None:
    """Whoever sees a binding go by could put it into a request of their own (abuse 19)."""
    key = await issue(bound)
    victim, thief = await bound.client(), await bound.client()
    refused(await thief.register(externalAccountBinding=key.bind(victim)), 400, "malformed")


async def test_every_act_on_a_key_is_audited_and_no_secret_is(bound: AcmeServer) -> None:
    """Nobody could say who let an account in; or the log would let everybody in (rule 89, abuse 20)."""
    key = await issue(bound)
    client = await bound.client()
    await client.register(externalAccountBinding=key.bind(client))
    await external_account_keys.revoke(bound.core, key.kid, OPERATOR)
    records = await bound.core.store.read(lambda tx: tx.audit.of_object(key.kid, 10))
    assert {record.action for record in records} == {
        f"external-account-key.{act}" for act in ("create", "use", "revoke")
    }
    account_id = client.kid.rpartition("/")[2]
    [used] = [record for record in records if record.action.endswith(".use")]
    assert (used.actor, used.details["account"]) == (f"acme-account:{account_id}", account_id)
    [registered] = await bound.core.store.read(lambda tx: tx.audit.of_object(account_id, 10))
    assert registered.details["externalAccountKey"] == key.kid
    kept = repr(records) + repr(await bound.core.store.read(lambda tx: tx.external_account_keys.get(key.kid)))
    sealed = await bound.core.store.read(lambda tx: tx.external_account_keys.sealed(key.kid))
    assert sealed is not None
    for secret in (b64(key.secret), key.secret.hex(), repr(key.secret)):
        assert secret not in kept
    assert key.secret not in sealed


async def test_no_hmac_key_looks_like_an_option(server: AcmeServer) -> None:
    """One key in 64 could not be given to certbot, which takes what begins with a dash for an option."""

    class Dashes:
        """Gives keys that would begin with a dash, then one that does not."""

        left = 3

        def token(self, length: int) -> bytes:
            if length != external_account_keys.HMAC_KEY_BYTES:
                return bytes(length)
            self.left -= 1
            return bytes([0xF8 + self.left if self.left else 0]) + bytes(length - 1)

    core = replace(server.core, sources=replace(server.core.sources, entropy=Dashes()))
    request = ExternalAccountKeyRequest(client_id="cli-1", product_ids=("pma-tls",))
    _, secret = await external_account_keys.create(core, request, OPERATOR)
    assert b64(secret) == "A" * 43


async def test_keys_are_for_what_their_client_has(server: AcmeServer) -> None:
    """A key would bind accounts to nothing, or to another Client's product."""
    await another_client(server)
    for request in (
        ExternalAccountKeyRequest(client_id="cli-1", product_ids=("pma-2",)),
        ExternalAccountKeyRequest(client_id="cli-1", product_ids=()),
        ExternalAccountKeyRequest(client_id="cli-9", product_ids=("pma-tls",)),
    ):
        with pytest.raises(TriviumError):
            await external_account_keys.create(server.core, request, OPERATOR)


async def test_the_comment_of_a_key_is_bounded(server: AcmeServer) -> None:
    """One field of a form would fill the audit log and every listing of the keys."""
    request = ExternalAccountKeyRequest(client_id="cli-1", product_ids=("pma-tls",), comment="x" * 4096)
    key, _ = await external_account_keys.create(server.core, request, OPERATOR)
    assert key.comment == request.comment
    with pytest.raises(TriviumError) as refused:
        await external_account_keys.create(server.core, replace(request, comment="x" * 4097), OPERATOR)
    assert refused.value.kind is ErrorKind.MALFORMED


async def test_a_tenants_keys_are_its_own(server: AcmeServer) -> None:
    """A Client's operator could make, see or end another Client's keys (abuse 45)."""
    await another_client(server)
    theirs = await issue(server, client_id="cli-2", product_id="pma-2")
    ours = await issue(server)
    tenant = Principal(kind=PrincipalKind.API_USER, id="usr-1", permissions={"cli-1": frozenset(Permission)})
    for asked in (None, frozenset({"cli-1", "cli-2"})):
        page = await external_account_keys.search(server.core, tenant, client_ids=asked, before=None, limit=10)
        assert [key.id for key in page] == [ours.kid]
    with pytest.raises(TriviumError, match="no such external account key"):
        await external_account_keys.revoke(server.core, theirs.kid, tenant)
    request = ExternalAccountKeyRequest(client_id="cli-2", product_ids=("pma-2",))
    with pytest.raises(TriviumError, match="no such Client"):
        await external_account_keys.create(server.core, request, tenant)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
_envelopes = st.dictionaries(st.sampled_from(["protected", "payload", "signature", "header", "x"]), _json)


@given(binding=_json | _envelopes | _envelopes.map(lambda e: e | {"protected": b64(json.dumps(e).encode())}))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_whatever_stands_there_is_read_or_refused(binding: Any) -> None:
    """A binding of any shape would be a 500, or be taken for one (rule 43)."""
    key = parse_jwk(jwk_of(OTHER_KEY))
    try:
        parsed = parse_binding({"externalAccountBinding": binding}, url="https://ca.example/new-account", key=key)
    except TriviumError as error:
        assert error.detail  # noqa: PT017 - both ends are good, any other exception is not
    else:
        assert parsed is None
        assert binding is None


async def test_a_bound_account_orders_what_its_key_allows(server: AcmeServer) -> None:
    """A key for one product would order every product of its Client (draft-ietf-acme-profiles-00, abuse 30)."""
    for number in (2, 3):
        product = replace(private_product(), id=f"pma-{number}", name=f"profile-{number}")
        await server.core.store.write(lambda tx, product=product: tx.products.put(product))  # type: ignore[misc]
    client = await server.client()
    key = await issue(server, "pma-2")
    assert (await client.register(externalAccountBinding=key.bind(client))).status == 201

    async def order(profile: str) -> Answer:
        payload: Json = {"identifiers": [{"type": "dns", "value": "a.test"}], "profile": profile}
        return await client.post(client.directory["newOrder"], payload)

    assert (await order("tls")).json["profile"] == "tls"
    assert (await order("profile-2")).json["profile"] == "profile-2"
    refused = await order("profile-3")
    assert refused.problem == "invalidProfile"
    assert "profile-3" not in refused.json["detail"]
    unbound = await server.account()
    payload: Json = {"identifiers": [{"type": "dns", "value": "a.test"}], "profile": "profile-3"}
    assert (await unbound.post(unbound.directory["newOrder"], payload)).status == 201
