"""Every text of the admin page in every language that it speaks, and who reads which."""

import re
from functools import cache
from importlib.resources import as_file, files

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from starlette.types import ASGIApp

from ca_core.model.users import PersonalData
from gateway.admin.statuses import STATUS, TITLES
from gateway.admin.translations import LANGUAGES, SOURCE
from tests.access.people import Office
from tests.admin.visitor import Shown, Visitor
from tests.status.asgi import call

TRANSLATED = sorted(LANGUAGES.keys() - {SOURCE})
DASHBOARD = {"de": "Übersicht", "fr": "Tableau de bord"}
ORDER_NOW = {"de": "Bestellen", "fr": "Commander"}
SIGN_IN = {"de": "Anmelden", "fr": "Se connecter"}


@cache
def extracted() -> frozenset[tuple[str, ...]]:
    """Return the texts that templates and code have, each alone or with its plural."""
    with as_file(files("gateway.admin")) as directory:
        found = extract_from_dir(
            directory,
            method_map=[("**.html", "jinja2.ext:babel_extract"), ("**.py", "python")],
            options_map={"**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}},
            keywords={"_": None, "gettext": None, "ngettext": (1, 2)},
        )
        return frozenset(texts(message) for _, _, message, _, _ in found)


@cache
def catalogue(language: str) -> Catalog:
    """Return the translations into a language."""
    with files("gateway.admin").joinpath("locale", f"{language}.po").open("rb") as source:
        return read_po(source, locale=language, abort_invalid=True)


def texts(message: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Return a text, or a text and its plural, as a tuple."""
    return (message,) if isinstance(message, str) else tuple(message)


def placeholders(text: str) -> list[str]:
    """Return what of a text is filled in."""
    return sorted(re.findall(r"%\(\w+\)s|%", text))


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_and_none_is_left_over(language: str) -> None:
    """A page would mix its reader's language with English, or translators would keep texts that no page has."""
    known = {texts(message.id) for message in catalogue(language) if message.id}
    assert {("Dashboard",), ("in %(num)s day", "in %(num)s days")} <= extracted()
    assert sorted(extracted() - known) == [], "not translated yet"
    assert sorted(known - extracted()) == [], "on no page any more"
    assert not catalogue(language).obsolete


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_translation_is_whole(language: str) -> None:
    """A label would be empty, or a page would fail as it fills in a placeholder that the translation misspells."""
    for message in catalogue(language):
        originals, translations = texts(message.id), texts(message.string or "")
        if message.id:
            assert all(one.strip() for one in translations), message.id
            assert not message.fuzzy, message.id
            assert len(translations) == (1 if len(originals) == 1 else catalogue(language).num_plurals), message.id
            for one in translations:
                assert placeholders(one) == placeholders(originals[0]) == placeholders(originals[-1]), message.id


def test_every_refusal_has_a_title() -> None:
    """The page that should say what went wrong would itself fail."""
    assert set(STATUS.values()) == TITLES.keys()


@pytest.mark.parametrize("language", TRANSLATED)
async def test_a_user_reads_his_language(admin: ASGIApp, office: Office, language: str) -> None:
    """Who chose a language would read another one, whatever his browser asks for."""
    personal = PersonalData(language=language)
    person = await office.person("dominique", "ra-operator", office.client_id, personal=personal)
    visitor = await Visitor.of(admin, person)
    page = await visitor.see("/admin/", accept_language="en")
    assert heading(page) == (language, DASHBOARD[language])
    products = await visitor.see("/admin/issuance")
    assert f">{ORDER_NOW[language]}</a>" in products.html, "an act, and not the thing that is ordered"


@pytest.mark.parametrize("language", TRANSLATED)
async def test_a_stranger_reads_the_language_of_his_browser(admin: ASGIApp, language: str) -> None:
    """Who has not signed in yet could not read how to."""
    answer = await call(
        admin, "GET", "/admin/sign-in", headers={"Accept-Language": f"it, {language}-CH;q=0.9, en;q=0.8"}
    )
    assert heading(Shown(answer.status, answer.headers, answer.body)) == (language, SIGN_IN[language])


def heading(page: Shown) -> tuple[str, str]:
    """Return the language that a page says it speaks, and its heading."""
    assert page.status == 200
    found = re.search(r'<html lang="(\w+)">.*<h1>([^<]+)</h1>', page.html, re.DOTALL)
    assert found is not None, page.html
    return found[1], found[2]
