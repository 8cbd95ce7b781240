"""Version 3: the audit log as a file."""

import csv
import io
import json
from typing import Any

import pytest

from ca_core.audit import queries
from ca_core.audit.log import entry
from ca_core.core import Core
from gateway.audit_export import harmless_cell
from tests.orders.workshop import CONSOLE
from tests.rest.conversation import Conversation

FORMULAS = ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]


async def record(core: Core, *objects: str, **details: Any) -> None:
    """Leave a record about each object."""
    made = [entry(core.sources, CONSOLE, "test.act", one, **details) for one in objects]
    await core.store.write(lambda tx: tx.audit.append(made))


async def test_an_export_has_what_a_search_finds(alice: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    """An auditor would copy the log page by page; or the export would end early, or never (abuse 70)."""
    chief = alice.by(alice.office.chief)
    objects = [f"thing-{index}" for index in range(1203)]
    await record(alice.office.core, *objects, note="a\nb")
    answer = await chief.get("/v3/audit/export?action=test.act")
    assert answer.headers["content-type"] == "application/jsonl"
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.jsonl"'
    lines = [json.loads(line) for line in answer.body.decode().splitlines()]
    assert [one["object"] for one in lines] == objects[::-1]
    [shown] = (await chief.get("/v3/audit?action=test.act&limit=1")).json["items"]
    assert {**lines[0], "at": shown["at"]} == shown
    assert lines[0]["at"][:19] == shown["at"][:19]
    monkeypatch.setattr(queries, "MAX_EXPORT", 1000)
    first = (await chief.get("/v3/audit/export?action=test.act")).body.decode().splitlines()
    rest = await chief.get(f"/v3/audit/export?action=test.act&before={json.loads(first[-1])['id']}")
    assert len(first) == 1000
    assert [json.loads(line)["object"] for line in rest.body.decode().splitlines()] == objects[202::-1]


async def test_a_spreadsheet_runs_nothing(alice: Conversation) -> None:
    """Who opens the export in a spreadsheet would run what a requester wrote into the log (CSV injection)."""
    chief = alice.by(alice.office.chief)
    await record(alice.office.core, *FORMULAS, 'quoted "and", split', note="=1+1")
    answer = await chief.get("/v3/audit/export?action=test.act&format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    head, *rows = csv.reader(io.StringIO(answer.body.decode(), newline=""))
    assert head == ["id", "at", "actor", "client", "action", "object", "outcome", "details"]
    assert [row[5] for row in rows] == ['quoted "and", split', *(f"'{one}" for one in reversed(FORMULAS))]
    assert all(json.loads(row[7])["note"] == "=1+1" for row in rows)
    assert [harmless_cell(one) for one in ("", "a=1", "1-1")] == ["", "a=1", "1-1"]


async def test_an_export_is_of_ones_own_clients(alice: Conversation) -> None:
    """The export would have what the search keeps back (abuse 46)."""
    office = alice.office
    (await alice.get("/v3/audit/export")).refused(403, "forbidden")
    auditor = alice.by(await office.person("auditor", "auditor", office.client_id))
    body = (await auditor.get("/v3/audit/export")).body.decode()
    assert {json.loads(line)["client"] for line in body.splitlines()} == {office.client_id}
    assert (await auditor.get(f"/v3/audit/export?client={office.other_id}")).body == b""
    (await auditor.get("/v3/audit/export?format=xls")).refused(400, "malformed")
    (await auditor.get("/v3/audit/export?limit=5")).refused(400, "malformed")
