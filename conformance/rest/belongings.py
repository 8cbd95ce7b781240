"""What a user has at the server, made before schemathesis begins: without ids of things that exist, all is 404."""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from conformance.rest.generated import new_csr
from conformance.rest.target import Target

_SECONDS: Final = 120


class Session:
    """A user who is signed in, and asks in JSON."""

    def __init__(self, target: Target) -> None:
        """Get the user's token; raises HTTPError when there is none."""
        self.target = target
        self.trust = ssl.create_default_context(cafile=target.tls_ca)
        self.token = ""
        form = urlencode({"userSecret": target.key}).encode()
        self.token = self._send("POST", f"/v2/jwt/{quote(target.user)}", form, "application/x-www-form-urlencoded")

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Return the answer; raises HTTPError when the server refuses."""
        return json.loads(self._send(method, path, None if body is None else json.dumps(body).encode()))

    def ask_if_allowed(self, method: str, path: str, body: object = None) -> Any:
        """Return the answer, None when the user may not."""
        try:
            return self.ask(method, path, body)
        except HTTPError as error:
            error.close()
            return None

    def _send(self, method: str, path: str, body: bytes | None, kind: str = "application/json") -> str:
        headers = {"Content-Type": kind, "Prefer": "wait=30"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = Request(self.target.url + path, body, headers, method=method)  # noqa: S310 - the operator's URL
        with urlopen(request, timeout=_SECONDS, context=self.trust) as answer:  # noqa: S310
            return str(answer.read().decode())


def belongings(session: Session, folder: Path) -> dict[str, list[str]]:
    """Make a domain, an order and what hangs on them; return the values of the parameters that name them.

    A key is where schemathesis finds a parameter: ``path.order_id``, or ``body.client``. Values that a test may delete
    are those of things that were made here.
    """
    target = session.target
    client = next(one for one in session.ask("GET", "/v3/clients")["items"] if one["name"] == "default")
    products = [one for one in session.ask("GET", "/v3/products?road=rest")["items"] if one["client"] == client["id"]]
    product = next(one for one in products if not one["approvals"]["issuance"])
    domain = _validated_domain(session, client["id"], f"examined.{target.domain}")
    csr = new_csr(folder / "examined.csr", f"www.examined.{target.domain}").read_text()
    order = session.ask("POST", "/v3/orders", {"product": product["id"], "csr": csr})
    found = {
        "path.clientReference": [client["id"]],
        "path.productReference": [product["id"]],
        "path.orderReference": [order["id"]],
        "path.prevalidatedDomainReference": [domain],
        "path.userName": [target.user],
        "path.client_id": [client["id"]],
        "path.product_id": [product["id"]],
        "path.order_id": [order["id"]],
        "path.domain_id": [domain],
        "query.client": [client["id"]],
        "body.client": [client["id"]],
        "body.product": [product["id"]],
        "body.productReference": [product["id"]],
        "body.csr": [csr],
    }
    return found | {key: [value] for key, value in _further(session, client["id"], product["id"])}


def _validated_domain(session: Session, client: str, name: str) -> str:
    """Register a domain and show control of it; return its id."""
    [domain] = session.ask("POST", f"/v2/client/domain/{client}/register", [name])
    record = json.dumps({"host": f"{name}.", "value": domain["randomValue"]}).encode()
    with urlopen(f"{session.target.dns_commands}/set-txt", record, timeout=_SECONDS):  # noqa: S310 - the operator's URL
        pass
    session.ask("POST", f"/v2/client/domain/{domain['uuid']}/validate")
    return str(domain["uuid"])


def _further(session: Session, client: str, product: str) -> Iterator[tuple[str, str]]:
    """Give the values of what not every user may see or make."""
    certificates = session.ask_if_allowed("GET", "/v3/certificates") or {"items": []}
    root = {"client": client, "certificates": session.target.tls_ca.read_text()}
    made = {
        "path.certificate_id": next(iter(certificates["items"]), None),
        "path.issuer_id": next(iter(session.ask_if_allowed("GET", "/v3/issuers") or ()), None),
        "path.external_certificate_id": next(
            iter(session.ask_if_allowed("POST", "/v3/external-certificates", root) or ()), None
        ),
        "path.webhook_id": session.ask_if_allowed(
            "POST", "/v3/webhooks", {"client": client, "url": "https://hooks.example.com/", "events": ["order.issued"]}
        ),
        "path.key_id": session.ask_if_allowed(
            "POST", "/v3/external-account-keys", {"client": client, "products": [product]}
        ),
    }
    for key, one in made.items():
        if one is not None and "id" in one:
            yield key, one["id"]
