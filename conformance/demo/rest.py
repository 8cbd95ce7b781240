"""The third road: a script orders over the RA API, as an integrator's does."""

import base64
import json
import ssl
import urllib.parse
import urllib.request
from typing import Any

from conformance.demo.gateway import STEP_SECONDS, Gateway, new_request, run
from conformance.processes import ProgramError

USER = "demo-shop"
DOMAIN = "shop.demo.trivium.test"
NAME = f"www.{DOMAIN}"


class RestRoad:
    """A service account, and a script's folder."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.folder = gateway.folder / "rest"
        self.token = ""
        self.client: dict[str, Any] = {}

    def sign_in(self) -> None:
        """Make a service account, get a token for its API key, and look up what it may order."""
        facts = json.loads(
            self.gateway.trivium(
                "user", "create", USER, "--service", "--role", "ra-operator", "--client", "default", "--json"
            )
        )
        form = urllib.parse.urlencode({"userSecret": facts["api_key"]}).encode()
        self.token = self._post(f"/v2/jwt/{USER}", form, "application/x-www-form-urlencoded").decode()
        [self.client] = self._json("/v2/clients?search=default")

    def validate_domain(self) -> None:
        """Register the domain, put its token into DNS, and have it looked at."""
        [domain] = self._json(f"/v2/client/domain/{self.client['uuid']}/register", [DOMAIN])
        self.gateway.set_txt(DOMAIN, domain["randomValue"])
        validated = self._json(f"/v2/client/domain/{domain['uuid']}/validate")
        if not validated["validated"]:
            raise ProgramError(f"Control of {DOMAIN} was not shown: {validated}")

    def order(self) -> None:
        """Order with a CSR of openssl's, wait for the certificate in the answer, and let openssl verify it."""
        self.folder.mkdir()
        csr = new_request(self.folder, "shop", "/", "-addext", f"subjectAltName=DNS:{NAME}").read_bytes()
        [product] = [one for one in self.client["products"] if one["productName"] == "tls"]
        wish = {
            "productReference": product["uuid"],
            "csr": base64.b64encode(csr).decode(),
            "synchrone": True,
            "includeCertificateChain": True,
            "tags": ["demo"],
        }
        order = self._json("/v2/issue", wish)
        chain = [ssl.DER_cert_to_PEM_cert(base64.b64decode(one)) for one in order.get("certificateChain", [])]
        if order["status"] != "ISSUED" or not chain:
            raise ProgramError(f"The order was not issued: {order}")
        leaf, issuers = self.folder / "leaf.pem", self.folder / "chain.pem"
        leaf.write_text(chain[0])
        issuers.write_text("".join(chain[1:]))
        run("openssl", "verify", "-CAfile", self.gateway.endpoints["root"], "-untrusted", issuers, leaf)

    def _json(self, path: str, body: Any = None) -> Any:
        return json.loads(self._post(path, b"" if body is None else json.dumps(body).encode(), "application/json"))

    def _post(self, path: str, body: bytes, content_type: str) -> bytes:
        headers = {"Content-Type": content_type}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(  # noqa: S310 - https on loopback
            self.gateway.endpoints["rest"] + path, body, headers, method="POST"
        )
        context = ssl.create_default_context(cafile=self.gateway.endpoints["tls_ca"])
        try:
            with urllib.request.urlopen(request, timeout=STEP_SECONDS, context=context) as answer:  # noqa: S310
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            raise ProgramError(f"POST {path} was answered {error.code}: {error.read().decode()}") from None
