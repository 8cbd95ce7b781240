"""Version 3: certificates of other CAs, which are imported to be seen before they end."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from ca_core.certificates.chain import pem_certificate
from ca_core.certificates.der_values import tlv
from ca_core.certificates.external_certificates import MAX_AT_ONCE
from tests.certificates.other_authority import foreign
from tests.rest.conversation import Conversation
from tests.rest.shop import Shop
from tests.rest.test_v3_orders import issued

BASE = "/v3/external-certificates"
NOW = datetime.now(UTC).replace(microsecond=0)
"""When the clock of these tests begins, about."""

LATER = foreign("later.example.com", end=NOW + timedelta(days=40))
SOONER = foreign("sooner.example.com", end=NOW + timedelta(days=20), serial=78)


def wish(alice: Conversation, *ders: bytes) -> dict[str, str]:
    """The body of an import for alice's Client."""
    return {"client": alice.office.client_id, "certificates": "".join(pem_certificate(one) for one in ders)}


async def test_certificates_of_an_earlier_ca(alice: Conversation) -> None:
    """Who moves to this CA would not see what he had before end."""
    made = await alice.post(BASE, wish(alice, LATER, SOONER))
    assert made.status == 201, made.body
    later, sooner = made.json
    assert (later["external"], later["serial"], later["names"]) == (True, "4d", ["dNSName: later.example.com"])
    assert (later["subject"], later["issuer"]) == ("CN=later.example.com", "CN=Earlier CA")
    again = await alice.post(BASE, wish(alice, LATER))
    assert (again.status, again.json) == (201, [later])
    first = (await alice.get(f"{BASE}?limit=1")).json
    assert first["items"] == [sooner]
    assert (await alice.get(f"{BASE}?limit=1&cursor={first['next']}")).json["items"] == [later]
    path = f"{BASE}/{later['id']}"
    assert (await alice.get(path)).json == later
    assert (await alice.get(f"{path}/der")).body == LATER
    assert (await alice.get(f"{path}/pem")).body.decode() == pem_certificate(LATER)
    assert (await alice.delete(path)).status == 204
    (await alice.get(path)).refused(404, "not_found")
    records = await alice.office.core.store.read(lambda tx: tx.audit.of_object(later["id"], 10))
    assert [one.action for one in records] == ["external-certificate.delete", "external-certificate.import"]


async def test_an_import_that_is_repeated(alice: Conversation) -> None:
    """A program that lost the answer could not ask again."""
    key = "0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"
    answers = [await alice.post(BASE, wish(alice, LATER), idempotency_key=key) for _ in range(2)]
    assert [one.status for one in answers] == [201, 201]
    assert answers[0].json == answers[1].json


async def test_certificates_of_other_cas_end_too(alice: Conversation, shop: Shop) -> None:
    """What is on the list of what ends soon would not be all that does."""
    own = (await issued(alice, shop)).json["certificate"]
    end = (await alice.get(f"/v3/certificates/{own}")).json["notAfter"]
    days = 100
    later, sooner = (await alice.post(BASE, wish(alice, LATER, SOONER))).json
    whole = (await alice.get(f"/v3/certificates/expiring?days={days}")).json["items"]
    assert [one["id"] for one in whole] == [sooner["id"], later["id"], own]
    assert [one["external"] for one in whole] == [True, True, False]
    assert end == whole[-1]["notAfter"]
    target, found = f"/v3/certificates/expiring?days={days}&limit=1", []
    page = (await alice.get(target)).json
    while page["items"]:
        found += page["items"]
        page = (await alice.get(f"{target}&cursor={page['next']}")).json if page["next"] else {"items": []}
    assert found == whole
    assert (await alice.get("/v3/certificates/expiring?days=30")).json["items"] == [sooner]
    bob = alice.by(alice.office.bob)
    assert (await bob.get(f"/v3/certificates/expiring?days={days}")).json["items"] == []


async def test_certificates_that_end_at_one_time_are_paged(alice: Conversation, shop: Shop) -> None:
    """At the border between two pages one would be missing, or come twice."""
    own = (await issued(alice, shop)).json["certificate"]
    certificate = await alice.office.core.store.read(lambda tx: tx.certificates.get(own))
    assert certificate is not None
    await alice.post(BASE, wish(alice, *(foreign(end=certificate.not_after, serial=one) for one in (1, 2))))
    whole = (await alice.get("/v3/certificates/expiring?days=100")).json["items"]
    assert [one["external"] for one in whole] == [False, True, True]
    first = (await alice.get("/v3/certificates/expiring?days=100&limit=2")).json
    rest = (await alice.get(f"/v3/certificates/expiring?days=100&limit=2&cursor={first['next']}")).json
    assert first["items"] + rest["items"] == whole


async def test_external_certificates_of_another_client(alice: Conversation) -> None:
    """One tenant would see what another runs, or take it off its list (abuse 46)."""
    [mine] = (await alice.post(BASE, wish(alice, LATER))).json
    bob, path = alice.by(alice.office.bob), f"{BASE}/{mine['id']}"
    (await bob.post(BASE, wish(alice, LATER))).refused(404, "not_found")
    for method, suffix in (("GET", ""), ("GET", "/pem"), ("GET", "/der"), ("DELETE", "")):
        (await bob.ask(method, path + suffix)).refused(404, "not_found")
    viewer = alice.by(await alice.office.person("viewer", "ra-viewer", alice.office.client_id))
    assert (await viewer.get(path)).status == 200
    (await viewer.delete(path)).refused(403, "forbidden")
    (await viewer.post(BASE, wish(alice, SOONER))).refused(403, "forbidden")


@pytest.mark.parametrize("text", ["no PEM", pem_certificate(b"0\x00"), pem_certificate(LATER) * (MAX_AT_ONCE + 1)])
async def test_what_is_no_certificate_is_refused(alice: Conversation, text: str) -> None:
    """What cannot be read would be taken for a certificate."""
    body = {"client": alice.office.client_id, "certificates": pem_certificate(SOONER) + text * (text != "no PEM")}
    if text == "no PEM":
        body["certificates"] = text
    (await alice.post(BASE, body)).refused(400, "malformed")
    assert (await alice.get(BASE)).json["items"] == []


async def test_a_hostile_subject_is_only_text(alice: Conversation) -> None:
    """A certificate could write into headers, or be an error that nobody can delete."""
    hostile = foreign(subject="<b>\u202e\r\nSet-Cookie: x\x00'--")
    [made] = (await alice.post(BASE, wish(alice, hostile))).json
    assert "Set-Cookie" in made["subject"]
    downloaded = await alice.get(f"{BASE}/{made['id']}/pem")
    assert "set-cookie" not in downloaded.headers
    assert (await alice.delete(f"{BASE}/{made['id']}")).status == 204


async def test_a_bundle_of_many_values_is_refused_and_read_for_nobody_who_may_not_import(alice: Conversation) -> None:
    """One request would keep all others waiting for seconds, and anybody with a key could send it (rule 62)."""
    bundle = f"-----BEGIN PKCS7-----\n{base64.b64encode(bundle_of(30_000)).decode()}\n-----END PKCS7-----\n"
    body = {"client": alice.office.client_id, "certificates": bundle}
    refused = await alice.post(BASE, body)
    refused.refused(400, "malformed")
    assert "more than 20000 values" in refused.json["detail"]
    several = bundle_of(12_000)
    text = f"-----BEGIN CMS-----\n{base64.b64encode(several).decode()}\n-----END CMS-----\n" * 5
    assert "more than 4000 values" in (await alice.post(BASE, body | {"certificates": text})).json["detail"]
    (await alice.by(alice.office.bob).post(BASE, body)).refused(404, "not_found")
    viewer = alice.by(await alice.office.person("viewer", "ra-viewer", alice.office.client_id))
    (await viewer.post(BASE, body)).refused(403, "forbidden")


def bundle_of(entries: int) -> bytes:
    """Return a PKCS #7 file (DER) with so many certificates that are empty."""
    data, one = tlv(0x30, bytes.fromhex("06092a864886f70d010701")), tlv(0x02, b"\x01")
    signed = tlv(0x30, one + tlv(0x31, b"") + data + tlv(0xA0, b"\x30\x00" * entries) + tlv(0x31, b""))
    return tlv(0x30, bytes.fromhex("06092a864886f70d010702") + tlv(0xA0, signed))
