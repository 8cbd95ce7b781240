"""acme-client, of npm: the library most programs on Node.js use. ``node/client.mjs`` is such a program."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from conformance.acme.client import Client
from conformance.acme.model import AccountKey, Binding, Issued, Method, Request, Scenario, is_address
from conformance.acme.web import WELL_KNOWN, serving_files

_FOLDER = Path(__file__).with_name("node")


class AcmeClient(Client):
    """A program on npm's acme-client, with an RSA account key."""

    name = "acme-client"
    usual_method = Method.STANDALONE
    can = frozenset(Scenario) - {Scenario.ARI, Scenario.REVOKE_BY_KEY}

    @classmethod
    def version(cls) -> str:
        """The version that is installed for this suite."""
        package = json.loads((_FOLDER / "node_modules" / "acme-client" / "package.json").read_text())
        return str(package["version"])

    def register(self) -> None:
        """``createAccount``."""
        self._step("register")

    def bind(self, binding: Binding) -> None:
        """``createAccount`` by a client that has a binding."""
        self._step("register", binding={"kid": binding.kid, "hmacKey": binding.hmac})

    def obtain(self, request: Request) -> Issued:
        """``createOrder``, the challenges, ``finalizeOrder``, ``getCertificate``."""
        identifiers = [{"type": "ip" if is_address(value) else "dns", "value": value} for value in request.identifiers]
        with ExitStack() as stack:
            if request.method is Method.WEBROOT:
                stack.enter_context(serving_files(self.directory / "www", self.server.http_port))
            self._step(
                "obtain",
                identifiers=identifiers,
                method=request.method,
                keyType=request.key_type,
                csr=str(request.csr) if request.csr else None,
            )
        key = None if request.csr else self.directory / "certificate.key"
        return Issued(request=request, chain=self.directory / "chain.pem", key=key)

    def renew(self, issued: Issued) -> Issued:
        """Order once more."""
        return self.obtain(issued.request)

    def change_key(self) -> None:
        """``updateAccountKey``."""
        self._step("changeKey")

    def update_contact(self, email: str) -> None:
        """``updateAccount``."""
        self._step("updateContact", email=email)

    def revoke(self, issued: Issued) -> None:
        """``revokeCertificate``."""
        self._step("revoke", certificate=str(issued.chain))

    def deactivate(self) -> None:
        """``updateAccount``, with the status."""
        self._step("deactivate")

    def account_key(self) -> AccountKey:
        """The key that the program keeps."""
        account = json.loads((self.directory / "account.json").read_text())
        return load_pem_private_key(account["key"].encode(), None)  # type: ignore[return-value]

    def _step(self, name: str, **further: Any) -> None:
        step = {
            "name": name,
            "directory": self.server.directory,
            "dnsCommands": self.server.dns_commands,
            "httpPort": self.server.http_port,
            "tlsAlpnPort": self.server.tls_alpn_port,
            "webroot": str(self.directory / "www" / WELL_KNOWN),
            **further,
        }
        program = _FOLDER / "client.mjs"
        self.run("node", program, json.dumps(step), env={"NODE_EXTRA_CA_CERTS": str(self.server.tls_ca)})
