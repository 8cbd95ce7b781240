"""Actors of the audit log as people know them: users and CMC clients by their names."""

from collections.abc import Iterable, Mapping

from ca_core.core import Core
from ca_core.model.principals import PrincipalKind
from ca_core.model.store import Transaction


async def actor_names(core: Core, actors: Iterable[str]) -> Mapping[str, str]:
    """Return the names of actors that the reader was shown, as in ``api-user:usr-...``; others are their own names."""
    wanted = {*actors}
    return await core.store.read(lambda tx: {actor: _name(tx, actor) for actor in wanted})


def _name(tx: Transaction, actor: str) -> str:
    kind, _, own_id = actor.partition(":")
    if kind == PrincipalKind.API_USER and (user := tx.users.get(own_id)) is not None:
        return user.name
    if kind == PrincipalKind.CMC_CLIENT and (cmc_client := tx.cmc_clients.get(own_id)) is not None:
        return cmc_client.name
    return actor
