"""How long the admin page takes to answer with 100,000 orders stored: lists, searches, and what an operator does.

``python -m benchmarks.admin`` makes an installation, fills its SQLite database, serves it with one worker, signs in as
the CA's operator, who sees every Client, and asks over one kept-alive HTTPS connection, in turns.
"""

import argparse
import asyncio
import http.client
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_csr

from benchmarks.processes import StartError
from benchmarks.servers import Installation, Server, Surroundings, trivium
from benchmarks.stored_orders import CLIENTS, NOW, make_certificate, make_id, make_order
from ca_core.model.clients import Client
from ca_core.model.issuers import Issuer
from ca_core.model.products import Product, Road
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from conformance.cmc.requests import csr
from conformance.processes import free_port
from gateway.installation import Installation as Opened
from store.database import open_store

GOAL_MS: Final = 200
USER: Final = "bench"
_GROUP: Final = 500
_PROBLEM: Final = re.compile(r"<p[^>]*>([^<]*)</p>")
_TOKEN: Final = re.compile(r'name="csrf_token" value="([^"]+)"')
_VERSION: Final = re.compile(r'name="version" value="([^"]+)"')


class Visitor:
    """A signed-in operator without a browser, over one connection."""

    def __init__(self, server: Server, base: str) -> None:
        at = urlsplit(base)
        self._connection = http.client.HTTPSConnection(at.hostname or "", at.port, timeout=60, context=server.tls)
        self._cookie = ""

    def sign_in(self, address: str) -> None:
        """Use a one-time address up."""
        path, _, token = address.partition("#")
        self.post(urlsplit(path).path, {"token": token})

    def get(self, target: str) -> str:
        """Return a page; raises StartError unless it is one."""
        return self._ask("GET", target, b"", {200})

    def post(self, target: str, fields: dict[str, str]) -> str:
        """Send a form and return the answer: a page, or nothing where another is to be opened."""
        return self._ask("POST", target, urlencode(fields).encode(), {200, 201, 303})

    def _ask(self, method: str, target: str, body: bytes, expected: set[int]) -> str:
        headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request(method, target, body, headers | {"Cookie": self._cookie})
        answer = self._connection.getresponse()
        content = answer.read().decode()
        if answer.status not in expected:
            raise StartError(f"{method} {target} answered {answer.status}: {' '.join(_PROBLEM.findall(content))}")
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            self._cookie = cookie.partition(";")[0]
        return content


@dataclass(frozen=True, kw_only=True)
class Place:
    """What there is to look at and to act on: a product to order and an order with its certificate."""

    product: str
    order: str
    certificate: str


def pages(place: Place, number: int) -> dict[str, str]:
    """Return what is looked at, by its name."""
    name = f"host-{number // 2}.example.com"
    return {
        "dashboard": "/admin/",
        "dashboard: ending within 90 days": "/admin/?days=90",
        "orders: first page": "/admin/orders",
        "orders: a state that few have": "/admin/orders?status=PENDING_AUTH",
        "orders: a text that one has": f"/admin/orders?q={name}",
        "orders: a text that all have": "/admin/orders?q=example.com",
        "orders: a text that none has": "/admin/orders?q=nowhere",
        "orders: validity from and until": "/admin/orders?from=2026-01-01&until=2026-01-01",
        "an order": f"/admin/orders/{place.order}",
        "a certificate": f"/admin/certificates/{place.certificate}",
        "approvals": "/admin/approvals",
        "issuance: a form": f"/admin/issuance/{place.product}",
        "domains": "/admin/domains",
        "users": "/admin/users",
        "audit": "/admin/audit",
    }


def acts(place: Place, turn: int, version: str) -> dict[str, tuple[str, dict[str, str]]]:
    """Return what is done in a turn, by its name: where the form goes and what is in it; the order has the version."""
    name = f"act-{turn}"
    request = csr(ec.generate_private_key(ec.SECP256R1()), f"{name}.bench.test")
    pem = load_der_x509_csr(request).public_bytes(Encoding.PEM).decode()
    issuance = f"/admin/issuance/{place.product}"
    order = f"/admin/orders/{place.order}"
    return {
        "check a CSR": (f"{issuance}/check", {"csr": pem}),
        "order": (issuance, {"csr": pem}),
        "comment": (f"{order}/comments", {"text": f"looked at it, {turn}"}),
        "tags": (f"{order}/tags", {"tags": f"even, {name}", "version": version}),
        "register a domain": ("/admin/domains", {"client": "cli-0", "names": f"{name}.example.org"}),
        "a role": ("/admin/roles", {"name": name, "description": "", "permission": "ORDER_VIEW"}),
        "a user": ("/admin/users", {"name": name, "role": "ra-operator", "client": "cli-0", "language": "en"}),
        "a Client": ("/admin/clients", {"name": name, "description": ""}),
        "an API key": (f"/admin/api-keys/{name}", {"client": "cli-0", "networks": ""}),
    }


def measure(visitor: Visitor, place: Place, number: int, rounds: int) -> None:
    """Look and act in turns, and print the medians and the longest in milliseconds; the first turn warms up."""
    times: dict[str, list[float]] = {}

    def timed(name: str, ask: Callable[[], str]) -> str:
        began = time.perf_counter()
        content = ask()
        times.setdefault(name, []).append(1000 * (time.perf_counter() - began))
        return content

    for turn in range(rounds + 1):
        shown = visitor.get(f"/admin/orders/{place.order}")
        token, version = _TOKEN.search(shown), _VERSION.search(shown)
        if token is None or version is None:
            raise StartError("the page of the order has no form for its tags")
        for name, target in pages(place, number).items():
            timed(name, lambda target=target: visitor.get(target))  # type: ignore[misc]
        for name, (target, fields) in acts(place, turn, version[1]).items():
            sent = {"csrf_token": token[1], **fields}
            timed(f"do: {name}", lambda target=target, sent=sent: visitor.post(target, sent))  # type: ignore[misc]
    print("| page or act | median ms | longest ms |\n|---|---|---|")
    for name, taken in times.items():
        mark = " above the goal" if max(taken[1:]) > GOAL_MS else ""
        print(f"| {name} | {statistics.median(taken[1:]):.0f} | {max(taken[1:]):.0f}{mark} |")


async def fill(installation: Opened, number: int) -> Place:
    """Add orders with certificates of the installation's first product, which is ordered on the page from now on."""
    database = open_store(installation.database_url)
    try:
        product, issuer = await database.write(_add_clients)
        for start in range(0, number, _GROUP):
            group = range(start, min(start + _GROUP, number))
            await database.write(lambda tx, group=group: _add(tx, group, product, issuer))  # type: ignore[misc]
    finally:
        database.close()
    return Place(product=product.id, order=make_id("ord", number // 2), certificate=make_id("crt", number // 2))


def _add_clients(tx: Transaction) -> tuple[Product, Issuer]:
    product = next(one for one in tx.products.all(None) if Road.ACME in one.roads)
    issuer = tx.issuers.get(product.issuer_id)
    if issuer is None:
        raise StartError("the product has no issuer")
    for index in range(CLIENTS):
        tx.clients.add(Client(id=f"cli-{index}", name=f"client-{index}", created_at=NOW))
    offered = replace(product, version="bench", roads=product.roads | {Road.PAGE})
    tx.products.put(offered)
    return offered, issuer


def _add(tx: Transaction, group: range, product: Product, issuer: Issuer) -> None:
    for index in group:
        order = replace(
            make_order(index), product_id=product.id, product_version=product.version, product_name=product.name
        )
        tx.orders.add(order)
        if order.certificate_id is not None:
            tx.certificates.add(replace(make_certificate(order, index), issuer_id=issuer.id, der=issuer.certificate))


def run(installation: Installation, *arguments: str) -> str:
    """Run a ``trivium`` command and return what it printed. Raises StartError."""
    command = [str(trivium()), *arguments, "--dir", str(installation.directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StartError(f"trivium {arguments[0]} failed:\n{done.stderr}")
    return done.stdout


@contextmanager
def served(directory: Path, number: int) -> Iterator[tuple[Visitor, Place]]:
    """Give a visitor at an installation with so many orders."""
    nothing = Surroundings(resolver=f"127.0.0.1:{free_port()}", http_port=free_port(), processes=[])
    installation = Installation.init(directory / "ca", lint="off", surroundings=nothing)
    place = asyncio.run(fill(Opened.open(installation.directory), number))
    server = installation.serve("uvicorn")
    try:
        run(installation, "user", "create", USER, "--role", "ca-operator")
        link: str = json.loads(run(installation, "admin-link", USER, "--json"))["address"]
        visitor = Visitor(server, link)
        visitor.sign_in(link)
        yield visitor, place
    finally:
        server.stop()


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000, help="how many orders (100,000)")
    parser.add_argument("--rounds", type=int, default=9, help="turns that count, after one that warms up (9)")
    parser.add_argument("--directory", type=Path, default=Path("build"), help="on the disk to be measured")
    arguments = parser.parse_args()
    arguments.directory.mkdir(parents=True, exist_ok=True)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="bench-admin-", dir=arguments.directory) as temporary,
            served(Path(temporary).resolve(), arguments.orders) as (visitor, place),
        ):
            measure(visitor, place, arguments.orders, arguments.rounds)
    except StartError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
