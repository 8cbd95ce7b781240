"""The catalogue: pasted or uploaded, compared with what is in force, and applied exactly as it was shown."""

import asyncio
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from ca_core.catalogue import application
from ca_core.catalogue.application import Comparison
from ca_core.catalogue.entries import Catalogue
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from gateway import catalogue as file
from gateway.admin.api_keys import token_url
from gateway.admin.downloads import attached
from gateway.admin.page import act, show
from gateway.admin.refusals import recorded
from gateway.admin.sections import CATALOGUE
from gateway.admin.visit import Visit

_MAX_TEXT: Final = 262144
"""Characters of a catalogue, as over REST."""


async def catalogue(visit: Visit) -> Response:
    """Show the form that takes a catalogue."""
    application.require_operator(visit.principal)
    return await _page(visit)


async def catalogue_in_force(visit: Visit) -> Response:
    """Send the catalogue that would change nothing, to be edited and applied."""
    content = await application.current(visit.core, visit.principal)
    return attached(file.toml(content).encode(), "catalogue.toml", "application/toml")


async def compare_catalogue(visit: Visit) -> Response:
    """Show what a catalogue would change."""
    text = ""
    try:
        text = await _text(visit)
        compared = await application.compare(visit.core, await _read(visit, text), visit.principal)
    except TriviumError as error:
        return await _page(visit, text, problem=await recorded(visit.request, error.problem))
    return await _page(visit, text, compared)


async def apply_catalogue(visit: Visit) -> Response:
    """Apply what was shown, and show the keys of new Clients' service accounts, this once."""
    text = visit.form.text("text")
    try:
        content = await _read(visit, text)
        applied = await application.apply_as_compared(visit.core, content, visit.form.text("digest"), visit.principal)
    except TriviumError as error:
        return await _page(visit, text, problem=await recorded(visit.request, error.problem))
    return await visit.page("catalogue_applied.html", applied=applied, token_url=token_url(visit))


async def _text(visit: Visit) -> str:
    """Return the catalogue of a form, from its file if one was chosen; raises MALFORMED."""
    for chosen in visit.form.files("file"):
        try:
            return (await chosen.read()).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise TriviumError(ErrorKind.MALFORMED, "The file is no text in UTF-8; choose catalogue.toml.") from error
    return visit.form.text("text")


async def _read(visit: Visit, text: str) -> Catalogue:
    """Read a text of an operator's; raises FORBIDDEN, and MALFORMED with the key or line that is wrong."""
    application.require_operator(visit.principal)
    if len(text) > _MAX_TEXT:
        raise TriviumError(ErrorKind.TOO_LARGE, f"A catalogue has at most {_MAX_TEXT} characters; apply it in parts.")
    now = visit.core.sources.now()
    # What parsing costs grows faster than the text.
    return await asyncio.to_thread(file.parse, text, "catalogue.toml", now, whole=False)


async def _page(
    visit: Visit, text: str = "", compared: Comparison | None = None, *, problem: Problem | None = None
) -> Response:
    return await visit.page(
        "catalogue.html",
        problem=problem,
        text=text,
        compared=compared,
    )


routes: Final[list[Route]] = [
    show("", catalogue, CATALOGUE),
    show("/in-force", catalogue_in_force, CATALOGUE),
    act("/compare", compare_catalogue, CATALOGUE),
    act("/apply", apply_catalogue, CATALOGUE),
]
