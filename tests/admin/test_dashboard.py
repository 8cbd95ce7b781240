"""The dashboard: what expires, what waits, and whether the CRLs are fresh."""

import re
from datetime import timedelta

from cryptography import x509
from sqlalchemy import create_engine, update

from ca_core.certificates import external_certificates
from ca_core.model.jobs import TimerType
from ca_core.orders.timers import schedule
from gateway.installation import Installation
from store.tables.certificates import certificates
from tests.access.people import Office
from tests.admin.orders_made import HOSTILE, Desk
from tests.admin.visitor import Visitor
from tests.certificates.other_authority import foreign
from tests.orders.test_fields import new_csr
from tests.orders.workshop import CONSOLE
from tests.publish.issuing import work
from tests.rest.shop import Shop


async def test_an_empty_installation_says_what_will_be_here(alice: Visitor) -> None:
    """Somebody who looks for the first time must learn what the page is for."""
    page = await alice.see("/admin/")
    assert page.status == 200
    assert "No certificate expires within 30 days" in page.text
    assert "There is no order yet" in page.text


async def test_what_expires_is_listed_with_its_actions(alice: Visitor, office: Office, shop: Shop) -> None:
    """A certificate that ends unnoticed stops somebody's service."""
    found = (await Desk(shop, office).issued("www.example.com")).certificate
    page = await alice.see("/admin/?days=365")
    for text in (
        f"{found.serial:x}",
        "www.example.com",
        "issuing",
        "tls-server",
        f"{found.not_after:%Y-%m-%d}",
        "ISSUED 1",
    ):
        assert text in page.text, text
    path = f"/admin/certificates/{found.id}"
    assert {path, f"{path}/pem"} <= {*page.links}
    office.clock.advance(days=(found.not_after - office.core.sources.now()).days - 3)
    again = await Visitor.of(alice.app, alice.person)
    assert f"{found.serial:x}" in (await again.see("/admin/?days=7")).text
    assert "in 3 days" in (await again.see("/admin/?days=7")).text
    office.clock.advance(days=4)
    late = await Visitor.of(alice.app, alice.person)
    assert f"{found.serial:x}" not in (await late.see("/admin/?days=7")).text


async def test_only_what_its_product_publishes_is_offered_to_be_published(alice: Visitor, desk: Desk) -> None:
    """A button that is there for every certificate with an e-mail address would be refused when it is pressed."""
    product = await desk.mail_product(publishes=False)
    order = await desk.order_with(product, new_csr(x509.RFC822Name("jo@example.com")))
    page = await alice.see("/admin/?days=9999")
    assert "smime" in page.text
    path = f"/admin/certificates/{order.certificate_id}"
    assert (path in page.links, f"{path}/publish" in page.links) == (True, False)


async def test_the_figures_are_those_of_ones_own_clients(
    alice: Visitor, bob: Visitor, office: Office, shop: Shop
) -> None:
    """Abuse 46: how much another Client orders is nobody's business."""
    await Desk(shop, office).order("unknown.example.net", controlled=False)
    assert "NEW 1" in (await alice.see("/admin/")).text
    assert "NEW 1" not in (await bob.see("/admin/")).text
    assert (await bob.see(f"/admin/?client={office.client_id}")).status == 404


async def test_the_chart_what_waits_and_the_crls(alice: Visitor, office: Office, shop: Shop) -> None:
    """Nobody would see many ends coming at once, names that wait, or a CRL that is too old."""
    ends = office.core.sources.now().replace(microsecond=0) + timedelta(days=20)
    ders = [foreign(name, end=ends) for name in ("old.example.com", "older.example.com")]
    await external_certificates.import_certificates(office.core, office.client_id, ders, CONSOLE)
    await Desk(shop, office).order("unknown.example.net", controlled=False)
    page = await alice.see("/admin/")
    assert len(re.findall(r"<title>[0-9-]{10}: 2</title>", page.html)) == 1
    assert len(re.findall(r"<title>[0-9-]{10}: 0</title>", page.html)) == 11
    assert "Validations that wait 1" in page.text
    assert "Approvals that wait 0" in page.text
    due = (TimerType.CRL, shop.product.issuer_id, office.core.sources.now())
    await office.core.store.write(lambda tx: schedule(tx, office.core.sources, *due))
    await work(office.core)
    assert "fresh issuing" in (await alice.see("/admin/")).text
    office.clock.advance(days=30)
    assert "overdue issuing" in (await (await Visitor.of(alice.app, alice.person)).see("/admin/")).text


async def test_imported_certificates_are_there_too(alice: Visitor, bob: Visitor, office: Office) -> None:
    """The certificates of an earlier PKI end as well, and nobody else says when."""
    ders = [foreign("old.example.com", end=office.core.sources.now().replace(microsecond=0) + timedelta(days=20))]
    await external_certificates.import_certificates(office.core, office.client_id, ders, CONSOLE)
    page = await alice.see("/admin/")
    assert "old.example.com" in page.text
    assert "external" in page.text
    [path] = [one for one in page.links if re.fullmatch(r"/admin/external-certificates/ext-[0-9a-f-]{36}", one)]
    shown = await alice.see(path)
    assert "dNSName: old.example.com" in shown.text
    assert (await alice.see(f"{path}/der")).body == ders[0]
    assert b"BEGIN CERTIFICATE" in (await alice.see(f"{path}/pem")).body
    assert (await bob.see(path)).status == 404
    assert (await bob.send(f"{path}/forget", {})).status == 404
    assert (await alice.send(f"{path}/forget", {})).location == "/admin/?notice=forgotten"
    assert "old.example.com" not in (await alice.see("/admin/")).text


async def test_a_hostile_subject_is_harmless(
    alice: Visitor, office: Office, shop: Shop, installation: Installation
) -> None:
    """Abuse 55: a subject is what somebody else wrote."""
    found = (await Desk(shop, office).issued("www.example.com")).certificate
    subject = update(certificates).where(certificates.c.id == found.id).values(subject=HOSTILE)
    engine = create_engine(installation.database_url)
    with engine.begin() as connection:
        connection.execute(subject)
    engine.dispose()
    page = await alice.see("/admin/?days=365")
    assert "<script>alert" not in page.html
    assert "[U+202E]gpj.exe" in page.text


async def test_days_that_are_none_are_refused(alice: Visitor) -> None:
    """A page that ignores what it does not understand shows the wrong list."""
    for days in ("0", "-1", "x", "99999", "%D9%A3"):
        assert (await alice.see(f"/admin/?days={days}")).status == 400
