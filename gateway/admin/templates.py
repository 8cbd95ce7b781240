"""The templates: Jinja2 with autoescape, and nothing undefined that passes for empty text."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from ca_core.revocation.reasons import reason_name
from gateway.admin.harmless import harmless
from gateway.admin.static import static_url
from gateway.admin.translations import LANGUAGES, translations
from gateway.admin.versions import version_of

_EXTENSIONS: Final = ["jinja2.ext.i18n"]


@cache
def environment(language: str) -> Environment:
    """Return the templates in one of the languages."""
    made = Environment(
        loader=PackageLoader("gateway.admin"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        finalize=harmless,
        extensions=_EXTENSIONS,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    for name in ("gettext", "ngettext"):
        made.globals[name] = _harmless_values(made.globals[name])
    made.globals |= {"static": static_url, "language": language, "languages": LANGUAGES}
    made.filters |= {"moment": moment, "day": day, "serial": serial, "reason": reason_name, "zip_same": zip_same}
    made.filters |= {"version": version_of}
    return made


def _harmless_values(translate: Any) -> Any:
    """Return a function of gettext whose values are harmless: they become markup, which `finalize` leaves alone."""

    @pass_context
    def translated(context: Context, *texts: object, **values: object) -> object:
        return translate(context, *texts, **{name: harmless(value) for name, value in values.items()})

    return translated


def moment(value: datetime | None) -> Markup:
    """Return a time in UTC to the second, as an element that says it to programs too."""
    if value is None:
        return Markup("")
    text = value.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(
        text.strftime("%Y-%m-%dT%H:%M:%SZ"), text.strftime("%Y-%m-%d %H:%M:%S")
    )


def day(value: datetime | None) -> Markup:
    """Return the day of a time in UTC."""
    if value is None:
        return Markup("")
    text = value.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        text.strftime("%Y-%m-%dT%H:%M:%SZ"), text.strftime("%Y-%m-%d %H:%M:%S UTC"), text.strftime("%Y-%m-%d")
    )


def serial(value: int) -> str:
    """Return a serial number as users know it: hexadecimal."""
    return f"{value:x}"


def zip_same(values: Iterable[str]) -> list[tuple[str, str]]:
    """Return the options of a choice whose values are their own texts."""
    return [(str(value), str(value)) for value in values]
