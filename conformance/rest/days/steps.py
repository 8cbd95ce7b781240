"""What every day's work is told with: a line for each operation, and whether it did what it should."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import ra_api


class Desk:
    """Who works, and what he was given.

    The arguments are URL TLS_CA USER API_KEY DOMAIN DNS_COMMANDS CSR OTHER_CSR CMC_CSR. A CSR is a PEM file for a name
    below DOMAIN, which the server finds in the DNS that takes commands at DNS_COMMANDS; CMC_CSR is for a CMC client.
    """

    def __init__(self) -> None:
        """Read the command line."""
        self.url, tls_ca, self.user, self.key, self.domain, self.dns_commands, *csrs = sys.argv[1:]
        self.csr, self.other_csr, self.cmc_csr = (Path(file).read_text() for file in csrs)
        self.tls_ca = tls_ca
        self.configuration = self.new_configuration()
        self.api = ra_api.ApiClient(self.configuration)

    def new_configuration(self) -> Any:
        """Return the configuration of somebody who has no token yet."""
        return ra_api.Configuration(host=self.url, ssl_ca_cert=self.tls_ca, retries=0)

    def set_txt(self, value: str) -> None:
        """Put a value into a TXT record of the domain."""
        record = json.dumps({"host": f"{self.domain}.", "value": value}).encode()
        with urlopen(Request(f"{self.dns_commands}/set-txt", record)):  # noqa: S310 - the operator's URL
            pass


@contextmanager
def operation(name: str) -> Iterator[None]:
    """Print ``ok NAME`` or ``FAIL NAME: REASON``; the day goes on either way."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever an answer does to the client
        reason = " ".join(f"{type(error).__name__} {error}".split())
        print(f"FAIL {name}: {reason}", flush=True)  # noqa: T201
    else:
        print(f"ok {name}", flush=True)  # noqa: T201


def etag(answer: Any) -> str:
    """Return the ETag of an answer that the client gave with its headers."""
    return next(str(value) for name, value in answer.headers.items() if name.lower() == "etag")


def require(holds: object, what: str) -> None:
    """Raise ValueError unless it ``holds``."""
    if not holds:
        raise ValueError(f"it should be so that {what}")


def refused(status: int, ask: Callable[[], Any]) -> Any:
    """Require that the server refuses, with a body that the client understands; return that."""
    try:
        ask()
    except ra_api.ApiException as error:
        require(error.status == status, f"the refusal is {status}, not {error.status} {error.body}")
        require(error.data is not None, "the document says what a refusal is like")
        return error.data
    raise ValueError(f"it should be refused with {status}")
