"""Accounts on the wire: newAccount, read, update, deactivate, key change (RFC 8555 section 7.3)."""

import json
import re
from http import HTTPStatus

from ca_core.access import accounts
from ca_core.access.accounts import AccountRequest
from ca_core.model.accounts import Account
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.acme.auth import ByAccount, ByKey, payload_object
from gateway.acme.codec import JsonObject, decode_json_object, malformed, optional_boolean
from gateway.acme.directory import Directory
from gateway.acme.errors import RefusedWith
from gateway.acme.external_account_binding import parse_binding
from gateway.acme.front_end import FrontEnd, Reply, json_reply, location
from gateway.acme.jwk import parse_jwk
from gateway.acme.jws import Jwk, VerifiedJws, parse_jws, verify

_MAX_CONTACTS = 10
_MAX_CONTACT_LENGTH = 254

# One addr-spec of RFC 6068 section 2, of those that need no percent-encoding: no hfields, no second address.
_MAILTO = re.compile(
    r"mailto:[A-Za-z0-9!$'*+/=^_`{|}~-]+(?:\.[A-Za-z0-9!$'*+/=^_`{|}~-]+)*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*",
    re.ASCII | re.IGNORECASE,
)


async def new_account(front_end: FrontEnd, request: ByKey) -> Reply:
    """Register the key, or say which account it has (RFC 8555 sections 7.3 and 7.3.1)."""
    payload = payload_object(request)
    enrolment = front_end.directory.enrolment
    found = await accounts.find_by_thumbprint(request.core, request.key.thumbprint)
    known = found is not None and accounts.serves(enrolment, found)
    if not known:
        _require_registrable(front_end.directory, payload)
    registered = await accounts.register(
        request.core,
        AccountRequest(
            enrolment=enrolment,
            key=request.key,
            binding=None if known else parse_binding(payload, url=request.url, key=request.key),
            contacts=() if known else _contacts(payload),
            terms_agreed=optional_boolean(payload, "termsOfServiceAgreed"),
        ),
        address=request.principal.address,
    )
    status = HTTPStatus.CREATED if registered.created else HTTPStatus.OK
    return _account_reply(front_end, registered.account, status)


async def account(front_end: FrontEnd, request: ByAccount) -> Reply:
    """Read, update or deactivate the account (RFC 8555 sections 7.3.2 and 7.3.6). Unknown fields are ignored."""
    require_own(request)
    if not request.payload:
        return _account_reply(front_end, request.account)
    payload = payload_object(request)
    if payload.get("status") == "deactivated":
        return _account_reply(front_end, await accounts.deactivate(request.core, request.principal))
    if "contact" not in payload:
        return _account_reply(front_end, request.account)
    updated = await accounts.update_contacts(request.core, _contacts(payload), request.principal)
    return _account_reply(front_end, updated)


async def key_change(front_end: FrontEnd, request: ByAccount) -> Reply:
    """Give the account another key, which the inner JWS proves possession of (RFC 8555 section 7.3.5, rule 46)."""
    inner = parse_jws(request.payload)
    if not isinstance(inner.signer, Jwk):
        raise malformed('The inner JWS must carry the new key in "jwk".')
    if inner.nonce is not None:
        raise malformed('The inner JWS must have no "nonce".')
    if inner.url != request.url:
        raise malformed('The "url" of the inner JWS must be that of the outer one.')
    verified = verify(inner, inner.signer.key)
    _require_same_account(front_end, request, verified)
    try:
        changed = await accounts.change_key(request.core, inner.signer.key, request.principal)
    except TriviumError as error:
        holder = await accounts.find_by_thumbprint(request.core, inner.signer.key.thumbprint)
        if error.kind is not ErrorKind.CONFLICT or holder is None:
            raise
        location_of_holder = location(front_end.directory.account(holder.id))
        raise RefusedWith(error, location_of_holder, status=HTTPStatus.CONFLICT) from error
    return _account_reply(front_end, changed)


def require_own(request: ByAccount) -> None:
    """Refuse another account's URL with the answer of a URL that is none (rule 45); raises NOT_FOUND."""
    if request.path["id"] != request.account.id:
        raise TriviumError(ErrorKind.NOT_FOUND, "There is no such account here; check its URL.")


def _require_registrable(directory: Directory, payload: JsonObject) -> None:
    """Refuse a new account by what the directory demands of one; raises the error that names the demand."""
    if optional_boolean(payload, "onlyReturnExisting"):
        raise TriviumError(ErrorKind.ACCOUNT_UNKNOWN, "This key has no account here.")
    if directory.terms_url and not optional_boolean(payload, "termsOfServiceAgreed"):
        detail = f'Read {directory.terms_url} and agree: "termsOfServiceAgreed" must be true.'
        raise TriviumError(ErrorKind.TERMS_NOT_AGREED, detail)


def _contacts(payload: JsonObject) -> tuple[str, ...]:
    """Read ``contact``: mailto URLs of one address each (RFC 8555 section 7.3); none are as good as an empty list."""
    contacts = payload.get("contact", [])
    if not isinstance(contacts, list) or not all(isinstance(contact, str) for contact in contacts):
        raise malformed('"contact" must be a list of URLs.')
    if len(contacts) > _MAX_CONTACTS:
        raise TriviumError(ErrorKind.INVALID_CONTACT, f"An account can have at most {_MAX_CONTACTS} contacts.")
    for contact in contacts:
        _check_contact(contact)
    return tuple(contacts)


def _check_contact(contact: str) -> None:
    scheme, colon, _ = contact.partition(":")
    if colon and scheme.lower() != "mailto":
        raise TriviumError(ErrorKind.UNSUPPORTED_CONTACT, "A contact must be a mailto URL.")
    if len(contact) > _MAX_CONTACT_LENGTH or not _MAILTO.fullmatch(contact):
        detail = (
            "A contact must be a mailto URL of exactly one address and nothing behind it, such as mailto:a@example.org."
        )
        raise TriviumError(ErrorKind.INVALID_CONTACT, detail)


def _require_same_account(front_end: FrontEnd, request: ByAccount, inner: VerifiedJws) -> None:
    """Check that the new key was asked for this account with this key, and not for another; raises MALFORMED."""
    payload = decode_json_object(inner.payload, "The payload of the inner JWS")
    if payload.get("account") != front_end.directory.account(request.account.id):
        raise malformed('"account" in the inner JWS must be the URL of the account that signed the outer one.')
    if parse_jwk(payload.get("oldKey")).thumbprint != request.account.thumbprint:
        raise malformed('"oldKey" in the inner JWS must be the key the account has now.')


def _account_reply(front_end: FrontEnd, account: Account, status: HTTPStatus = HTTPStatus.OK) -> Reply:
    url = front_end.directory.account(account.id)
    obj: JsonObject = {"status": account.status.value, "contact": list(account.contacts), "orders": f"{url}/orders"}
    if account.terms_agreed:
        obj["termsOfServiceAgreed"] = True
    if account.binding is not None:
        obj["externalAccountBinding"] = json.loads(account.binding.jws)
    return json_reply(obj, location(url), status=status)
