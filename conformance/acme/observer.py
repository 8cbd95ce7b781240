"""Looks at a server as a client would, to judge what another client did: its accounts, and what it offers at all.

It stands on the ``acme`` library of PyPI, and on no code of the clients under test or of ours.
"""

from contextlib import suppress
from dataclasses import dataclass

import requests
from acme import client, errors, messages
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from josepy.interfaces import JSONDeSerializable
from josepy.jwa import ES256, ES384, ES512, RS256
from josepy.jwk import JWK, JWKEC, JWKRSA
from josepy.util import ComparableECKey, ComparableRSAKey

from conformance.acme.model import AccountKey, Issued, Offer
from conformance.acme.servers import Server

_NAME = "what-is-offered.conformance.test"
_EC_ALGORITHMS = {"secp256r1": ES256, "secp384r1": ES384, "secp521r1": ES512}


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account as the server shows it to its holder."""

    url: str
    status: str
    contacts: tuple[str, ...]


class Observer:
    """A user of the ``acme`` library with one account key."""

    def __init__(self, server: Server, key: AccountKey) -> None:
        match key:
            case rsa.RSAPrivateKey():
                jwk: JWK = JWKRSA(key=ComparableRSAKey(key))
                algorithm = RS256
            case _:
                jwk = JWKEC(key=ComparableECKey(key))
                algorithm = _EC_ALGORITHMS[key.curve.name]
        # The library hands what is called a switch on to requests, which takes a file of certificates too.
        self._network = client.ClientNetwork(jwk, alg=algorithm, verify_ssl=str(server.tls_ca))  # type: ignore[arg-type]
        self.directory = client.ClientV2.get_directory(server.directory, self._network)

    def account(self) -> Account | None:
        """Return the account of the key, or None when there is none or it is over (RFC 8555 section 7.3.1)."""
        try:
            answer = self._post(self.directory["newAccount"], messages.NewRegistration(only_return_existing=True))
            url = answer.headers["Location"]
            self._network.account = messages.RegistrationResource(uri=url, body=messages.Registration())
            shown = self._post(url, None).json()
        except messages.Error as refused:
            if refused.code in {"accountDoesNotExist", "unauthorized"}:
                return None
            raise
        return Account(url=url, status=shown["status"], contacts=tuple(shown.get("contact", ())))

    def offers(self, *, binding: bool) -> frozenset[Offer]:
        """Find out what the server offers, by asking as a new account; ``binding``: whether bindings can be made."""
        acme = client.ClientV2(self.directory, self._network)
        acme.new_account(messages.NewRegistration(terms_of_service_agreed=True))
        found = {Offer.EAB} if binding else set()
        if "renewalInfo" in self.directory.to_partial_json():
            found.add(Offer.ARI)
        if self._order("dns", f"*.{_NAME}") is not None:
            found.add(Offer.WILDCARD)
        if self._order("ip", "127.0.0.1") is not None:
            found.add(Offer.IP)
        order = self._order("dns", _NAME)
        if order is not None:
            authorization = self._post(order.json()["authorizations"][0], None).json()
            if "tls-alpn-01" in {challenge["type"] for challenge in authorization["challenges"]}:
                found.add(Offer.TLS_ALPN_01)
            with suppress(errors.Error, messages.Error):
                self._network.get(order.headers["Location"])
                found.add(Offer.PLAIN_GET)
        return frozenset(found)

    def revoke(self, certificate: x509.Certificate) -> None:
        """Revoke a certificate whose key this is (RFC 8555 section 7.6)."""
        client.ClientV2(self.directory, self._network).revoke(certificate, 0)

    def _order(self, kind: str, value: str) -> requests.Response | None:
        identifier = messages.Identifier(typ=messages.IdentifierType(kind), value=value)
        try:
            return self._post(self.directory["newOrder"], messages.NewOrder(identifiers=[identifier]))
        except messages.Error:
            return None

    def _post(self, url: str, content: JSONDeSerializable | None) -> requests.Response:
        return self._network.post(url, content, new_nonce_url=self.directory["newNonce"])


def account_of(server: Server, key: AccountKey) -> Account | None:
    """Return the account of a key, or None when the server knows none or it is over."""
    return Observer(server, key).account()


def revoke_by_key(server: Server, issued: Issued) -> None:
    """Revoke a certificate with the key that the client left beside it."""
    assert issued.key is not None  # noqa: S101 - obtained without a CSR of somebody else's
    key = load_pem_private_key(issued.key.read_bytes(), None)
    Observer(server, key).revoke(issued.leaf)  # type: ignore[arg-type]


def offers_of(server: Server) -> frozenset[Offer]:
    """Find out what the server offers."""
    observer = Observer(server, ec.generate_private_key(ec.SECP256R1()))
    return observer.offers(binding=server.binding is not None)
