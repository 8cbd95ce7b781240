"""What is tried with every client: each scenario is one function, and raises when something is not as it should be."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from conformance.acme import relying_party
from conformance.acme.client import Client
from conformance.acme.csr import make_csr, new_key
from conformance.acme.model import Issued, KeyType, Method, Offer, Request, Scenario
from conformance.acme.observer import Account, account_of, revoke_by_key
from conformance.processes import ProgramError

_numbers = itertools.count(1)


class NotSo(Exception):  # noqa: N818 - the sentence that follows
    """The client said it worked, and the server or the certificate says otherwise."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One client, as a new user in a folder of its own, at one server."""

    client: Client
    directory: Path

    def new_name(self) -> str:
        """Return a name that no other attempt has used."""
        return f"{self.client.name.replace('_', '-')}-{next(_numbers)}.conformance.test"

    def issue(
        self,
        *identifiers: str,
        method: Method | None = None,
        key_type: KeyType = KeyType.EC,
        csr: Path | None = None,
    ) -> Issued:
        """Let the client obtain a certificate, by default for a new name, and verify it."""
        request = Request(
            identifiers=identifiers or (self.new_name(),),
            method=method or self.client.usual_method,
            key_type=key_type,
            csr=csr,
        )
        issued = self.client.obtain(request)
        relying_party.verify(issued, self.client.server)
        return issued

    def account(self) -> Account:
        """Return the client's account as the server has it."""
        account = account_of(self.client.server, self.client.account_key())
        if account is None or account.status != "valid":
            raise NotSo(f"the server has no valid account for the client's key: {account}")
        return account

    def must_refuse(self, *identifiers: str, method: Method) -> None:
        """Let the client ask for a certificate that it must not get."""
        try:
            self.client.obtain(Request(identifiers=identifiers, method=method))
        except ProgramError:
            return
        raise NotSo("the server does not offer this, and the client has a certificate")


def _register(attempt: Attempt) -> None:
    attempt.client.register()
    attempt.account()


def _by(method: Method) -> Callable[[Attempt], None]:
    def obtain(attempt: Attempt) -> None:
        attempt.issue(method=method)

    return obtain


def _several_names(attempt: Attempt) -> None:
    name = attempt.new_name()
    attempt.issue(name, f"www.{name}", f"mail.{name}")


def _wildcard(attempt: Attempt) -> None:
    attempt.issue(f"*.{attempt.new_name()}", method=Method.DNS)


def _wildcard_refused(attempt: Attempt) -> None:
    attempt.must_refuse(f"*.{attempt.new_name()}", method=Method.DNS)


def _address(attempt: Attempt) -> None:
    attempt.issue("127.0.0.1")


def _address_refused(attempt: Attempt) -> None:
    attempt.must_refuse("127.0.0.1", method=attempt.client.usual_method)


def _with_key(key_type: KeyType) -> Callable[[Attempt], None]:
    def obtain(attempt: Attempt) -> None:
        attempt.issue(key_type=key_type)

    return obtain


def _own_csr(attempt: Attempt) -> None:
    request = Request(identifiers=(attempt.new_name(),), method=attempt.client.usual_method)
    csr = attempt.directory / "own.csr"
    csr.write_bytes(make_csr(request, new_key(KeyType.EC)).public_bytes(Encoding.PEM))
    attempt.issue(*request.identifiers, csr=csr)


def _renew(attempt: Attempt) -> None:
    first = attempt.issue()
    serial = first.leaf.serial_number
    second = attempt.client.renew(first)
    relying_party.verify(second, attempt.client.server)
    if second.leaf.serial_number == serial:
        raise NotSo("the certificate is the same as before")


def _renewal_information(attempt: Attempt) -> None:
    """RFC 9773: a new certificate is left alone; one that was revoked is replaced at once."""
    issued = attempt.issue()
    if attempt.client.renews_on_advice(issued):
        raise NotSo("the client renewed a certificate that it has just obtained")
    revoke_by_key(attempt.client.server, issued)
    if not attempt.client.renews_on_advice(issued):
        raise NotSo("the certificate was revoked, and nothing made the client renew it")


def _external_account_binding(attempt: Attempt) -> None:
    server = attempt.client.server
    if server.binding is None:
        raise NotSo("the server's operator gave no bindings")
    attempt.client.server = replace(server, directory=server.eab_directory or server.directory)
    attempt.client.bind(server.binding())
    attempt.account()
    attempt.issue()


def _key_change(attempt: Attempt) -> None:
    attempt.client.register()
    old_key, before = attempt.client.account_key(), attempt.account()
    attempt.client.change_key()
    after = attempt.account()
    if after.url != before.url:
        raise NotSo(f"the new key has another account, {after.url} instead of {before.url}")
    if account_of(attempt.client.server, old_key) is not None:
        raise NotSo("the old key still has an account")


def _after_key_change(attempt: Attempt) -> None:
    attempt.client.register()
    attempt.client.change_key()
    attempt.issue()


def _contact_update(attempt: Attempt) -> None:
    attempt.client.register()
    email = "new-contact@conformance.test"
    attempt.client.update_contact(email)
    contacts = attempt.account().contacts
    if contacts != (f"mailto:{email}",):
        raise NotSo(f"the account's contacts are {contacts}")


def _revoke_by_account(attempt: Attempt) -> None:
    issued = attempt.issue()
    attempt.client.revoke(issued)
    relying_party.verify_revoked(issued, attempt.client.server)


def _revoke_by_key(attempt: Attempt) -> None:
    issued = attempt.issue(key_type=KeyType.RSA)  # some sign with RSA keys only
    attempt.client.revoke_by_key(issued)
    relying_party.verify_revoked(issued, attempt.client.server)


def _deactivate(attempt: Attempt) -> None:
    attempt.client.register()
    key = attempt.client.account_key()
    attempt.account()
    attempt.client.deactivate()
    account = account_of(attempt.client.server, key)
    if account is not None and account.status != "deactivated":
        raise NotSo(f"the account is {account.status}")


PERFORM: dict[Scenario, Callable[[Attempt], None]] = {
    Scenario.REGISTER: _register,
    Scenario.HTTP_01_STANDALONE: _by(Method.STANDALONE),
    Scenario.HTTP_01_WEBROOT: _by(Method.WEBROOT),
    Scenario.DNS_01: _by(Method.DNS),
    Scenario.TLS_ALPN_01: _by(Method.TLS_ALPN),
    Scenario.SEVERAL_NAMES: _several_names,
    Scenario.WILDCARD: _wildcard,
    Scenario.IP: _address,
    Scenario.RSA: _with_key(KeyType.RSA),
    Scenario.EC: _with_key(KeyType.EC),
    Scenario.OWN_CSR: _own_csr,
    Scenario.RENEW: _renew,
    Scenario.ARI: _renewal_information,
    Scenario.EAB: _external_account_binding,
    Scenario.KEY_CHANGE: _key_change,
    Scenario.AFTER_KEY_CHANGE: _after_key_change,
    Scenario.CONTACT_UPDATE: _contact_update,
    Scenario.REVOKE_BY_ACCOUNT: _revoke_by_account,
    Scenario.REVOKE_BY_KEY: _revoke_by_key,
    Scenario.DEACTIVATE: _deactivate,
}

NEEDS: dict[Scenario, Offer] = {
    Scenario.TLS_ALPN_01: Offer.TLS_ALPN_01,
    Scenario.WILDCARD: Offer.WILDCARD,
    Scenario.IP: Offer.IP,
    Scenario.ARI: Offer.ARI,
    Scenario.EAB: Offer.EAB,
}
"""What a server must offer for the scenario to work at all."""

REFUSED: dict[Scenario, Callable[[Attempt], None]] = {
    Scenario.WILDCARD: _wildcard_refused,
    Scenario.IP: _address_refused,
}
"""What is tried instead where the server does not offer it: the client must be refused."""
