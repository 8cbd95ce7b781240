"""What must hold in an installation after every experiment, whatever was killed, raced or sent to it.

One checker over the database, the published CRL and the files. It reads the tables by plain SQL: what the store's own
code would overlook, it must not.
"""

import json
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from gateway.installation import Installation
from tests.running_gateway import RunningGateway

TERMINAL = frozenset({"NEW", "ISSUED", "REVOKED", "FAILED", "REJECTED", "PENDING_AUTH", "PENDING_CSR_RENEWAL"})
"""States in which no stage runs: the order has ended, or waits for somebody."""
PROCESSING_SECONDS = 60
CRL_SECONDS = 60
CLEAR_KEYS = (b"BEGIN PRIVATE KEY", b"BEGIN EC PRIVATE", b"BEGIN RSA PRIVATE")


@dataclass
class Acknowledged:
    """What clients were told (2xx) in an experiment: it must be there for good (I8). Ids and DER."""

    accounts: set[str] = field(default_factory=set)
    orders: set[str] = field(default_factory=set)
    certificates: set[bytes] = field(default_factory=set)
    revoked: set[bytes] = field(default_factory=set)


@dataclass(frozen=True)
class Row:
    """One certificate as it stands in the database."""

    id: str
    order_id: str
    issuer_id: str
    serial: int
    status: str
    der: bytes | None


def check(
    gateway: RunningGateway, acknowledged: Acknowledged | None = None, *, secrets: tuple[bytes, ...] = ()
) -> None:
    """Assert every invariant on a gateway that is being served; ``secrets`` must stand nowhere in clear."""
    with database(gateway) as connection:
        rows = certificates(connection)
        records = audit_records(connection)
        _no_serial_twice(rows)
        _signatures_follow_intents(rows, records)
        _certificates_belong_to_orders(connection, rows)
        _no_order_is_stuck(connection)
        _crl_numbers_rise(connection)
        _nothing_acknowledged_is_lost(connection, rows, acknowledged or Acknowledged())
    _revoked_serials_are_on_the_crl(gateway)
    _no_secret_in_clear(gateway, secrets)


@contextmanager
def database(gateway: RunningGateway) -> Iterator[Connection]:
    """Open the installation's database to read."""
    engine = create_engine(Installation.open(gateway.directory).database_url, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def certificates(connection: Connection) -> list[Row]:
    """Return every certificate, intents included."""
    rows = connection.execute(text("SELECT id, order_id, issuer_id, serial, status, der FROM certificates"))
    return [Row(r.id, r.order_id, r.issuer_id, int.from_bytes(r.serial), r.status, r.der) for r in rows]


def audit_records(connection: Connection) -> list[dict[str, Any]]:
    """Return the audit log, oldest first."""
    rows = connection.execute(text("SELECT record FROM audit_records ORDER BY sequence"))
    return [json.loads(row.record) for row in rows]


def _no_serial_twice(rows: list[Row]) -> None:
    """I1: in the rows and, more to the point, in what was signed."""
    taken = Counter((row.issuer_id, row.serial) for row in rows)
    assert [serial for serial, count in taken.items() if count > 1] == []
    for row in rows:
        if row.der is not None:
            assert x509.load_der_x509_certificate(row.der).serial_number == row.serial, row.id


def _signatures_follow_intents(rows: list[Row], records: list[dict[str, Any]]) -> None:
    """I2: a signature's intent stands in the log before it, and the certificate's own record with the same bytes."""
    intents: dict[str, int] = defaultdict(int)
    issued: dict[str, str] = {}
    for record in records:
        order, details = record["object_id"], record["details"]
        if record["action"] == "order.generate_tbs":
            intents[order] += 1
        if record["action"] == "certificate.issue":
            assert intents[order] > 0, f"{order} was signed before its intent"
            intents[order] -= 1
            issued[details["certificate"]] = details["der"]
        if record["action"] == "certificate.abandon":
            intents[order] -= 1
    for row in rows:
        if row.der is not None:
            assert issued.pop(row.id, None) == row.der.hex(), f"{row.id} is not in the audit log as it is"
    assert not issued, "the audit log knows certificates that the database does not"


def _certificates_belong_to_orders(connection: Connection, rows: list[Row]) -> None:
    """I3: an order has one living certificate and names it, or it ended badly and the certificate is revoked."""
    orders = {row.id: row for row in connection.execute(text("SELECT id, state, certificate_id FROM orders"))}
    living = Counter(row.order_id for row in rows if row.der is not None)
    assert [order for order, count in living.items() if count > 1] == [], "an order has two certificates"
    for row in rows:
        order = orders[row.order_id]
        if row.status == "issued" and order.state in TERMINAL:
            assert (order.state, order.certificate_id) == ("ISSUED", row.id)
        if row.status == "intended":
            assert order.state not in TERMINAL, f"the intent {row.id} of an order that ended is neither issued nor void"
        if row.status in {"issued", "revoked"}:
            assert row.der is not None
    for order in orders.values():
        assert (order.state in {"ISSUED", "REVOKED"}) <= (order.certificate_id is not None)


def _no_order_is_stuck(connection: Connection) -> None:
    """I4: what runs has been claimed lately; nothing that a worker should have taken lies around."""
    now = int(time.time() * 1_000_000)
    states = ", ".join(f"'{state}'" for state in sorted(TERMINAL | {"UNKNOWN"}))
    running = connection.execute(
        text(
            f"SELECT orders.id, orders.state FROM orders JOIN jobs ON jobs.order_id = orders.id "  # noqa: S608 - ours
            f"AND jobs.type = 'ISSUE_SUBMIT_CERTIFICATE_ORDER_JOB' WHERE orders.state NOT IN ({states}) "
            f"AND (jobs.claimable_at IS NULL OR jobs.claimable_at < :before)"
        ),
        {"before": now - PROCESSING_SECONDS * 1_000_000},
    )
    assert running.all() == [], "an order is being processed, and nobody will continue it"


def _crl_numbers_rise(connection: Connection) -> None:
    """I6: the number in every CRL is its row's, and a later one has a higher number."""
    rows = connection.execute(text("SELECT issuer_id, number, this_update, der FROM crls ORDER BY issuer_id, number"))
    before: dict[str, int] = {}
    for row in rows:
        crl = x509.load_der_x509_crl(row.der)
        assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == row.number
        assert row.this_update >= before.get(row.issuer_id, 0), "a higher number has an older list"
        before[row.issuer_id] = row.this_update


def _nothing_acknowledged_is_lost(connection: Connection, rows: list[Row], acknowledged: Acknowledged) -> None:
    """I8."""
    for table, expected in (("accounts", acknowledged.accounts), ("orders", acknowledged.orders)):
        found = {row.id for row in connection.execute(text(f"SELECT id FROM {table}"))}  # noqa: S608 - two words of ours
        assert expected <= found, f"{table} are lost: {expected - found}"
    assert acknowledged.certificates <= {row.der for row in rows}
    assert acknowledged.revoked <= {row.der for row in rows if row.status == "revoked"}


def _revoked_serials_are_on_the_crl(gateway: RunningGateway) -> None:
    """I5: revoked and abandoned serials alike, on what relying parties download, within a minute."""
    deadline = time.monotonic() + CRL_SECONDS
    while missing := _missing_on_crl(gateway):
        assert time.monotonic() < deadline, f"revoked, and not on the newest CRL: {missing}"
        time.sleep(0.2)


def _missing_on_crl(gateway: RunningGateway) -> set[int]:
    with database(gateway) as connection:
        revoked = {row.serial for row in certificates(connection) if row.status in {"revoked", "abandoned"}}
    with urllib.request.urlopen(gateway.endpoints["crl"], timeout=10) as answer:  # noqa: S310 - our own endpoint
        crl = x509.load_der_x509_crl(answer.read())
    return revoked - {entry.serial_number for entry in crl}


def _no_secret_in_clear(gateway: RunningGateway, secrets: tuple[bytes, ...]) -> None:
    """I10: in no log, endpoint file, database or whatever else lies in the installation, but the key's own file."""
    key_file = gateway.directory / "secrets" / "key-encryption.key"
    key = key_file.read_bytes().strip()
    files = [gateway.log, *(path for path in gateway.directory.rglob("*") if path.is_file() and path != key_file)]
    for canary in (key, bytes.fromhex(key.decode()), *CLEAR_KEYS, *secrets):
        assert [str(path) for path in files if canary in _content(path)] == []


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # a journal that was there a moment ago
        return b""
