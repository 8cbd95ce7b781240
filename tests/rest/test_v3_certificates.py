"""Version 3: certificates in every form, their revocation, and the clients of CMC."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

from ca_core.access.cmc_clients import by_identification
from ca_core.model.cmc_clients import CmcRight
from tests.rest.conversation import Conversation
from tests.rest.shop import Shop, pem_request
from tests.rest.test_v3_orders import issued

NOBODYS = "0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"


async def test_a_certificate_comes_in_the_form_that_is_asked_for(alice: Conversation, shop: Shop) -> None:
    """A server that reads PEM, and a Windows that reads PKCS #7, would need another program in between."""
    path = f"/v3/certificates/{(await issued(alice, shop)).json['certificate']}"
    shown = await alice.get(path)
    assert shown.headers["vary"] == "Accept"
    assert shown.json["names"] == [{"type": "dns", "value": "www.example.com"}]
    serial = int(shown.json["serial"], 16)
    der = await alice.get(path, Accept="application/pkix-cert")
    assert x509.load_der_x509_certificate(der.body).serial_number == serial
    pem = await alice.get(path, Accept="text/html;q=0.9, application/x-pem-file")
    assert x509.load_pem_x509_certificate(pem.body).serial_number == serial
    chain = x509.load_pem_x509_certificates((await alice.get(f"{path}/chain")).body)
    assert [chain[0].serial_number, chain[0].issuer] == [serial, chain[1].subject]
    bundle = pkcs7.load_der_pkcs7_certificates((await alice.get(f"{path}/pkcs7")).body)
    assert {one.serial_number for one in bundle} == {one.serial_number for one in chain}
    for suffix, same in (("pem", pem), ("der", der)):
        again = await alice.get(f"{path}/{suffix}")
        assert (again.body, again.headers["content-type"]) == (same.body, same.headers["content-type"])
    (await alice.get(path, Accept="image/png")).refused(406, "not_acceptable")
    assert (await alice.get(path, Accept="application/pkix-cert;q=0, */*")).json == shown.json


async def test_a_certificate_is_decoded_for_people(alice: Conversation, shop: Shop) -> None:
    """Whoever looks at a certificate would need another program to know what it says."""
    path = f"/v3/certificates/{(await issued(alice, shop)).json['certificate']}"
    parsed = x509.load_der_x509_certificate((await alice.get(f"{path}/der")).body)
    shown = (await alice.get(f"{path}/decoded")).json
    certificate, [issuer] = shown["certificate"], shown["chain"]
    assert int(certificate["serial"], 16) == parsed.serial_number
    assert certificate["names"] == ["dNSName: www.example.com"]
    assert certificate["key"] == "EC secp256r1"
    assert certificate["issuer"] == issuer["subject"] != []
    for algorithm in (hashes.SHA256(), hashes.SHA1()):  # noqa: S303 - a fingerprint that people compare
        assert certificate[algorithm.name] == parsed.fingerprint(algorithm).hex(":").upper()
    extensions = {one["name"]: one for one in certificate["extensions"]}
    assert len(extensions) == len(parsed.extensions)
    assert extensions["keyUsage"] == {
        "oid": "2.5.29.15",
        "name": "keyUsage",
        "critical": True,
        "values": ["digitalSignature"],
    }
    assert extensions["subjectAltName"]["values"] == certificate["names"]
    assert extensions["extendedKeyUsage"]["values"] == ["serverAuth"]
    assert any("OCSP: uniformResourceIdentifier: http" in one for one in extensions["authorityInfoAccess"]["values"])


async def test_a_certificate_is_revoked_once(alice: Conversation, shop: Shop) -> None:
    """A revocation could be lost, undone or counted twice (rule 79)."""
    path = f"/v3/certificates/{(await issued(alice, shop)).json['certificate']}"
    bob = alice.by(alice.office.bob)
    viewer = alice.by(await alice.office.person("viewer", "ra-viewer", alice.office.client_id))
    (await bob.post(f"{path}/revoke", {})).refused(404, "not_found")
    (await viewer.post(f"{path}/revoke", {})).refused(403, "forbidden")
    (await alice.post(f"{path}/revoke", {"reason": "boredom"})).refused(400, "malformed")
    (await alice.post(f"{path}/revoke", {"requestor": "a\nb"})).refused(400, "malformed")
    revoked = await alice.post(f"{path}/revoke", {"reason": "superseded", "requestor": "Jo", "comment": "new key"})
    assert revoked.json["status"] == "revoked", revoked.body
    assert (revoked.json["revocation"]["reason"], revoked.json["revocation"]["requestor"]) == ("superseded", "Jo")
    (await alice.post(f"{path}/revoke", {})).refused(409, "already_revoked")
    order = (await alice.get(f"/v3/orders/{revoked.json['order']}")).json
    assert order["status"] == "REVOKED"


async def test_certificates_of_another_client(alice: Conversation, shop: Shop) -> None:
    """One tenant would read, comment or publish another's certificates (abuse 46)."""
    path = f"/v3/certificates/{(await issued(alice, shop)).json['certificate']}"
    bob = alice.by(alice.office.bob)
    nobodys = f"/v3/certificates/crt-{NOBODYS}"
    for suffix in ("", "/pem", "/der", "/pkcs7", "/chain", "/decoded", "/renewals", "/publications", "/comments"):
        details = {(await bob.get(one + suffix)).refused(404, "not_found") for one in (path, nobodys)}
        assert len(details) == 1, suffix
    for act, body in (("publish", None), ("unpublish", None), ("comments", {"text": "x"})):
        (await bob.post(f"{path}/{act}", body)).refused(404, "not_found")


async def test_what_goes_with_a_certificate(alice: Conversation, shop: Shop) -> None:
    """The details page of a certificate would be empty."""
    path = f"/v3/certificates/{(await issued(alice, shop)).json['certificate']}"
    assert (await alice.get(f"{path}/renewals")).json == {"predecessors": [], "successors": []}
    assert (await alice.get(f"{path}/publications")).json == []
    (await alice.post(f"{path}/publish")).refused(409, "conflict")  # the product publishes nothing
    assert (await alice.post(f"{path}/comments", {"text": "for the shop"})).status == 201
    assert [one["text"] for one in (await alice.get(f"{path}/comments")).json] == ["for the shop"]


async def test_a_form_is_filled_in_from_a_csr(alice: Conversation, shop: Shop) -> None:
    """Whoever pastes a CSR would learn what is wrong with it only by ordering."""
    path = f"/v3/products/{shop.product.id}/validate"
    form = (await alice.post(path, {"csr": pem_request("www.example.com")})).json
    assert (form["valid"], form["findings"]) == (True, [])
    assert (form["request"]["key"], len(form["request"]["keySha256"])) == ("P-256", 64)
    assert form["request"]["names"] == [{"type": "dns", "value": "www.example.com"}]
    [names] = [one for one in form["fields"] if one["field"] == "dNSName"]
    assert names["values"] == ["www.example.com"]
    wrong = (await alice.post(path, {"csr": pem_request("*.example.com")})).json
    assert not wrong["valid"]
    assert wrong["findings"][0]["name"] == {"type": "dns", "value": "*.example.com"}
    assert not (await alice.post(path, {})).json["valid"]
    (await alice.by(alice.office.bob).post(path, {})).refused(404, "not_found")


def certificate_from_elsewhere() -> tuple[str, datetime]:
    """Return a certificate (PEM) that another issued, and when it ends."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "scanner")])
    end = datetime(2031, 1, 31, 12, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, end - timedelta(days=700), end)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode(), end


def named_request(common_name: str) -> str:
    """Return a CSR with a common name in PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name)
    return request.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.PEM).decode()


async def test_a_cmc_client_from_its_registration_to_its_end(alice: Conversation, shop: Shop) -> None:
    """Mail gateways would be registered at the console alone."""
    chief, office = alice.by(alice.office.chief), alice.office
    wanted = {
        "name": "mail",
        "client": office.client_id,
        "products": [shop.product.id],
        "rights": [CmcRight.ISSUE, CmcRight.QUERY],
        "csr": named_request("mail"),
    }
    (await alice.by(office.bob).post("/v3/cmc-clients", wanted)).refused(404, "not_found")
    nameless = {**wanted, "csr": pem_request("mail.example.com")}
    (await chief.post("/v3/cmc-clients", nameless)).refused(400, "bad_csr")
    foreign = {**wanted, "products": [f"pma-{NOBODYS}"]}
    (await chief.post("/v3/cmc-clients", foreign)).refused(404, "not_found")
    made = await chief.post("/v3/cmc-clients", wanted)
    assert made.status == 201, made.body
    assert made.json["chain"].count("BEGIN CERTIFICATE") >= 2
    assert (await chief.get("/v3/cmc-clients")).json == [made.json["client"]]
    path = "/v3/cmc-clients/mail"
    tag = (await chief.get(path)).headers["etag"]
    changed = await chief.patch(path, {"rights": ["issue"]}, If_Match=tag)
    assert changed.json["client"]["rights"] == ["issue"], changed.body
    (await chief.patch(path, {"rights": ["ra"]}, If_Match=tag)).refused(412, "precondition_failed")
    assert (await chief.post(f"{path}/disable")).json["disabled"] is True
    assert (await chief.post(f"{path}/enable")).json["disabled"] is False
    bob = alice.by(office.bob)
    (await bob.get(path)).refused(404, "not_found")
    (await bob.post(f"{path}/disable")).refused(404, "not_found")


async def test_a_cmc_client_with_a_secret_or_a_certificate_from_elsewhere(alice: Conversation, shop: Shop) -> None:
    """Appliances that know a secret alone, or have their certificate already, would need the console (RFC 10002)."""
    chief, office = alice.by(alice.office.chief), alice.office
    wanted = {"name": "scanner", "client": office.client_id, "products": [shop.product.id], "rights": ["issue"]}
    (await chief.post("/v3/cmc-clients", wanted)).refused(400, "malformed")
    made = await chief.post("/v3/cmc-clients", wanted | {"secret": True})
    assert (made.status, made.json["client"]["hasSecret"], made.json["chain"]) == (201, True, ""), made.body
    _, shared = await by_identification(office.core, "scanner")
    assert made.json["secret"].encode() == shared
    assert len(shared) == 32
    path = "/v3/cmc-clients/scanner"
    shown = await chief.get(path)
    assert shared not in shown.body
    tag = shown.headers["etag"]
    renewed = await chief.patch(path, {"secret": True}, If_Match=tag)
    assert renewed.json["secret"].encode() == (await by_identification(office.core, "scanner"))[1] != shared
    (await chief.patch(path, {"secret": False}, If_Match="*")).refused(400, "malformed")  # it would have nothing left
    pem, end = certificate_from_elsewhere()
    both = {"certificate": pem, "csr": named_request("scanner")}
    (await chief.patch(path, both, If_Match="*")).refused(400, "malformed")
    (await chief.patch(path, {"certificate": "???"}, If_Match="*")).refused(400, "malformed")
    changed = await chief.patch(path, {"certificate": pem, "secret": False}, If_Match="*")
    assert changed.status == 200, changed.body
    client = changed.json["client"]
    assert (client["certificate"], client["certificateId"], client["hasSecret"]) == (pem, None, False)
    assert client["certificateUntil"] == f"{end:%Y-%m-%dT%H:%M:%SZ}"
    records = await office.core.store.read(lambda tx: tx.audit.of_object(client["id"], 10))
    assert [one.action for one in records] == ["cmc-client.change"] * 2 + ["cmc-client.add"]
    assert not any(shared.decode() in str(one.details) for one in records)
