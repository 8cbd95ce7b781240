"""A visit: one request of somebody who is signed in, and how a page answers it."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ca_core.core import Core
from ca_core.model.errors import Problem
from ca_core.model.principals import Principal
from ca_core.model.sessions import Session
from ca_core.model.values import replace
from gateway.admin.forms import Choice, Form, choice_of
from gateway.admin.front_end import FrontEnd
from gateway.admin.notices import NOTICES
from gateway.admin.sections import ADMINISTRATION, WORK, Section, menu
from gateway.admin.statuses import STATUS
from gateway.admin.templates import environment
from gateway.admin.translations import translations

_HTMX: Final = "hx-request-type"


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A request to a page of ``section`` by the user of ``session``; ``form`` is empty unless one was sent."""

    request: Request
    front_end: FrontEnd
    session: Session
    language: str
    section: Section
    form: Form

    @property
    def core(self) -> Core:
        """The core that the page acts on."""
        return self.front_end.core

    @property
    def principal(self) -> Principal:
        """Who visits, as the core knows him: the same as over REST."""
        return self.session.principal

    @property
    def is_part(self) -> bool:
        """Whether htmx asks for a part of the page alone; for the way back it asks for the whole page."""
        return self.request.headers.get(_HTMX) == "partial"

    def without_form(self) -> "Visit":
        """Return the visit as if no form were sent: what is stored is shown, and nothing that was typed."""
        return replace(self, form=Form())

    def query(self, name: str, default: str = "") -> str:
        """Return a parameter of the URL without blanks around it."""
        return self.request.query_params.get(name, default).strip()

    def choice(self, name: str, kind: type[Choice]) -> Choice | None:
        """Return a parameter of the URL that is one of an enumeration, None where it is left out; raises MALFORMED."""
        return choice_of(name, self.query(name), kind)

    def path(self, name: str) -> str:
        """Return a parameter of the path."""
        value: str = self.request.path_params[name]
        return value

    def translate(self, message: str) -> str:
        """Return a text of the page in the visitor's language."""
        return translations(self.language).gettext(message)

    def url(self, **changed: str | None) -> str:
        """Return this page's URL with parameters changed; None leaves one out."""
        asked = {**self.request.query_params, **changed}
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"{self.request.url.path}{'?' if query else ''}{query}"

    async def page(
        self, template: str, *, status: int = HTTPStatus.OK, problem: Problem | None = None, **content: object
    ) -> Response:
        """Answer with a page; ``problem`` is said on top of it, and its status is the page's then.

        ``content`` is what its template shows.
        """
        shown: Mapping[str, object] = {
            "visit": self,
            "user": self.session.user,
            "csrf_token": self.session.csrf_token,
            "work": await menu(WORK, self.core, self.principal),
            "administration": await menu(ADMINISTRATION, self.core, self.principal),
            "notice": NOTICES.get(self.query("notice")),
            "problem": problem,
            **content,
        }
        made = environment(self.language).get_template(template).render(shown)
        return HTMLResponse(made, status if problem is None else STATUS[problem.kind])

    def part(self, template: str, **content: object) -> Response:
        """Answer htmx with a part of a page."""
        shown: Mapping[str, object] = {"visit": self, "csrf_token": self.session.csrf_token, **content}
        return HTMLResponse(environment(self.language).get_template(template).render(shown))

    def to(self, path: str, notice: str = "", **parameters: str) -> Response:
        """Send the browser on to another page of ours, which says the notice (a name of NOTICES)."""
        query = urlencode({**parameters, **({"notice": notice} if notice else {})})
        return RedirectResponse(f"{quote(path)}{'?' if query else ''}{query}", HTTPStatus.SEE_OTHER)
