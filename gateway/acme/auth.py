"""Who signed a request: the steps between an HTTP POST and a principal (RFC 8555 sections 6.2 to 6.5).

The order of the steps is the point. The nonce counts only after the signature was checked, so that nobody can use up
another's; and nothing is done, and no answer leaves, without using it up, be it a refusal (rule 38): the request acts
through :attr:`SignedRequest.core`, whose first write takes the nonce with it.
"""

import re
from dataclasses import dataclass

from ca_core.access import accounts
from ca_core.access.accounts import AccountKey
from ca_core.core import Core
from ca_core.keys.policy import spki_sha256
from ca_core.model.accounts import Account, AccountStatus
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.values import replace
from gateway.acme.codec import JsonObject, decode_json_object, malformed
from gateway.acme.front_end import FrontEnd
from gateway.acme.jwk import load_jwk
from gateway.acme.jws import Jwk, Jws, KeyId, VerifiedJws, parse_jws, verify
from gateway.acme.nonces import SpendingStore
from gateway.acme.request import Request

_ACCOUNT_ID = re.compile(r"acc-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_MAX_QUOTED_URL = 200


@dataclass(frozen=True, kw_only=True)
class ResourceRequest:
    """A request for the resource that the ids in ``path`` name, in the name of ``principal``.

    An empty ``payload`` reads it (RFC 8555 section 6.3). ``core`` is what the request acts on.
    """

    path: dict[str, str]
    payload: bytes
    principal: Principal
    core: Core


@dataclass(frozen=True, kw_only=True)
class SignedRequest(ResourceRequest):
    """A request whose signature is good and whose nonce is ours: the ``store`` of ``core`` uses it up.

    ``query`` is the raw query string.
    """

    url: str
    query: str
    store: SpendingStore


@dataclass(frozen=True, kw_only=True)
class ByAccount(SignedRequest):
    """A request that a valid account signed."""

    account: Account


@dataclass(frozen=True, kw_only=True)
class ByKey(SignedRequest):
    """A request signed by the key it carries: of an account to be, or of a certificate."""

    key: AccountKey


async def by_account(front_end: FrontEnd, request: Request) -> ByAccount:
    """Authenticate a request that must name its account in ``kid`` (rule 35)."""
    jws = _parse(request)
    if not isinstance(jws.signer, KeyId):
        raise malformed('This request must be signed for an account: put its URL into "kid" in place of "jwk".')
    return await _by_account(front_end, request, jws, jws.signer)


async def by_key(front_end: FrontEnd, request: Request) -> ByKey:
    """Authenticate a request that must carry its key in ``jwk`` (rule 35)."""
    jws = _parse(request)
    if not isinstance(jws.signer, Jwk):
        raise malformed('This request must carry its public key: put it into "jwk" in place of "kid".')
    return await _by_key(front_end, request, jws, jws.signer)


async def by_account_or_key(front_end: FrontEnd, request: Request) -> ByAccount | ByKey:
    """Authenticate a request that may do either: only revocation (RFC 8555 section 7.6)."""
    jws = _parse(request)
    if isinstance(jws.signer, Jwk):
        return await _by_key(front_end, request, jws, jws.signer)
    return await _by_account(front_end, request, jws, jws.signer)


def payload_object(request: ResourceRequest) -> JsonObject:
    """Return the payload, which must be a JSON object; raises MALFORMED."""
    return decode_json_object(request.payload, "The payload")


def require_post_as_get(request: ResourceRequest) -> None:
    """Refuse a payload where only reading is possible (RFC 8555 section 6.3); raises MALFORMED."""
    if request.payload:
        raise malformed('This resource can only be read: send a POST-as-GET, with an empty string as "payload".')


def _parse(request: Request) -> Jws:
    """Read the JWS and compare the URL it was signed for (RFC 8555 section 6.4, rule 37)."""
    jws = parse_jws(request.body)
    if jws.url != request.url:
        where = request.url.partition("?")[0][:_MAX_QUOTED_URL]
        detail = f'The "url" of the JWS header must be the URL of the request as clients know it, {where}.'
        raise TriviumError(ErrorKind.FORBIDDEN, detail)
    return jws


async def _by_account(front_end: FrontEnd, request: Request, jws: Jws, signer: KeyId) -> ByAccount:
    account = await accounts.get(front_end.core, _account_id(front_end, signer))
    if account is None or not accounts.serves(front_end.directory.enrolment, account):
        raise TriviumError(
            ErrorKind.ACCOUNT_UNKNOWN, 'There is no account at the URL in "kid"; register the key first.'
        )
    verified = verify(jws, load_jwk(account.jwk))
    store = _spending_store(front_end, verified)
    if account.status is not AccountStatus.VALID:
        await store.spend()
        accounts.require_valid(account)
    return ByAccount(
        url=request.url,
        path=request.path,
        query=request.query,
        payload=verified.payload,
        principal=accounts.principal_of(account, request.address),
        core=replace(front_end.core, store=store),
        store=store,
        account=account,
    )


async def _by_key(front_end: FrontEnd, request: Request, jws: Jws, signer: Jwk) -> ByKey:
    verified = verify(jws, signer.key)
    store = _spending_store(front_end, verified)
    key_name = spki_sha256(signer.key.public_key).hex()
    return ByKey(
        url=request.url,
        path=request.path,
        query=request.query,
        payload=verified.payload,
        principal=Principal(kind=PrincipalKind.CERTIFICATE_KEY, id=key_name, address=request.address),
        core=replace(front_end.core, store=store),
        store=store,
        key=signer.key,
    )


def _spending_store(front_end: FrontEnd, verified: VerifiedJws) -> SpendingStore:
    """Bind the nonce of a verified request to what it will write; raises REPLAYED."""
    return SpendingStore(front_end.core.store, front_end.nonces.open(verified.nonce))


def _account_id(front_end: FrontEnd, signer: KeyId) -> str:
    """Read the id out of ``kid``, which must be an account URL of this directory to the letter (rule 36)."""
    prefix = front_end.directory.account_prefix
    account_id = signer.value[len(prefix) :]
    if not signer.value.startswith(prefix) or not _ACCOUNT_ID.fullmatch(account_id):
        raise malformed(f'"kid" must be the account URL as newAccount gave it in Location, beginning with {prefix}acc.')
    return account_id
