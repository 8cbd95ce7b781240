"""The page where an operator sees what came over the three roads: a user for it, and the orders looked up on it."""

import http.cookiejar
import json
import re
import ssl
import urllib.parse
import urllib.request

from conformance.demo.gateway import STEP_SECONDS, Gateway
from conformance.processes import ProgramError

USER = "demo-operator"
_ORDER = re.compile(r'href="/admin/orders/(ord-[0-9a-f-]{36})')


class AdminPage:
    """An operator without a browser: links and forms over HTTPS."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.base = gateway.endpoints["admin"].rstrip("/")
        tls = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=gateway.endpoints["tls_ca"]))
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._browser = urllib.request.build_opener(tls, cookies)

    def make_user(self) -> None:
        """Make a user who may do everything for every Client."""
        self.gateway.trivium("user", "create", USER, "--role", "ca-operator")

    def link(self) -> str:
        """Return an address that signs him in once."""
        printed: dict[str, str] = json.loads(self.gateway.trivium("admin-link", USER, "--json"))
        return printed["address"]

    def sign_in(self) -> None:
        """Sign in by a link, as its button does."""
        address, _, token = self.link().partition("#")
        form = urllib.parse.urlencode({"token": token}).encode()
        with self._browser.open(address, form, timeout=STEP_SECONDS):
            pass

    def orders(self) -> set[str]:
        """Return the orders that the page lists; raises ProgramError unless it shows a list."""
        with self._browser.open(f"{self.base}/orders", timeout=STEP_SECONDS) as answer:
            page = answer.read().decode()
        if not answer.url.endswith("/admin/orders"):
            raise ProgramError(f"The admin page did not let its user in, but sent him to {answer.url}.")
        return set(_ORDER.findall(page))
