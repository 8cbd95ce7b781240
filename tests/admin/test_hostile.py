"""What others wrote, on every page and in every export: shown, and harmless (abuse 55)."""

import csv
import io

import pytest
from sqlalchemy import create_engine, update
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from ca_core.certificates import external_certificates
from gateway.admin.routes import ROUTES
from gateway.installation import Installation
from gateway.rest.front_end import FrontEnd
from gateway.rest.routes import applications
from gateway.roads import Roads
from store.tables.accounts import accounts, external_account_keys
from store.tables.certificates import certificates
from store.tables.clients import clients
from store.tables.orders import orders
from store.tables.users import users
from tests.access.people import Office
from tests.admin.test_rights import KINDS
from tests.admin.visitor import Visitor
from tests.certificates.other_authority import foreign
from tests.orders.workshop import CONSOLE, Workshop
from tests.rest.conversation import Conversation
from tests.rest.shop import Shop
from tests.rest.test_idor import Owned, give_everything

HOSTILE = (
    "\"'><script>alert(1)</script><img src=x onerror=alert(2)>\u202egpj.exe\u200b 🎉 =cmd|'/C calc'!A0 " + "x" * 3000
)
FORMULA = '=HYPERLINK("https://evil.example")'


@pytest.fixture
async def owned(workshop: Workshop, office: Office, shop: Shop, installation: Installation) -> Owned:
    """One of everything, and everything that others write in the words of an attacker."""
    front_end = FrontEnd(core=workshop.core, external_url="https://ra.example.com")
    rest = Roads({}, applications(front_end), PlainTextResponse("nowhere"))
    owned = await give_everything(Conversation(rest, office, office.alice), shop)
    ders = [foreign("old.example.com", subject="<script>alert(3)</script>")]
    await external_certificates.import_certificates(office.core, office.client_id, ders, CONSOLE)
    engine = create_engine(installation.database_url)
    with engine.begin() as connection:
        connection.execute(update(certificates).values(subject=HOSTILE))
        connection.execute(update(orders).values(comment=HOSTILE, tags=[HOSTILE[:100]]))
        connection.execute(update(accounts).values(contacts=[f"mailto:{HOSTILE}"]))
        connection.execute(update(clients).where(clients.c.id == office.client_id).values(description=HOSTILE))
        connection.execute(update(external_account_keys).values(comment=HOSTILE))
        connection.execute(update(users).where(users.c.name == "bob").values(email=HOSTILE[:200]))
    engine.dispose()
    return owned


async def test_every_page_shows_it_and_none_runs_it(admin: ASGIApp, office: Office, owned: Owned) -> None:
    """A subject, a contact or a comment would run in the operator's browser, with all his rights."""
    chief = await Visitor.of(admin, office.chief)
    seen, shown = 0, 0
    for route in ROUTES:
        if "GET" not in (route.methods or ()) or "static" in route.path or "/sign-in" in route.path:
            continue
        kinds = {**KINDS, "key_id": "key"}
        path = route.path
        for parameter in route.param_convertors:
            path = path.replace(f"{{{parameter}}}", owned.ids[kinds[parameter]])
        page = await chief.see(path)
        if "text/html" not in page.headers.get("content-type", ""):
            continue
        assert page.status in {200, 303, 307, 404}, (path, page.text)
        seen += 1
        shown += "gpj.exe" in page.text
        for running in ("<script>alert", "<img src=x", "\u202e", "\u200b"):
            assert running not in page.html, path
    assert seen > 35
    assert shown >= 5


async def test_no_export_runs_it_in_a_spreadsheet(admin: ASGIApp, office: Office, owned: Owned) -> None:
    """A cell that begins with = is a program to a spreadsheet."""
    talk = owned.alice.by(office.chief)
    assert (await talk.post(f"/v3/orders/{owned.ids['ord']}/comments", {"text": FORMULA})).status == 201
    assert (await talk.post(f"/v3/clients/{office.other_id}/suspend", {"reason": FORMULA})).status == 200
    chief = await Visitor.of(admin, office.chief)
    export = await chief.see("/admin/audit/export?format=csv")
    assert export.status == 200, export.text
    rows = list(csv.reader(io.StringIO(export.body.decode())))
    assert len(rows) > 10
    assert not [cell for row in rows for cell in row if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]
