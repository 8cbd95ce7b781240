"""The catalogue: issuers, Clients, products and roles as they are meant to be, and what the store lacks of them."""
