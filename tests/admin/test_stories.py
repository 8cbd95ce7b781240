"""An operator's day, story by story, in a real browser, beside what certbot, a CMC client and a REST client did."""

import asyncio
import json
import re
import subprocess
import urllib.request
from base64 import b64decode
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.admin.browser import Visits
from tests.notify.mail_server import Mailbox, taking_mail
from tests.publish.slapd import Slapd, serving
from tests.running_gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

DOMAIN = "story.trivium.test"
ANNA = "anna@example.test"
PRODUCT = """
[[products]]
name = "tls-approved"
client = "default"
issuer = "issuing"
description = "TLS certificates that somebody else must agree to."
roads = ["page"]
"""
PATIENCE = 120
"""Seconds that the worker of a busy machine may need."""
_RECORD = re.compile(r'(\S+)\. IN TXT "([^"]+)"')


def request_for(name: str, folder: Path, *, subject: str = "/") -> str:
    """Let openssl make a key and a CSR for a host or a mailbox; return the CSR in PEM."""
    kind = "email" if "@" in name else "DNS"
    command = (
        *("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject),
        *("-addext", f"subjectAltName={kind}:{name}", "-keyout", str(folder / "story.key")),
    )
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def certificate_of_another(folder: Path) -> Path:
    """Let openssl make a certificate that ends in 20 days, as another authority would; return its file (PEM)."""
    file = folder / "earlier.pem"
    command = (
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "20"),
        *("-subj", "/CN=earlier.trivium.test", "-keyout", str(folder / "earlier.key"), "-out", str(file)),
    )
    subprocess.run(command, check=True, capture_output=True)
    return file


def set_txt(gateway: RunningGateway, host: str, value: str) -> None:
    """Put a TXT record into the gateway's DNS."""
    body = json.dumps({"host": f"{host}.", "value": value}).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{gateway.dns_http_port}/set-txt", body, timeout=10):
        pass


async def control_is_shown(page: Page, gateway: RunningGateway, base: str, domain: str = DOMAIN) -> None:
    """Register the domain, put the record that the page shows into the DNS, and validate."""
    await page.goto(f"{base}/domains?text={domain}")
    known = page.get_by_role("link", name=domain, exact=True)
    if await known.count():
        await known.click()
    else:
        await page.get_by_role("textbox", name="Domains").fill(domain)
        await page.get_by_role("button", name="Register").click()
    await page.wait_for_url(re.compile(r"/admin/domains/cld-"))
    record = _RECORD.fullmatch((await page.locator(".copyable pre").first.text_content() or "").strip())
    assert record is not None
    set_txt(gateway, record[1], record[2])
    await page.get_by_role("button", name="Validate now").click()
    await expect(page.locator("dl.facts .chip").first).to_have_text(re.compile("valid", re.IGNORECASE))


async def fill_in(page: Page, product: str, csr: str, name: str = f"www.{DOMAIN}") -> None:
    """Fill in the form of an order; the page has looked at the CSR then."""
    await page.get_by_role("link", name="Issuance").click()
    await page.get_by_role("link", name=f"Order now: {product}", exact=True).click()
    await page.get_by_label("Certificate signing request").fill(csr)
    await expect(page.locator("#check")).to_contain_text(name)
    await page.get_by_label("Comment").fill("For the story")


async def place(page: Page) -> None:
    """Place the order of the form, and come to its page."""
    await page.get_by_role("button", name="Place the order").click()
    await page.wait_for_url(re.compile(r"/admin/orders/ord-"))


async def order(page: Page, product: str, csr: str) -> None:
    """Order a certificate on the page, and come to the order's own."""
    await fill_in(page, product, csr)
    await place(page)


async def comes(page: Page, found: Callable[[], Awaitable[bool]]) -> None:
    """Look at the page again, as its reader does, until what works beside it has done what is to be found."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not await found():
        assert asyncio.get_running_loop().time() < deadline, await page.locator("main").inner_text()
        await page.wait_for_timeout(500)
        await page.reload()


async def test_domain_order_certificate_revocation(travelled: RunningGateway, visits: Visits, tmp_path: Path) -> None:
    """From a name nobody has shown control of to a certificate, and to its end: the whole of an operator's work."""
    page = await visits.signed_in("ann")
    await control_is_shown(page, travelled, visits.base)
    await order(page, "tls", request_for(f"www.{DOMAIN}", tmp_path))
    await expect(page.locator(".chip", has_text="ISSUED").first).to_be_visible()
    await expect(page.get_by_text("ISSUE_ISSUE_CERTIFICATE_JOB")).to_be_visible()
    await page.get_by_role("link", name="Orders and certificates").click()
    await page.get_by_label("Search").first.fill(f"www.{DOMAIN}")
    row = page.get_by_role("row").filter(has_text=f"www.{DOMAIN}")
    await expect(row).to_have_count(1)
    async with page.expect_download() as download:
        await row.get_by_role("link", name="PEM").click()
    assert (await download.value).suggested_filename.endswith(".pem")
    await row.get_by_role("link", name="Details").click()
    await expect(page.get_by_text(f"dNSName: www.{DOMAIN}").first).to_be_visible()
    await page.get_by_role("link", name="Revoke").click()
    await expect(page.get_by_label("unspecified")).to_be_checked()
    await page.get_by_label("superseded").check()
    await page.get_by_role("button", name="Revoke").click()
    await expect(page.get_by_role("status")).to_contain_text("revoked")
    await expect(page.get_by_role("link", name="Revoke")).to_have_count(0)


async def test_a_request_is_dropped_and_a_record_is_copied(
    travelled: RunningGateway, visits: Visits, tmp_path: Path
) -> None:
    """Who has a request in a file would have to convert it, and who needs a record to mark it with the mouse."""
    page = await visits.signed_in("ann")
    pem = request_for(f"www.{DOMAIN}", tmp_path)
    der = b64decode("".join(pem.splitlines()[1:-1]))
    for content in (pem.encode(), der):
        await page.goto(f"{visits.base}/issuance")
        await page.get_by_role("link", name="Order now: tls", exact=True).click()
        dropped = await page.evaluate_handle(
            "bytes => { const held = new DataTransfer();"
            " held.items.add(new File([new Uint8Array(bytes)], 'request.csr')); return held; }",
            list(content),
        )
        await page.dispatch_event("#csr", "drop", {"dataTransfer": dropped})
        await expect(page.locator("#check")).to_contain_text(f"www.{DOMAIN}")
        await expect(page.get_by_label("Certificate signing request")).to_have_value(re.compile("BEGIN CERT"))
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await control_is_shown(page, travelled, visits.base)
    record = page.locator(".copyable").first
    await record.get_by_role("button", name="Copy").click()
    await expect(record.get_by_role("button")).to_have_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == await record.locator("pre").text_content()


async def test_what_came_over_each_road_is_found(travelled: RunningGateway, visits: Visits) -> None:
    """What clients did by themselves must be as visible as what was done here."""
    page = await visits.signed_in("olga")
    for road, name in (("acme", "demo.trivium.test"), ("cmc", "mail.demo.trivium.test"), ("rest", "www.shop.demo")):
        await page.goto(f"{visits.base}/orders?road={road}")
        await expect(page.get_by_role("row").filter(has_text=name).first).to_be_visible()
    await page.goto(f"{visits.base}/acme")
    await expect(page.get_by_role("table", name="ACME accounts")).to_contain_text("acc-")
    await page.goto(f"{visits.base}/acme/tokens?domain=demo.trivium.test&status=valid")
    token = page.get_by_role("table", name="ACME tokens").get_by_role("row").filter(has_text="demo.trivium.test")
    await expect(token.first).to_contain_text("http-01")
    await page.goto(f"{visits.base}/cmc-clients")
    await page.get_by_role("link", name="demo-mail-gateway").click()
    await expect(page.get_by_text("Dedicated certificate", exact=True)).to_be_visible()


async def test_an_order_that_somebody_else_approves(travelled: RunningGateway, visits: Visits, tmp_path: Path) -> None:
    """Four eyes: the product is made, ordered by one, and approved by another, never by oneself."""
    chief = await visits.signed_in("olga")
    await chief.goto(f"{visits.base}/catalogue")
    in_force = travelled.directory / "catalogue.toml"
    [block] = re.findall(r'\[\[products\]\]\nname = "tls"\n.*?(?=\[\[products\]\])', in_force.read_text(), re.DOTALL)
    policy = block[block.index("[products.policy]") :].replace("issuance = 0", "issuance = 1")
    await chief.get_by_label("catalogue.toml").fill(PRODUCT + policy)
    await chief.get_by_role("button", name="Show what it would change").click()
    await expect(chief.get_by_text("tls-approved").first).to_be_visible()
    await chief.get_by_role("button", name="Apply exactly this").click()
    await expect(chief.get_by_role("status")).to_contain_text("applied")

    ann = await visits.signed_in("ann")
    await control_is_shown(ann, travelled, visits.base)
    await order(ann, "tls-approved", request_for(f"www.{DOMAIN}", tmp_path))
    await expect(ann.locator(".chip", has_text="PENDING_AUTH").first).to_be_visible()
    followed = ann.url
    await ann.get_by_role("link", name="Approvals", exact=True).first.click()
    await expect(ann.get_by_role("button", name="Approve")).to_have_count(0)
    await ann.goto(followed)

    await chief.get_by_role("link", name="Approvals", exact=True).click()
    row = chief.get_by_role("row").filter(has_text="tls-approved")
    await row.locator("summary", has_text="Approve").click()
    await row.get_by_label("Reason").first.fill("Known to us")
    await row.get_by_role("button", name="Approve").click()
    await expect(chief.get_by_role("status")).to_contain_text("approval")
    await expect(ann.locator("#progress .chip").first).to_have_text("ISSUED")  # the page follows the order by itself
    await ann.get_by_role("link", name="Orders and certificates").click()
    await expect(ann.get_by_role("row").filter(has_text="tls-approved")).to_contain_text("ISSUED")


async def test_an_external_account_key_with_its_commands(travelled: RunningGateway, visits: Visits) -> None:
    """Who sets up a client needs a command to paste, and the secret once."""
    page = await visits.signed_in("olga")
    await page.goto(f"{visits.base}/acme/keys")
    await page.get_by_role("checkbox", name=re.compile("^tls")).first.check()
    await page.get_by_role("button", name="Make the key").click()
    await expect(page.get_by_label("certbot")).to_contain_text("--eab-kid eab-")
    await expect(page.get_by_label("ACMESharp")).to_contain_text("-ExternalAccountMACKey")
    await page.goto(f"{visits.base}/acme/keys")
    await page.locator("summary", has_text="Revoke").first.click()
    await page.get_by_role("button", name="Revoke the key").first.click()
    await expect(page.get_by_role("status")).to_contain_text("revoked")


async def test_a_new_colleague_signs_in(travelled: RunningGateway, visits: Visits) -> None:
    """An invitation must bring its user in, with the rights that were given and no others."""
    page = await visits.signed_in("olga")
    await page.goto(f"{visits.base}/users/-/new")
    await page.get_by_label("User name").fill("zoe")
    await page.get_by_label("Role", exact=True).select_option("ra-viewer")
    await page.get_by_label("Client", exact=True).select_option(label="default")
    await page.get_by_role("button", name="Make the user").click()
    await page.goto(f"{visits.base}/users/zoe")
    await page.locator("summary", has_text="One-time link").click()
    await page.get_by_role("button", name="Make a link").click()
    address = (await page.locator(".copyable pre").first.text_content() or "").strip()
    zoe = await visits.stranger()
    await zoe.goto(address)
    await zoe.get_by_role("button", name="Sign in").click()
    await expect(zoe.get_by_role("link", name="Orders and certificates")).to_be_visible()
    await expect(zoe.get_by_role("link", name="Issuance")).to_have_count(0)
    answer = await zoe.goto(f"{visits.base}/issuance")
    assert answer is not None
    assert answer.status == 403
    await page.goto(f"{visits.base}/audit?action=user.create")
    await expect(page.get_by_role("table", name="Audit")).to_contain_text("user.create")


async def test_a_mail_gateway_is_registered(travelled: RunningGateway, visits: Visits, tmp_path: Path) -> None:
    """Who sets up a mail gateway needs its certificate and its address, and must be able to stop it."""
    page = await visits.signed_in("olga")
    await page.goto(f"{visits.base}/cmc-clients")
    await page.get_by_label("Name", exact=False).first.fill("story-gateway")
    csr = request_for("story-gateway", tmp_path, subject="/CN=story-gateway")
    await page.get_by_label("Request (PKCS #10)").fill(csr)
    await page.get_by_role("button", name="Register").click()
    await expect(page.get_by_label("Certificate and chain in PEM")).to_contain_text("BEGIN CERTIFICATE")
    await page.get_by_role("link", name="story-gateway").click()
    await page.locator("summary", has_text="New secret").click()
    await page.get_by_role("button", name="Make a secret").click()
    await expect(page.get_by_role("heading", name="The new shared secret")).to_be_visible()
    await page.locator("summary", has_text="Disable").click()
    await page.get_by_role("button", name="Disable the CMC client").click()
    await expect(page.locator("dl.facts .chip").first).to_have_text("disabled")


async def test_an_account_in_german_with_an_api_key(travelled: RunningGateway, visits: Visits) -> None:
    """People read their own language, and make the keys of their programs themselves."""
    travelled.trivium("user", "create", "lea", "--role", "ra-operator", "--client", "default")
    page = await visits.signed_in("lea")
    await page.goto(f"{visits.base}/account")
    await page.get_by_label("Language").select_option("de")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Konto")
    await page.get_by_label("Sprache").select_option("en")
    await page.get_by_role("button", name="Speichern").click()
    await page.get_by_role("link", name="New API key").click()
    await page.get_by_role("button", name="Make the key").click()
    secret = (await page.locator(".copyable pre").first.text_content() or "").strip()
    assert re.fullmatch(r"[0-9A-Za-z]{64}", secret)
    await page.goto(f"{visits.base}/account")
    assert secret not in await page.content()


async def test_certificates_of_an_earlier_authority_are_watched(
    travelled: RunningGateway, visits: Visits, tmp_path: Path
) -> None:
    """What another authority issued ends too, and this is where somebody looks."""
    imported = certificate_of_another(tmp_path)
    travelled.trivium("import", "--client", "default", str(imported))
    page = await visits.signed_in("ann")
    row = page.get_by_role("row").filter(has_text="earlier.trivium.test")
    await expect(row).to_contain_text("external")
    await row.get_by_role("link", name="Details").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("External certificate")


async def test_the_page_is_used_by_keyboard(travelled: RunningGateway, visits: Visits) -> None:
    """Who uses no mouse must reach the content, and come by every control of a list."""
    page = await visits.signed_in("ann")
    await page.goto(f"{visits.base}/orders")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(page.get_by_label("Search").first).to_be_focused()


async def test_a_mail_certificate_in_the_directory(
    travelled: RunningGateway, visits: Visits, slapd: Slapd, tmp_path: Path
) -> None:
    """Who writes to Anna must find her certificate, and no longer once it is taken back; and there again."""
    page = await visits.signed_in("ann")
    await control_is_shown(page, travelled, visits.base, "example.test")
    await fill_in(page, "smime", request_for(ANNA, tmp_path), ANNA)
    await expect(page.get_by_label("Publish the certificate in the directory")).to_be_checked()
    with serving(slapd):
        await place(page)
        await page.get_by_role("link", name="Certificate", exact=True).click()
        events = page.get_by_role("table", name="Publication").get_by_role("row")

        async def done(number: int, action: str) -> None:
            async def shown() -> bool:
                return await events.count() == number + 1 and "done" in await events.nth(number).inner_text()

            await comes(page, shown)
            await expect(events.nth(number)).to_contain_text(action)

        await done(1, "publish")
        await expect(events.nth(1)).to_contain_text("uid=anna")
        [published] = slapd.certificates(ANNA)
        await page.get_by_role("button", name="Take it out of the directory").click()
        await expect(page.get_by_role("status")).to_contain_text("directory")
        await done(2, "unpublish")
        assert slapd.certificates(ANNA) == []
        certificate = page.url
        await page.goto(f"{visits.base}/?days=3650")
        await page.get_by_role("row").filter(has_text=ANNA).get_by_role("button", name="Publish").click()
        await page.goto(certificate)
        await done(3, "publish")
        assert slapd.certificates(ANNA) == [published]


async def test_an_order_whose_recipients_get_mail(
    travelled: RunningGateway, visits: Visits, mailbox: Mailbox, tmp_path: Path
) -> None:
    """The people of a web server must learn that its certificate is there, in their language."""
    page = await visits.signed_in("ann")
    await control_is_shown(page, travelled, visits.base)
    await fill_in(page, "tls", request_for(f"www.{DOMAIN}", tmp_path))
    await page.get_by_label("Additional recipients").fill("webmaster@example.test")
    await page.get_by_label("Language of the mail").select_option("FR")
    await page.get_by_label("the certificate is revoked").uncheck()
    with taking_mail(mailbox):
        await place(page)

        async def sent() -> bool:
            return "SUCCESS" in await page.get_by_role("listitem").filter(has_text="SEND_EMAIL_JOB").inner_text()

        await comes(page, sent)
    [mail] = [one for one in mailbox.mails() if one["To"] == "webmaster@example.test"]
    assert mail["Subject"] == f"Certificat émis : {page.url.rpartition('/')[2].partition('?')[0]}"
    assert f"www.{DOMAIN}" in mail.get_content()
    recipients = page.get_by_role("table", name="Additional recipients")
    await expect(recipients).to_contain_text("ISSUANCE")
    await expect(recipients).not_to_contain_text("REVOCATION")


async def test_a_colleague_is_invited_by_mail(travelled: RunningGateway, visits: Visits, mailbox: Mailbox) -> None:
    """Whom nobody can hand a link to must come in by his mail, once."""
    page = await visits.signed_in("olga")
    await page.goto(f"{visits.base}/users/-/new")
    await page.get_by_label("User name").fill("ida")
    await page.get_by_label("E-mail address").fill("ida@example.test")
    await page.get_by_label("Role", exact=True).select_option("ra-viewer")
    await page.get_by_label("Client", exact=True).select_option(label="default")
    await page.get_by_role("button", name="Make the user").click()
    await page.goto(f"{visits.base}/users/ida")
    await page.locator("summary", has_text="Invite by mail").click()
    with taking_mail(mailbox):
        await page.get_by_role("button", name="Send the invitation").click()
        await expect(page.get_by_role("status")).to_contain_text("invitation")
    [mail] = [one for one in mailbox.mails() if one["To"] == "ida@example.test"]
    [address] = re.findall(r"https://\S+", mail.get_content())
    ida = await visits.stranger()
    await ida.goto(address)
    await ida.get_by_role("button", name="Sign in").click()
    await expect(ida.get_by_role("link", name="Orders and certificates")).to_be_visible()
    late = await visits.stranger()
    await late.goto(address)
    await late.get_by_role("button", name="Sign in").click()
    await expect(late.get_by_role("link", name="Orders and certificates")).to_have_count(0)
