"""The audit log on the page: searched by everything, record by record."""

import csv
import io
import json
import re

import pytest
from starlette.types import ASGIApp

from ca_core.access import client_queries, clients, users
from ca_core.audit.log import entry
from gateway.admin.paging import PAGE
from tests.access.people import Office
from tests.admin.visitor import Shown, Visitor
from tests.orders.workshop import CONSOLE

HOSTILE = "=cmd|' /C calc'!A0<script>alert(1)</script>\u202e"


@pytest.fixture
async def auditor(admin: ASGIApp, office: Office) -> Visitor:
    """Somebody who audits the first Client."""
    return await Visitor.of(admin, await office.person("auditor", "auditor", office.client_id))


def records(page: Shown) -> list[str]:
    """Return the ids of the records that a list has."""
    return re.findall(r'href="/admin/audit/((?:aud|err)-[^"]+)"', page.html)


async def test_the_log_is_searched_by_what_is_known_of_an_act(auditor: Visitor, office: Office) -> None:
    """Whoever looks into a complaint knows who, when, or what, and would leaf through thousands of pages."""
    await clients.change(office.core, office.client_id, CONSOLE, description="new")
    page = await auditor.see("/admin/audit?action=client.change")
    [changed] = records(page)
    assert ("operator:" in page.text, "default" in page.text) == (True, True)
    now = office.clock.now()
    for query, found in (
        (f"object={office.client_id}&outcome=success", True),
        (f"client={office.client_id}&action=client.change", True),
        ("outcome=refused&action=client.change", False),
        ("actor=alice", False),
        (f"action=client.change&since={now:%Y-%m-%dT%H:%M}", True),
        (f"action=client.change&until={now:%Y-%m-%dT%H:%M}:00Z", False),
        ("until=2001-01-01T00:00", False),
    ):
        assert (changed in records(await auditor.see(f"/admin/audit?{query}"))) is found, query
    assert "No record matches" in (await auditor.see("/admin/audit?action=nothing")).text
    wrong = await auditor.see("/admin/audit?since=yesterday")
    assert (wrong.status, "2030-01-31T12:00" in wrong.text) == (400, True)


async def test_users_are_asked_for_and_shown_by_their_names(chief: Visitor, alice: Visitor) -> None:
    """A reader of the log would have to know the ids of his colleagues."""
    assert (await alice.send("/admin/account", {"language": "fr"})).status == 303
    page = await chief.see("/admin/audit?actor=alice&action=user.change")
    [found] = records(page)
    assert ">alice</a>" in page.html
    assert "alice" in (await chief.see(f"/admin/audit/{found}")).text
    assert found not in records(await chief.see("/admin/audit?actor=bob"))


async def test_a_record_is_shown_with_its_details_harmlessly(chief: Visitor, office: Office) -> None:
    """Abuse 55: what somebody wrote into a reason runs in the browser of whoever audits him."""
    record = entry(
        office.core.sources, CONSOLE, "client.suspend", office.client_id, client_id=office.client_id, reason=HOSTILE
    )
    await office.core.store.write(lambda tx: tx.audit.append([record]))
    [found] = records(await chief.see("/admin/audit?action=client.suspend"))
    page = await chief.see(f"/admin/audit/{found}")
    assert (page.status, "[U+202E]" in page.text, "<script>alert" in page.html) == (200, True, False)
    assert f"/admin/clients/{office.client_id}" in page.links
    assert f"/admin/audit?object={office.client_id}" in page.links


async def test_what_is_searched_for_is_exported_and_runs_in_no_spreadsheet(
    auditor: Visitor, alice: Visitor, office: Office
) -> None:
    """Abuse 59: an auditor opens the file in a spreadsheet, which would run what somebody wrote into a reason."""
    written = entry(office.core.sources, CONSOLE, "test.act", HOSTILE, client_id=office.client_id, reason=HOSTILE)
    others = entry(office.core.sources, CONSOLE, "test.act", "theirs", client_id=office.other_id)
    await office.core.store.write(lambda tx: tx.audit.append([written, others]))
    lines = await auditor.see("/admin/audit/export?action=test.act&format=jsonl")
    assert (lines.status, "attachment" in lines.headers["content-disposition"]) == (200, True)
    [record] = [json.loads(line) for line in lines.html.splitlines()]
    assert (record["id"], record["object"], record["details"]["reason"]) == (written.id, HOSTILE, HOSTILE)
    table = await auditor.see("/admin/audit/export?action=test.act&format=csv")
    _, row = csv.reader(io.StringIO(table.html))
    assert HOSTILE.startswith("=")
    assert [cell for cell in row if cell.startswith(("=", "+", "-", "@"))] == []
    assert f"'{HOSTILE}" in row
    assert "theirs" not in table.html
    assert (await auditor.see("/admin/audit/export?format=xls")).status == 400
    assert (await alice.see("/admin/audit/export")).status == 403


async def test_a_long_log_goes_on(chief: Visitor, office: Office) -> None:
    """The 51st record could be read by nobody."""
    acts = [entry(office.core.sources, CONSOLE, "test.act", f"thing-{number}") for number in range(PAGE + 1)]
    await office.core.store.write(lambda tx: tx.audit.append(acts))
    first = await chief.see("/admin/audit?action=test.act")
    following = re.search(r'rel="next" href="([^"]+)"', first.html)
    assert following is not None
    second = await chief.see(following[1].replace("&amp;", "&"))
    assert [len(records(page)) for page in (first, second)] == [PAGE, 1]
    assert "thing-0" in second.text


async def test_what_is_not_for_the_reader_is_not_there(auditor: Visitor, alice: Visitor, office: Office) -> None:
    """Rule 45: another Client's acts, and those of none, are not for a Client's auditor, nor the log for others."""
    await users.assign(office.core, "bob", "ra-viewer", office.other_id, CONSOLE)
    all_records = await office.core.store.read(lambda tx: tx.audit.of_object(office.bob.user.id, 10))
    others = next(one for one in all_records if one.client_id == office.other_id)
    assert (await auditor.see(f"/admin/audit/{others.id}")).status == 404
    assert others.id not in records(await auditor.see(f"/admin/audit?client={office.other_id}"))
    assert (await auditor.see("/admin/audit/aud-nothing")).status == 404
    refused = await alice.see("/admin/audit")
    assert (refused.status, "AUDIT_VIEW" in refused.text) == (403, True)
    assert await client_queries.names(office.core, [office.other_id], await office.alice.principal()) == {}
