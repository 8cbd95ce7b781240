"""What keeps clients working that were generated from the published document, or written by hand against it."""

import base64
import json
import re
from typing import Any

import pytest

from ca_core.model.certificates import RevocationReason as ModelReason
from ca_core.model.domains import DomainStatus
from ca_core.model.errors import ErrorKind
from ca_core.model.jobs import JobState
from ca_core.model.orders import OrderState
from ca_core.model.products import KeyType as ModelKeyType
from gateway.rest.errors import HTTP_ERRORS
from gateway.rest.routes import V2_BASES
from gateway.rest.v2.csr import csr_der
from gateway.rest.v2.order_schema import REASONS
from gateway.rest.v2.paging import CAP, window
from gateway.rest.v2.revocation import serial_of
from gateway.rest.v2.schemas.certificates import RevocationRequest
from gateway.rest.v2.schemas.enumerations import (
    CertificateOrderStatus,
    ClientDomainValidationStatus,
    JobStatus,
    KeyType,
    RevocationReason,
)
from gateway.rest.v2.schemas.orders import SearchCertificateOrder
from tests.rest.caller import csr_pem
from tests.rest.desk import Desk, listening
from tests.rest.published import published
from tests.status.asgi import call

PEM = csr_pem("www.example.com")
DER = base64.b64decode("".join(PEM.splitlines()[1:-1]))


def test_every_value_of_ours_has_one_in_the_frozen_enumerations() -> None:
    """Point 1: a generated client refuses a value that its document lacks, and with it the whole answer."""
    assert {*OrderState} == {*CertificateOrderStatus}
    assert {*JobState} == {*JobStatus}
    assert {*DomainStatus} == {*ClientDomainValidationStatus}
    assert {*ModelKeyType} <= {*KeyType}
    assert {*ModelReason} == {*REASONS.values()}
    assert {*REASONS} == {*RevocationReason}


async def test_answers_have_the_members_of_the_schema_and_no_null(desk: Desk) -> None:
    """Points 1 to 3: a client refuses a member its document lacks; dates have seconds and a Z; no null in an answer."""
    answers = {
        "Client": await desk.alice.json(f"/v2/client/{desk.office.client_id}"),
        "CertificateOrder": await desk.issue("www.example.com"),
        "ClientDNS": (await desk.alice.json(f"/v2/client/domain/{desk.office.client_id}/register", ["example.com"]))[0],
    }
    order = answers["CertificateOrder"]["uuid"]
    answers["CertificateOrderTask"] = (await desk.alice.json(f"/v2/order/{order}/tasks"))[0]
    schemas = published().schemas
    for name, answer in answers.items():
        assert answer.keys() <= schemas[name].keys(), name
        assert {member for member, (required, *_) in schemas[name].items() if required} <= answer.keys(), name
        assert "null" not in json.dumps(answer)
        for member, value in answer.items():
            if "date-time" in schemas[name][member][1]:
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value), member


@pytest.mark.parametrize(
    "written",
    [
        PEM,
        PEM.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"),
        PEM.replace("\n", "\r\n"),
        PEM.replace("\n", "\\n"),
        json.dumps(PEM),
        base64.b64encode(DER).decode(),
        "  " + base64.urlsafe_b64encode(DER).decode() + "\n",
    ],
)
async def test_csr_is_read_however_it_is_written(desk: Desk, written: str) -> None:
    """Point 4: scripts paste CSRs in all these forms, and worked so far."""
    assert csr_der(written) == DER
    order = await desk.alice.json("/v2/issue", {"productReference": desk.product.id, "csr": written})
    assert order["status"] == "NEW"
    answer = await desk.alice.post(f"/v2/issue/csr/{desk.product.id}", written)
    assert answer.status == 200


@pytest.mark.parametrize("reason", ["KEY_COMPROMISE", "keyCompromise", "key_compromise", "KeyCompromise"])
def test_enumerations_are_read_in_any_case(reason: str) -> None:
    """Point 4: Java clients write camelCase, shell scripts lower case; unknown members are none of our business."""
    body = {"serialNumber": "1", "issuerName": "CN=x", "revocationReason": reason, "comment": "x"}
    assert RevocationRequest.model_validate(body).revocation_reason == "KEY_COMPROMISE"
    search = SearchCertificateOrder.model_validate({"orderStatus": ["issued"], "revocationReason": ["cACompromise"]})
    assert (search.order_status, search.revocation_reason) == (["ISSUED"], ["C_A_COMPROMISE"])


@pytest.mark.parametrize("issuer", ["SwissPKI", "Swiss PKI", "SwissSign CA"])
async def test_tokens_name_any_of_the_issuers_in_use(desk: Desk, issuer: str) -> None:
    """Point 5: deployed clients sign their tokens with all three."""
    authorization = {"authorization": f"Bearer {desk.office.alice.token(iss=issuer)}"}
    assert (await desk.alice.post("/v2/clients", headers=authorization)).status == 200
    stranger = {"authorization": f"Bearer {desk.office.alice.token(iss='Somebody')}"}
    assert (await desk.alice.post("/v2/clients", headers=stranger)).status == 401


@pytest.mark.parametrize("base", V2_BASES)
async def test_routes_answer_at_every_base(desk: Desk, base: str) -> None:
    """Point 6: some clients have /v2 in the base URL and in the path, some have /pki/api before it."""
    assert await desk.alice.json(f"{base}/v2/clients") == await desk.alice.json("/v2/clients")


@pytest.mark.parametrize("written", ["0A1b", "a1B", "0x0a1b", "00:0A:1B", "0000000000000A1B"])
def test_serial_numbers_are_read_in_any_spelling(written: str) -> None:
    """Point 7: openssl, Java and browsers write one serial number in as many ways."""
    assert serial_of(written) == 0xA1B


async def test_refusals_have_a_code_and_sentences_and_are_in_the_log(desk: Desk) -> None:
    """Point 8: the user tells the operator the uuid, and the operator finds what happened."""
    error = await desk.alice.json("/v2/order/ord-x", status=400)
    assert set(error) == {"uuid", "errorCode", "errorMessages"}
    assert error["errorCode"] == HTTP_ERRORS[ErrorKind.MALFORMED].code
    assert all(message.endswith(".") for message in error["errorMessages"])
    record = await desk.core.store.read(lambda tx: tx.audit.get(f"err-{error['uuid']}"))
    assert record is not None
    assert record.actor == f"api-user:{desk.office.alice.user.id}"


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        (None, None, (0, CAP)),
        (0, 301, (0, 300)),
        (7, 5, (7, 5)),
        (-3, -1, (0, 300)),
        (10**30, 10**30, (2**31 - 1, 300)),
    ],
)
def test_pages_are_cut(start: int | None, length: int | None, expected: tuple[int, int]) -> None:
    """Point 9: a client that asks for everything gets 300, and one that asks for nonsense no error of ours."""
    assert window(start, length) == expected


async def test_key_in_a_url_is_refused_unless_the_settings_allow_it(desk: Desk) -> None:
    """Abuse 50: whoever logs the URL knows the key; where it is allowed, the key is marked and the answer not kept."""
    name, key = desk.office.alice.user.name, desk.office.alice.key
    path = f"/v2/jwt/{name}/{key.secret}"
    assert (await call(desk.alice.app, "GET", path)).status == 404
    app = listening(desk.core, key_in_url=True)
    answer = await call(app, "GET", path)
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    authorization = {"authorization": f"Bearer {answer.body.decode()}"}
    assert (await call(app, "POST", "/v2/clients", headers=authorization)).status == 200
    stored = await desk.core.store.read(lambda tx: tx.api_keys.get(key.key.id))
    assert stored is not None
    assert stored.exposed_at is not None
    refused = [await call(app, "GET", wrong) for wrong in (f"/v2/jwt/{name}/{'x' * 64}", f"/v2/jwt/nobody/{'x' * 64}")]
    assert {one.status for one in refused} == {401}
    said: list[Any] = [json.loads(one.body)["errorMessages"] for one in refused]
    assert said[0] == said[1]


@pytest.mark.parametrize("query", ["apiKey=x", "access_token=x", "userSecret=x", "search=eyJhbGciOiJIUzI1NiJ9.e30.x"])
async def test_secrets_in_query_strings_are_refused(desk: Desk, query: str) -> None:
    """Abuse 51: a secret in a URL is in every log on the way, so that nobody gets used to sending it there."""
    error = await desk.alice.json(f"/v2/clients?{query}", status=400)
    assert "exposed" in error["errorMessages"][0]
    anonymous = await call(desk.alice.app, "POST", f"/v2/clients?{query}")
    assert anonymous.status == 400


async def test_stranger_is_refused_before_his_body_is_read(desk: Desk) -> None:
    """A stranger could make the gateway read and parse megabytes (F10)."""
    pieces = iter([b"a" * 65536] * 100)
    answer = await call(desk.alice.app, "POST", "/v2/issue", body=pieces)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert len(list(pieces)) == 100
    for header in ("", "Bearer", "Bearer x", "Basic eDp5", "Bearer " + "a" * 9000):
        refused = await call(desk.alice.app, "POST", "/v2/clients", headers={"authorization": header})
        assert refused.status == 401


async def test_bodies_that_are_no_requests_are_refused(desk: Desk) -> None:
    """Nonsense in a body is the client's fault and must be answered so, whatever it is."""
    for raw in (b"", b"{", b"[]", b"null", b'"x"', b"{}", b"[" * 100_000, b'{"csr": "\\u0000"}', b"\xff\xfe", b"NaN"):
        sent = {"authorization": f"Bearer {desk.office.alice.token()}", "content-type": "application/json"}
        answer = await call(desk.alice.app, "POST", "/v2/issue", body=[raw], headers=sent)
        assert answer.status == 400, raw[:20]
        assert set(json.loads(answer.body)) == {"uuid", "errorCode", "errorMessages"}
    answer = await call(desk.alice.app, "POST", "/v2/issue", body=[b"a" * 2**20] * 9, headers=sent)
    assert answer.status == 413
    assert set(json.loads(answer.body)) == {"uuid", "errorCode", "errorMessages"}
