"""What the REST front end refuses, and how either version says it."""

import json
import re
from http import HTTPStatus
from uuid import UUID

import pytest

from ca_core.model.errors import ErrorKind
from gateway.rest.errors import HTTP_ERRORS
from gateway.rest.routes import V2_BASES
from gateway.roads import Roads
from tests.orders.workshop import Workshop
from tests.status.asgi import call

DOCUMENTED = {400, 401, 404, 500}
BEFORE_THE_API = {405, 413, 429, 503}


def test_every_kind_has_its_statuses_and_a_code_of_its_own() -> None:
    """A kind without an entry would be a 500, and two kinds with one code could not be told apart."""
    assert set(HTTP_ERRORS) == set(ErrorKind)
    codes = [error.code for error in HTTP_ERRORS.values()]
    assert len({*codes}) == len(codes)
    assert all(re.fullmatch(r"\d{3}\.\d{3}\.\d{4}", code) for code in codes)


def test_v2_answers_with_no_status_that_its_document_lacks() -> None:
    """A generated client finds no case for a status that the published document does not name."""
    assert {int(error.v2) for error in HTTP_ERRORS.values()} <= DOCUMENTED | BEFORE_THE_API
    assert HTTP_ERRORS[ErrorKind.FORBIDDEN].v2 is HTTPStatus.UNAUTHORIZED
    assert HTTP_ERRORS[ErrorKind.FORBIDDEN].v3 is HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("base", V2_BASES)
async def test_v2_refuses_with_an_api_error_that_the_operator_finds(rest: Roads, workshop: Workshop, base: str) -> None:
    """A client parses every refusal as an APIError, and its user reads the uuid to the operator."""
    answer = await call(rest, "POST", f"{base}/v2/nothing-here")
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    error = json.loads(answer.body)
    assert set(error) == {"uuid", "errorCode", "errorMessages"}
    assert all(message.endswith(".") for message in error["errorMessages"])
    record = await workshop.core.store.read(lambda tx: tx.audit.get(f"err-{UUID(error['uuid'])}"))
    assert record is not None
    assert record.details["address"] == "127.0.0.1"


async def test_v3_refuses_with_a_problem_document(rest: Roads) -> None:
    """RFC 9457: a client of version 3 looks for the media type and the members of a problem."""
    answer = await call(rest, "GET", "/v3/nothing-here")
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = json.loads(answer.body)
    assert problem["status"] == 404
    assert problem["instance"].startswith("err-")


async def test_paths_beside_the_versions_are_not_theirs(rest: Roads) -> None:
    """A path that only begins like a version's would be answered by it, in place of the front end it belongs to."""
    for path in ("/v2x", "/v33/orders", "/pki/api", "/pki/api/v22"):
        answer = await call(rest, "POST", path)
        assert answer.body == b"nowhere", path


async def test_the_methods_of_a_url_are_told(rest: Roads) -> None:
    """RFC 9110 section 15.5.6: a client that reads Allow would take the method of one operation for the only one."""
    answer = await call(rest, "DELETE", "/v3/orders")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")
    answer = await call(rest, "GET", "/v2/orders")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
