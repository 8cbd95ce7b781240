"""The ACME directories of an installation: the open one of the default Client, and the one for every Client."""

from typing import Final

from ca_core.access.accounts import Enrolment
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.products import Product, Road
from ca_core.model.store import Transaction
from gateway.acme.directory import Directory
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
    return Directory(external_url=external_url, base_path=OPEN_PATH, enrolment=enrolment)


def bound_directory(external_url: str) -> Directory:
    """Return the directory that demands an external account binding, whose key says whose the account is."""
    return Directory(external_url=external_url, base_path=BOUND_PATH, enrolment=None)


def products_over_acme(tx: Transaction, client_id: str) -> list[Product]:
    """Return what the Client orders over ACME, the product an account gets by default first."""
    products = [product for product in tx.products.all(frozenset({client_id})) if Road.ACME in product.roads]
    return sorted(products, key=lambda product: (product.name != DEFAULT_PRODUCT, product.name))
