"""Run by ``make demo``: the steps, one line each, then the orders of all roads in one table.

Needs no root and no service: everything lives in a folder of its own and on loopback ports.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from conformance.demo import acme, admin, cmc, rest
from conformance.demo.console import CONSOLE, step
from conformance.demo.gateway import Gateway
from conformance.processes import ProgramError

ROADS = ("--road", "acme", "--road", "cmc", "--road", "rest")


def demonstrate(folder: Path, *, keep: bool) -> None:
    """Run the steps; with ``keep`` stay until Ctrl-C."""
    gateway = Gateway(folder)
    with ExitStack() as stack:
        with step("a new CA: offline root, issuing CA, Client, product"):
            gateway.make_ca()
        with step("a DNS for loopback"):
            gateway.start_dns(stack)
        with step("the gateway"):
            gateway.start_gateway(stack)
        live = over_acme(acme.AcmeRoad(gateway))
        over_cmc(cmc.CmcRoad(gateway))
        over_rest(rest.RestRoad(gateway))
        page = admin.AdminPage(gateway)
        over_browser(page)
        show_orders(gateway)
        show_places(gateway, live, page)
        if keep:
            CONSOLE.print("  The gateway is running; Ctrl-C ends it.")
            signal.pause()


def over_acme(road: acme.AcmeRoad) -> Path:
    """Obtain a certificate with certbot; return the folder with its files."""
    with step(f"certbot obtains a certificate for {' and '.join(acme.NAMES)}"):
        live = road.obtain()
    with step("openssl verifies it against the root, with CRLs and OCSP"):
        status = road.verify(live)
    CONSOLE.print(f"    [dim]OCSP: {status}[/dim]")
    return live


def over_cmc(road: cmc.CmcRoad) -> None:
    """Order with a CMC message."""
    with step("a CMC client: a mail gateway with a certificate of its own"):
        road.register()
    with step(f"openssl signs a CMC message for {cmc.NAME}, and verifies the answer"):
        road.order()


def over_rest(road: rest.RestRoad) -> None:
    """Order with a JSON request."""
    with step("a service account with an API key, and its token"):
        road.sign_in()
    with step(f"a TXT record shows control of {rest.DOMAIN} once, for every order of the Client"):
        road.validate_domain()
    with step(f"a REST request for {rest.NAME}, answered with the chain"):
        road.order()


def over_browser(page: admin.AdminPage) -> None:
    """Sign an operator in to the admin page, on which the three orders must be."""
    with step("an operator signs in to the admin page, and finds the three orders"):
        page.make_user()
        page.sign_in()
        listed = json.loads(page.gateway.trivium("order", "list", *ROADS, "--json"))
        if missing := {one["id"] for one in listed} - page.orders():
            raise ProgramError(f"The admin page lacks {', '.join(missing)}.")


def show_orders(gateway: Gateway) -> None:
    """Print the orders of all roads, and one of them with its jobs."""
    orders = json.loads(gateway.trivium("order", "list", "--road", "acme", "--json"))
    CONSOLE.print()
    sys.stdout.write(gateway.trivium("order", "list", *ROADS))
    CONSOLE.print()
    sys.stdout.write(gateway.trivium("order", "show", orders[0]["id"]))


def show_places(gateway: Gateway, live: Path, page: admin.AdminPage) -> None:
    """Print where everything is, and an address that signs an operator in to the admin page, once."""
    CONSOLE.print(f"\n  certificate     {live / 'fullchain.pem'}", soft_wrap=True)
    CONSOLE.print(f"  ACME directory  {gateway.endpoints['acme_directory']}")
    CONSOLE.print(f"  CMC             {gateway.endpoints['cmc']}")
    CONSOLE.print(f"  REST            {gateway.endpoints['rest']}/v3 (and /v2)")
    CONSOLE.print(f"  root            {gateway.endpoints['root']}", soft_wrap=True)
    CONSOLE.print(f"  admin page      {page.link()}\n", soft_wrap=True)


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
