"""What operators see of ACME: accounts, challenges with their tokens, and the names that control is shown of."""

from dataclasses import replace

from ca_core.access.authorisation import require_on, restricted
from ca_core.access.visibility import not_found
from ca_core.core import Core
from ca_core.model.accounts import Account
from ca_core.model.authorizations import FoundChallenge
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.repositories.accounts import AccountSearch
from ca_core.model.repositories.authorizations import ChallengeSearch
from ca_core.model.store import Transaction


async def account(core: Core, account_id: str, principal: Principal) -> Account:
    """Return an ACME account, whatever its status; raises NOT_FOUND, also for one that the principal does not see."""

    def read(tx: Transaction) -> Account:
        found = tx.accounts.get(account_id)
        if found is None:
            raise not_found("account")
        require_on(principal, Permission.ACME_ACCOUNT_VIEW, "account", client_id=found.client_id, account_id=found.id)
        return found

    return await core.store.read(read)


async def accounts(core: Core, query: AccountSearch, principal: Principal) -> list[Account]:
    """Return the accounts the query finds among those of the Clients the principal sees, newest first."""
    allowed = restricted(query, principal, Permission.ACME_ACCOUNT_VIEW)
    return await core.store.read(lambda tx: tx.accounts.search(allowed))


async def challenges(core: Core, query: ChallengeSearch, principal: Principal) -> list[FoundChallenge]:
    """Return the challenges the query finds among those of the Clients the principal sees, newest first."""
    allowed = restricted(query, principal, Permission.ACME_TOKEN_VIEW)
    return await core.store.read(lambda tx: tx.authorizations.search(allowed))


async def enrolled_domains(core: Core, query: ChallengeSearch, principal: Principal) -> list[FoundChallenge]:
    """Return the names that the query finds of which control is shown now, each with the challenge that shows it."""
    return await challenges(core, replace(query, enrolled_at=core.sources.now()), principal)
