"""The ACME directories of an installation: the open one of the default Client, and the one for every Client."""

from typing import Final

from ca_core.access.accounts import Enrolment
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.products import Product, Road
from ca_core.model.store import Transaction
from ca_core.orders.product_choice import offered_products
from gateway.acme.directory import Directory, account_prefix
from gateway.first_catalogue import DEFAULT_CLIENT, DEFAULT_PRODUCT

OPEN_PATH: Final = "/acme"
BOUND_PATH: Final = "/eab"


def open_directory(tx: Transaction, external_url: str) -> Directory:
    """Return the directory for everybody: accounts are the default Client's; raises UNAVAILABLE without a product."""
    client = tx.clients.by_name(DEFAULT_CLIENT)
    products = [] if client is None else products_over_acme(tx, client.id)
    if client is None or not products:
        raise TriviumError(
            ErrorKind.UNAVAILABLE, f"The Client {DEFAULT_CLIENT} has no product for ACME; see catalogue.toml."
        )
    enrolment = Enrolment(client_id=client.id, product_id=products[0].id)
    return Directory(
        external_url=external_url,
        base_path=OPEN_PATH,
        enrolment=enrolment,
        caa_identities=products[0].policy.caa_identities,
    )


def bound_directory(tx: Transaction, external_url: str) -> Directory:
    """Return the directory that demands an external account binding, whose key says whose the account is."""
    over_acme = (product for product in tx.products.all(None) if Road.ACME in product.roads)
    identities = dict.fromkeys(name for product in over_acme for name in product.policy.caa_identities)
    return Directory(external_url=external_url, base_path=BOUND_PATH, enrolment=None, caa_identities=tuple(identities))


def account_prefixes(external_url: str) -> tuple[str, ...]:
    """Return what account URLs begin with in each directory: by them CAA records know accounts (RFC 8657 section 3)."""
    return tuple(account_prefix(external_url, path) for path in (OPEN_PATH, BOUND_PATH))


def products_over_acme(tx: Transaction, client_id: str) -> list[Product]:
    """Return what the Client orders over ACME, the product an account gets by default first."""
    return sorted(
        offered_products(tx, client_id, Road.ACME), key=lambda product: (product.name != DEFAULT_PRODUCT, product.name)
    )
