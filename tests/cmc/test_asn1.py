"""The structures of CMC: what others encode we decode and encode again to the byte, and nothing else passes."""

from contextlib import suppress
from typing import Any

import pytest
from asn1crypto import core, x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyasn1.codec.der import decoder, encoder
from pyasn1_alt_modules import rfc4211, rfc6402

from ca_core.certificates.crmf_asn1 import CertReqMsg
from ca_core.certificates.decoding import decode, reading
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.cmc import asn1, asn1_controls
from gateway.cmc import pki_data as reader
from gateway.cmc.pki_data import MAX_REQUESTS, Crmf, OtherRequest, Pkcs10, parse_pki_data
from tests.cmc import vectors

ID = st.integers(1, asn1.MAX_BODY_PART_ID)
NULL = b"\x05\x00"
SHA256 = {"algorithm": "2.16.840.1.101.3.4.2.1"}
NAME = {"country_name": "CH", "common_name": "CA"}


def name() -> Any:
    """Return a Name."""
    return x509.Name.build(NAME)


VALUES: dict[str, tuple[Any, Any]] = {
    "status": (
        asn1.CMCStatusInfoV2(
            {
                "cmc_status": 3,
                "body_list": [
                    asn1.BodyPartReference("body_part_id", 1),
                    asn1.BodyPartReference("body_part_path", [1, 2]),
                ],
                "status_string": "it waits",
                "status_info": asn1.StatusInfo(
                    "pend_info",
                    {"pend_token": b"token", "pend_time": core.GeneralizedTime.load(b"\x18\x0f20260601120000Z")},
                ),
            }
        ),
        rfc6402.CMCStatusInfoV2(),
    ),
    "legacy status": (
        asn1.CMCStatusInfo({"cmc_status": 2, "body_list": [1], "other_info": asn1.OtherInfo("fail_info", 7)}),
        rfc6402.CMCStatusInfo(),
    ),
    "add extensions": (
        asn1_controls.AddExtensions(
            {
                "pki_data_reference": 0,
                "cert_references": [5],
                "extensions": [{"extn_id": "2.5.29.15", "critical": True, "extn_value": b"\x03\x02\x05\xa0"}],
            }
        ),
        rfc6402.AddExtensions(),
    ),
    "identity proof": (
        asn1_controls.IdentityProofV2({"proof_alg_id": SHA256, "mac_alg_id": SHA256, "witness": bytes(32)}),
        rfc6402.IdentifyProofV2(),
    ),
    "pop link witness": (
        asn1_controls.PopLinkWitnessV2({"key_gen_algorithm": SHA256, "mac_algorithm": SHA256, "witness": bytes(32)}),
        rfc6402.PopLinkWitnessV2(),
    ),
    "decrypted pop": (
        asn1_controls.DecryptedPOP({"body_part_id": 3, "the_pop_alg_id": SHA256, "the_pop": b"x"}),
        rfc6402.DecryptedPOP(),
    ),
    "lra pop witness": (
        asn1_controls.LraPopWitness({"pki_data_body_id": 0, "body_ids": [1, 2]}),
        rfc6402.LraPopWitness(),
    ),
    "get cert": (
        asn1_controls.GetCert({"issuer_name": asn1_controls.IssuerName("directory_name", name()), "serial_number": 7}),
        rfc6402.GetCert(),
    ),
    "get crl": (asn1_controls.GetCRL({"issuer_name": name()}), rfc6402.GetCRL()),
    "revoke request": (
        asn1_controls.RevokeRequest(
            {
                "issuer_name": name(),
                "serial_number": 7,
                "reason": "superseded",
                "passphrase": b"secret",
                "comment": "lost",
            }
        ),
        rfc6402.RevokeRequest(),
    ),
    "confirmation": (asn1_controls.CMCCertId({"issuer": name(), "serial_number": 7}), rfc6402.CMCCertId()),
    "trust anchors": (
        asn1_controls.TrustAnchors({"seq_number": 1, "hash_algorithm": SHA256, "anchor_hashes": [bytes(32)]}),
        rfc6402.PublishTrustAnchors(),
    ),
    "publication": (
        asn1_controls.CMCPublicationInfo(
            {
                "hash_alg": SHA256,
                "cert_hashes": [bytes(32)],
                "pub_info": {"action": 1, "pub_infos": [{"pub_method": 1}]},
            }
        ),
        rfc6402.CMCPublicationInfo(),
    ),
    "template change": (
        asn1_controls.ModCertTemplate(
            {
                "pki_data_reference": [1],
                "cert_references": [2],
                "replace": False,
                "cert_template": {"subject": name()},
            }
        ),
        rfc6402.ModCertTemplate(),
    ),
    "processed": (
        asn1_controls.ControlsProcessed({"body_list": [asn1.BodyPartReference("body_part_id", 9)]}),
        rfc6402.ControlsProcessed(),
    ),
    "crmf": (
        CertReqMsg({"cert_req": {"cert_req_id": 4, "cert_template": {"subject": name()}}}),
        rfc4211.CertReqMsg(),
    ),
}


def test_every_vector_is_there() -> None:
    """A vector that is not run proves nothing."""
    assert {path.stem for path in vectors.FOLDER.glob("*.der")} == set(vectors.NAMES)
    assert len(vectors.NAMES) == 9


@pytest.mark.parametrize("vector", vectors.NAMES)
def test_vectors_are_encoded_again_to_the_byte(vector: str) -> None:
    """A field read under the wrong tag would come out as something else, or not at all."""
    der = vectors.pki_data(vector)
    assert decode(asn1.PKIData, der, "the vector").dump(force=True) == der
    second, rest = decoder.decode(der, asn1Spec=rfc6402.PKIData())
    assert encoder.encode(second) == der
    assert not rest


@pytest.mark.parametrize("value", VALUES)
def test_another_decoder_reads_what_we_encode(value: str) -> None:
    """A client could not read our controls, or we not those of clients."""
    ours, spec = VALUES[value]
    der = ours.dump(force=True)
    second, rest = decoder.decode(der, asn1Spec=spec)
    assert not rest
    assert encoder.encode(second) == der
    again = decode(type(ours), der, "the value")
    with reading("the value"):
        assert again.native == ours.native
    assert again.dump(force=True) == der


def test_parts_of_the_vectors_are_found() -> None:
    """A control or request that is overlooked is not obeyed, and nobody hears of it."""
    windows = parse_pki_data(vectors.pki_data(vectors.WINDOWS))
    assert [type(request) for request in windows.requests] == [Pkcs10]
    for vector in vectors.CRMF:
        data = parse_pki_data(vectors.pki_data(vector))
        [request] = data.requests
        assert isinstance(request, Crmf)
        second, _ = decoder.decode(request.der, asn1Spec=rfc4211.CertReqMsg())
        assert encoder.encode(second) == request.der
        assert data.request_sequence in vectors.pki_data(vector)
    assert parse_pki_data(vectors.pki_data(vectors.REVOCATION)).requests == ()


def pki_data(controls: list[tuple[int, bytes]] = (), requests: list[tuple[int, bytes]] = ()) -> bytes:  # type: ignore[assignment]
    """Return a PKIData (DER) of controls of one type and PKCS #10 requests, made by the second encoder."""
    data = rfc6402.PKIData()
    data["controlSequence"].clear()
    for number, value in controls:
        tagged = rfc6402.TaggedAttribute()
        tagged["bodyPartID"], tagged["attrType"] = number, rfc6402.id_cmc_dataReturn
        tagged["attrValues"].append(value)
        data["controlSequence"].append(tagged)
    data["reqSequence"].clear()
    for number, value in requests:
        request = rfc6402.TaggedRequest()
        orm = request["orm"]
        orm["bodyPartID"], orm["requestMessageType"], orm["requestMessageValue"] = number, "1.2.3", value
        data["reqSequence"].append(request)
    data["cmsSequence"].clear()
    data["otherMsgSequence"].clear()
    der: bytes = encoder.encode(data)
    return der


@given(st.lists(ID, unique=True, max_size=20), st.data())
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
def test_what_another_encoder_writes_is_read_as_it_was_meant(ids: list[int], data: st.DataObject) -> None:
    """Body part ids and values would be mixed up between parts."""
    values = [data.draw(st.binary(max_size=40)) for _ in ids]
    split = data.draw(st.integers(0, len(ids)))
    controls = [(number, core.OctetString(value).dump()) for number, value in zip(ids[:split], values, strict=False)]
    requests = [(number, NULL) for number in ids[split:]]
    parsed = parse_pki_data(pki_data(controls, requests))
    assert [(control.body_part_id, control.values) for control in parsed.controls] == [
        (number, (value,)) for number, value in controls
    ]
    assert parsed.requests == tuple(OtherRequest(body_part_id=number, oid="1.2.3") for number, _ in requests)


@given(st.data())
@settings(deadline=None, max_examples=400)
def test_broken_messages_are_malformed_and_nothing_else(data: st.DataObject) -> None:
    """An exception of the library would be a 500 for whoever sends a broken message."""
    der = bytearray(vectors.pki_data(data.draw(st.sampled_from(vectors.NAMES))))
    for _ in range(data.draw(st.integers(1, 6))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    with suppress(TriviumError):
        parse_pki_data(bytes(der))


@pytest.mark.parametrize("ids", [[1, 1], [0], [1 << 32], [-1]], ids=str)
def test_body_part_ids_are_unique_and_in_range(ids: list[int]) -> None:
    """An answer about part 1 would be about two parts (RFC 10002 section 3.2.2)."""
    first, *others = [
        {"body_part_id": number, "attr_type": "1.3.6.1.5.5.7.7.4", "attr_values": [core.Null()]} for number in ids
    ]
    requests = [
        asn1.TaggedRequest(
            "orm",
            {
                "body_part_id": other["body_part_id"],
                "request_message_type": "1.2",
                "request_message_value": core.Null(),
            },
        )
        for other in others
    ]
    data = asn1.PKIData(
        {"control_sequence": [first], "req_sequence": requests, "cms_sequence": [], "other_msg_sequence": []}
    )
    with pytest.raises(TriviumError) as error:
        parse_pki_data(data.dump())
    assert error.value.kind is ErrorKind.MALFORMED


def test_requests_of_one_message_are_counted() -> None:
    """One message of 64 KiB could ask for a thousand orders."""
    with pytest.raises(TriviumError) as error:
        parse_pki_data(pki_data(requests=[(number + 1, NULL) for number in range(MAX_REQUESTS + 1)]))
    assert error.value.kind is ErrorKind.TOO_LARGE


def nested(levels: int, tag: int = 0x30) -> bytes:
    """Return values inside each other."""
    der = b""
    for _ in range(levels):
        length = len(der)
        header = bytes([length]) if length < 128 else b"\x82" + length.to_bytes(2)
        der = bytes([tag]) + header + der
    return der


PATHOLOGICAL = {
    "empty": b"",
    "deep": nested(1000),
    "wide": b"\x30\x82\x40\x00" + NULL * 0x2000,
    "long OID": b"\x30\x82\xc3\x54\x06\x82\xc3\x50" + b"\x81" * 49999 + b"\x01",
    "long INTEGER": b"\x30\x82\x10\x04\x02\x82\x10\x00" + b"\x7f" * 4096,
    "indefinite length": b"\x30\x80\x30\x00\x00\x00",
    "trailing bytes": b"\x30\x00\x00",
    "large": b"\x30\x83\x02\x00\x00" + bytes(0x20000),
    "cut off": b"\x30\x82\x05\xa1\x06\x09",
}


@pytest.mark.parametrize("value", PATHOLOGICAL)
def test_pathological_input_never_reaches_the_parser(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An OID of 50 kB costs the library 0.4 s, of 200 kB 5 s (rule 62)."""

    def reached(*_: object, **__: object) -> None:
        pytest.fail("the parser saw it")

    monkeypatch.setattr(reader, "values_in", reached)
    with pytest.raises(TriviumError) as error:
        parse_pki_data(PATHOLOGICAL[value])
    assert error.value.kind is ErrorKind.MALFORMED
