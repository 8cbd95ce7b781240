"""A user who is signed in at the server under test, and asks it in JSON."""

import json
import ssl
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from conformance.rest.target import Account, Target

_SECONDS: Final = 120


class Session:
    """A user who is signed in."""

    def __init__(self, target: Target, account: Account) -> None:
        """Get the user's token; raises HTTPError when there is none."""
        self.target = target
        self.account = account
        self.trust = ssl.create_default_context(cafile=target.tls_ca)
        self.token = ""
        form = urlencode({"userSecret": account.key}).encode()
        self.token = self._send("POST", f"/v2/jwt/{quote(account.user)}", form, "application/x-www-form-urlencoded")

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Return the answer; raises HTTPError when the server refuses."""
        return json.loads(self._send(method, path, None if body is None else json.dumps(body).encode()))

    def ask_if_allowed(self, method: str, path: str, body: object = None) -> Any:
        """Return the answer, None when the server refuses."""
        try:
            return self.ask(method, path, body)
        except HTTPError as error:
            error.close()
            return None

    def _send(self, method: str, path: str, body: bytes | None, kind: str = "application/json") -> str:
        headers = {"Content-Type": kind}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = Request(self.target.url + path, body, headers, method=method)  # noqa: S310 - the operator's URL
        with urlopen(request, timeout=_SECONDS, context=self.trust) as answer:  # noqa: S310
            return str(answer.read().decode())
