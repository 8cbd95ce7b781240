"""What a user has at the server, made before schemathesis begins: without ids of things that exist, all is 404."""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from urllib.request import urlopen

from conformance.acme.probe.client import Client as AcmeClient
from conformance.acme.probe.transport import Transport
from conformance.rest.generated import new_csr, self_signed
from conformance.rest.session import Session
from conformance.rest.target import Target

_SECONDS: Final = 120
_OF_EACH: Final = 3
"""How many there are of what operations use up."""
_NO_KEY: Final = "key-00000000-0000-0000-0000-000000000000"
_DOCUMENT: Final = {
    "name": "register.pdf",
    "content": "JVBERi0xLjcKdHJhaWxlcjw8L1NpemUgMD4+CnN0YXJ0eHJlZgo5CiUlRU9GCg==",
}


@dataclass(frozen=True, kw_only=True)
class Belongings:
    """What requests may name.

    ``values`` are by the beginning of a path, empty for all, and by the parameter with its place: ``path.order_id``,
    ``body.client``. ``spared`` is what was there before, with what was made to be changed in its place.
    """

    values: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    spared: dict[str, str] = field(default_factory=dict)

    def add(self, parameters: str, values: Iterable[str], below: str = "") -> None:
        """Let parameters, separated by spaces, have further values where a path begins so."""
        for value in values:
            for parameter in parameters.split():
                self.values.setdefault(below, {}).setdefault(parameter, []).append(value)


def belongings(session: Session, folder: Path) -> Belongings:
    """Make what the user can make; return it with what he sees."""
    return _Furnishing(session, folder).all()


def register_acme_accounts(target: Target, number: int) -> None:
    """Register this many ACME accounts, where the server has ACME."""
    if not target.acme_directory:
        return
    transport = Transport(target.tls_ca)
    directory = json.loads(transport.send("GET", target.acme_directory).body)
    for _ in range(number):
        AcmeClient(transport, directory).register()
    transport.close()


class _Furnishing:
    """A user who makes one thing after the other for his Client."""

    def __init__(self, session: Session, folder: Path) -> None:
        self.session = session
        self.folder = folder
        self.found = Belongings()
        self.run = secrets.token_hex(4)
        self.domain = f"examined-{self.run}.{session.target.domain}"
        clients = session.ask("GET", "/v3/clients")["items"]
        self.client: str = next(one["id"] for one in clients if one["name"] == session.target.client)
        products = session.ask("GET", f"/v3/products?road=rest&client={self.client}")["items"]
        self.product: str = next(one["id"] for one in products if not one["approvals"]["issuance"])
        self.waiting = [one["id"] for one in products if one["approvals"]["issuance"]]
        self.csr = new_csr(folder / "examined.csr", f"www.{self.domain}").read_text()

    def all(self) -> Belongings:
        """Make everything."""
        add = self.found.add
        add("path.clientReference path.client_id query.client body.client", [self.client])
        add("path.productReference path.product_id body.product body.productReference body.products[*]", [self.product])
        add("path.userName", [self.session.account.user])
        add("body.csr", [self.csr])
        self.domains()
        self.orders()
        self.acme()
        self.external_certificates()
        self.cmc_clients()
        self.webhooks()
        self.people()
        add("path.issuer_id", [one["id"] for one in self.session.ask_if_allowed("GET", "/v3/issuers") or ()])
        return self.found

    def domains(self) -> None:
        """Register domains; control of the first is shown, and it stays."""
        names = [self.domain, *(f"{number}.{self.domain}" for number in range(_OF_EACH))]
        domain, *others = self.session.ask("POST", f"/v2/client/domain/{self.client}/register", names)
        record = json.dumps({"host": f"{self.domain}.", "value": domain["randomValue"]}).encode()
        with urlopen(f"{self.session.target.dns_commands}/set-txt", record, timeout=_SECONDS):  # noqa: S310 - operator's
            pass
        self.session.ask("POST", f"/v2/client/domain/{domain['uuid']}/validate")
        self.found.add("path.prevalidatedDomainReference path.domain_id", [one["uuid"] for one in others])

    def orders(self) -> None:
        """Place orders that are issued, and one that waits to be approved, with a document each."""
        for product in (self.product, self.product, *self.waiting):
            order = self.session.ask("POST", "/v3/orders", {"product": product, "csr": self.csr})
            document = self.session.ask("POST", f"/v3/orders/{order['id']}/documents", _DOCUMENT)
            self.found.add("path.orderReference path.order_id", [order["id"]])
            self.found.add("path.document_id", [document["id"]])
            self.found.add("path.certificate_id", filter(None, [order["certificate"]]))

    def acme(self) -> None:
        """Register ACME accounts, and make external account keys."""
        wanted = {"client": self.client, "products": [self.product]}
        made = self._made("/v3/external-account-keys", [wanted] * _OF_EACH)
        self.found.add("path.key_id", [one["key"]["id"] for one in made], below="/v3/external-account-keys")
        register_acme_accounts(self.session.target, _OF_EACH)
        accounts = self.session.ask_if_allowed("GET", f"/v3/acme-accounts?client={self.client}") or {"items": []}
        self.found.add("path.account_id", [one["id"] for one in accounts["items"]])

    def external_certificates(self) -> None:
        """Import certificates of another CA."""
        names = [f"{number}.{self.domain}" for number in range(_OF_EACH)]
        wanted = {"client": self.client, "certificates": "".join(self_signed(name) for name in names)}
        for made in self._made("/v3/external-certificates", [wanted]):
            self.found.add("path.external_certificate_id", [one["id"] for one in made])

    def cmc_clients(self) -> None:
        """Register CMC clients."""
        names = [f"gateway-{number}-{self.run}" for number in range(_OF_EACH)]
        wanted = {"client": self.client, "products": [self.product], "rights": ["issue", "query"]}
        csrs = [new_csr(self.folder / f"{name}.csr", self.domain, common_name=name).read_text() for name in names]
        made = self._made(
            "/v3/cmc-clients", [wanted | {"name": name, "csr": csr} for name, csr in zip(names, csrs, strict=True)]
        )
        self.found.add("path.name", [one["client"]["name"] for one in made], below="/v3/cmc-clients")

    def webhooks(self) -> None:
        """Make webhooks that nobody listens at, with something to deliver."""
        wanted = {"client": self.client, "url": "https://hooks.example.com/", "events": ["order.issued"]}
        for one in self._made("/v3/webhooks", [wanted] * _OF_EACH):
            webhook = one["webhook"]["id"]
            [delivery] = self._made(f"/v3/webhooks/{webhook}/test", [None])
            self.found.add("path.webhook_id", [webhook])
            self.found.add("path.delivery_id", [delivery["id"]])

    def people(self) -> None:
        """Make another Client, a user, roles and keys, which suffer what those that there are must not."""
        ask, user = self.session.ask_if_allowed, self.session.account.user
        clients = [one["id"] for one in self.session.ask("GET", "/v3/clients?limit=200")["items"]]
        listed = ask("GET", "/v3/users?limit=200") or {"items": []}
        users = sorted({user, *(one["name"] for one in listed["items"])})
        roles = [one["name"] for one in ask("GET", "/v3/roles") or ()]
        keys = [one["id"] for name in users for one in ask("GET", f"/v3/users/{quote(name)}/api-keys") or ()]
        names = [f"role-{number}-{self.run}" for number in range(_OF_EACH)]
        made_roles = self._made("/v3/roles", [{"name": name, "permissions": ["ORDER_VIEW"]} for name in names])
        everywhere = any(one["client"] is None for one in self.session.ask("GET", "/v3/me")["roles"])
        wanted = {"client": None if everywhere else self.client}
        made_keys = self._made(f"/v3/users/{quote(user)}/api-keys", [wanted] * _OF_EACH)
        made_clients = self._made("/v3/clients", [{"name": f"client-{self.run}"}])
        self.found.add("path.name", [user], below="/v3/users")
        for parameters, below, there, made in (
            ("path.role body.role", "", roles, [one["name"] for one in made_roles]),
            ("path.key_id", "/v3/api-keys", keys, [one["key"]["id"] for one in made_keys] or [_NO_KEY]),
            ("path.client_id", "", clients, [one["client"]["id"] for one in made_clients]),
            ("path.name", "/v3/users", users, [one["account"]["user"]["name"] for one in made_clients]),
        ):
            self.found.add(parameters, made, below)
            self.found.spared.update(zip(there, cycle(made), strict=False))

    def _made(self, path: str, wanted: Iterable[object]) -> list[Any]:
        """Make things; return those that the user may make."""
        made = (self.session.ask_if_allowed("POST", path, one) for one in wanted)
        return [one for one in made if one is not None]
