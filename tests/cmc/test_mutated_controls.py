"""Controls with broken values in messages that are signed well: refused, whatever they hold (fault F11)."""

import random
from typing import Any

import pytest
from asn1crypto import core as asn1
from asn1crypto import x509 as asn1_x509
from cryptography import x509

from ca_core.access.cmc_clients import principal_of
from ca_core.certificates.der import check_der
from ca_core.model.certificates import CertificateStatus
from ca_core.model.errors import TriviumError
from gateway.cmc import asn1 as structures
from gateway.cmc import asn1_controls, oids
from gateway.cmc.authenticate import Requester
from gateway.cmc.cms import SignedMessage
from gateway.cmc.errors import CmcFailInfo
from gateway.cmc.exchange import Exchange
from gateway.cmc.pki_data import parse_pki_data
from gateway.cmc.processing import process
from tests.cmc import vectors
from tests.cmc.messages import Control, pki_data
from tests.cmc.office import Office, integer, octets
from tests.cmc.test_acceptance import confirmation
from tests.cmc.test_controls import issued, revocation, status_of
from tests.cmc.test_publish_cert import hash_of, publication
from tests.cmc.test_trusted_anchors import asking

PIECES = (0x00, 0x01, 0x02, 0x04, 0x05, 0x06, 0x0C, 0x30, 0x31, 0x80, 0x81, 0xA0, 0xA1, 0xA4, 0xFF)
"""Octets that change a tag, or a length."""


def genuine(certificate: x509.Certificate) -> dict[str, bytes]:
    """Return a good value of each control by its type, the serial number of no certificate where it would do harm."""
    issuer = asn1_x509.Name.load(certificate.issuer.public_bytes())
    moment = asn1.GeneralizedTime(certificate.not_valid_before_utc)
    crl_name = asn1_x509.GeneralName("uniform_resource_identifier", "http://pki.example.com/crl")
    crl: dict[str, Any] = {"issuer_name": issuer, "crl_name": crl_name, "time": moment, "reasons": (0, 1)}
    proof = {"body_part_id": 7, "the_pop_alg_id": {"algorithm": "1.2.840.113549.2.9"}, "the_pop": b"p" * 32}
    refusal = {"cmc_status": 2, "body_list": [structures.BodyPartReference("body_part_id", 1)]}
    windows = parse_pki_data(vectors.pki_data(vectors.WINDOWS)).of_type(oids.MICROSOFT_ADD_ATTRIBUTES)
    return {
        oids.MICROSOFT_ADD_ATTRIBUTES: windows[0].values[0],
        oids.GET_CRL: asn1_controls.GetCRL(crl).dump(),
        oids.REVOKE_REQUEST: revocation(certificate, serial_number=1, invalidity_date=moment, comment="x").values[0],
        oids.REG_INFO: octets(b"product=tls&validity=90d"),
        oids.DECRYPTED_POP: asn1_controls.DecryptedPOP(proof).dump(),
        oids.CONFIRM_CERT_ACCEPTANCE: confirmation(certificate).values[0],
        oids.STATUS_INFO_V2: structures.CMCStatusInfoV2(refusal).dump(),
        oids.STATUS_INFO: structures.CMCStatusInfo({"cmc_status": 2, "body_list": [1]}).dump(),
        oids.TRUSTED_ANCHORS: asking().values[0],
        oids.AUTH_DATA: integer(50),
        oids.PUBLISH_CERT: publication(hash_of(certificate), methods=(0,)).values[0],
        oids.QUERY_PENDING: octets(b"ord-1"),
    }


def mutated(value: bytes, chance: random.Random) -> bytes | None:
    """Return the value with some octets changed; None when the guard does not let it pass."""
    changed = bytearray(value)
    for _ in range(chance.randint(1, 3)):
        changed[chance.randrange(len(changed))] = chance.choice([*PIECES, chance.randrange(256)])
    try:
        check_der(bytes(changed))
    except TriviumError:
        return None
    return bytes(changed)


def exchange_of(office: Office, content: bytes) -> Exchange | None:
    """Return the exchange of a PKIData from the client; None when its form alone is refused."""
    sender = office.sender.cmc_client
    try:
        data = parse_pki_data(content)
    except TriviumError:
        return None
    requester = Requester(cmc_client=sender, principal=principal_of(sender, "192.0.2.1"))
    return Exchange(front_end=office.front_end, data=data, requester=requester, address="192.0.2.1")


@pytest.mark.parametrize("seed", range(2))
async def test_broken_values_are_refused(office: Office, seed: int) -> None:
    """An exception would be internalCAError to the client, and to the operator a failure of the gateway."""
    chance = random.Random(seed)  # noqa: S311 - the same in every run
    certificate = await issued(office)
    values = genuine(certificate)
    tried = 0
    while tried < 300:
        oid = chance.choice(list(values))
        value = mutated(values[oid], chance)
        if value is None:
            continue
        content = pki_data(controls=(Control(oid=oid, values=(value,), body_part_id=900),))
        exchange = exchange_of(office, content)
        if exchange is None:
            continue
        tried += 1
        unique = content + tried.to_bytes(2)  # whether it is a replay is not what is tested
        message = SignedMessage(content_type=oids.CCT_PKI_DATA, content=unique, certificates=(), signers=())
        answer = await process(exchange, message)
        assert answer.statuses, value.hex()
        for status in answer.statuses:
            assert status.fail_info is not CmcFailInfo.INTERNAL_CA_ERROR, (value.hex(), status.text)
    assert await status_of(office, certificate) is CertificateStatus.ISSUED
