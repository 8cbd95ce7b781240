"""lego, of Debian."""

from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from conformance.acme.client import Client, package_version
from conformance.acme.model import AccountKey, Binding, Issued, KeyType, Method, Request, Scenario
from conformance.acme.web import HOOK, serving_files

_KEY_TYPES = {KeyType.EC: "ec256", KeyType.RSA: "rsa2048"}
_EMAIL = "lego@conformance.test"


class Lego(Client):
    """lego 4: every run names the whole task again."""

    name = "lego"
    usual_method = Method.STANDALONE
    can = frozenset(Scenario) - {
        Scenario.IP,
        Scenario.ARI,
        Scenario.KEY_CHANGE,
        Scenario.AFTER_KEY_CHANGE,
        Scenario.CONTACT_UPDATE,
        Scenario.REVOKE_BY_KEY,
        Scenario.DEACTIVATE,
    }

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self._binding: Binding | None = None

    @classmethod
    def version(cls) -> str:
        """The package's version; the program only says that it is a development version."""
        return package_version("lego")

    def bind(self, binding: Binding) -> None:
        """Registration is a part of the first run: obtain something with the binding."""
        self._binding = binding
        self.register()

    def obtain(self, request: Request) -> Issued:
        """``lego run``."""
        self._lego(request, "run")
        return self._issued(request)

    def renew(self, issued: Issued) -> Issued:
        """``lego renew``, whatever the days left."""
        self._lego(issued.request, "renew", "--days", "99999", "--no-random-sleep")
        return self._issued(issued.request)

    def revoke(self, issued: Issued) -> None:
        """``lego revoke``."""
        self._lego(issued.request, "revoke", "--keep")

    def account_key(self) -> AccountKey:
        """The PEM file that lego keeps."""
        [file] = (self.directory / "accounts").rglob("*.key")
        return load_pem_private_key(file.read_bytes(), None)  # type: ignore[return-value]

    def _lego(self, request: Request, *command: str) -> None:
        options = ["--server", self.server.directory, "--accept-tos", "--email", _EMAIL, "--path", str(self.directory)]
        options += ["--key-type", _KEY_TYPES[request.key_type]]
        if self._binding is not None:
            options += ["--eab", "--kid", self._binding.kid, "--hmac", self._binding.hmac]
        if request.csr is not None:
            options += ["--csr", str(request.csr)]
        else:
            options += [part for identifier in request.identifiers for part in ("--domains", identifier)]
        environment = {"LEGO_CA_CERTIFICATES": str(self.server.tls_ca)}
        match request.method:
            case Method.STANDALONE:
                options += ["--http", "--http.port", f"127.0.0.1:{self.server.http_port}"]
            case Method.TLS_ALPN:
                options += ["--tls", "--tls.port", f"127.0.0.1:{self.server.tls_alpn_port}"]
            case Method.DNS:
                options += ["--dns", "exec", "--dns.disable-cp", "--dns.resolvers", self.server.resolver]
                environment["EXEC_PATH"] = str(self._dns_hook())
            case Method.WEBROOT:
                root = self.directory / "www"
                with serving_files(root, self.server.http_port):
                    self.run("lego", *options, "--http", "--http.webroot", root, *command, env=environment)
                return
        self.run("lego", *options, *command, env=environment)

    def _dns_hook(self) -> Path:
        """The program that lego calls with ``present`` or ``cleanup``, a name and a value."""
        hook, url = self.directory / "dns-hook", self.server.dns_commands
        command = " ".join(HOOK)
        hook.write_text(f'#!/bin/sh\ncase "$1" in present) exec {command} set {url} "$2" "$3";; esac\n'
                        f'exec {command} clear {url} "$2"\n')  # fmt: skip
        hook.chmod(0o755)
        return hook

    def _issued(self, request: Request) -> Issued:
        name = request.identifiers[0].replace("*", "_")
        chain = self.directory / "certificates" / f"{name}.crt"
        return Issued(request=request, chain=chain, key=None if request.csr else chain.with_suffix(".key"))
