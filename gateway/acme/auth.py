"""Who signed a request: the steps between an HTTP POST and a principal (RFC 8555 sections 6.2 to 6.5).

The order of the steps is the point. Whether the nonce is good is said only after the signature was checked; but used up
it is by whatever request it came with, be that forged (RFC 8555 section 6.5): nothing is done, and no answer leaves,
without that (rule 38). The request acts through the ``core`` of :class:`Unverified` or :class:`SignedRequest`, whose
first write, the record of a refusal at the latest, takes the nonce with it.
"""

import re
from dataclasses import dataclass

from ca_core.access import accounts
from ca_core.access.accounts import AccountKey
from ca_core.core import Core
from ca_core.keys.policy import spki_sha256
from ca_core.model.accounts import Account
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.values import replace
from gateway.acme.codec import JsonObject, decode_json_object, malformed
from gateway.acme.front_end import FrontEnd
from gateway.acme.jwk import load_jwk
from gateway.acme.jws import Jwk, Jws, KeyId, VerifiedJws, parse_jws, verify
from gateway.acme.nonces import Nonce, SpendingStore
from gateway.acme.request import Request

_ACCOUNT_ID = re.compile(r"acc-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_MAX_QUOTED_URL = 200


@dataclass(frozen=True, kw_only=True)
class Unverified:
    """A request whose JWS can be read, and whose signature nobody has checked.

    ``bad_nonce`` says why its nonce is none of ours that may still be good; ``core`` uses up one that may.
    """

    request: Request
    jws: Jws
    core: Core
    store: SpendingStore
    bad_nonce: TriviumError | None


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


def read_jws(front_end: FrontEnd, request: Request) -> Unverified:
    """Read the JWS of a request; raises as :func:`~gateway.acme.jws.parse_jws`."""
    jws = parse_jws(request.body)
    nonce: Nonce | None = None
    bad_nonce: TriviumError | None = None
    try:
        nonce = front_end.nonces.open(jws.nonce)
    except TriviumError as error:
        bad_nonce = error
    store = SpendingStore(front_end.core.store, nonce, reads=not jws.payload)  # a POST-as-GET (section 6.3)
    core = replace(front_end.core, store=store)
    return Unverified(request=request, jws=jws, core=core, store=store, bad_nonce=bad_nonce)


async def by_account(front_end: FrontEnd, unverified: Unverified) -> ByAccount:
    """Authenticate a request that must name its account in ``kid`` (rule 35)."""
    _require_url(unverified)
    signer = unverified.jws.signer
    if not isinstance(signer, KeyId):
        raise malformed('This request must be signed for an account: put its URL into "kid" in place of "jwk".')
    return await _by_account(front_end, unverified, signer)


async def by_key(_: FrontEnd, unverified: Unverified) -> ByKey:
    """Authenticate a request that must carry its key in ``jwk`` (rule 35)."""
    _require_url(unverified)
    signer = unverified.jws.signer
    if not isinstance(signer, Jwk):
        raise malformed('This request must carry its public key: put it into "jwk" in place of "kid".')
    return _by_key(unverified, signer)


async def by_account_or_key(front_end: FrontEnd, unverified: Unverified) -> ByAccount | ByKey:
    """Authenticate a request that may do either: only revocation (RFC 8555 section 7.6)."""
    _require_url(unverified)
    signer = unverified.jws.signer
    return _by_key(unverified, signer) if isinstance(signer, Jwk) else await _by_account(front_end, unverified, signer)


def payload_object(request: ResourceRequest) -> JsonObject:
    """Return the payload, which must be a JSON object; raises MALFORMED."""
    return decode_json_object(request.payload, "The payload")


def require_post_as_get(request: ResourceRequest) -> None:
    """Refuse a payload where only reading is possible (RFC 8555 section 6.3); raises MALFORMED."""
    if request.payload:
        raise malformed('This resource can only be read: send a POST-as-GET, with an empty string as "payload".')


def _require_url(unverified: Unverified) -> None:
    """Compare the URL the JWS was signed for (RFC 8555 section 6.4, rule 37); raises FORBIDDEN."""
    url = unverified.request.url
    if unverified.jws.url != url:
        where = url.partition("?")[0][:_MAX_QUOTED_URL]
        detail = f'The "url" of the JWS header must be the URL of the request as clients know it, {where}.'
        raise TriviumError(ErrorKind.FORBIDDEN, detail)


async def _by_account(front_end: FrontEnd, unverified: Unverified, signer: KeyId) -> ByAccount:
    account = await accounts.get(front_end.core, _account_id(front_end, signer))
    if account is None or not accounts.serves(front_end.directory.enrolment, account):
        raise TriviumError(
            ErrorKind.ACCOUNT_UNKNOWN, 'There is no account at the URL in "kid"; register the key first.'
        )
    verified = _verified(unverified, load_jwk(account.jwk))
    accounts.require_valid(account)
    request = unverified.request
    return ByAccount(
        url=request.url,
        path=request.path,
        query=request.query,
        payload=verified.payload,
        principal=accounts.principal_of(account, request.address),
        core=unverified.core,
        store=unverified.store,
        account=account,
    )


def _by_key(unverified: Unverified, signer: Jwk) -> ByKey:
    verified = _verified(unverified, signer.key)
    key_name = spki_sha256(signer.key.public_key).hex()
    request = unverified.request
    return ByKey(
        url=request.url,
        path=request.path,
        query=request.query,
        payload=verified.payload,
        principal=Principal(kind=PrincipalKind.CERTIFICATE_KEY, id=key_name, address=request.address),
        core=unverified.core,
        store=unverified.store,
        key=signer.key,
    )


def _verified(unverified: Unverified, key: AccountKey) -> VerifiedJws:
    """Check the signature, then the nonce; raises as :func:`~gateway.acme.jws.verify`, and REPLAYED."""
    verified = verify(unverified.jws, key)
    if unverified.bad_nonce is not None:
        raise unverified.bad_nonce
    return verified


def _account_id(front_end: FrontEnd, signer: KeyId) -> str:
    """Read the id out of ``kid``, which must be an account URL of this directory to the letter (rule 36)."""
    prefix = front_end.directory.account_prefix
    account_id = signer.value[len(prefix) :]
    if not signer.value.startswith(prefix) or not _ACCOUNT_ID.fullmatch(account_id):
        raise malformed(f'"kid" must be the account URL as newAccount gave it in Location, beginning with {prefix}acc.')
    return account_id
