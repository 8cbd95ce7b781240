"""Client: a tenant. Every row that belongs to one carries its id."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class ClientSettings:
    """What a Client may do beyond its products; immutable, replaced as a whole.

    ``plain_get`` lets the Client's ACME resources be read with a plain GET (off: RFC 8555 section 6.3).
    ``require_eab`` refuses ACME accounts without an external account binding.
    ``cmc`` lets the Client's CMC clients in.
    """

    plain_get: bool = False
    require_eab: bool = False
    cmc: bool = False


@dataclass(frozen=True, kw_only=True)
class Client:
    """A tenant (``cli-``). A suspended Client can place no order."""

    id: str
    name: str
    description: str = ""
    suspended: bool = False
    settings: ClientSettings = field(default_factory=ClientSettings)
    created_at: datetime
