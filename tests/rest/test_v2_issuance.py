"""A certificate over version 2, from the domain to the revocation."""

import base64
from typing import Any

from cryptography import x509

from tests.rest.desk import Desk
from tests.rest.test_v2_operations import INSTANT


async def test_certificate_is_issued_and_revoked(desk: Desk) -> None:
    """The one thing that every client is there for, from the domain to the revocation."""
    await desk.control("example.com")
    order = await desk.issue("www.example.com", synchrone=True, includeCertificateChain=True, tags=["mail", "web"])
    assert order["status"] == "ISSUED"
    assert (order["productReference"], order["clientReference"]) == (desk.product.id, desk.office.client_id)
    assert order["tags"] == ["mail", "web"]
    certificate: Any = order["certificate"]
    leaf = x509.load_der_x509_certificate(base64.b64decode(certificate["certificate"]))
    assert int(certificate["serial"], 16) == leaf.serial_number
    chain: Any = order["certificateChain"]
    issuer = x509.load_der_x509_certificate(base64.b64decode(chain[1]))
    assert chain[0] == certificate["certificate"]
    leaf.verify_directly_issued_by(issuer)
    for moment in (order["createdOn"], certificate["startValidity"], certificate["endValidity"]):
        assert INSTANT.fullmatch(str(moment)), moment

    reference = order["uuid"]
    assert await desk.alice.json(f"/v2/order/{reference}/status") == "ISSUED"
    assert (await desk.alice.json(f"/v2/order/{reference}"))["certificate"] == certificate
    assert await desk.alice.json(f"/v2/order/{reference}/certificate/chain") == chain
    tasks = await desk.alice.json(f"/v2/order/{reference}/tasks")
    assert {"ISSUE_ISSUE_CERTIFICATE_JOB"} <= {task["type"] for task in tasks}
    assert all(INSTANT.fullmatch(task["timeCreated"]) for task in tasks)
    assert (await desk.alice.json(f"/v2/order/{reference}/tags", ["new"]))["tags"] == ["new"]

    revocation = {
        "serialNumber": "00" + certificate["serial"].lower(),
        "issuerName": ",".join(reversed(certificate["issuer"].split(","))),
        "revocationReason": "keyCompromise",
        "revocationRequestor": "Ada Lovelace",
        "unknownMember": 1,
    }
    await desk.alice.json("/v2/revoke", [revocation], status=204)
    revoked = await desk.alice.json(f"/v2/order/{reference}")
    assert revoked["status"] == "REVOKED"
    status = revoked["certificate"]["revocationStatus"]
    assert (status["reason"], status["revocationRequestor"]) == ("KEY_COMPROMISE", "Ada Lovelace")
    assert INSTANT.fullmatch(status["revokedOn"])
    await desk.alice.json("/v2/revoke", [revocation], status=400)
