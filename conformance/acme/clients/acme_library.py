"""The ``acme`` library of PyPI, used as its documentation shows: what certbot and many programs stand on."""

import contextlib
import datetime as dt
import threading
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from acme import challenges, client, messages, standalone
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from josepy.jwa import RS256
from josepy.jwk import JWKRSA
from josepy.util import ComparableRSAKey

from conformance.acme.client import SECONDS, Client
from conformance.acme.csr import make_csr, new_key, write_key
from conformance.acme.model import AccountKey, Binding, Issued, KeyType, Method, Request, Scenario
from conformance.acme.web import clear_txt, serving_files, set_txt
from conformance.processes import ProgramError

_EMAIL = "acme@conformance.test"
_Challenge = tuple[messages.ChallengeBody, str]
"""A challenge and its identifier."""


class AcmeLibrary(Client):
    """A program on the ``acme`` library, with an RSA account key."""

    name = "acme"
    usual_method = Method.STANDALONE
    can = frozenset(Scenario) - {
        Scenario.TLS_ALPN_01,
        Scenario.KEY_CHANGE,
        Scenario.AFTER_KEY_CHANGE,
    }

    @classmethod
    def version(cls) -> str:
        """The library's version."""
        return metadata.version("acme")

    def register(self) -> None:
        """``ClientV2.new_account``."""
        self._register(None)

    def bind(self, binding: Binding) -> None:
        """The same with ``ExternalAccountBinding.from_data``."""
        self._register(binding)

    def obtain(self, request: Request) -> Issued:
        """``new_order``, ``answer_challenge``, ``poll_and_finalize``."""
        if not (self.directory / "account.key").exists():
            self.register()
        key = None if request.csr else self.directory / "certificate.key"
        csr = request.csr or self.directory / "certificate.csr"
        if key is not None:
            private_key = new_key(request.key_type)
            write_key(private_key, key)
            csr.write_bytes(make_csr(request, private_key).public_bytes(Encoding.PEM))
        acme = self._acme()
        order = acme.new_order(csr.read_bytes())
        with self._answering(acme, self._chosen(order, request.method), request.method):
            deadline = dt.datetime.now() + dt.timedelta(seconds=SECONDS)  # noqa: DTZ005 - the library compares local times
            finalized = acme.poll_and_finalize(order, deadline)
        chain = self.directory / "chain.pem"
        chain.write_text(finalized.fullchain_pem)
        return Issued(request=request, chain=chain, key=key)

    def renew(self, issued: Issued) -> Issued:
        """Order once more."""
        return self.obtain(issued.request)

    def renews_on_advice(self, issued: Issued) -> bool:
        """``renewal_time``: whether it is time."""
        time, _ = self._acme().renewal_time(issued.leaf.public_bytes(Encoding.PEM))
        if time is None:
            raise ProgramError("the library has no advice")
        return time <= dt.datetime.now(dt.UTC)

    def update_contact(self, email: str) -> None:
        """``update_registration``."""
        acme = self._acme_with(self.account_key())
        account = _find_account(acme)
        acme.update_registration(account, account.body.update(contact=(f"mailto:{email}",)))

    def revoke(self, issued: Issued) -> None:
        """``revoke``."""
        self._acme().revoke(issued.leaf, 0)

    def revoke_by_key(self, issued: Issued) -> None:
        """``revoke``, by a client that has the certificate's key and no account."""
        assert issued.key is not None  # noqa: S101 - obtained without a CSR
        self._acme_with(_read_key(issued.key)).revoke(issued.leaf, 0)

    def deactivate(self) -> None:
        """``deactivate_registration``."""
        acme = self._acme_with(self.account_key())
        acme.deactivate_registration(_find_account(acme))

    def account_key(self) -> AccountKey:
        """The key of this program."""
        return _read_key(self.directory / "account.key")

    def _register(self, binding: Binding | None) -> None:
        write_key(new_key(KeyType.RSA), self.directory / "account.key")
        acme = self._acme_with(self.account_key())
        registration = messages.NewRegistration.from_data(email=_EMAIL, terms_of_service_agreed=True)
        if binding is not None:
            external = messages.ExternalAccountBinding.from_data(
                account_public_key=_jwk(self.account_key()).public_key(),
                kid=binding.kid,
                hmac_key=binding.hmac,
                directory=acme.directory,
            )
            registration = registration.update(external_account_binding=external)
        acme.new_account(registration)

    def _acme(self) -> client.ClientV2:
        acme = self._acme_with(self.account_key())
        acme.net.account = _find_account(acme)
        return acme

    def _acme_with(self, key: AccountKey) -> client.ClientV2:
        # What is called a switch goes to requests, which takes a file of certificates too.
        network = client.ClientNetwork(_jwk(key), alg=RS256, verify_ssl=str(self.server.tls_ca))  # type: ignore[arg-type]
        return client.ClientV2(client.ClientV2.get_directory(self.server.directory, network), network)

    def _chosen(self, order: messages.OrderResource, method: Method) -> list[_Challenge]:
        wanted = challenges.DNS01 if method is Method.DNS else challenges.HTTP01
        return [
            (next(body for body in item.body.challenges if isinstance(body.chall, wanted)), item.body.identifier.value)
            for item in order.authorizations
        ]

    @contextlib.contextmanager
    def _answering(self, acme: client.ClientV2, chosen: list[_Challenge], method: Method) -> Iterator[None]:
        """Put the answers where they belong, tell the server, and take them away at the end."""
        key = _jwk(self.account_key())
        with contextlib.ExitStack() as stack:
            match method:
                case Method.DNS:
                    for body, identifier in chosen:
                        name = body.chall.validation_domain_name(identifier)
                        set_txt(self.server.dns_commands, name, body.chall.validation(key))
                        stack.callback(clear_txt, self.server.dns_commands, name)
                case Method.WEBROOT:
                    folder = stack.enter_context(serving_files(self.directory / "www", self.server.http_port))
                    for body, _ in chosen:
                        (folder / body.chall.encode("token")).write_text(body.chall.validation(key))
                case _:
                    stack.enter_context(_standalone(self.server.http_port, key, chosen))
            for body, _ in chosen:
                acme.answer_challenge(body, body.chall.response(key))
            yield


def _read_key(file: Path) -> AccountKey:
    return load_pem_private_key(file.read_bytes(), None)  # type: ignore[return-value]


def _jwk(key: AccountKey) -> JWKRSA:
    return JWKRSA(key=ComparableRSAKey(key))


def _find_account(acme: client.ClientV2) -> messages.RegistrationResource:
    """Ask the server which account the key has."""
    return acme.query_registration(messages.RegistrationResource(uri=None, body=messages.Registration()))


@contextlib.contextmanager
def _standalone(port: int, key: JWKRSA, chosen: list[_Challenge]) -> Iterator[None]:
    """The library's own web server."""
    resources = {
        standalone.HTTP01RequestHandler.HTTP01Resource(
            chall=body.chall, response=body.chall.response(key), validation=body.chall.validation(key)
        )
        for body, _ in chosen
    }
    with standalone.HTTP01Server(("127.0.0.1", port), resources) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
