"""Version 2 as its users meet it: a gateway that runs, its certificate verified, a user and key made at the console."""

import base64
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography import x509

from tests.rest.caller import csr_pem
from tests.running_gateway import RunningGateway

SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """An answer over HTTPS."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Script:
    """What an integrator has written: a base URL, a user name and a key."""

    base: str
    trust: ssl.SSLContext
    user: str
    key: str

    def send(self, path: str, body: bytes = b"", *, method: str = "POST", **headers: str) -> Answer:
        """Send a request and return the answer, whatever its status."""
        asked = urllib.request.Request(self.base + path, data=body if method == "POST" else None, method=method)  # noqa: S310
        for name, value in headers.items():
            asked.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(asked, timeout=SECONDS, context=self.trust) as answer:  # noqa: S310
                return Answer(answer.status, {**answer.headers}, answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return Answer(refused.code, {**refused.headers}, refused.read())

    def token(self) -> str:
        """Get a token."""
        form = urllib.parse.urlencode({"userSecret": self.key}).encode()
        answer = self.send(f"/v2/jwt/{self.user}", form, Content_Type="application/x-www-form-urlencoded")
        assert answer.status == 200, answer.body
        return answer.body.decode()

    def json(self, path: str, body: Any = None) -> Any:
        """Send JSON with a token and return the JSON of the answer."""
        raw = b"" if body is None else json.dumps(body).encode()
        answer = self.send(path, raw, Authorization=f"Bearer {self.token()}", Content_Type="application/json")
        assert answer.status < 300, answer.body
        return json.loads(answer.body) if answer.body else None


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway that serves."""
    running = RunningGateway(tmp_path_factory.mktemp("rest") / "ca")
    running.init("rest.key_in_url=true")
    running.start()
    yield running
    running.kill()


@pytest.fixture(scope="module")
def script(gateway: RunningGateway) -> Script:
    """An integrator's script with a service account of its own."""
    made = json.loads(gateway.trivium("user", "create", "robot", "--service", "--json"))
    trust = ssl.create_default_context(cafile=gateway.endpoints["tls_ca"])
    return Script(gateway.endpoints["rest"], trust, made["user"], made["api_key"])


def test_certificate_comes_over_https(script: Script) -> None:
    """The road from the key that the operator handed over to a certificate that is revoked."""
    products = [product for client in script.json("/v2/clients") for product in client["products"]]
    mail = next(product for product in products if product["publishCertificate"])
    order = script.json(
        "/v2/issue",
        {
            "productReference": mail["uuid"],
            "csr": csr_pem(),
            "overrides": {"requestExtensions": {"requestRFC822": {"values": ["ada@example.com"]}}},
            "synchrone": True,
            "includeCertificateChain": True,
            "publishCertificate": False,
        },
    )
    assert order["status"] == "ISSUED"
    leaf, issuer = (x509.load_der_x509_certificate(base64.b64decode(one)) for one in order["certificateChain"][:2])
    leaf.verify_directly_issued_by(issuer)
    certificate = order["certificate"]
    revocation = {
        "serialNumber": certificate["serial"],
        "issuerName": certificate["issuer"],
        "revocationReason": "SUPERSEDED",
        "revocationRequestor": "Ada",
    }
    assert script.json("/pki/api/v2/revoke", [revocation]) is None
    assert script.json(f"/v2/v2/order/{order['uuid']}/status") == "REVOKED"


def test_document_is_served(script: Script) -> None:
    """Whoever generates a client asks the gateway for the document, without a token."""
    answer = script.send("/v2/openapi.json", method="GET")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert "/v2/issue" in json.loads(answer.body)["paths"]


def test_refusals_come_over_https(script: Script) -> None:
    """A wrong token, a wrong path, a wrong method: each must be an APIError with the status that says so."""
    for path, method, status in (
        ("/v2/clients", "POST", 401),
        ("/v2/nothing", "POST", 404),
        ("/v2/clients", "GET", 405),
    ):
        answer = script.send(path, method=method)
        assert answer.status == status
        assert set(json.loads(answer.body)) == {"uuid", "errorCode", "errorMessages"}
        assert answer.headers["cache-control"] == "no-store"


def test_no_secret_reaches_the_log(gateway: RunningGateway, script: Script) -> None:
    """Abuse 50 and 75: a key in a URL, where that is allowed, or in a refused request, must not stand in the log."""
    answer = script.send(f"/v2/jwt/{script.user}/{script.key}", method="GET")
    assert answer.status == 200
    script.send(f"/v2/jwt/{script.user}?userSecret={script.key}")
    script.send(f"/v2/jwt/{script.user}/{script.key[:-1]}/", method="GET")
    log = gateway.log.read_text()
    assert script.key not in log
    assert script.key[:-1] not in log
    assert answer.body.decode() not in log
