"""acmetool, of Debian: one wants names, and it sees to them."""

import json
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from conformance.acme.client import Client, package_version
from conformance.acme.model import AccountKey, Issued, KeyType, Method, Request, Scenario
from conformance.acme.servers import terms_of_service
from conformance.acme.web import HOOK, WELL_KNOWN, serving_files

_KEY_TYPES = {KeyType.EC: "ecdsa", KeyType.RSA: "rsa"}


class Acmetool(Client):
    """acmetool 0.2, which notes with its state that a certificate shall be revoked, and never tells the server."""

    name = "acmetool"
    usual_method = Method.STANDALONE
    can = frozenset(
        {
            Scenario.REGISTER,
            Scenario.HTTP_01_STANDALONE,
            Scenario.HTTP_01_WEBROOT,
            Scenario.DNS_01,
            Scenario.SEVERAL_NAMES,
            Scenario.WILDCARD,
            Scenario.RSA,
            Scenario.EC,
        }
    )

    @classmethod
    def version(cls) -> str:
        """The package's version."""
        return package_version("acmetool")

    def obtain(self, request: Request) -> Issued:
        """``acmetool want``."""
        self._configure(request)
        if request.method is Method.WEBROOT:
            with serving_files(self.directory / "www", self.server.http_port):
                self._acmetool("want", *request.identifiers)
        else:
            self._acmetool("want", *request.identifiers)
        live = self.directory / "state" / "live" / request.identifiers[0]
        return Issued(request=request, chain=live / "fullchain", key=live / "privkey")

    def account_key(self) -> AccountKey:
        """The PEM file that acmetool keeps."""
        [file] = (self.directory / "state" / "accounts").rglob("privkey")
        return load_pem_private_key(file.read_bytes(), None)  # type: ignore[return-value]

    def _configure(self, request: Request) -> None:
        challenge: dict[str, object] = {"http-self-test": False}
        if request.method is Method.STANDALONE:
            challenge["http-ports"] = [f"127.0.0.1:{self.server.http_port}"]
        if request.method is Method.WEBROOT:
            challenge["webroot-paths"] = [str(self.directory / "www" / WELL_KNOWN)]
        key = {"type": _KEY_TYPES[request.key_type]}
        target = {"request": {"provider": self.server.directory, "key": key, "challenge": challenge}}
        file = self.directory / "state" / "conf" / "target"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(target))  # which is YAML too

    def _acmetool(self, *words: str) -> None:
        answers = self.directory / "answers"
        agreement = f"acme-agreement:{terms_of_service(self.server)}"
        answers.write_text(json.dumps({"acme-enter-email": "acmetool@conformance.test", agreement: True}))
        self.run(
            *("acmetool", "--batch", "--state", str(self.directory / "state"), "--hooks", str(self._hooks())),
            *("--response-file", str(answers), "--xlog.severity", "debug", *words),
            env={"SSL_CERT_FILE": str(self.server.tls_ca)},
        )

    def _hooks(self) -> Path:
        """The folder with the program that acmetool calls with what happens, a name, a file and a value."""
        url, command = self.server.dns_commands, " ".join(HOOK)
        hook = self.directory / "hooks" / "dns"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(
            '#!/bin/sh\ncase "$1" in\n'
            f'challenge-dns-start) exec {command} set {url} "_acme-challenge.$2" "$4";;\n'
            f'challenge-dns-stop) exec {command} clear {url} "_acme-challenge.$2";;\n'
            "esac\nexit 42\n"
        )
        hook.chmod(0o755)
        return hook.parent
