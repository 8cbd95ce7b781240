"""dehydrated, of Debian: a shell script with curl and openssl, which leaves serving to others."""

from contextlib import ExitStack
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from conformance.acme.client import Client, printed
from conformance.acme.model import AccountKey, Binding, Issued, KeyType, Method, Request, Scenario
from conformance.acme.web import HOOK, WELL_KNOWN, serving_alpn, serving_files

_KEY_TYPES = {KeyType.EC: "prime256v1", KeyType.RSA: "rsa"}
_CHALLENGES = {Method.WEBROOT: "http-01", Method.DNS: "dns-01", Method.TLS_ALPN: "tls-alpn-01"}


class Dehydrated(Client):
    """dehydrated 0.7."""

    name = "dehydrated"
    usual_method = Method.WEBROOT
    can = frozenset(Scenario) - {
        Scenario.HTTP_01_STANDALONE,
        Scenario.IP,
        Scenario.ARI,
        Scenario.KEY_CHANGE,
        Scenario.AFTER_KEY_CHANGE,
        Scenario.REVOKE_BY_KEY,  # it has an option for it, and then looks for the account of the certificate's key
    }

    @classmethod
    def version(cls) -> str:
        """The program's version."""
        lines = printed("dehydrated", "--version").splitlines()
        return next(line.split()[-1] for line in lines if line.startswith("Dehydrated version"))

    def register(self) -> None:
        """``dehydrated --register``."""
        self._dehydrated("--register", "--accept-terms")

    def bind(self, binding: Binding) -> None:
        """Register with a binding, which stands in the configuration."""
        self._dehydrated("--register", "--accept-terms", EAB_KID=binding.kid, EAB_HMAC_KEY=binding.hmac)

    def obtain(self, request: Request) -> Issued:
        """``dehydrated --cron``, or ``--signcsr``."""
        if not (self.directory / "accounts").exists():
            self.register()
        if request.csr is None:
            return self._cron(request)
        chain = self.directory / "signed.pem"
        with self._serving(request.method):
            printed = self._dehydrated("--signcsr", str(request.csr))
        chain.write_text(printed[printed.index("-----BEGIN CERTIFICATE") :])
        return Issued(request=request, chain=chain, key=None)

    def renew(self, issued: Issued) -> Issued:
        """``dehydrated --cron --force``."""
        return self._cron(issued.request, "--force")

    def update_contact(self, email: str) -> None:
        """``dehydrated --account``, after the configuration was changed."""
        self._dehydrated("--account", CONTACT_EMAIL=email)

    def revoke(self, issued: Issued) -> None:
        """``dehydrated --revoke``."""
        self._dehydrated("--revoke", str(issued.chain.with_name("cert.pem")))

    def deactivate(self) -> None:
        """``dehydrated --deactivate``."""
        self._dehydrated("--deactivate")

    def account_key(self) -> AccountKey:
        """The PEM file that dehydrated keeps."""
        [file] = (self.directory / "accounts").rglob("account_key.pem")
        return load_pem_private_key(file.read_bytes(), None)  # type: ignore[return-value]

    def _cron(self, request: Request, *options: str) -> Issued:
        names = [part for name in request.identifiers for part in ("--domain", name)]
        words = ("--cron", "--alias", "certificate", *names, "--algo", _KEY_TYPES[request.key_type], *options)
        with self._serving(request.method):
            self._dehydrated(*words, CHALLENGETYPE=_CHALLENGES[request.method])
        folder = self.directory / "certs" / "certificate"
        return Issued(request=request, chain=folder / "fullchain.pem", key=folder / "privkey.pem")

    def _serving(self, method: Method) -> ExitStack:
        stack = ExitStack()
        if method is Method.WEBROOT:
            stack.enter_context(serving_files(self.directory / "www", self.server.http_port))
        if method is Method.TLS_ALPN:
            (self.directory / "alpn").mkdir(exist_ok=True)
            stack.enter_context(serving_alpn(self.directory / "alpn", self.server.tls_alpn_port))
        return stack

    def _dehydrated(self, *words: str, **settings: str) -> str:
        configuration = {
            "CA": self.server.directory,
            "BASEDIR": str(self.directory),
            "WELLKNOWN": str(self.directory / "www" / WELL_KNOWN),
            "ALPNCERTDIR": str(self.directory / "alpn"),
            "HOOK": str(self._hook()),
            "CONTACT_EMAIL": "dehydrated@conformance.test",
            **settings,
        }
        Path(configuration["WELLKNOWN"]).mkdir(parents=True, exist_ok=True)
        file = self.directory / "config"
        file.write_text("".join(f'{key}="{value}"\n' for key, value in configuration.items()))
        return self.run("dehydrated", "--config", file, *words, env={"CURL_CA_BUNDLE": str(self.server.tls_ca)})

    def _hook(self) -> Path:
        """The program that dehydrated calls with what happened, a name, a token and a value."""
        hook, url, command = self.directory / "hook", self.server.dns_commands, " ".join(HOOK)
        hook.write_text(
            "#!/bin/sh\n"
            "grep -q CHALLENGETYPE=.dns-01 config || exit 0\n"
            'case "$1" in\n'
            f'deploy_challenge) exec {command} set {url} "_acme-challenge.$2" "$4";;\n'
            f'clean_challenge) exec {command} clear {url} "_acme-challenge.$2";;\n'
            "esac\n"
        )
        hook.chmod(0o755)
        return hook
