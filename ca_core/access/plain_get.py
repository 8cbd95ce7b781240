"""Reading an ACME resource by its URL alone, where its Client allows it: for clients that know no POST-as-GET."""

from collections.abc import Callable

from ca_core.access.accounts import Enrolment, principal_of, serves
from ca_core.core import Core
from ca_core.model.accounts import AccountStatus
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction


async def reader_of(core: Core, resource_id: str, address: str, *, enrolment: Enrolment | None) -> Principal | None:
    """Return who a plain GET of this resource reads as: the account that made it, whose Client has ``plain_get`` set.

    None says that the resource is not read so: it does not exist, is not an account's, its account is no longer
    valid (rule 48) or another directory's, or its Client does not allow it. ``resource_id`` is the id of an order,
    authorization, challenge or certificate; ``address`` is the peer's, ``enrolment`` the directory's.
    """

    def read(tx: Transaction) -> Principal | None:
        find = _ACCOUNT_ID.get(resource_id.partition("-")[0])
        account_id = find(tx, resource_id) if find else None
        account = tx.accounts.get(account_id) if account_id else None
        if account is None or account.status is not AccountStatus.VALID or not serves(enrolment, account):
            return None
        client = tx.clients.get(account.client_id)
        return principal_of(account, address) if client is not None and client.settings.plain_get else None

    return await core.store.read(read)


def _of_order(tx: Transaction, order_id: str) -> str | None:
    order = tx.orders.get(order_id)
    return order.account_id if order else None


def _of_authorization(tx: Transaction, authorization_id: str) -> str | None:
    authorization = tx.authorizations.get(authorization_id)
    return authorization.account_id if authorization else None


def _of_challenge(tx: Transaction, challenge_id: str) -> str | None:
    authorization = tx.authorizations.by_challenge(challenge_id)
    return authorization.account_id if authorization else None


def _of_certificate(tx: Transaction, certificate_id: str) -> str | None:
    certificate = tx.certificates.get(certificate_id)
    return _of_order(tx, certificate.order_id) if certificate else None


_ACCOUNT_ID: dict[str, Callable[[Transaction, str], str | None]] = {
    "ord": _of_order,
    "azn": _of_authorization,
    "chl": _of_challenge,
    "crt": _of_certificate,
}
