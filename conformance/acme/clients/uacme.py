"""uacme, of Debian, with its tls-alpn-01 responder ualpn."""

from contextlib import ExitStack
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from conformance.acme.client import Client, package_version
from conformance.acme.model import AccountKey, Binding, Issued, Method, Request, Scenario
from conformance.acme.web import HOOK, WELL_KNOWN, serving_files
from conformance.processes import free_port, is_listened_on, running, wait_until

# Its libcurl takes no other file of trusted certificates than the system's: give it a system where that is ours.
_TRUSTING = (
    *("unshare", "--map-root-user", "--mount", "sh", "-c"),
    'mount --bind "$0" /etc/ssl/certs/ca-certificates.crt && exec "$@"',
)


class Uacme(Client):
    """uacme 1.7: what shows control of a name is a program of the user's."""

    name = "uacme"
    usual_method = Method.WEBROOT
    can = frozenset(Scenario) - {Scenario.HTTP_01_STANDALONE, Scenario.ARI}

    @classmethod
    def version(cls) -> str:
        """The package's version."""
        return package_version("uacme")

    def register(self) -> None:
        """``uacme new``."""
        self._uacme("--yes", "new", "uacme@conformance.test")

    def bind(self, binding: Binding) -> None:
        """``uacme --eab new``."""
        self._uacme("--yes", "--eab", f"{binding.kid}:{binding.hmac}", "new")

    def obtain(self, request: Request) -> Issued:
        """``uacme issue``."""
        if not (self.directory / "private" / "key.pem").exists():
            self.register()
        return self._issue(request)

    def renew(self, issued: Issued) -> Issued:
        """``uacme --force issue``."""
        return self._issue(issued.request, "--force")

    def change_key(self) -> None:
        """``uacme newkey``."""
        self._uacme("newkey")

    def update_contact(self, email: str) -> None:
        """``uacme update``."""
        self._uacme("update", email)

    def revoke(self, issued: Issued) -> None:
        """``uacme revoke``; it renames the file."""
        self._revoke(issued)

    def revoke_by_key(self, issued: Issued) -> None:
        """``uacme revoke`` with the certificate's key."""
        self._revoke(issued, str(issued.key))

    def deactivate(self) -> None:
        """``uacme deactivate``."""
        self._uacme("deactivate")

    def account_key(self) -> AccountKey:
        """The PEM file that uacme keeps."""
        return load_pem_private_key((self.directory / "private" / "key.pem").read_bytes(), None)  # type: ignore[return-value]

    def _issue(self, request: Request, *options: str) -> Issued:
        words = [str(request.csr)] if request.csr else ["--type", request.key_type, *request.identifiers]
        with self._serving(request.method):
            self._uacme("--hook", str(self._hook(request.method)), *options, "issue", *words)
        if request.csr is not None:
            chain = request.csr.with_name(f"{request.csr.stem}-cert.pem")
            return Issued(request=request, chain=chain, key=None)
        name = request.identifiers[0].removeprefix("*.")
        key = self.directory / "private" / name / "key.pem"
        return Issued(request=request, chain=self.directory / name / "cert.pem", key=key)

    def _revoke(self, issued: Issued, *key: str) -> None:
        copy = self.directory / "revoke.pem"
        copy.write_bytes(issued.chain.read_bytes())
        self._uacme("revoke", str(copy), *key)

    def _uacme(self, *words: str) -> None:
        command = ("uacme", "--verbose", "--acme-url", self.server.directory, "--confdir", str(self.directory), *words)
        self.run(*_TRUSTING, self.server.tls_ca, *command)

    def _serving(self, method: Method) -> ExitStack:
        stack = ExitStack()
        if method is Method.WEBROOT:
            stack.enter_context(serving_files(self.directory / "www", self.server.http_port))
        if method is Method.TLS_ALPN:
            log, port = self.directory / "ualpn.log", self.server.tls_alpn_port
            socket, pid = self.directory / "ualpn.sock", self.directory / "ualpn.pid"
            behind = f"127.0.0.1@{free_port()}"  # nobody: whatever is not a challenge
            command = ("ualpn", "--bind", f"127.0.0.1@{port}", "--connect", behind, "--sock", socket, "--pidfile", pid)
            process = stack.enter_context(running(log, command))
            wait_until(lambda: is_listened_on(port) and socket.exists(), "ualpn", process, log)
        return stack

    def _hook(self, method: Method) -> Path:
        """The program that uacme calls with begin, done or failed, the challenge, the name, the token and a value."""
        url, command = self.server.dns_commands, " ".join(HOOK)
        file = self.directory / "www" / WELL_KNOWN / "$4"
        ualpn = f"ualpn --sock {self.directory / 'ualpn.sock'}"
        challenge, begin, end = {
            Method.WEBROOT: ("http-01", f'printf %s "$5" > "{file}"', f'rm "{file}"'),
            Method.DNS: (
                "dns-01",
                f'{command} set {url} "_acme-challenge.$3" "$5"',
                f'{command} clear {url} "_acme-challenge.$3"',
            ),
            Method.TLS_ALPN: ("tls-alpn-01", _told(ualpn, "auth $3 $5"), _told(ualpn, "unauth $3")),
        }[method]
        hook = self.directory / "hook"
        hook.write_text(
            f'#!/bin/sh\n[ "$2" = {challenge} ] || exit 1\nif [ "$1" = begin ]; then {begin}; else {end}; fi\n'
        )
        hook.chmod(0o755)
        return hook


def _told(ualpn: str, command: str) -> str:
    """The shell command that tells the responder something; its exit code says nothing, its answer does."""
    return f'[ "$(echo "{command}" | {ualpn})" = OK ]'
