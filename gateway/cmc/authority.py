"""What registration authorities send on, and what they say about its parts (RFC 10002 sections 6 and 8)."""

from dataclasses import dataclass, field

from ca_core.model.errors import TriviumError
from ca_core.orders.modification import Modification
from gateway.cmc.authenticate import Requester
from gateway.cmc.authenticated import AuthenticatedMessage
from gateway.cmc.cms import SignedMessage
from gateway.cmc.pki_data import PkiData

Path = tuple[int, ...]
"""Body part ids that lead from a PKIData through the messages nested in it to one of their parts (section 3.2.2)."""


@dataclass(kw_only=True)
class Statements:
    """What is said about the parts of a PKIData, by their paths from it.

    ``possession``: requests whose key its holder was seen to have. ``identity``: nested messages whose sender is known
    to an authority, and which. ``processed``: controls that were dealt with. ``modifications``: of requests, those of
    the innermost layer first, so that an outer layer overrides an inner one.
    """

    possession: set[Path] = field(default_factory=set)
    identity: dict[Path, Requester] = field(default_factory=dict)
    processed: set[Path] = field(default_factory=set)
    modifications: dict[Path, list[Modification]] = field(default_factory=dict)

    def modify(self, path: Path, modification: Modification) -> None:
        """Add a modification of this layer, before those of the layers around it."""
        self.modifications.setdefault(path, []).insert(0, modification)

    def below(self, body_part_id: int) -> "Statements":
        """Return what is said about the parts of a nested message."""

        def inside(path: Path) -> bool:
            return len(path) > 1 and path[0] == body_part_id

        return Statements(
            possession={path[1:] for path in self.possession if inside(path)},
            identity={path[1:]: who for path, who in self.identity.items() if inside(path)},
            processed={path[1:] for path in self.processed if inside(path)},
            modifications={path[1:]: list(said) for path, said in self.modifications.items() if inside(path)},
        )


@dataclass(frozen=True, kw_only=True)
class NestedMessage:
    """A message inside another: the layer that authenticates it, unverified, and what it says."""

    message: SignedMessage | AuthenticatedMessage
    data: PkiData


@dataclass(kw_only=True)
class Nesting:
    """Where a message stands, and what is nested in it.

    ``path`` leads from the outermost message to this one, ``authorities`` are those who sent it on, and ``opened`` the
    messages within the outermost one that were opened, by their paths, or why they could not be. ``statements`` is
    what authorities say about the parts of this message, ``referred`` the nested messages that a control refers to
    (the keys, in order), ``batches`` the batchRequests and what each lists, ``added`` the extensions (DER) that this
    layer adds to requests.
    """

    path: Path = ()
    authorities: tuple[Requester, ...] = ()
    opened: dict[Path, NestedMessage | TriviumError] = field(default_factory=dict)
    statements: Statements = field(default_factory=Statements)
    referred: dict[int, None] = field(default_factory=dict)
    batches: dict[int, tuple[int, ...]] = field(default_factory=dict)
    added: dict[Path, dict[str, bytes]] = field(default_factory=dict)

    def inside(self, body_part_id: int, authority: Requester) -> "Nesting":
        """Return where a nested message stands that the authority sends on."""
        return Nesting(
            path=(*self.path, body_part_id),
            authorities=(*self.authorities, authority),
            opened=self.opened,
            statements=self.statements.below(body_part_id),
        )
