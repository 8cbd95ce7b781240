"""Passkeys (Web Authentication, level 3): registered by whoever is signed in, and then a way to sign in.

They are discoverable and verify their user, so that nobody types a name, and a stolen one alone opens nothing.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

import webauthn
from webauthn.helpers import base64url_to_bytes, options_to_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from ca_core.access import ceremonies
from ca_core.access.sessions import require_may_sign_in
from ca_core.access.visibility import not_found
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.principals import ANONYMOUS
from ca_core.model.sessions import CeremonyKind, Passkey, Session
from ca_core.model.store import Transaction
from ca_core.model.users import User
from ca_core.model.values import replace

MAX_PASSKEYS: Final = 20
"""How many a user may have."""
_MAX_NAME: Final = 60
_MAX_RESPONSE: Final = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class RelyingParty:
    """Who asks for passkeys: they are good for the domain ``id`` and pages of ``origin`` (``https://host[:port]``)."""

    id: str
    origin: str
    name: str = "Trivium"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a browser is asked: ``options`` are JSON for ``navigator.credentials``, ``handle`` is its cookie's value."""

    handle: str
    options: str


async def begin_registration(core: Core, session: Session, party: RelyingParty) -> Asked:
    """Return what a browser makes a passkey of the session's user from; raises CONFLICT when he has MAX_PASSKEYS."""
    known = await core.store.read(lambda tx: tx.passkeys.of_user(session.user.id))
    _require_room(known)
    handle, ceremony = await ceremonies.begin(core, CeremonyKind.PASSKEY_REGISTRATION, session.principal)
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=session.user.id.encode(),
        user_name=session.user.name,
        challenge=ceremony.challenge,
        timeout=_milliseconds(),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one.credential_id) for one in known],
    )
    return Asked(handle=handle, options=options_to_json(options))


async def register(
    core: Core, session: Session, party: RelyingParty, *, handle: str, response: str, name: str
) -> Passkey:
    """Register the passkey that a browser made; ``response`` is its JSON.

    Raises UNAUTHENTICATED, MALFORMED, and CONFLICT for one that is registered already.
    """
    _check_name(name)
    ceremony = await ceremonies.take(core, CeremonyKind.PASSKEY_REGISTRATION, handle, user_id=session.user.id)
    try:
        made = webauthn.verify_registration_response(
            credential=_parsed(response),
            expected_challenge=ceremony.challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise _refused() from error
    passkey = Passkey(
        id=core.sources.new_id("psk"),
        user_id=session.user.id,
        name=name.strip(),
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        created_at=core.sources.now(),
    )

    def act(tx: Transaction) -> Passkey:
        _require_room(tx.passkeys.of_user(session.user.id))
        tx.passkeys.add(passkey)
        tx.audit.append([entry(core.sources, session.principal, "passkey.register", passkey.id, name=passkey.name)])
        return passkey

    return await core.store.write(act)


async def begin_sign_in(core: Core, party: RelyingParty, address: str) -> Asked:
    """Return what a browser asks its user's passkey for; which one, and whose, it knows.

    ``address`` is the peer's. Raises RATE_LIMITED.
    """
    handle, ceremony = await ceremonies.begin(core, CeremonyKind.PASSKEY, replace(ANONYMOUS, address=address))
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=ceremony.challenge,
        timeout=_milliseconds(),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return Asked(handle=handle, options=options_to_json(options))


async def user_of(core: Core, party: RelyingParty, *, handle: str, response: str) -> User:
    """Return the user whose passkey has answered; raises UNAUTHENTICATED, FORBIDDEN."""
    ceremony = await ceremonies.take(core, CeremonyKind.PASSKEY, handle)
    answered = _parsed(response)
    passkey, user = await core.store.read(lambda tx: _holder(tx, answered))
    try:
        verified = webauthn.verify_authentication_response(
            credential=answered,
            expected_challenge=ceremony.challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise _refused() from error
    used = replace(passkey, sign_count=verified.new_sign_count, used_at=core.sources.now())
    await core.store.write(lambda tx: tx.passkeys.save(used))
    return user


async def listing(core: Core, session: Session) -> list[Passkey]:
    """Return the passkeys of the session's user, oldest first."""
    return await core.store.read(lambda tx: tx.passkeys.of_user(session.user.id))


async def remove(core: Core, session: Session, passkey_id: str) -> None:
    """Remove a passkey of the session's user, whose other sessions end; raises NOT_FOUND."""

    def act(tx: Transaction) -> None:
        passkey = tx.passkeys.get(passkey_id)
        if passkey is None or passkey.user_id != session.user.id:
            raise not_found("passkey")
        tx.passkeys.delete(passkey.id)
        tx.sessions.end_all(session.user.id, but=session.id)
        tx.audit.append([entry(core.sources, session.principal, "passkey.remove", passkey.id, name=passkey.name)])

    await core.store.write(act)


def _holder(tx: Transaction, answered: dict[str, Any]) -> tuple[Passkey, User]:
    """Return the passkey that has answered, and its user: whose it is we know, and the authenticator says the same."""
    try:
        passkey = tx.passkeys.by_credential(base64url_to_bytes(str(answered["id"])))
        holder = base64url_to_bytes(str(answered["response"]["userHandle"]))
    except (ValueError, TypeError, KeyError) as error:
        raise _refused() from error
    if passkey is None or passkey.user_id.encode() != holder:
        raise _refused()
    return passkey, require_may_sign_in(tx.users.get(passkey.user_id))


def _parsed(response: str) -> dict[str, Any]:
    try:
        value = json.loads(response) if len(response) <= _MAX_RESPONSE else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise _refused()
    return value


def _require_room(known: list[Passkey]) -> None:
    if len(known) >= MAX_PASSKEYS:
        raise TriviumError(
            ErrorKind.CONFLICT, f"You have {MAX_PASSKEYS} passkeys, which is the most; remove one that you do not use."
        )


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > _MAX_NAME or not name.isprintable():
        raise TriviumError(
            ErrorKind.MALFORMED, f"Name the passkey, in at most {_MAX_NAME} printable characters: what it is, or where."
        )


def _milliseconds() -> int:
    return int(ceremonies.LIFETIME.total_seconds() * 1000)


def _refused() -> TriviumError:
    return TriviumError(
        ErrorKind.UNAUTHENTICATED,
        "The passkey was not accepted: it is not registered here, or did not verify you. Use another, or ask the "
        "operator of the CA for a link.",
    )
