"""certbot: the current release of PyPI, and the one Debian 12 has."""

import sys
from pathlib import Path
from typing import ClassVar

from cryptography.hazmat.primitives import serialization
from josepy.jwk import JWK

from conformance.acme.client import Client, printed
from conformance.acme.model import AccountKey, Binding, Issued, KeyType, Method, Request, Scenario
from conformance.acme.web import HOOK, serving_files

_KEY_TYPES = {KeyType.EC: "ecdsa", KeyType.RSA: "rsa"}
_NO_EMAIL = "--register-unsafely-without-email"


class DebianCertbot(Client):
    """certbot 2.1."""

    name = "certbot-2.1"
    program: ClassVar[Path] = Path("/usr/bin/certbot")
    usual_method = Method.STANDALONE
    can = frozenset(Scenario) - {
        Scenario.TLS_ALPN_01,
        Scenario.IP,
        Scenario.ARI,
        Scenario.KEY_CHANGE,
        Scenario.AFTER_KEY_CHANGE,
    }

    @classmethod
    def version(cls) -> str:
        """The program's version."""
        return printed(str(cls.program), "--version").split()[-1]

    def register(self) -> None:
        """``certbot register``."""
        self._certbot("register", "--agree-tos", _NO_EMAIL)

    def bind(self, binding: Binding) -> None:
        """Register with a binding."""
        words = ("--eab-kid", binding.kid, "--eab-hmac-key", binding.hmac)
        self._certbot("register", "--agree-tos", _NO_EMAIL, *words)

    def obtain(self, request: Request) -> Issued:
        """``certbot certonly``."""
        options = ["--agree-tos", _NO_EMAIL]
        options += [part for name in request.names for part in ("-d", name)]
        options += [part for address in request.addresses for part in ("--ip-address", str(address))]
        chain = self.directory / "config" / "live" / request.identifiers[0].removeprefix("*.") / "fullchain.pem"
        if request.csr is None:
            options += ["--key-type", _KEY_TYPES[request.key_type]]
        else:
            chain = self.directory / "fullchain.pem"
            options += ["--csr", str(request.csr), "--fullchain-path", str(chain)]
            options += ["--cert-path", str(self.directory / "cert.pem"), "--chain-path", str(self.directory / "ca.pem")]
        match request.method:
            case Method.WEBROOT:
                root = self.directory / "www"
                with serving_files(root, self.server.http_port):
                    self._certbot("certonly", "--webroot", "--webroot-path", str(root), *options)
            case Method.DNS:
                self._certbot("certonly", *self._dns_options(), *options)
            case _:
                self._certbot("certonly", *self._standalone_options(), *options)
        return Issued(request=request, chain=chain, key=None if request.csr else chain.with_name("privkey.pem"))

    def renew(self, issued: Issued) -> Issued:
        """``certbot renew --force-renewal``."""
        self._certbot("renew", "--force-renewal", "--no-random-sleep-on-renew")
        return issued

    def renews_on_advice(self, issued: Issued) -> bool:
        """``certbot renew``."""
        before = issued.leaf.serial_number
        self._certbot("renew", "--no-random-sleep-on-renew")
        return issued.leaf.serial_number != before

    def update_contact(self, email: str) -> None:
        """``certbot update_account``."""
        self._certbot("update_account", "--no-eff-email", "-m", email)

    def revoke(self, issued: Issued) -> None:
        """``certbot revoke``."""
        self._certbot("revoke", "--cert-path", str(issued.chain.with_name("cert.pem")), "--no-delete-after-revoke")

    def revoke_by_key(self, issued: Issued) -> None:
        """``certbot revoke --key-path``, without the account."""
        certificate, key = issued.chain.with_name("cert.pem"), issued.chain.with_name("privkey.pem")
        words = ("--cert-path", str(certificate), "--key-path", str(key), "--no-delete-after-revoke")
        self._certbot("revoke", *words, config="somebody-else")

    def deactivate(self) -> None:
        """``certbot unregister``."""
        self._certbot("unregister")

    def account_key(self) -> AccountKey:
        """The JWK that certbot keeps."""
        [file] = (self.directory / "config" / "accounts").rglob("private_key.json")
        pem = JWK.json_loads(file.read_text()).key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return serialization.load_pem_private_key(pem, None)  # type: ignore[return-value]

    def _standalone_options(self) -> tuple[str, ...]:
        port = str(self.server.http_port)
        return ("--standalone", "--http-01-port", port, "--http-01-address", "127.0.0.1")

    def _dns_options(self) -> tuple[str, ...]:
        hook, url = " ".join(HOOK), self.server.dns_commands
        auth = f'{hook} set {url} "_acme-challenge.$CERTBOT_DOMAIN" "$CERTBOT_VALIDATION"'
        cleanup = f'{hook} clear {url} "_acme-challenge.$CERTBOT_DOMAIN"'
        return (
            *("--manual", "--preferred-challenges", "dns"),
            *("--manual-auth-hook", auth, "--manual-cleanup-hook", cleanup),
        )

    def _certbot(self, command: str, *options: str, config: str = "config") -> None:
        folders = [part for name in ("work", "logs") for part in (f"--{name}-dir", str(self.directory / name))]
        self.run(
            *(str(self.program), command, "--non-interactive", "--server", self.server.directory),
            *("--config-dir", str(self.directory / config), *folders, *options),
            env={"REQUESTS_CA_BUNDLE": str(self.server.tls_ca)},
        )


class Certbot(DebianCertbot):
    """The current certbot: also IP addresses and ARI."""

    name = "certbot"
    program = Path(sys.executable).with_name("certbot")
    can = DebianCertbot.can | {Scenario.IP, Scenario.ARI}
