"""acme-tiny, of Debian: 200 lines that fetch one certificate for a CSR and a webroot."""

from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from conformance.acme.client import Client, package_version
from conformance.acme.csr import make_csr, new_key, write_key
from conformance.acme.model import AccountKey, Issued, KeyType, Method, Request, Scenario
from conformance.acme.web import serving_files


class AcmeTiny(Client):
    """acme-tiny: keys and CSRs are the user's."""

    name = "acme-tiny"
    usual_method = Method.WEBROOT
    can = frozenset(
        {
            Scenario.REGISTER,
            Scenario.HTTP_01_WEBROOT,
            Scenario.SEVERAL_NAMES,
            Scenario.RSA,
            Scenario.EC,
            Scenario.OWN_CSR,
            Scenario.RENEW,
            Scenario.CONTACT_UPDATE,
        }
    )

    @classmethod
    def version(cls) -> str:
        """The package's version; the program does not know its own."""
        return package_version("acme-tiny")

    def obtain(self, request: Request) -> Issued:
        """Run it with a CSR."""
        key = None if request.csr else self.directory / "certificate.key"
        csr = request.csr or self.directory / "certificate.csr"
        if key is not None:
            private_key = new_key(request.key_type)
            write_key(private_key, key)
            csr.write_bytes(make_csr(request, private_key).public_bytes(Encoding.PEM))
        issued = Issued(request=request, chain=self.directory / "chain.pem", key=key)
        self._acme_tiny("--csr", str(csr), issued=issued)
        return issued

    def renew(self, issued: Issued) -> Issued:
        """Run it once more, as its documentation says."""
        self._acme_tiny("--csr", str(self.directory / "certificate.csr"), issued=issued)
        return issued

    def update_contact(self, email: str) -> None:
        """Contacts are updated by the way of the next certificate."""
        csr, chain = self.directory / "certificate.csr", self.directory / "chain.pem"
        request = Request(identifiers=(), method=self.usual_method)
        self._acme_tiny(
            "--csr", str(csr), "--contact", f"mailto:{email}", issued=Issued(request=request, chain=chain, key=None)
        )

    def account_key(self) -> AccountKey:
        """The key that its user made."""
        return load_pem_private_key((self.directory / "account.key").read_bytes(), None)  # type: ignore[return-value]

    def _acme_tiny(self, *options: str, issued: Issued) -> None:
        account_key = self.directory / "account.key"
        if not account_key.exists():
            write_key(new_key(KeyType.RSA), account_key)
        with serving_files(self.directory / "www", self.server.http_port) as challenges:
            printed = self.run(
                *("acme-tiny", "--quiet", "--account-key", account_key, "--acme-dir", challenges),
                *("--directory-url", self.server.directory, "--check-port", str(self.server.http_port)),
                *("--disable-check", *options),
                env={"SSL_CERT_FILE": str(self.server.tls_ca)},
            )
        issued.chain.write_text(printed)
