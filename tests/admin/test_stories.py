"""An operator's day, story by story, in a real browser, beside what certbot, a CMC client and a REST client did."""

import json
import re
import subprocess
import urllib.request
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.admin.browser import Visits
from tests.running_gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

DOMAIN = "story.trivium.test"
PRODUCT = """
[[products]]
name = "tls-approved"
client = "default"
issuer = "issuing"
description = "TLS certificates that somebody else must agree to."
roads = ["page"]
"""
_RECORD = re.compile(r'(\S+)\. IN TXT "([^"]+)"')


def request_for(name: str, folder: Path, *, subject: str = "/") -> str:
    """Let openssl make a key and a CSR for a name; return the CSR in PEM."""
    command = (
        *("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject),
        *("-addext", f"subjectAltName=DNS:{name}", "-keyout", str(folder / "story.key")),
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


async def control_is_shown(page: Page, gateway: RunningGateway, base: str) -> None:
    """Register the domain, put the record that the page shows into the DNS, and validate."""
    await page.goto(f"{base}/domains?text={DOMAIN}")
    known = page.get_by_role("link", name=DOMAIN, exact=True)
    if await known.count():
        await known.click()
    else:
        await page.get_by_role("textbox", name="Domains").fill(DOMAIN)
        await page.get_by_role("button", name="Register").click()
    await page.wait_for_url(re.compile(r"/admin/domains/cld-"))
    record = _RECORD.fullmatch((await page.locator(".copyable pre").first.text_content() or "").strip())
    assert record is not None
    set_txt(gateway, record[1], record[2])
    await page.get_by_role("button", name="Validate now").click()
    await expect(page.locator("dl.facts .chip").first).to_have_text(re.compile("valid", re.IGNORECASE))


async def order(page: Page, product: str, csr: str) -> None:
    """Order a certificate on the page, and come to the order's own."""
    await page.get_by_role("link", name="Issuance").click()
    await page.get_by_role("link", name=f"Order now: {product}", exact=True).click()
    await page.get_by_label("Certificate signing request").fill(csr)
    await expect(page.locator("#check")).to_contain_text(f"www.{DOMAIN}")
    await page.get_by_label("Comment").fill("For the story")
    await page.get_by_role("button", name="Place the order").click()
    await page.wait_for_url(re.compile(r"/admin/orders/ord-"))


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


async def test_what_came_over_each_road_is_found(travelled: RunningGateway, visits: Visits) -> None:
    """What clients did by themselves must be as visible as what was done here."""
    page = await visits.signed_in("olga")
    for road, name in (("acme", "demo.trivium.test"), ("cmc", "mail.demo.trivium.test"), ("rest", "www.shop.demo")):
        await page.goto(f"{visits.base}/orders?road={road}")
        await expect(page.get_by_role("row").filter(has_text=name).first).to_be_visible()
    await page.goto(f"{visits.base}/acme")
    await expect(page.get_by_role("table", name="ACME accounts")).to_contain_text("acc-")
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
    await ann.get_by_role("link", name="Approvals", exact=True).first.click()
    await expect(ann.get_by_role("button", name="Approve")).to_have_count(0)

    await chief.get_by_role("link", name="Approvals", exact=True).click()
    row = chief.get_by_role("row").filter(has_text="tls-approved")
    await row.locator("summary", has_text="Approve").click()
    await row.get_by_label("Reason").first.fill("Known to us")
    await row.get_by_role("button", name="Approve").click()
    await expect(chief.get_by_role("status")).to_contain_text("approval")
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
