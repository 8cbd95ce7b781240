"""The operations of the RA API with bodies that are in order: version 2's are ours, version 3's its own examples."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Operation:
    """A method, a path with parameters in braces, the names of its query parameters and a body that is in order."""

    method: str
    path: str
    query: tuple[str, ...]
    body: Any


def v2_bodies(values: dict[str, str], name: str) -> dict[str, Any]:
    """Return a body for each path of version 2 that takes one, about these ids, a CSR and its DNS name."""
    recipient = {"email": "it@example.com", "recipientType": "ISSUE_NOTIFICATION_MAIL", "language": "EN"}
    wish = {
        "productReference": values["productReference"],
        "csr": values["csr"],
        "tags": ["a"],
        "note": "n",
        "publishCertificate": False,
        "includeCertificateChain": True,
        "additionalRecipients": [recipient],
        "synchrone": False,
        "overrides": {"requestExtensions": {"requestDNS": {"values": [name]}}},
        "registrationDocuments": [{"documentName": "a.pdf", "document": "JVBERi0xLjcK"}],
    }
    search = {
        "orderReference": values["orderReference"],
        "serialNumber": "01",
        "orderStatus": ["ISSUED"],
        "tags": ["a"],
        "revocationReason": ["SUPERSEDED"],
        "clientReferences": [values["clientReference"]],
        "attribute": "a",
        "startAfter": "2026-01-01T00:00:00Z",
        "includeCertificateChain": True,
    }
    revocation = {
        "serialNumber": values["serial"],
        "issuerName": "CN=Trivium Issuing",
        "revocationReason": "SUPERSEDED",
        "revocationRequestor": "Ada",
    }
    return {
        "/v2/issue": wish,
        "/v2/validate": wish,
        "/v2/issue/csr/{productReference}": values["csr"],
        "/v2/orders": search,
        "/v2/orders/paged": search,
        "/v2/revoke": [revocation],
        "/v2/order/{orderReference}/tags": ["a", "b"],
        "/v2/jwt/{userName}": "userSecret=guess",
        **{f"/v2/order/{{orderReference}}/{what}/recipients": [recipient] for what in ("add", "delete")},
        "/v2/client/domain/{clientReference}/register": ["a.test"],
    }


def operations(document: Any, bodies: dict[str, Any], values: dict[str, str]) -> Iterator[Operation]:
    """Yield what a document describes, with its examples for bodies, about things that are there."""
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            parameters = described.get("parameters", [])
            [content] = described.get("requestBody", {}).get("content", {"": {}}).values()
            yield Operation(
                method=method.upper(),
                path=path,
                query=tuple(one["name"] for one in parameters if one["in"] == "query"),
                body=bodies.get(path, _about(content.get("example"), values)),
            )


def _about(example: Any, values: dict[str, str]) -> Any:
    if isinstance(example, dict):
        return {name: _about(item, values) for name, item in example.items()}
    if isinstance(example, list):
        return [_about(item, values) for item in example]
    if isinstance(example, str) and "CERTIFICATE REQUEST" in example:
        return values["csr"]
    return values.get(example[:4], example) if isinstance(example, str) else example
