"""The rows: what RFC 10004 demands of a CA, by module in the order of the table."""

from conformance.cmc.rows import (
    authorities,
    controls,
    deployed,
    holders,
    messages,
    proofs,
    replayed,
    revocation,
    scripts,
    transport,
)

ALL = (messages, controls, proofs, holders, authorities, revocation, transport, deployed, replayed, scripts)
"""Those of ``scripts`` are rows of the others."""
