"""publishCert (RFC 10002 section 6.18) at a CA that publishes nowhere: what is so is confirmed, the rest refused."""

import hashlib
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.cmc import asn1_controls
from gateway.cmc.errors import CmcFailInfo, CmcStatus
from tests.cmc.messages import Control
from tests.cmc.office import Office, control, new_key, nonce, request
from tests.cmc.test_controls import issued

SHA256 = "2.16.840.1.101.3.4.2.1"
SHA1 = "1.3.14.3.2.26"


def publication(*hashes: bytes, action: int = 1, methods: tuple[int, ...] = (), algorithm: str = SHA256) -> Control:
    """Return publishCert."""
    info: dict[str, Any] = {"action": action}
    if methods:
        info["pub_infos"] = [{"pub_method": method} for method in methods]
    value = asn1_controls.CMCPublicationInfo(
        {"hash_alg": {"algorithm": algorithm}, "cert_hashes": list(hashes), "pub_info": info}
    )
    return control(30, value.dump())


def hash_of(certificate: x509.Certificate) -> bytes:
    """Return the SHA-256 of a certificate."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()


@pytest.mark.parametrize(("action", "methods"), [(0, ()), (1, ()), (1, (0,))])
async def test_what_is_so_is_confirmed(office: Office, action: int, methods: tuple[int, ...]) -> None:
    """A client would not know that its certificates stand in no directory."""
    certificate = await issued(office)
    asked = publication(hash_of(certificate), action=action, methods=methods)
    read = await office.ask(controls=(asked,))
    assert (read.only.status, read.only.body_list) == (CmcStatus.SUCCESS, (asked.body_part_id,))
    assert "no directory" in read.only.text


@pytest.mark.parametrize("method", [1, 2, 3], ids=["x500", "web", "ldap"])
async def test_a_directory_by_name_is_not_supported(office: Office, method: int) -> None:
    """A client would look for its certificate in a directory that nobody keeps."""
    asked = publication(hash_of(await issued(office)), methods=(0, method))
    read = await office.ask(controls=(asked,))
    assert (read.only.status, read.only.body_list) == (CmcStatus.NO_SUPPORT, (asked.body_part_id,))
    assert read.only.fail_info == CmcFailInfo.BAD_REQUEST
    assert "no directory" in read.only.text


async def test_what_makes_no_sense_is_refused(office: Office) -> None:
    """RFC 4211 section 6.3, and certificates that are nobody's: each would be acknowledged."""
    own = hash_of(await issued(office))
    for asked, fail_info in (
        (publication(b"x" * 32), CmcFailInfo.BAD_CERT_ID),
        (publication(own, b"x" * 32), CmcFailInfo.BAD_CERT_ID),
        (publication(own, algorithm=SHA1), CmcFailInfo.BAD_ALG),
        (publication(own, own + own), CmcFailInfo.BAD_REQUEST),
        (publication(own, action=2), CmcFailInfo.BAD_REQUEST),
        (publication(own, action=0, methods=(0,)), CmcFailInfo.BAD_REQUEST),
        (publication(own, methods=(4,)), CmcFailInfo.BAD_REQUEST),
        (publication(), CmcFailInfo.BAD_REQUEST),
        (control(30, b"\x05\x00"), CmcFailInfo.BAD_REQUEST),
    ):
        read = await office.ask(controls=(asked, nonce()))
        assert (read.only.status, read.only.body_list) == (CmcStatus.FAILED, (asked.body_part_id,))
        assert read.only.fail_info == fail_info


async def test_it_waits_for_the_requests_of_its_message(office: Office) -> None:
    """RFC 10002 section 6.18: "should not be processed if a certificate failed to be issued"."""
    asked = publication(hash_of(await issued(office)), action=0)
    read = await office.ask(request("new.example.com", key=new_key()), controls=(asked,))
    assert [one.status for one in read.statuses] == [CmcStatus.SUCCESS, CmcStatus.SUCCESS]
    again = publication(hash_of(await issued(office)), action=0)
    read = await office.ask(request("*.example.com", key=new_key()), controls=(again,))
    assert [(one.status, one.body_list) for one in read.statuses] == [(2, (1,)), (2, (again.body_part_id,))]
    assert "failed to be issued" in read.statuses[1].text
