"""The demo: a new CA, the gateway on loopback, certificates over ACME and CMC, checked with openssl. One line a step.

Run by ``make demo``. Needs no root and no service: everything lives in a folder of its own and on loopback ports.
"""

import argparse
import json
import shutil
import signal
import ssl
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console

from conformance import processes
from conformance.cmc_message import PKI_DATA, pki_data
from conformance.processes import ProgramError, free_port, is_listened_on, running, wait_until

BIN = Path(sys.executable).parent
NAMES = ("demo.trivium.test", "www.demo.trivium.test")
CMC_NAME = "mail.demo.trivium.test"
STEP_SECONDS = 120
CONSOLE = Console(highlight=False)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print one line a step: what it does, and how long it took."""
    started = time.monotonic()
    if CONSOLE.is_terminal:
        CONSOLE.print(f"  [dim]· {title} ...[/dim]", end="\r", soft_wrap=True)
    yield
    CONSOLE.print(f"  [green]✓[/green] {title} [dim]({time.monotonic() - started:.1f} s)[/dim]    ", soft_wrap=True)


def run(*command: str | Path, env: dict[str, str] | None = None) -> str:
    """Run one of the demo's programs to its end and return what it printed; raises ProgramError when it fails."""
    return processes.run(command, seconds=STEP_SECONDS, env=env)


class Demo:
    """The folder, the ports and the steps of one demo."""

    def __init__(self, folder: Path) -> None:
        """Choose the ports; nothing is started yet."""
        self.folder = folder
        self.ca = folder / "ca"
        self.certbot = folder / "certbot"
        self.cmc = folder / "cmc"
        self.dns_port, self.dns_http_port, self.http_port = free_port(), free_port(), free_port()
        self.acme_port, self.status_port = free_port(), free_port()
        self.endpoints: dict[str, str] = {}

    def trivium(self, *arguments: str) -> str:
        """Run the ``trivium`` command on the demo's installation."""
        command, *rest = arguments
        group = [command, rest.pop(0)] if command in {"order", "product", "cmc-client"} else [command]
        return run(BIN / "trivium", *group, "--dir", self.ca, *rest, env={"COLUMNS": str(CONSOLE.width)})

    def make_ca(self) -> None:
        """Make the installation: root, issuing CA, Client, product."""
        settings = {
            "listen.acme": f"127.0.0.1:{self.acme_port}",
            "listen.status": f"127.0.0.1:{self.status_port}",
            "validation.resolver": f"127.0.0.1:{self.dns_port}",
            "validation.http_port": str(self.http_port),
            "validation.allow_private_addresses": "true",
        }
        self.trivium("init", *(part for key, value in settings.items() for part in ("--set", f"{key}={value}")))

    def start_dns(self, stack: ExitStack) -> None:
        """Start the loopback DNS, which answers every name with 127.0.0.1."""
        log = self.folder / "dns.log"
        dns, http = f"127.0.0.1:{self.dns_port}", f"127.0.0.1:{self.dns_http_port}"
        command = (sys.executable, "-m", "conformance.loopback_dns", "--dns", dns, "--http", http)
        process = stack.enter_context(running(log, command))
        wait_until(lambda: is_listened_on(self.dns_http_port), "The loopback DNS", process, log)

    def start_gateway(self, stack: ExitStack) -> None:
        """Start the gateway and read where it answers."""
        log, file = self.folder / "gateway.log", self.ca / "run" / "endpoints.json"
        process = stack.enter_context(running(log, [BIN / "trivium", "serve", "--dir", self.ca]))
        wait_until(file.exists, "The gateway", process, log)
        self.endpoints = json.loads(file.read_text())

    def obtain(self) -> Path:
        """Let certbot obtain a certificate over ACME, and return the folder with its files."""
        folders = [part for name in ("config", "work", "logs") for part in (f"--{name}-dir", str(self.certbot / name))]
        domains = [part for name in NAMES for part in ("-d", name)]
        run(
            BIN / "certbot", "certonly", "--standalone", "--http-01-port", str(self.http_port),
            "--http-01-address", "127.0.0.1", "--server", self.endpoints["acme_directory"], "--agree-tos",
            "--register-unsafely-without-email", "--non-interactive", *domains, *folders,
            env={"REQUESTS_CA_BUNDLE": self.endpoints["tls_ca"]},
        )  # fmt: skip
        return self.certbot / "config" / "live" / NAMES[0]

    def fetch_crls(self) -> Path:
        """Fetch the CRLs of root and issuing CA over HTTP, as the certificates point to them, into one PEM file."""
        pem = self.folder / "crls.pem"
        listed: list[dict[str, str]] = json.loads(self.trivium("crl", "--json"))
        with pem.open("w") as output:
            for crl in listed:
                if not crl["url"].startswith("http://127.0.0.1:"):
                    raise ProgramError(f"The CRL address {crl['url']} is not on loopback.")
                der = self.folder / "crl.der"
                with urllib.request.urlopen(crl["url"], timeout=10) as answer:  # noqa: S310 - http on loopback
                    der.write_bytes(answer.read())
                output.write(run("openssl", "crl", "-inform", "DER", "-in", der))
        return pem

    def verify(self, live: Path) -> str:
        """Verify the certificate against the root with both CRLs, then ask OCSP; return the answer's status line."""
        crls, root, chain = self.fetch_crls(), Path(self.endpoints["root"]), live / "chain.pem"
        run(
            "openssl", "verify", "-CAfile", root, "-untrusted", chain, "-CRLfile", crls, "-crl_check_all",
            live / "cert.pem",
        )  # fmt: skip
        answer = run(
            "openssl", "ocsp", "-issuer", chain, "-cert", live / "cert.pem", "-url", self.endpoints["ocsp"],
            "-CAfile", root, "-verify_other", chain,
        )  # fmt: skip
        if "Response verify OK" not in answer or "cert.pem: good" not in answer:
            raise ProgramError(f"OCSP did not say good:\n{answer}")
        return next(line for line in answer.splitlines() if "cert.pem:" in line).rpartition("/")[2]

    def register_cmc_client(self) -> None:
        """Let openssl make a key and a request, and register the CMC client that has them."""
        self.cmc.mkdir()
        self.new_request("client", "/CN=demo mail gateway")
        csr = str(self.cmc / "client.p10")
        facts = json.loads(self.trivium("cmc-client", "add", "demo-mail-gateway", "--csr", csr, "--json"))
        (self.cmc / "client.pem").write_text(facts["certificate"])

    def new_request(self, name: str, subject: str, *options: str) -> None:
        """Let openssl make a P-256 key and a PKCS #10 request of it."""
        run(
            "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", subject,
            "-keyout", self.cmc / f"{name}.key", "-outform", "DER", "-out", self.cmc / f"{name}.p10", *options,
        )  # fmt: skip

    def order_over_cmc(self) -> None:
        """Sign a CMC message with openssl, post it, and let openssl verify answer and certificate."""
        self.new_request("mail", "/", "-addext", f"subjectAltName=DNS:{CMC_NAME}")
        files = {name: self.cmc / name for name in ("message.der", "request.p7m", "answer.p7m", "chain.pem")}
        files["message.der"].write_bytes(pki_data((self.cmc / "mail.p10").read_bytes()))
        run(
            "openssl", "cms", "-sign", "-binary", "-nodetach", "-econtent_type", PKI_DATA, "-outform", "DER",
            "-signer", self.cmc / "client.pem", "-inkey", self.cmc / "client.key",
            "-in", files["message.der"], "-out", files["request.p7m"],
        )  # fmt: skip
        request = urllib.request.Request(  # noqa: S310 - https on loopback
            f"{self.endpoints['cmc']}?account=default&product=tls", files["request.p7m"].read_bytes(), method="POST"
        )
        context = ssl.create_default_context(cafile=self.endpoints["tls_ca"])
        with urllib.request.urlopen(request, timeout=STEP_SECONDS, context=context) as answer:  # noqa: S310
            files["answer.p7m"].write_bytes(answer.read())
        root = self.endpoints["root"]
        run(
            "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", files["answer.p7m"], "-CAfile", root,
            "-out", self.cmc / "response.der", "-certsout", files["chain.pem"],
        )  # fmt: skip
        run("openssl", "verify", "-CAfile", root, "-untrusted", files["chain.pem"], self.leaf(files["chain.pem"]))

    def leaf(self, bag: Path) -> Path:
        """Return a file with the certificate for the ordered name; in an answer they stand in no order."""
        end = "-----END CERTIFICATE-----\n"
        leaf = self.cmc / "leaf.pem"
        for certificate in bag.read_text().split(end)[:-1]:
            leaf.write_text(certificate + end)
            if CMC_NAME in run("openssl", "x509", "-in", leaf, "-noout", "-text"):
                return leaf
        raise ProgramError(f"The answer has no certificate for {CMC_NAME}.")

    def show_order(self) -> None:
        """Print the orders of both roads, and one of them with its jobs."""
        orders = [order for order in json.loads(self.trivium("order", "list", "--json")) if order["road"] == "acme"]
        CONSOLE.print()
        sys.stdout.write(self.trivium("order", "list"))
        CONSOLE.print()
        sys.stdout.write(self.trivium("order", "show", orders[0]["id"]))

    def show_places(self, live: Path) -> None:
        """Print where everything is."""
        CONSOLE.print(f"\n  certificate     {live / 'fullchain.pem'}", soft_wrap=True)
        CONSOLE.print(f"  ACME directory  {self.endpoints['acme_directory']}")
        CONSOLE.print(f"  CMC             {self.endpoints['cmc']}")
        CONSOLE.print(f"  root            {self.endpoints['root']}\n", soft_wrap=True)


def demonstrate(folder: Path, *, keep: bool) -> None:
    """Run the steps; with ``keep`` stay until Ctrl-C."""
    demo = Demo(folder)
    with ExitStack() as stack:
        with step("a new CA: offline root, issuing CA, Client, product"):
            demo.make_ca()
        with step("a DNS for loopback"):
            demo.start_dns(stack)
        with step("the gateway"):
            demo.start_gateway(stack)
        with step(f"certbot obtains a certificate for {' and '.join(NAMES)}"):
            live = demo.obtain()
        with step("openssl verifies it against the root, with CRLs and OCSP"):
            status = demo.verify(live)
        CONSOLE.print(f"    [dim]OCSP: {status}[/dim]")
        with step("a CMC client: a mail gateway with a certificate of its own"):
            demo.register_cmc_client()
        with step(f"openssl signs a CMC message for {CMC_NAME}, and verifies the answer"):
            demo.order_over_cmc()
        demo.show_order()
        if keep:
            demo.show_places(live)
            CONSOLE.print("  The gateway is running; Ctrl-C ends it.")
            signal.pause()


def main() -> int:
    """Run the demo in a folder of its own, which is removed at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=int, default=1, help="0: exit when done; 1: keep the gateway running")
    keep = bool(parser.parse_args().keep)
    folder = Path(tempfile.mkdtemp(prefix="trivium-demo-"))
    try:
        demonstrate(folder, keep=keep)
    except ProgramError as error:
        CONSOLE.print(f"\n  [red]✗ {error}[/red]")
        return 1
    except KeyboardInterrupt:
        CONSOLE.print("\n  Ended.")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
