"""OCSP: what is said of which serial, and what is refused."""

from dataclasses import replace
from datetime import timedelta

import pytest
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponseStatus
from hypothesis import given, settings
from hypothesis import strategies as st

from ca_core.model.certificates import CertificateStatus, RevocationReason
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import OwnCertificateRole
from ca_core.model.orders import OrderState
from ca_core.model.principals import SYSTEM
from ca_core.revocation.ocsp import parse_request, respond
from ca_core.revocation.revoke import revoke_by_id
from tests.revocation.installation import ISSUER_ID, Installation
from tests.revocation.linting import ocsp_findings
from tests.revocation.questions import request_for

HASHES = [hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()]  # noqa: S303 - they name the issuer


async def _ask(
    installation: Installation,
    serial: int,
    *,
    algorithm: hashes.HashAlgorithm | None = None,
    nonce: bytes | None = None,
) -> ocsp.OCSPResponse:
    """Ask, verify the answer's signature and form, and return it."""
    question = request_for(serial, installation.issuer.certificate, algorithm=algorithm, nonce=nonce)
    answer = await respond(installation.core, question)
    response = ocsp.load_der_ocsp_response(answer.der)
    if response.response_status is OCSPResponseStatus.SUCCESSFUL:
        assert ocsp_findings(answer.der) == []
        (responder,) = response.certificates
        issuer = x509.load_der_x509_certificate(installation.issuer.certificate)
        responder.verify_directly_issued_by(issuer)
        assert responder.extensions.get_extension_for_class(x509.OCSPNoCheck)
        key = responder.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))
        assert response.serial_number == serial
    return response


async def test_each_kind_of_serial_gets_its_answer(installation: Installation) -> None:
    """If this fails, a serial that was never issued is good, or an issued one is unknown (rule 4)."""
    issued = await installation.issue()
    abandoned = await installation.issue(state=OrderState.FAILED, status=CertificateStatus.ABANDONED)
    intended = await installation.issue(state=OrderState.ISSUE, status=CertificateStatus.INTENDED)
    revoked = await installation.issue()
    await revoke_by_id(installation.core, revoked.id, RevocationReason.SUPERSEDED, SYSTEM)
    unused = 0x0102030405060708
    said = {
        name: (await _ask(installation, serial)).certificate_status
        for name, serial in (
            ("issued", issued.serial),
            ("abandoned", abandoned.serial),
            ("revoked", revoked.serial),
            ("unused", unused),
        )
    }
    assert said == {
        "issued": OCSPCertStatus.GOOD,
        "abandoned": OCSPCertStatus.REVOKED,
        "revoked": OCSPCertStatus.REVOKED,
        "unused": OCSPCertStatus.UNKNOWN,
    }
    assert (await _ask(installation, intended.serial)).response_status is OCSPResponseStatus.UNAUTHORIZED


async def test_a_revoked_answer_has_date_and_reason(installation: Installation) -> None:
    """If this fails, relying parties cannot tell since when and why not to trust (RFC 6960 section 4.2.1)."""
    compromised, unspecified = await installation.issue(), await installation.issue()
    when = installation.clock.now()
    await revoke_by_id(installation.core, compromised.id, RevocationReason.KEY_COMPROMISE, SYSTEM)
    await revoke_by_id(installation.core, unspecified.id, RevocationReason.UNSPECIFIED, SYSTEM)
    installation.clock.advance(hours=1)
    with_reason, without = await _ask(installation, compromised.serial), await _ask(installation, unspecified.serial)
    assert with_reason.revocation_time_utc == when.replace(microsecond=0)
    assert with_reason.revocation_reason is x509.ReasonFlags.key_compromise
    assert without.revocation_reason is None


@pytest.mark.parametrize("algorithm", HASHES)
async def test_the_issuer_may_be_named_by_any_usual_hash(
    installation: Installation, algorithm: hashes.HashAlgorithm
) -> None:
    """If this fails, clients that ask by SHA-256 get no answer (rule 84, RFC 6960 section 4.3)."""
    response = await _ask(installation, (await installation.issue()).serial, algorithm=algorithm)
    assert response.certificate_status is OCSPCertStatus.GOOD
    assert response.hash_algorithm.name == algorithm.name


async def test_the_answer_is_valid_for_a_day_and_cached_for_minutes(installation: Installation) -> None:
    """If this fails, answers outlive what the BR allow, or caches hide a revocation for hours (rule 84)."""
    serial = (await installation.issue()).serial
    response = await _ask(installation, serial)
    assert response.next_update_utc is not None
    assert timedelta(hours=8) <= response.next_update_utc - response.this_update_utc <= timedelta(days=10)
    plain = await respond(installation.core, request_for(serial, installation.issuer.certificate))
    fresh = await respond(installation.core, request_for(serial, installation.issuer.certificate, nonce=b"n" * 16))
    assert 0 < plain.cache_seconds <= 900
    assert fresh.cache_seconds == 0, "an answer with a nonce is for one client"


@pytest.mark.parametrize("length", [1, 16, 32, 128])
async def test_a_nonce_comes_back(installation: Installation, length: int) -> None:
    """If this fails, a client that demands freshness refuses every answer (RFC 9654 section 2.1)."""
    nonce = bytes(range(length))
    response = await _ask(installation, (await installation.issue()).serial, nonce=nonce)
    assert response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == nonce


@pytest.mark.parametrize("length", [0, 129])
async def test_a_nonce_of_another_length_is_malformed(installation: Installation, length: int) -> None:
    """If this fails, whoever asks chooses how much of the signed bytes is theirs (RFC 9654 section 2.1)."""
    response = await _ask(installation, 1, nonce=bytes(length))
    assert response.response_status is OCSPResponseStatus.MALFORMED_REQUEST


async def test_a_foreign_issuer_is_unauthorized(installation: Installation) -> None:
    """If this fails, we speak for other CAs' certificates, or the offline root's (rule 84, RFC 5019)."""
    issuer = x509.load_der_x509_certificate(installation.issuer.certificate)
    right = ocsp.load_der_ocsp_request(request_for(1, installation.issuer.certificate))
    builder = ocsp.OCSPRequestBuilder()
    for name_hash, key_hash in ((right.issuer_name_hash, bytes(20)), (bytes(20), right.issuer_key_hash)):
        wrong = builder.add_certificate_by_hash(name_hash, key_hash, 1, right.hash_algorithm).build()
        answer = await respond(installation.core, wrong.public_bytes(Encoding.DER))
        assert ocsp.load_der_ocsp_response(answer.der).response_status is OCSPResponseStatus.UNAUTHORIZED
        assert answer.cache_seconds == 0
    of_root = await respond(installation.core, request_for(issuer.serial_number, installation.root))
    assert ocsp.load_der_ocsp_response(of_root.der).response_status is OCSPResponseStatus.UNAUTHORIZED


async def test_an_expired_responder_or_a_lost_key_is_told_as_ocsp_says_it(installation: Installation) -> None:
    """If this fails, a fault of ours is an exception or a signature nobody can verify (RFC 6960 section 2.3)."""
    serial = (await installation.issue()).serial
    own = await installation.store.read(
        lambda tx: tx.issuers.own_certificate(OwnCertificateRole.OCSP_RESPONDER, ISSUER_ID)
    )
    assert own is not None
    await installation.store.write(lambda tx: tx.issuers.put_own_certificate(replace(own, key_id="key-lost")))
    assert (await _ask(installation, serial)).response_status is OCSPResponseStatus.TRY_LATER
    await installation.store.write(lambda tx: tx.issuers.put_own_certificate(own))
    installation.clock.advance(days=91)
    assert (await _ask(installation, serial)).response_status is OCSPResponseStatus.TRY_LATER


def _altered_message(der: bytes, *, copies: int) -> bytes:
    message = asn1_ocsp.OCSPRequest.load(der)
    requests = message["tbs_request"]["request_list"]
    first = requests[0].copy()
    for _ in range(copies):
        requests.append(first)
    return bytes(message.dump(force=True))


async def test_what_is_no_single_request_is_malformed(installation: Installation) -> None:
    """If this fails, a message with several requests or none is answered in part (RFC 6960 section 2.3)."""
    good = request_for(1, installation.issuer.certificate)
    negative = request_for(1, installation.issuer.certificate).replace(b"\x02\x01\x01", b"\x02\x01\xff")
    for bad in (
        b"",
        b"\x30\x00",
        good + b"\x00",
        good[:-1],
        negative,
        _altered_message(good, copies=1),
        _altered_message(good, copies=100),
        request_for(1 << 159, installation.issuer.certificate),
    ):
        answer = await respond(installation.core, bad)
        status = ocsp.load_der_ocsp_response(answer.der).response_status
        assert status is OCSPResponseStatus.MALFORMED_REQUEST, bad.hex()


@given(st.binary(max_size=200) | st.lists(st.integers(0, 255), max_size=60).map(lambda tail: b"0" + bytes(tail)))
@settings(max_examples=300)
def test_the_parser_raises_malformed_and_nothing_else(data: bytes) -> None:
    """If this fails, bytes from anybody raise what nobody catches (rule 84)."""
    try:
        outcome: int | ErrorKind = parse_request(data).serial
    except TriviumError as error:
        outcome = error.kind
    assert outcome is ErrorKind.MALFORMED or int(outcome) > 0
