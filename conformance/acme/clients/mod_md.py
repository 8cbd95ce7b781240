"""mod_md, of Debian's Apache: a web server that obtains certificates for its virtual hosts."""

import base64
import json
import os
import shutil
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from conformance.acme import web
from conformance.acme.client import SECONDS, Client, printed
from conformance.acme.csr import write_key
from conformance.acme.model import AccountKey, Binding, Issued, KeyType, Method, Request, Scenario
from conformance.processes import run_until

_MODULES = Path("/usr/lib/apache2/modules")
_LOADED = ("mpm_event", "authz_core", "ssl", "md")
_KEY_TYPES = {KeyType.EC: "secp256r1", KeyType.RSA: "RSA 2048"}
_CHALLENGES = {Method.STANDALONE: "http-01", Method.DNS: "dns-01", Method.TLS_ALPN: "tls-alpn-01"}
_NOT_DUE = "next run in"
_PYTHON = "/usr/bin/python3"
"""Debian's: whoever Apache runs as may not be allowed to use the one that runs this."""


class ModMd(Client):
    """mod_md 2: Apache runs until the new certificate is staged; the next start takes it into use."""

    name = "mod_md"
    usual_method = Method.STANDALONE
    can = frozenset(
        {
            Scenario.REGISTER,
            Scenario.HTTP_01_STANDALONE,
            Scenario.DNS_01,
            Scenario.TLS_ALPN_01,
            Scenario.SEVERAL_NAMES,
            Scenario.WILDCARD,
            Scenario.RSA,
            Scenario.EC,
            Scenario.RENEW,
            Scenario.ARI,
            Scenario.EAB,
        }
    )

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._binding: Binding | None = None

    @classmethod
    def version(cls) -> str:
        """Apache's version, to which mod_md belongs."""
        return printed("/usr/sbin/apache2", "-v").split()[2]

    def bind(self, binding: Binding) -> None:
        """The binding stands in the configuration; the account comes with the first certificate."""
        self._binding = binding
        self.register()

    def obtain(self, request: Request) -> Issued:
        """Run until a certificate is staged."""
        return self._run(request, window="33%", before=None)

    def renew(self, issued: Issued) -> Issued:
        """Run once more, with a configuration by which every certificate is due."""
        return self._run(issued.request, window="9999d", before=issued)

    def renews_on_advice(self, issued: Issued) -> bool:
        """Start with the usual configuration, and see what mod_md makes of the server's advice."""
        return self._run(issued.request, window="33%", before=issued) is not issued

    def account_key(self) -> AccountKey:
        """The PEM file in the store: with the staged certificate, or already in use."""
        file, *_ = (self.directory / "md").rglob("account.pem")
        return self._read_key(file)

    def _read_key(self, file: Path) -> AccountKey:
        """Read a key that is encrypted under the store's."""
        secret = json.loads((self.directory / "md" / "md_store.json").read_text())["key"]
        return load_pem_private_key(file.read_bytes(), base64.urlsafe_b64decode(secret))  # type: ignore[return-value]

    def _run(self, request: Request, *, window: str, before: Issued | None) -> Issued:
        """Run Apache until there is a new certificate, or until it says that ``before`` is not due."""
        configuration, log = self.directory / "apache2.conf", self.directory / "apache2.log"
        configuration.write_text("\n".join(self._configuration(request, window)))
        staging = self.directory / "md" / "staging" / request.identifiers[0]
        told_before = len(self._errors())

        def is_staged() -> bool:
            return _is_done(_job(staging), staging, before)

        def is_left_alone() -> bool:
            return before is not None and _NOT_DUE in self._errors()[told_before:] and not staging.exists()

        run_until(
            lambda: is_staged() or is_left_alone(),
            ["/usr/sbin/apache2", "-D", "FOREGROUND", "-f", configuration],
            log=log,
            told=lambda: f"{log.read_text()}\n{self._errors()}\n{_job(staging).get('last', {}).get('detail', '')}",
            gave_up=lambda _: _job(staging).get("errors", 0) > 0,
            seconds=SECONDS,
        )
        if before is not None and not is_staged():
            return before
        kept = self.directory / f"certificate-{len(list(self.directory.glob('certificate-*')))}"
        shutil.copytree(staging, kept)
        [chain] = kept.glob("pubcert*.pem")
        [sealed] = kept.glob("privkey*.pem")
        key = kept / "key.pem"
        write_key(self._read_key(sealed), key)
        return Issued(request=request, chain=chain, key=key)

    def _configuration(self, request: Request, window: str) -> list[str]:
        server, directory = self.server, self.directory
        tls_ca = directory / "tls-ca.pem"  # where whoever Apache runs as may read it
        shutil.copyfile(server.tls_ca, tls_ca)
        lines = [f"LoadModule {name}_module {_MODULES / f'mod_{name}.so'}" for name in _LOADED]
        if os.geteuid() == 0:  # then Apache drops its privileges, and must be told to whom
            lines += ["User www-data", "Group www-data"]
        lines += [
            f'ServerRoot "{directory}"',
            f'DefaultRuntimeDir "{directory}"',
            f'PidFile "{directory / "apache2.pid"}"',
            f'ErrorLog "{directory / "error.log"}"',
            "LogLevel warn md:debug",
            "ServerName apache.conformance.test",
            f"Listen 127.0.0.1:{server.http_port}",
            f"Listen 127.0.0.1:{server.tls_alpn_port} https",
            f"MDPortMap http:{server.http_port} https:{server.tls_alpn_port}",
            f'MDStoreDir "{directory / "md"}"',
            f"MDCertificateAuthority {server.directory}",
            f'MDCACertificateFile "{tls_ca}"',
            "MDCertificateAgreement accepted",
            "MDContactEmail mod_md@conformance.test",
            "MDRenewMode always",
            f"MDRenewWindow {window}",
            f"MDPrivateKeys {_KEY_TYPES[request.key_type]}",
            f"MDCAChallenges {_CHALLENGES[request.method]}",
            f"MDomain {' '.join(request.identifiers)}",
            "Protocols http/1.1 acme-tls/1",
            f"<VirtualHost 127.0.0.1:{server.tls_alpn_port}>",
            f"ServerName {request.identifiers[0].replace('*', 'any')}",
            *[f"ServerAlias {name}" for name in request.identifiers],
            "SSLEngine on",
            "</VirtualHost>",
        ]
        if request.method is Method.DNS:
            lines.append(f'MDChallengeDns01 "{self._dns_hook()}"')
        if self._binding is not None:
            lines.append(f"MDExternalAccountBinding {self._binding.kid} {self._binding.hmac}")
        return [*lines, ""]

    def _errors(self) -> str:
        file = self.directory / "error.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def _dns_hook(self) -> Path:
        """The program that mod_md calls with ``setup`` or ``teardown``, a name and a value."""
        hook, editor, url = self.directory / "dns-hook", self.directory / "web.py", self.server.dns_commands
        shutil.copyfile(web.__file__, editor)
        hook.write_text(
            f'#!/bin/sh\ncase "$1" in setup) exec {_PYTHON} {editor} set {url} "_acme-challenge.$2" "$3";; esac\n'
            f'exec {_PYTHON} {editor} clear {url} "_acme-challenge.$2"\n'
        )
        hook.chmod(0o755)
        return hook


def _is_done(job: dict[str, Any], staging: Path, before: Issued | None) -> bool:
    """Whether a certificate is staged, and not the one that was there before and is only moved away at the start."""
    if not job.get("finished"):
        return False
    staged = [file.read_bytes() for file in staging.glob("pubcert*.pem")]
    return bool(staged) and (before is None or staged != [before.chain.read_bytes()])


def _job(staging: Path) -> dict[str, Any]:
    """Return what mod_md says about its work on a domain."""
    try:
        job: dict[str, Any] = json.loads((staging / "job.json").read_text())
    except (FileNotFoundError, ValueError):  # not there yet, or just being written
        return {}
    return job
