"""What the core asks of a store, by topic; see :mod:`ca_core.model.store` for the contract they share."""
