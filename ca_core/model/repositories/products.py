"""Products in a store."""

from typing import Protocol

from ca_core.model.products import Product


class Products(Protocol):
    """Products: the current version by id, any version by hash."""

    def put(self, product: Product) -> None:
        """Make ``product`` the current version of its id; storing a version that exists again changes nothing."""
        ...

    def get(self, product_id: str) -> Product | None: ...
    def version(self, product_id: str, version: str) -> Product | None: ...
    def of_client(self, client_id: str) -> list[Product]:
        """The Client's current products, by name."""
        ...

    def all(self, client_ids: frozenset[str] | None) -> list[Product]: ...
