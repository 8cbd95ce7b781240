"""ACME accounts: register, find, update, deactivate, revoke, change the key (RFC 8555 section 7.3)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ca_core.access import external_account_keys, rate_limits
from ca_core.access.account_keys import refuse_certified_key
from ca_core.access.authorisation import require_on
from ca_core.access.external_account_keys import PresentedBinding
from ca_core.access.visibility import not_found
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.keys.policy import ACCOUNT_KEYS, check_public_key, spki_sha256
from ca_core.model.accounts import Account, AccountStatus
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.external_accounts import ExternalAccountKey
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.store import Transaction
from ca_core.orders.crash import crash_point

AccountPublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


@dataclass(frozen=True, kw_only=True)
class AccountKey:
    """A public key and the two spellings an account keeps of it.

    ``jwk`` is its canonical JSON (RFC 7638 section 3), ``thumbprint`` the base64url SHA-256 of that.
    """

    public_key: AccountPublicKey
    jwk: str
    thumbprint: str


@dataclass(frozen=True, kw_only=True)
class Enrolment:
    """Whose an account is, and the product it orders."""

    client_id: str
    product_id: str


@dataclass(frozen=True, kw_only=True)
class AccountRequest:
    """What an account is registered with; ``contacts`` are URLs that the front end has checked.

    ``enrolment`` is what the directory gives accounts; None is a directory for every Client, where the external
    account key says it.
    """

    enrolment: Enrolment | None
    key: AccountKey
    binding: PresentedBinding | None = None
    contacts: tuple[str, ...] = ()
    terms_agreed: bool = False


@dataclass(frozen=True, kw_only=True)
class Registered:
    """The account of a key, and whether it was made by this request."""

    account: Account
    created: bool


async def register(core: Core, request: AccountRequest, *, address: str = "") -> Registered:
    """Make an account of the key, or return the one it has (RFC 8555 sections 7.3 and 7.3.1).

    Of any number of requests with one key, one makes the account. ``address`` is the peer's, for the audit record.
    Raises BAD_KEY for a key that no account may have (rules 22-30), UNAUTHENTICATED when its account is deactivated,
    CONFLICT when its account is another directory's, EXTERNAL_ACCOUNT_REQUIRED, and FORBIDDEN for a binding that does
    not hold (rule 47).
    """
    known = await find_by_thumbprint(core, request.key.thumbprint)
    if known is not None:
        return _known(known, request)
    check_public_key(request.key.public_key, ACCOUNT_KEYS)
    spki = spki_sha256(request.key.public_key)
    bound_with, enrolment = await _enrolled(core, request)
    account = Account(
        id=core.sources.new_id("acc"),
        client_id=enrolment.client_id,
        product_id=enrolment.product_id,
        status=AccountStatus.VALID,
        jwk=request.key.jwk,
        thumbprint=request.key.thumbprint,
        contacts=request.contacts,
        terms_agreed=request.terms_agreed,
        created_at=core.sources.now(),
        binding=request.binding.binding if request.binding else None,
    )
    principal = principal_of(account, address)
    record = entry(
        core.sources,
        principal,
        "account.register",
        account.id,
        thumbprint=account.thumbprint,
        contacts=list(account.contacts),
        product=account.product_id,
        termsAgreed=account.terms_agreed,
        externalAccountKey=bound_with.id if bound_with else None,
    )

    def add(tx: Transaction) -> Registered:
        other = tx.accounts.by_thumbprint(account.thumbprint)
        if other is not None:
            return _known(other, request)
        refuse_certified_key(tx, spki)
        rate_limits.new_account(core, tx, principal)
        if bound_with is not None:
            external_account_keys.use(tx, bound_with, account.id, core, principal)
        tx.accounts.add(account)
        tx.audit.append([record])
        return Registered(account=account, created=True)

    try:
        registered = await core.store.write(add)
    except TriviumError as error:
        if error.kind is not ErrorKind.CONFLICT:
            raise
        registered = await core.store.write(add)  # another process was first: this time the account is there
    crash_point("registered")
    return registered


def _known(account: Account, request: AccountRequest) -> Registered:
    if not serves(request.enrolment, account):
        detail = "The key has an account at another directory of this CA; use that one, or register another key here."
        raise TriviumError(ErrorKind.CONFLICT, detail)
    return Registered(account=require_valid(account), created=False)


async def _enrolled(core: Core, request: AccountRequest) -> tuple[ExternalAccountKey | None, Enrolment]:
    """Return the key that binds the new account, if one does, and whose the account is."""
    enrolment = request.enrolment
    if request.binding is not None:
        client_id = enrolment.client_id if enrolment else None
        key = await external_account_keys.verified(core, request.binding, client_id=client_id)
        return key, Enrolment(client_id=key.client_id, product_id=key.product_ids[0])
    if enrolment is None or await binding_required(core, enrolment):
        raise TriviumError(
            ErrorKind.EXTERNAL_ACCOUNT_REQUIRED,
            "This directory registers accounts with an external account binding only: ask the operator of the CA for "
            "a key identifier and an HMAC key (`trivium eab create`), and give both to your client.",
        )
    return None, enrolment


async def binding_required(core: Core, enrolment: Enrolment | None) -> bool:
    """Whether a directory refuses accounts without an external account binding: its Client's setting as it is now."""
    if enrolment is None:
        return True
    client = await core.store.read(lambda tx: tx.clients.get(enrolment.client_id))
    return client is None or client.settings.require_eab


async def find_by_thumbprint(core: Core, thumbprint: str) -> Account | None:
    """Return the account of a key, whatever its status."""
    return await core.store.read(lambda tx: tx.accounts.by_thumbprint(thumbprint))


async def get(core: Core, account_id: str) -> Account | None:
    """Return the account, whatever its status: for finding the key of a request, before anything else is known."""
    return await core.store.read(lambda tx: tx.accounts.get(account_id))


def serves(enrolment: Enrolment | None, account: Account) -> bool:
    """Whether an account may be used at a directory: at that of its Client, or where every account is bound."""
    return account.binding is not None if enrolment is None else account.client_id == enrolment.client_id


def require_valid(account: Account) -> Account:
    """Return the account; raises UNAUTHENTICATED when it is no longer valid (rule 48, RFC 8555 section 7.3.6)."""
    if account.status is not AccountStatus.VALID:
        detail = f"The account of this key is {account.status}; register another key."
        raise TriviumError(ErrorKind.UNAUTHENTICATED, detail)
    return account


def principal_of(account: Account, address: str) -> Principal:
    """Return the principal that requests of the account act as."""
    return Principal(kind=PrincipalKind.ACME_ACCOUNT, id=account.id, client_id=account.client_id, address=address)


async def update_contacts(core: Core, contacts: tuple[str, ...], principal: Principal) -> Account:
    """Replace the contacts of the principal's account (RFC 8555 section 7.3.2); raises UNAUTHENTICATED."""
    return await _change(
        core,
        principal,
        "account.update",
        lambda _, account: replace(account, contacts=contacts),
        contacts=list(contacts),
    )


async def deactivate(core: Core, principal: Principal) -> Account:
    """End the principal's account for ever (RFC 8555 section 7.3.6); raises UNAUTHENTICATED.

    Whatever is asked for in its name is refused from now on, and its orders that wait are stopped.
    """
    return await _change(
        core,
        principal,
        "account.deactivate",
        lambda tx, account: _ended(core, tx, account, AccountStatus.DEACTIVATED),
    )


async def revoke(core: Core, account_id: str, principal: Principal) -> Account:
    """End an account of a Client as :func:`deactivate` does, by an operator (RFC 8555 section 7.1.2: "revoked").

    Raises NOT_FOUND, FORBIDDEN without ACME_ACCOUNT_DELETE; one that has ended stays as it is.
    """

    def act(tx: Transaction) -> Account:
        account = tx.accounts.get(account_id)
        if account is None:
            raise not_found("account")
        require_on(
            principal, Permission.ACME_ACCOUNT_DELETE, "account", client_id=account.client_id, account_id=account.id
        )
        if account.status is not AccountStatus.VALID:
            return account
        record = entry(core.sources, principal, "account.revoke", account.id, client_id=account.client_id)
        tx.audit.append([record])
        return tx.accounts.save(_ended(core, tx, account, AccountStatus.REVOKED))

    return await core.store.write(act)


def _ended(core: Core, tx: Transaction, account: Account, status: AccountStatus) -> Account:
    tx.jobs.wake_orders(core.sources.now(), placed_by=f"{PrincipalKind.ACME_ACCOUNT}:{account.id}")
    return replace(account, status=status)


async def change_key(core: Core, key: AccountKey, principal: Principal) -> Account:
    """Give the principal's account another key (RFC 8555 section 7.3.5, rule 46).

    Raises BAD_KEY as :func:`register`, CONFLICT when an account has the key already, UNAUTHENTICATED.
    """
    check_public_key(key.public_key, ACCOUNT_KEYS)
    spki = spki_sha256(key.public_key)

    def change(tx: Transaction, account: Account) -> Account:
        if tx.accounts.by_thumbprint(key.thumbprint) is not None:
            raise TriviumError(ErrorKind.CONFLICT, "An account has the new key already; change to another one.")
        refuse_certified_key(tx, spki)
        return replace(account, jwk=key.jwk, thumbprint=key.thumbprint)

    return await _change(core, principal, "account.change-key", change, thumbprint=key.thumbprint)


async def _change(
    core: Core,
    principal: Principal,
    action: str,
    change: Callable[[Transaction, Account], Account],
    **details: Any,
) -> Account:
    """Save what ``change`` makes of the principal's account, with its audit record, in one write."""
    record = entry(core.sources, principal, action, principal.id, **details)

    def act(tx: Transaction) -> Account:
        account = tx.accounts.get(principal.id)
        if account is None:
            raise not_found("account")
        saved = tx.accounts.save(change(tx, require_valid(account)))
        tx.audit.append([record])
        return saved

    return await core.store.write(act)
