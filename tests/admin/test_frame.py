"""What holds for every page: who may see it, what goes around it, and how it says that something is wrong."""

import re

import pytest
from starlette.types import ASGIApp

from ca_core.model.errors import ErrorKind
from ca_core.model.permissions import Permission
from ca_core.model.users import Role
from gateway.admin.harmless import visible
from gateway.admin.statuses import STATUS
from gateway.admin.templates import environment
from gateway.admin.translations import language_of
from gateway.rest.errors import HTTP_ERRORS
from tests.access.people import Office
from tests.admin.visitor import Visitor
from tests.status.asgi import call


async def test_a_stranger_is_sent_to_sign_in_and_back(admin: ASGIApp) -> None:
    """Abuse 56: a page without a session must show nothing, and who signs in must come back to it."""
    answer = await call(admin, "GET", "/admin/acme?status=valid")
    assert (answer.status, answer.body) == (303, b"")
    assert answer.headers["location"] == "/admin/sign-in?next=%2Fadmin%2Facme%3Fstatus%3Dvalid"
    part = await call(admin, "GET", "/admin/acme", headers={"HX-Request": "true"})
    assert (part.status, part.headers["hx-redirect"]) == (204, "/admin/sign-in")


async def test_every_answer_carries_the_policy(admin: ASGIApp, alice: Visitor) -> None:
    """Abuse 55 and 58: one answer without the policy is the one that an attacker frames, or runs a script in."""
    for shown in (await alice.see("/admin/"), await alice.see("/admin/nowhere"), await alice.see("/admin/static/0/x")):
        policy = shown.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert shown.headers["cache-control"] == "no-store"
        assert shown.headers["x-content-type-options"] == "nosniff"


async def test_pages_bring_only_files_of_ours(alice: Visitor) -> None:
    """A file from elsewhere tells its host who works here, and may be another one tomorrow."""
    shown = await alice.see("/admin/")
    sources = re.findall(r'(?:src|href)="([^"]+)"', shown.html)
    assert all(one.startswith(("/admin", "#")) for one in sources), sources
    files = [one for one in sources if one.startswith("/admin/static/")]
    assert len(files) >= 4
    for one in files:
        answer = await alice.see(one)
        assert answer.status == 200
        assert "immutable" in answer.headers["cache-control"]


async def test_the_menu_has_what_its_reader_may_use(admin: ASGIApp, office: Office) -> None:
    """A section that answers 403 must not be in the menu; one that is not in the menu must answer 403."""
    looker = Role(name="looker", permissions=frozenset({Permission.CERTIFICATE_VIEW, Permission.CMC_CLIENT_VIEW}))
    await office.core.store.write(lambda tx: tx.roles.put(looker))
    visitor = await Visitor.of(admin, await office.person("leo", "looker", office.client_id))
    page = await visitor.see("/admin/")
    assert "/admin/cmc-clients" in page.links
    assert "/admin/acme" not in page.links
    assert (await visitor.see("/admin/cmc-clients")).status == 200
    refused = await visitor.see("/admin/acme")
    assert refused.status == 403
    assert "ACME_ACCOUNT_VIEW" in refused.text
    assert re.search(r"err-[0-9a-f-]{36}", refused.text)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_form_from_another_site_is_refused(admin: ASGIApp, alice: Visitor, site: str) -> None:
    """Abuse 54: a page elsewhere must not act in a visitor's name."""
    headers = {"Cookie": f"__Host-trivium-session={alice.cookie}", "Sec-Fetch-Site": site}
    answer = await call(admin, "POST", "/admin/acme/keys", body=[b"csrf_token=x"], headers=headers)
    assert answer.status == 403


async def test_an_address_that_is_none_says_so(alice: Visitor) -> None:
    """A reader who mistypes an address must learn that it is the address."""
    shown = await alice.see("/admin/nowhere")
    assert shown.status == 404
    assert "There is no page at this address" in shown.text


def test_every_kind_of_error_has_the_status_that_it_has_over_rest() -> None:
    """A refusal that reads otherwise here than over REST would make people think that the rights differ."""
    assert {kind: HTTP_ERRORS[kind].v3 for kind in ErrorKind} == STATUS


def test_text_that_steers_is_shown() -> None:
    """Abuse 55: a name that turns the text around it, or hides, must be seen for what it is."""
    assert visible("a\u202egpj.exe\u200b\x1b[2J") == "a[U+202E]gpj.exe[U+200B][U+001B][2J"
    assert visible("Grüße 🎉\tund\nmehr") == "Grüße 🎉\tund\nmehr"


@pytest.mark.parametrize(
    ("preferred", "header", "spoken"),
    [
        ("de", "fr", "de"),
        ("", "fr-CH, de;q=0.8", "fr"),
        ("", "it, de;q=0.5", "de"),
        ("", "", "en"),
        ("", "DE-ch", "de"),
        ("", "EN-us", "en"),
        ("xx", "zz" * 500, "en"),
    ],
)
def test_the_language_is_the_reader_s(preferred: str, header: str, spoken: str) -> None:
    """Somebody who asked for a language must get it, and nonsense must not break the page."""
    assert language_of(preferred, header) == spoken


@pytest.mark.parametrize("charset", ["punycode", "utf-7", "UTF-16"])
async def test_a_form_in_another_charset_is_not_read(admin: ASGIApp, charset: str) -> None:
    """Some of Python's codecs take minutes for a megabyte, and anybody may send a form to sign in."""
    headers = {"Content-Type": f"multipart/form-data; boundary=x; charset={charset}"}
    body = b'--x\r\nContent-Disposition: form-data; name="token"\r\n\r\nbbb-aaa\r\n--x--\r\n'
    answer = await call(admin, "POST", "/admin/sign-in/link", body=[body], headers=headers)
    assert answer.status == 415


async def test_nobody_elsewhere_signs_a_reader_out(admin: ASGIApp) -> None:
    """Abuse 54: without the strict cookie there is no session to look at, and the answer took the cookie away."""
    answer = await call(admin, "POST", "/admin/sign-out", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403
    assert "set-cookie" not in answer.headers


async def test_a_language_in_any_case_breaks_no_page(admin: ASGIApp) -> None:
    """Language tags know no case (RFC 5646): `DE` looked for a catalogue that there is not."""
    answer = await call(admin, "GET", "/admin/nowhere", headers={"Accept-Language": "DE, FR-ch;q=0.5"})
    assert answer.status == 404
    assert b'<html lang="de">' in answer.body


def test_values_within_sentences_are_harmless_too() -> None:
    """Abuse 55: gettext makes markup of a sentence with values, which nothing looks at any more."""
    template = environment("en").from_string(
        '{{ _("for %(name)s", name=name) }} {{ ngettext("%(num)s", "%(num)s", 2) }}'
    )
    assert template.render(name="<b>\u202e") == "for &lt;b&gt;[U+202E] 2"
