"""The first road: certbot obtains a certificate over ACME, and openssl checks it."""

import json
import urllib.request
from pathlib import Path

from conformance.demo.gateway import BIN, Gateway, run
from conformance.processes import ProgramError

NAMES = ("demo.trivium.test", "www.demo.trivium.test")


class AcmeRoad:
    """An ACME client in a folder of its own."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.folder = gateway.folder / "certbot"

    def obtain(self) -> Path:
        """Let certbot obtain a certificate over ACME, and return the folder with its files."""
        folders = [part for name in ("config", "work", "logs") for part in (f"--{name}-dir", str(self.folder / name))]
        domains = [part for name in NAMES for part in ("-d", name)]
        run(
            BIN / "certbot", "certonly", "--standalone", "--http-01-port", str(self.gateway.http_port),
            "--http-01-address", "127.0.0.1", "--server", self.gateway.endpoints["acme_directory"], "--agree-tos",
            "--register-unsafely-without-email", "--non-interactive", *domains, *folders,
            env={"REQUESTS_CA_BUNDLE": self.gateway.endpoints["tls_ca"]},
        )  # fmt: skip
        return self.folder / "config" / "live" / NAMES[0]

    def fetch_crls(self) -> Path:
        """Fetch the CRLs of root and issuing CA over HTTP, as the certificates point to them, into one PEM file."""
        pem = self.folder / "crls.pem"
        listed: list[dict[str, str]] = json.loads(self.gateway.trivium("crl", "--json"))
        with pem.open("w") as output:
            for crl in listed:
                if not crl["url"].startswith("http://127.0.0.1:"):
                    raise ProgramError(f"The CRL address {crl['url']} is not on loopback.")
                der = self.folder / "crl.der"
                with urllib.request.urlopen(crl["url"], timeout=10) as answer:  # noqa: S310 - http on loopback
                    der.write_bytes(answer.read())
                output.write(run("openssl", "crl", "-inform", "DER", "-in", der))
        return pem

    def verify(self, live: Path) -> str:
        """Verify the certificate against the root with both CRLs, then ask OCSP; return the answer's status line."""
        crls, root, chain = self.fetch_crls(), Path(self.gateway.endpoints["root"]), live / "chain.pem"
        run(
            "openssl", "verify", "-CAfile", root, "-untrusted", chain, "-CRLfile", crls, "-crl_check_all",
            live / "cert.pem",
        )  # fmt: skip
        answer = run(
            "openssl", "ocsp", "-issuer", chain, "-cert", live / "cert.pem", "-url", self.gateway.endpoints["ocsp"],
            "-CAfile", root, "-verify_other", chain,
        )  # fmt: skip
        if "Response verify OK" not in answer or "cert.pem: good" not in answer:
            raise ProgramError(f"OCSP did not say good:\n{answer}")
        return next(line for line in answer.splitlines() if "cert.pem:" in line).rpartition("/")[2]
