"""The servers under test: our gateway and Pebble, started here on loopback, or any other by what its operator says."""

import base64
import json
import secrets
import ssl
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.acme.model import Binding
from conformance.gateway import loopback_dns, served_gateway
from conformance.pebble import ENVIRONMENT, write_files
from conformance.processes import free_port, is_listened_on, running, wait_until

EVERYTHING_ALLOWED = ("acme.wildcards=true", "acme.plain_get=true")
"""Settings with which our gateway takes what products usually refuse."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that answers, and what a client and its surroundings must know of it.

    ``tls_ca`` is what to trust for its TLS, ``root`` what its certificates verify to (PEM files). ``resolver`` is the
    DNS it asks and ``dns_commands`` the base URL where records of that DNS are set, with pebble-challtestsrv's
    commands. ``http_port`` and ``tls_alpn_port`` are where it looks for answers to challenges.
    """

    name: str
    directory: str
    tls_ca: Path
    root: Path
    resolver: str
    dns_commands: str
    http_port: int
    tls_alpn_port: int
    binding: Callable[[], Binding] | None = None
    """Makes an external account binding; None when the server's operator gave no way."""
    eab_directory: str = ""
    """The directory that takes bindings, where it is not ``directory``."""
    is_revoked: Callable[[int], bool] | None = None
    """Asks the server about a serial number, where it has neither CRL nor OCSP."""


@contextmanager
def trivium(folder: Path, *settings: str) -> Iterator[Server]:
    """Run our gateway from a new installation in ``folder``, with further ``KEY=VALUE`` settings of `trivium init`."""
    http_port, tls_alpn_port = free_port(), free_port()
    validation = (f"validation.http_port={http_port}", f"validation.tls_alpn_port={tls_alpn_port}")
    with served_gateway(folder, *validation, *settings) as gateway:
        endpoints = gateway.endpoints

        def binding() -> Binding:
            made = json.loads(gateway.trivium("eab", "create", "--json"))
            return Binding(kid=made["kid"], hmac=made["hmac"])

        yield Server(
            name="trivium",
            directory=endpoints["acme_directory"],
            tls_ca=Path(endpoints["tls_ca"]),
            root=Path(endpoints["root"]),
            resolver=gateway.resolver,
            dns_commands=gateway.dns_commands,
            http_port=http_port,
            tls_alpn_port=tls_alpn_port,
            binding=binding if "acme_eab_directory" in endpoints else None,
            eab_directory=endpoints.get("acme_eab_directory", ""),
        )


@contextmanager
def pebble(folder: Path) -> Iterator[Server]:
    """Run Pebble."""
    port, management = free_port(), free_port()
    http_port, tls_alpn_port = free_port(), free_port()
    bindings = [Binding(kid=f"kid-{number}", hmac=_base64url(secrets.token_bytes(32))) for number in range(100)]
    files = write_files(
        folder,
        port=port,
        management=management,
        http_port=http_port,
        tls_alpn_port=tls_alpn_port,
        mac_keys={binding.kid: binding.hmac for binding in bindings},
    )
    log = folder / "pebble.log"
    with loopback_dns(folder) as (resolver, dns_commands):
        command = ["pebble", "-config", str(files.configuration), "-dnsserver", resolver]
        with running(log, command, env=ENVIRONMENT) as process:
            wait_until(lambda: is_listened_on(port) and is_listened_on(management), "Pebble", process, log)
            tls = ssl.create_default_context(cafile=files.certificate)
            root = folder / "root.pem"
            root.write_bytes(_fetch(f"https://127.0.0.1:{management}/roots/0", tls))

            def is_revoked(serial: int) -> bool:
                url = f"https://127.0.0.1:{management}/cert-status-by-serial/{serial:x}"
                return bool(json.loads(_fetch(url, tls))["Status"] == "Revoked")

            yield Server(
                name="pebble",
                directory=f"https://127.0.0.1:{port}/dir",
                tls_ca=files.certificate,
                root=root,
                resolver=resolver,
                dns_commands=dns_commands,
                http_port=http_port,
                tls_alpn_port=tls_alpn_port,
                binding=bindings.pop,
                is_revoked=is_revoked,
            )


def terms_of_service(server: Server) -> str:
    """Return the URL of the terms that the server's directory names, for clients that agree to just these."""
    tls = ssl.create_default_context(cafile=server.tls_ca)
    directory = json.loads(_fetch(server.directory, tls))
    return str(directory.get("meta", {}).get("termsOfService", ""))


def _fetch(url: str, tls: ssl.SSLContext) -> bytes:
    with urllib.request.urlopen(url, context=tls, timeout=30) as answer:  # noqa: S310 - https on loopback
        content: bytes = answer.read()
        return content


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
