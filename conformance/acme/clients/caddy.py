"""Caddy, of Debian: a web server that obtains certificates for what it serves, and is asked for nothing else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from conformance.acme.client import SECONDS, Client, printed
from conformance.acme.model import AccountKey, Binding, Issued, KeyType, Method, Request, Scenario
from conformance.processes import run_until

_KEY_TYPES = {KeyType.EC: "p256", KeyType.RSA: "rsa2048"}
_USUAL_WINDOW, _ALWAYS = 1 / 3, 1.0


class Caddy(Client):
    """Caddy 2: one name a certificate; it runs until the certificate is in its storage."""

    name = "caddy"
    usual_method = Method.STANDALONE
    can = frozenset(
        {
            Scenario.REGISTER,
            Scenario.HTTP_01_STANDALONE,
            Scenario.TLS_ALPN_01,
            Scenario.IP,
            Scenario.RSA,
            Scenario.EC,
            Scenario.RENEW,
            Scenario.EAB,
        }
    )

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._binding: Binding | None = None

    @classmethod
    def version(cls) -> str:
        """The program's version."""
        return printed("caddy", "version").strip()

    def bind(self, binding: Binding) -> None:
        """The binding stands in the configuration; the account comes with the first certificate."""
        self._binding = binding
        self.register()

    def obtain(self, request: Request) -> Issued:
        """Run until there is a certificate."""
        self._run_until(lambda: self._chain(request) is not None, request, _USUAL_WINDOW)
        return self._issued(request)

    def renew(self, issued: Issued) -> Issued:
        """Run with a configuration by which every certificate is due, until there is another one."""
        serial = issued.leaf.serial_number

        def is_another() -> bool:
            chain = self._chain(issued.request)
            return chain is not None and _serial(chain) not in {None, serial}

        self._run_until(is_another, issued.request, _ALWAYS)
        return self._issued(issued.request)

    def account_key(self) -> AccountKey:
        """The PEM file in Caddy's storage."""
        [file] = (self.directory / "storage" / "acme").rglob("*.key")
        return load_pem_private_key(file.read_bytes(), None)  # type: ignore[return-value]

    def _run_until(self, done: Callable[[], bool], request: Request, window: float) -> None:
        configuration, log = self.directory / "caddy.json", self.directory / "caddy.log"
        configuration.write_text(json.dumps(self._configuration(request, window)))
        run_until(
            done,
            ["caddy", "run", "--config", configuration],
            log=log,
            told=log.read_text,
            gave_up=lambda told: '"logger":"tls.obtain"' in told and '"msg":"will retry"' in told,
            seconds=SECONDS,
            env={"HOME": str(self.directory)},
        )

    def _configuration(self, request: Request, window: float) -> dict[str, Any]:
        by_http = request.method is Method.STANDALONE
        issuer: dict[str, Any] = {
            "module": "acme",
            "ca": self.server.directory,
            "email": "caddy@conformance.test",
            "trusted_roots_pem_files": [str(self.server.tls_ca)],
            "challenges": {
                "http": {"disabled": not by_http, "alternate_port": self.server.http_port},
                "tls-alpn": {"disabled": by_http, "alternate_port": self.server.tls_alpn_port},
                "bind_host": "127.0.0.1",
            },
        }
        if self._binding is not None:
            issuer["external_account"] = {"key_id": self._binding.kid, "mac_key": self._binding.hmac}
        names = list(request.identifiers)
        policy = {
            "subjects": names,
            "issuers": [issuer],
            "key_type": _KEY_TYPES[request.key_type],
            "renewal_window_ratio": window,
        }
        return {
            "admin": {"disabled": True},
            "storage": {"module": "file_system", "root": str(self.directory / "storage")},
            "logging": {"logs": {"default": {"encoder": {"format": "json"}}}},
            "apps": {"tls": {"certificates": {"automate": names}, "automation": {"policies": [policy]}}},
        }

    def _chain(self, request: Request) -> Path | None:
        """The certificate in Caddy's storage; its description is written last."""
        found = (self.directory / "storage" / "certificates").rglob(f"{request.identifiers[0]}.json")
        return next((file.with_suffix(".crt") for file in found), None)

    def _issued(self, request: Request) -> Issued:
        chain = self._chain(request)
        assert chain is not None  # noqa: S101 - waited for
        return Issued(request=request, chain=chain, key=chain.with_suffix(".key"))


def _serial(chain: Path) -> int | None:
    """The serial number of the certificate in a file that may just be written."""
    try:
        return x509.load_pem_x509_certificates(chain.read_bytes())[0].serial_number
    except ValueError:
        return None
