"""What registration authorities change in requests: modCertTemplate and addExtensions (RFC 10002 section 6.5)."""

import os
from datetime import timedelta
from typing import Any

import pytest
from asn1crypto import core as asn1
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ca_core.certificates.crmf_asn1 import CertReqMsg
from ca_core.model.certificates import CertificateStatus
from ca_core.model.cmc_clients import CmcRight
from ca_core.model.orders import ProofOfPossession
from gateway.cmc import asn1 as structures
from gateway.cmc import asn1_controls, oids
from gateway.cmc.errors import CmcFailInfo, CmcStatus
from tests.cmc.messages import Control, pki_data
from tests.cmc.office import Office, Sender, control, new_key, nonce, request
from tests.cmc.test_controls import revocation, status_of
from tests.cmc.test_crmf import request as crmf_request
from tests.cmc.test_crmf import spki
from tests.cmc.test_nested import N, batch, inner, wrap

SAN = "2.5.29.17"
TLS_FEATURE = "1.3.6.1.5.5.7.1.24"
KEY_USAGE = "2.5.29.15"
MUST_STAPLE = bytes.fromhex("3003020105")


@pytest.fixture
async def client(office: Office) -> Sender:
    """Register a client that is no registration authority."""
    return await office.register("client", frozenset({CmcRight.ISSUE, CmcRight.REVOKE}))


def extension(oid: str, value: bytes, *, critical: bool = False) -> dict[str, Any]:
    """Return an extension as a structure takes it."""
    return {"extn_id": oid, "critical": critical, "extn_value": value}


def names(*values: str) -> dict[str, Any]:
    """Return a subjectAltName."""
    return extension(SAN, asn1_x509.GeneralNames([asn1_x509.GeneralName("dns_name", one) for one in values]).dump())


def template(path: tuple[int, ...], *numbers: int, replacing: bool = True, **fields: Any) -> Control:
    """Return modCertTemplate."""
    content = {
        "pki_data_reference": path,
        "cert_references": numbers,
        "replace": replacing,
        "cert_template": fields,
    }
    return control(31, asn1_controls.ModCertTemplate(content).dump())


def added(holder: int, *numbers: int, extensions: list[dict[str, Any]]) -> Control:
    """Return addExtensions."""
    content = {"pki_data_reference": holder, "cert_references": numbers, "extensions": extensions}
    return control(8, asn1_controls.AddExtensions(content).dump())


def dns_names(certificate: x509.Certificate) -> list[str]:
    """Return what the certificate is for."""
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return sorted(found.get_values_for_type(x509.DNSName))


def staples(certificate: x509.Certificate) -> bool:
    """Whether the certificate says must-staple."""
    return any(isinstance(one.value, x509.TLSFeature) for one in certificate.extensions)


async def test_the_names_are_the_authoritys(office: Office, client: Sender) -> None:
    """RFC 10002 section 6.5.1: a client that does not know its name yet would get a certificate for another."""
    key = new_key()
    message = office.signed(pki_data(request("unknown.example.com", key=key)), client)
    read = await wrap(office, {N: message}, template((N,), 1, extensions=[names("a.example.com", "b.example.com")]))
    certificate = inner(office, read).certificate_of(key)
    assert dns_names(certificate) == ["a.example.com", "b.example.com"]
    [order] = await office.orders()
    assert (order.placed_by, order.possession) == (f"cmc-client:{client.cmc_client.id}", ProofOfPossession.SHOWN)
    assert order.comment == "Sent on by gateway-1. Changed by a registration authority."
    lost = revocation(certificate, reason=1)
    assert (await office.ask(controls=(lost, nonce()), sender=client)).only.status == CmcStatus.SUCCESS
    assert await status_of(office, certificate) is CertificateStatus.REVOKED


async def test_own_requests_are_changed_too(office: Office) -> None:
    """Section 8: simple requests of clients stand in the authority's own reqSequence, and 0 is its own PKIData."""
    first, second = new_key(), new_key()
    read = await office.ask(
        request("one.example.com", key=first),
        request("two.example.com", key=second),
        controls=(template((0,), 2, extensions=[names("a.example.com")]), nonce()),
    )
    assert dns_names(read.certificate_of(first)) == ["one.example.com"]
    assert dns_names(read.certificate_of(second)) == ["a.example.com"]


async def test_parts_are_taken_out(office: Office, client: Sender) -> None:
    """Replace FALSE: "the data in the target certification request is deleted", each extension alone."""
    key = new_key()
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "cn.example.com")])
    )
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("san.example.com")]), critical=False)
    builder = builder.add_extension(x509.TLSFeature([x509.TLSFeatureType.status_request]), critical=False)
    csr = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    for fields, expected, stapled in (
        ({"subject": asn1_x509.Name.build({})}, ["san.example.com"], True),
        ({"extensions": [names("anything.example.com")]}, ["cn.example.com"], True),
        ({"extensions": [extension(TLS_FEATURE, MUST_STAPLE)]}, ["cn.example.com", "san.example.com"], False),
        ({"extensions": [extension(KEY_USAGE, b"\x03\x02\x05\xa0")]}, ["cn.example.com", "san.example.com"], True),
    ):
        message = office.signed(pki_data(csr, controls=(nonce(),)), client)
        read = await wrap(office, {N: message}, template((N,), 1, replacing=False, **fields))
        certificate = inner(office, read).certificate_of(key)
        assert (dns_names(certificate), staples(certificate)) == (expected, stapled)


async def test_extensions_are_added(office: Office, client: Sender) -> None:
    """RFC 10002 section 6.5.2: must-staple would be lost, in the authority's own requests or a client's."""
    key = new_key()
    staple = [extension(TLS_FEATURE, MUST_STAPLE)]
    read = await office.ask(request("a.example.com", key=key), controls=(added(0, 1, extensions=staple), nonce()))
    assert staples(read.certificate_of(key))
    message = office.signed(pki_data(request("b.example.com", key=key)), client)
    certificate = inner(office, await wrap(office, {N: message}, added(N, 1, extensions=staple))).certificate_of(key)
    assert (staples(certificate), dns_names(certificate)) == (True, ["b.example.com"])


async def test_one_layer_adds_no_two_of_a_kind(office: Office) -> None:
    """RFC 10002 section 6.5.2 recommends it: which of two names is meant, nobody could tell."""
    once = added(0, 1, extensions=[names("a.example.com")])
    other = added(0, 1, extensions=[names("b.example.com")])
    read = await office.ask(request("x.example.com", key=new_key()), controls=(once, other, nonce()))
    assert (read.only.body_list, read.only.fail_info) == ((other.body_part_id,), CmcFailInfo.BAD_REQUEST)
    again = added(0, 1, extensions=[names("a.example.com")])
    key = new_key()
    read = await office.ask(request("x.example.com", key=key), controls=(once, again, nonce()))
    assert dns_names(read.certificate_of(key)) == ["a.example.com"]


async def test_the_outer_layer_overrides(office: Office, client: Sender) -> None:
    """RFC 10002 section 6.5.1: "controls should be applied from the innermost layer to the outermost layer"."""
    authority = await office.register("inner-authority")
    staple = added(5, 1, extensions=[names("a.example.com"), extension(TLS_FEATURE, MUST_STAPLE)])
    inside = template((5,), 1, extensions=[names("b.example.com")])
    outside = template((N, 5), 1, extensions=[names("c.example.com")])
    for controls in ((batch(N), outside), (outside, batch(N))):
        key = new_key()
        message = office.signed(pki_data(request("x.example.com", key=key)), client)
        middle = office.signed(pki_data(controls=(staple, inside, nonce()), contents={5: message}), authority)
        read = inner(office, await wrap(office, {N: middle}, *controls))
        certificate = inner(office, read, 5).certificate_of(key)
        assert (dns_names(certificate), staples(certificate)) == (["c.example.com"], True)


async def test_the_policy_decides_about_the_names(office: Office, client: Sender) -> None:
    """An authority could have what no client of the product can: its change is a wish like any other."""
    message = office.signed(pki_data(request("a.example.com", key=new_key())), client)
    read = inner(office, await wrap(office, {N: message}, template((N,), 1, extensions=[names("*.example.com")])))
    assert (read.only.body_list, read.only.fail_info) == ((1,), CmcFailInfo.BAD_REQUEST)
    assert "wildcard" in read.only.text
    assert await office.orders() == []


async def test_the_validity_is_changed_where_the_product_has_it(office: Office) -> None:
    """A product that sets the validity itself would be talked out of it, or one that does not disregard the wish."""
    end = office.workshop.clock.now().replace(microsecond=0) + timedelta(days=20)
    wish = template((0,), 1, validity={"not_after": asn1_x509.Time("utc_time", end)})
    read = await office.ask(request("a.example.com", key=new_key()), controls=(wish, nonce()))
    assert (read.only.body_list, read.only.fail_info) == ((1,), CmcFailInfo.BAD_REQUEST)
    await office.change_product(requested_validity=True)
    key = new_key()
    read = await office.ask(request("a.example.com", key=key), controls=(wish, nonce()), validity="30d")
    assert read.certificate_of(key).not_valid_after_utc == end


async def test_what_comes_from_the_product_is_not_changed(office: Office) -> None:
    """RFC 10002 section 6.5: unsupportedExt for extensions that are not taken; keys are nobody's to change."""
    unsupported = (
        template((0,), 1, extensions=[extension(KEY_USAGE, b"\x03\x02\x02\x04", critical=True)]),
        added(0, 1, extensions=[extension("1.2.3.4", b"\x05\x00")]),
        template((0,), 1, extensions=[extension("2.5.29.19", b"\x30\x03\x01\x01\xff", critical=True)]),
    )
    bad = (
        template((0,), 1, public_key=spki(new_key())),
        template((0,), 1, serial_number=5),
        template((0,), 1, issuer=asn1_x509.Name.build({"common_name": "Another CA"})),
        template((0,), 1, replacing=False, public_key=spki(new_key())),
    )
    for wrong in (*unsupported, *bad):
        read = await office.ask(request("a.example.com", key=new_key()), controls=(wrong, nonce()))
        expected = CmcFailInfo.UNSUPPORTED_EXT if wrong in unsupported else CmcFailInfo.BAD_REQUEST
        assert (read.only.body_list, read.only.fail_info) == ((wrong.body_part_id,), expected)
    assert await office.orders() == []


async def test_changes_point_at_requests(office: Office, client: Sender) -> None:
    """RFC 10002 section 6.5: badRequest on the control; the request that is meant would be certified unchanged."""
    message = office.signed(pki_data(request("a.example.com", key=new_key())), client)
    san = [names("b.example.com")]
    for wrong in (
        template((N,), 2, extensions=san),
        template((N,), 1, 9, extensions=san),
        template((N + 1,), 1, extensions=san),
        template((0,), 1, extensions=san),
        template((N, 4), 1, extensions=san),
        added(N, 2, extensions=san),
        added(N + 1, 1, extensions=san),
        added(0, 1, extensions=san),
        added(N, extensions=san),
    ):
        read = await wrap(office, {N: message}, wrong, batch(N))
        assert (read.only.body_list, read.only.fail_info) == ((wrong.body_part_id,), CmcFailInfo.BAD_REQUEST)
    assert await office.orders() == []
    assert not inner(office, await wrap(office, {N: message}, batch(N))).full, "it was not used up"


async def test_only_authorities_change_requests(office: Office, client: Sender) -> None:
    """A client would change what others signed; its own it can sign as it likes."""
    for wrong in (
        template((0,), 1, extensions=[names("b.example.com")]),
        added(0, 1, extensions=[extension(TLS_FEATURE, MUST_STAPLE)]),
    ):
        read = await office.ask(request("a.example.com", key=new_key()), controls=(wrong, nonce()), sender=client)
        assert (read.only.body_list, read.only.fail_info) == ((wrong.body_part_id,), CmcFailInfo.BAD_IDENTITY)
    assert await office.orders() == []


async def test_a_change_shows_no_possession(office: Office, client: Sender) -> None:
    """Rule 76: a request that nobody signed, or that cannot be read, would be written anew and need no signature."""
    change = template((N,), 1, extensions=[names("b.example.com")])
    csr = request("a.example.com", key=new_key())
    broken = csr[:-1] + bytes([csr[-1] ^ 1])
    read = inner(office, await wrap(office, {N: office.signed(pki_data(broken), client)}, change))
    assert (read.only.body_list, read.only.fail_info) == ((1,), CmcFailInfo.POP_FAILED)
    other = asn1_x509.GeneralNames([asn1_x509.GeneralName("rfc822_name", "a@example.com")]).dump()
    for asked in (crmf_request("a.example.com"), crmf_request(extensions=[extension(SAN, other)])):
        crm = structures.TaggedRequest("crm", CertReqMsg({"cert_req": asked}))
        sent_nonce = {
            "body_part_id": 8,
            "attr_type": oids.SENDER_NONCE,
            "attr_values": [asn1.OctetString(os.urandom(16))],
        }
        data = structures.PKIData(
            {"control_sequence": [sent_nonce], "req_sequence": [crm], "cms_sequence": [], "other_msg_sequence": []}
        )
        unsigned = template((N,), 7, extensions=[names("b.example.com")])
        read = inner(office, await wrap(office, {N: office.signed(data.dump(), client)}, unsigned))
        assert read.only.status == CmcStatus.FAILED
    assert await office.orders() == []
