"""The status application: what relying parties fetch, and what they get for a bad request."""

import asyncio
import base64
import itertools
import random
import shutil
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponseStatus
from starlette.applications import Starlette

from ca_core.model.certificates import RevocationReason
from ca_core.model.principals import SYSTEM
from ca_core.revocation.crl import publish_crl
from ca_core.revocation.ocsp import MAX_REQUEST
from ca_core.revocation.revoke import revoke_by_id
from tests.revocation.installation import ISSUER_ID, ROOT_ID, Installation
from tests.revocation.questions import request_for
from tests.status.asgi import Answer, call

CRL = f"/crl/{ISSUER_ID}.crl"


def _response(answer: Answer) -> ocsp.OCSPResponse:
    assert (answer.status, answer.headers["content-type"]) == (200, "application/ocsp-response")
    return ocsp.load_der_ocsp_response(answer.body)


async def test_the_crl_is_served_with_its_dates(app: Starlette, installation: Installation) -> None:
    """If this fails, the URL in cRLDistributionPoints gives nothing, or caches keep it too long (rule 81)."""
    assert (await call(app, "GET", CRL)).status == 404
    crl = await publish_crl(installation.core, ISSUER_ID)
    answer = await call(app, "GET", CRL)
    assert (answer.status, answer.body) == (200, crl.der)
    assert answer.headers["content-type"] == "application/pkix-crl"
    assert parsedate_to_datetime(answer.headers["last-modified"]) == crl.this_update
    assert parsedate_to_datetime(answer.headers["expires"]) == crl.next_update
    assert "max-age=60," in answer.headers["cache-control"]


async def test_a_client_that_has_the_crl_gets_304(app: Starlette, installation: Installation) -> None:
    """If this fails, each poll costs the whole CRL, or a poll misses a new one (RFC 9110 section 13)."""
    await publish_crl(installation.core, ISSUER_ID)
    first = await call(app, "GET", CRL)
    tag, modified = first.headers["etag"], first.headers["last-modified"]
    for header in ({"if-none-match": tag}, {"if-none-match": f'W/"x", {tag}'}, {"if-modified-since": modified}):
        again = await call(app, "GET", CRL, headers=header)
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    await publish_crl(installation.core, ISSUER_ID)
    assert (await call(app, "GET", CRL, headers={"if-none-match": tag})).status == 200


async def test_head_gives_the_headers_alone(app: Starlette, installation: Installation) -> None:
    """If this fails, monitors that ask by HEAD see an error (RFC 9110 section 9.3.2)."""
    crl = await publish_crl(installation.core, ISSUER_ID)
    answer = await call(app, "HEAD", CRL)
    assert (answer.status, answer.headers["content-length"]) == (200, str(len(crl.der)))


async def test_every_read_during_publication_is_a_whole_crl(app: Starlette, installation: Installation) -> None:
    """If this fails, a relying party gets half a CRL, or an older one after a newer one (rule 85)."""
    await publish_crl(installation.core, ISSUER_ID)

    async def publish() -> None:
        for _ in range(10):
            certificate = await installation.issue()
            await revoke_by_id(installation.core, certificate.id, RevocationReason.SUPERSEDED, SYSTEM)
            await publish_crl(installation.core, ISSUER_ID)

    async def read() -> list[int]:
        numbers = []
        for _ in range(250):
            crl = x509.load_der_x509_crl((await call(app, "GET", CRL)).body)
            numbers.append(crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number)
            await asyncio.sleep(0)
        return numbers

    read_numbers = (await asyncio.gather(publish(), read(), read(), read(), read()))[1:]
    assert all(numbers == sorted(numbers) for numbers in read_numbers)


async def test_ocsp_by_post_and_by_get_say_the_same(app: Starlette, installation: Installation) -> None:
    """If this fails, one of the two ways of RFC 6960 appendix A.1 is closed (rule 84)."""
    certificate = await installation.issue()
    for nonce in (None, b"n" * 32):
        question = request_for(certificate.serial, installation.issuer.certificate, nonce=nonce)
        encoded = base64.b64encode(question).decode()
        answers = [
            await call(app, "POST", "/ocsp", body=[question], headers={"content-type": "application/ocsp-request"}),
            await call(app, "POST", "/ocsp/", body=[question[:9], question[9:]]),
            await call(app, "GET", f"/ocsp/{encoded}"),
            await call(app, "GET", f"/ocsp/{quote(encoded, safe='')}"),
            await call(app, "GET", f"/ocsp/{encoded.rstrip('=')}"),
        ]
        for answer in answers:
            assert _response(answer).certificate_status is OCSPCertStatus.GOOD
        by_get = answers[2].headers["cache-control"]
        assert by_get == "no-store" if nonce else by_get.startswith("max-age=600,")
        assert answers[0].headers["cache-control"] == "no-store"


async def test_base64_with_slash_and_plus_in_the_path_is_understood(app: Starlette, installation: Installation) -> None:
    """If this fails, OCSP by GET fails for about every second certificate (RFC 6960 appendix A.1)."""
    for byte in range(0xF0, 0x100):
        question = request_for(1, installation.issuer.certificate, algorithm=hashes.SHA256(), nonce=bytes([byte]) * 32)
        encoded = base64.b64encode(question).decode()
        answer = await call(app, "GET", f"/ocsp/{encoded}")
        assert _response(answer).certificate_status is OCSPCertStatus.UNKNOWN
    assert "//" in encoded


async def test_the_issuers_certificates_are_served(app: Starlette, installation: Installation) -> None:
    """If this fails, clients cannot complete a chain by authorityInfoAccess (RFC 5280 section 4.2.2.1)."""
    for issuer_id, der in ((ISSUER_ID, installation.issuer.certificate), (ROOT_ID, installation.root)):
        binary, text = await call(app, "GET", f"/ca/{issuer_id}.cer"), await call(app, "GET", f"/ca/{issuer_id}.pem")
        assert (binary.status, binary.headers["content-type"], binary.body) == (200, "application/pkix-cert", der)
        assert x509.load_pem_x509_certificate(text.body) == x509.load_der_x509_certificate(der)
        assert text.headers["content-type"] == "application/pem-certificate-chain"


async def test_health_says_ok_and_no_more(app: Starlette, installation: Installation) -> None:
    """If this fails, a load balancer cannot tell a living gateway, or strangers learn about it."""
    answer = await call(app, "GET", "/health")
    assert (answer.status, answer.body) == (200, b'{"status":"ok"}')


async def test_a_store_that_fails_is_503_and_try_later(
    app: Starlette, installation: Installation, tmp_path: Path
) -> None:
    """If this fails, traffic goes on to a gateway that cannot answer, or clients take its trouble for an answer."""
    installation.store.close()
    await asyncio.to_thread(shutil.rmtree, tmp_path)
    for target in ("/health", CRL, f"/ca/{ISSUER_ID}.cer"):
        answer = await call(app, "GET", target)
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) > 0
        assert b"database" not in answer.body
    question = request_for(1, installation.issuer.certificate)
    assert _response(await call(app, "POST", "/ocsp", body=[question])).response_status is OCSPResponseStatus.TRY_LATER


@pytest.mark.parametrize(
    "target", ["/", "/crl/", "/crl/iss-none.crl", "/crl/%00.crl", "/ca/iss-none.cer", "/ca/%ff.pem", "/crl/..%2f.crl"]
)
async def test_what_is_not_there_is_404_in_few_words(app: Starlette, target: str) -> None:
    """If this fails, a wrong URL is a server error or an essay."""
    answer = await call(app, "GET", target)
    assert answer.status == 404
    assert answer.headers["content-type"].startswith("text/plain")
    assert len(answer.body) < 100


@pytest.mark.parametrize(
    ("method", "target", "allowed"),
    [
        ("POST", CRL, {"GET", "HEAD"}),
        ("PUT", "/ocsp", {"POST"}),
        ("GET", "/ocsp", {"POST"}),
        ("DELETE", "/ocsp/MA==", {"GET", "HEAD"}),
        ("POST", "/health", {"GET", "HEAD"}),
        ("PATCH", f"/ca/{ISSUER_ID}.cer", {"GET", "HEAD"}),
    ],
)
async def test_a_wrong_method_is_405_with_allow(app: Starlette, method: str, target: str, allowed: set[str]) -> None:
    """If this fails, clients are not told which method to use (RFC 9110 section 15.5.6)."""
    answer = await call(app, method, target)
    assert answer.status == 405
    assert set(answer.headers["allow"].split(", ")) == allowed


async def test_a_body_over_the_limit_is_refused_while_it_comes(app: Starlette) -> None:
    """If this fails, anybody fills the memory of a worker (rule 84)."""
    given: list[int] = []

    def endless() -> Iterator[bytes]:
        for number in itertools.count():
            given.append(number)
            yield b"0" * 4096

    assert (await call(app, "POST", "/ocsp", body=endless())).status == 413
    assert len(given) == MAX_REQUEST // 4096 + 1
    assert (await call(app, "GET", f"/ocsp/{'A' * (MAX_REQUEST * 2)}")).status == 413


@pytest.mark.parametrize("target", ["/ocsp/!", "/ocsp/%C3%A4", "/ocsp/A"])
async def test_a_path_that_is_not_base64_is_400(app: Starlette, target: str) -> None:
    """If this fails, a broken link is a server error."""
    assert (await call(app, "GET", target)).status == 400


async def test_ten_thousand_mutated_requests_get_no_server_error(app: Starlette, installation: Installation) -> None:
    """If this fails, bytes from anybody make a 5xx or end a worker (rule 84)."""
    chance = random.Random(84)  # noqa: S311 - the same mutants in every run
    question = request_for((await installation.issue()).serial, installation.issuer.certificate, nonce=b"n" * 16)
    statuses: set[int] = set()
    said: set[OCSPResponseStatus] = set()
    for number in range(10_000):
        mutant = bytearray(question)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(mutant))
            match chance.randrange(3):
                case 0:
                    mutant[place] = chance.randrange(256)
                case 1:
                    del mutant[place : place + chance.randint(1, 8)]
                case _:
                    mutant[place:place] = chance.randbytes(chance.randint(1, 8))
        if number % 2:
            answer = await call(app, "POST", "/ocsp", body=[bytes(mutant)])
        else:
            answer = await call(app, "GET", "/ocsp/" + quote(base64.b64encode(mutant).decode()))
        statuses.add(answer.status)
        said.add(ocsp.load_der_ocsp_response(answer.body).response_status)
    assert statuses == {200}
    assert OCSPResponseStatus.INTERNAL_ERROR not in said
    assert said >= {
        OCSPResponseStatus.MALFORMED_REQUEST,
        OCSPResponseStatus.UNAUTHORIZED,
        OCSPResponseStatus.SUCCESSFUL,
    }
