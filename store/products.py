"""Products in the store: every version, and which one is current."""

from functools import partial

from sqlalchemy import Select, bindparam, select

from ca_core.model.products import Product
from ca_core.model.values import of_members
from store.columns import among
from store.statements import Executor, Reader, Statement
from store.tables import current_products, product_versions

_PRODUCTS = Reader(partial(of_members, Product))
_PUT_VERSION = Statement.upsert(product_versions, lambda insert: insert.on_conflict_do_nothing())
_PUT_CURRENT = Statement.upsert(
    current_products,
    lambda insert: insert.on_conflict_do_update(index_elements=["id"], set_={"version": insert.excluded.version}),
)


def _current() -> Select[*tuple[object, ...]]:
    return select(product_versions).join(
        current_products,
        (current_products.c.id == product_versions.c.id) & (current_products.c.version == product_versions.c.version),
    )


_GET = Statement(_current().where(current_products.c.id == bindparam("id")))
_OF_CLIENT = Statement(
    _current().where(product_versions.c.client_id == bindparam("client_id")).order_by(product_versions.c.name)
)
_VERSION = Statement(
    select(product_versions).where(
        product_versions.c.id == bindparam("id"), product_versions.c.version == bindparam("version")
    )
)


class ProductTable:
    """Implements :class:`ca_core.model.store.Products`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor
        self._known: dict[tuple[str, str], Product] = {}  # a version never changes: a connection asks for each once

    def put(self, product: Product) -> None:
        """Make ``product`` the current version of its id; storing a version that exists again changes nothing."""
        self._run.change(_PUT_VERSION, vars(product))
        self._run.change(_PUT_CURRENT, {"id": product.id, "version": product.version})

    def get(self, product_id: str) -> Product | None:
        """Return the current version."""
        return self._run.value(_PRODUCTS, _GET, {"id": product_id})

    def version(self, product_id: str, version: str) -> Product | None:
        """Return the version of this hash, current or not."""
        known = self._known.get((product_id, version))
        if known is None:
            known = self._run.value(_PRODUCTS, _VERSION, {"id": product_id, "version": version})
            if known is not None:
                self._known[product_id, version] = known
        return known

    def of_client(self, client_id: str) -> list[Product]:
        """Return the Client's current products, by name."""
        return self._run.values(_PRODUCTS, _OF_CLIENT, {"client_id": client_id})

    def all(self, client_ids: frozenset[str] | None) -> list[Product]:
        """Return the current products of these Clients, by name; None is the operator's own service only."""
        query = _current().order_by(product_versions.c.name)
        if client_ids is not None:
            query = query.where(among(product_versions.c.client_id, client_ids))
        return [of_members(Product, row) for row in self._run.search(query)]
