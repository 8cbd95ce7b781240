"""revokeCert over HTTP (RFC 8555 section 7.6, rule 52): who may, for which reason, once."""

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from ca_core.model.certificates import RevocationReason
from tests.acme.acme_client import AcmeClient, Answer, csr
from tests.acme.acme_server import AcmeServer
from tests.acme.signing import Json, PrivateKey, b64

KEY = ec.generate_private_key(ec.SECP256R1())


async def certificate_of(server: AcmeServer, client: AcmeClient, *names: str, key: PrivateKey = KEY) -> bytes:
    """Get a certificate and return its DER."""
    order = await server.issued_order(client, *names, key=key)
    pem = (await client.post(order.json["certificate"])).body
    return x509.load_pem_x509_certificates(pem)[0].public_bytes(Encoding.DER)


async def revoke(client: AcmeClient, der: bytes, **more: object) -> Answer:
    """Ask for the revocation in the name of the account."""
    return await client.post(client.directory["revokeCert"], {"certificate": b64(der)} | more)


async def reason_of(server: AcmeServer, der: bytes) -> RevocationReason | None:
    """Return the reason with which a certificate is revoked, None when it is not."""
    serial = x509.load_der_x509_certificate(der).serial_number
    stored = await server.core.store.read(lambda tx: tx.certificates.by_serial("iss-issuing", serial))
    assert stored is not None
    return stored.revocation.reason if stored.revocation else None


async def test_the_account_that_ordered_it(server: AcmeServer, client: AcmeClient) -> None:
    """A subscriber could not revoke; and the order stays valid (RFC 8555 section 7.6)."""
    der = await certificate_of(server, client, "a.test")
    answer = await revoke(client, der, reason=4)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.header("content-length") == "0"
    assert await reason_of(server, der) is RevocationReason.SUPERSEDED
    [order] = (await client.post(f"{client.kid}/orders")).json["orders"]
    assert (await client.post(order)).json["status"] == "valid"
    again = await revoke(client, der)
    assert (again.status, again.problem) == (400, "alreadyRevoked")


async def test_an_account_that_holds_all_authorizations(server: AcmeServer, client: AcmeClient) -> None:
    """The owner of the names could not revoke what somebody else got for them; a half owner could (rule 52)."""
    der = await certificate_of(server, client, "a.test", "b.test")
    other = await server.account()
    await server.ready_order(other, "a.test")
    assert (await revoke(other, der)).problem == "unauthorized"
    assert await reason_of(server, der) is None
    await server.ready_order(other, "b.test")
    assert (await revoke(other, der)).status == 200
    assert await reason_of(server, der) is RevocationReason.UNSPECIFIED


async def test_the_certificates_own_key(server: AcmeServer, client: AcmeClient) -> None:
    """Whoever finds a leaked key could not have the certificate revoked (RFC 8555 section 7.6, rule 52)."""
    der = await certificate_of(server, client, "a.test")
    url = client.directory["revokeCert"]
    payload: Json = {"certificate": b64(der), "reason": 1}
    wrong = await client.post_by_key(url, payload, key=ec.generate_private_key(ec.SECP256R1()))
    assert (wrong.status, wrong.problem) == (403, "unauthorized")
    by_account_key = await client.post_by_key(url, payload)
    assert (by_account_key.status, by_account_key.problem) == (403, "unauthorized")
    assert (await client.post_by_key(url, payload, key=KEY)).status == 200
    assert await reason_of(server, der) is RevocationReason.KEY_COMPROMISE


async def test_a_compromised_key_is_refused_from_then_on(server: AcmeServer, client: AcmeClient) -> None:
    """A key revoked as compromised could come back, as an account key too (rule 26)."""
    der = await certificate_of(server, client, "a.test")
    assert (await revoke(client, der, reason=1)).status == 200
    newcomer = await server.client(KEY)
    assert (await newcomer.register()).problem == "badPublicKey"
    order = await server.ready_order(client, "b.test")
    answer = await client.post(order.json["finalize"], {"csr": csr("b.test", key=KEY)})
    assert answer.problem == "badCSR"


@pytest.mark.parametrize(
    ("reason", "problem"),
    [(7, "badRevocationReason"), (11, "badRevocationReason"), (-1, "badRevocationReason"), ("1", "malformed"),
     (True, "malformed"), (1.0, "malformed"), (None, "malformed"), ([], "malformed")],
)  # fmt: skip
async def test_reasons_that_are_none(server: AcmeServer, client: AcmeClient, reason: object, problem: str) -> None:
    """A reason code that no CRL may have would be published (RFC 5280 section 5.3.1)."""
    der = await certificate_of(server, client, "a.test")
    answer = await revoke(client, der, reason=reason)
    assert (answer.status, answer.problem) == (400, problem)
    assert await reason_of(server, der) is None


@pytest.mark.parametrize("certificate", [None, 5, "", "!", base64.b64encode(b"\xff\xfe").decode()])
async def test_certificates_that_are_none(client: AcmeClient, certificate: object) -> None:
    """Garbage in place of the certificate would be a 500 (F11)."""
    answer = await client.post(client.directory["revokeCert"], {"certificate": certificate})
    assert answer.problem == "malformed"
    assert answer.status in {400, 404}


async def test_a_certificate_of_another_issuer(server: AcmeServer, client: AcmeClient) -> None:
    """A certificate that we did not issue, or a changed copy of ours, would be taken for one of ours (rule 52)."""
    der = await certificate_of(server, client, "a.test")
    for foreign in (server.installation.root, der[:-1] + bytes([der[-1] ^ 1]), der + b"\0"):
        answer = await revoke(client, foreign)
        assert (answer.status, answer.problem) == (404, "malformed")
    assert await reason_of(server, der) is None
