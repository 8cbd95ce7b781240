"""The second road: openssl signs a CMC message, as a mail gateway's script does."""

import json
import ssl
import urllib.request
from pathlib import Path

from conformance.cmc_message import PKI_DATA, pki_data
from conformance.demo.gateway import STEP_SECONDS, Gateway, new_request, run
from conformance.processes import ProgramError

NAME = "mail.demo.trivium.test"


class CmcRoad:
    """A CMC client in a folder of its own."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.folder = gateway.folder / "cmc"

    def register(self) -> None:
        """Let openssl make a key and a request, and register the CMC client that has them."""
        self.folder.mkdir()
        new_request(self.folder, "client", "/CN=demo mail gateway")
        csr = str(self.folder / "client.p10")
        facts = json.loads(self.gateway.trivium("cmc-client", "add", "demo-mail-gateway", "--csr", csr, "--json"))
        (self.folder / "client.pem").write_text(facts["certificate"])

    def order(self) -> None:
        """Sign a CMC message with openssl, post it, and let openssl verify answer and certificate."""
        new_request(self.folder, "mail", "/", "-addext", f"subjectAltName=DNS:{NAME}")
        files = {name: self.folder / name for name in ("message.der", "request.p7m", "answer.p7m", "chain.pem")}
        files["message.der"].write_bytes(pki_data((self.folder / "mail.p10").read_bytes()))
        run(
            "openssl", "cms", "-sign", "-binary", "-nodetach", "-econtent_type", PKI_DATA, "-outform", "DER",
            "-signer", self.folder / "client.pem", "-inkey", self.folder / "client.key",
            "-in", files["message.der"], "-out", files["request.p7m"],
        )  # fmt: skip
        request = urllib.request.Request(  # noqa: S310 - https on loopback
            f"{self.gateway.endpoints['cmc']}?account=default&product=tls",
            files["request.p7m"].read_bytes(),
            method="POST",
        )
        context = ssl.create_default_context(cafile=self.gateway.endpoints["tls_ca"])
        with urllib.request.urlopen(request, timeout=STEP_SECONDS, context=context) as answer:  # noqa: S310
            files["answer.p7m"].write_bytes(answer.read())
        root = self.gateway.endpoints["root"]
        run(
            "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", files["answer.p7m"], "-CAfile", root,
            "-out", self.folder / "response.der", "-certsout", files["chain.pem"],
        )  # fmt: skip
        run("openssl", "verify", "-CAfile", root, "-untrusted", files["chain.pem"], self.leaf(files["chain.pem"]))

    def leaf(self, bag: Path) -> Path:
        """Return a file with the certificate for the ordered name; in an answer they stand in no order."""
        end = "-----END CERTIFICATE-----\n"
        leaf = self.folder / "leaf.pem"
        for certificate in bag.read_text().split(end)[:-1]:
            leaf.write_text(certificate + end)
            if NAME in run("openssl", "x509", "-in", leaf, "-noout", "-text"):
                return leaf
        raise ProgramError(f"The answer has no certificate for {NAME}.")
