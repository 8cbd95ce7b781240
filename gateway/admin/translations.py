"""The page's texts in English, German and French: the English ones are in the code, the others in ``locale/*.po``."""

from functools import cache
from gettext import NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import Final

from babel import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

SOURCE: Final = "en"
LANGUAGES: Final = {"en": "English", "de": "Deutsch", "fr": "Français"}
"""The languages by their tag (RFC 5646), each named in itself."""

_MAX_HEADER: Final = 200


@cache
def translations(language: str) -> NullTranslations:
    """Return the texts in one of LANGUAGES."""
    if language == SOURCE:
        return NullTranslations()
    with files("gateway.admin").joinpath("locale", f"{language}.po").open("rb") as source:
        catalogue = read_po(source, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def language_of(preferred: str, accept_language: str) -> str:
    """Return the language to speak: the one ``preferred``, or the first that ``Accept-Language`` has (RFC 9110)."""
    if preferred in LANGUAGES:
        return preferred
    wanted = [part.partition(";")[0].strip().lower() for part in accept_language[:_MAX_HEADER].split(",")]
    found = negotiate_locale([*wanted, SOURCE], LANGUAGES, sep="-")
    return found if found in LANGUAGES else SOURCE
