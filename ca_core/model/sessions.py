"""Signing in to the admin page: sessions, the links for a first time, and what is under way with a browser."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ca_core.model.principals import Principal
from ca_core.model.users import User


class SignInMethod(StrEnum):
    """How a user showed who he is."""

    OPENID_CONNECT = "openid-connect"
    PASSKEY = "passkey"
    LINK = "link"


@dataclass(frozen=True, kw_only=True)
class StoredSession:
    """A session (``ses-``) as it is kept: the cookie's value is known by its SHA-256 alone.

    ``address`` is the peer that signed in. ``seen_at`` is up to a minute behind.
    """

    id: str
    user_id: str
    cookie_sha256: bytes
    method: SignInMethod
    address: str
    began_at: datetime
    seen_at: datetime


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session that counts now, for one request. ``principal`` may do what the user may with a key for all he has.

    ``csrf_token`` is what the forms of its pages carry.
    """

    id: str
    user: User
    principal: Principal
    csrf_token: str
    method: SignInMethod
    began_at: datetime
    seen_at: datetime


@dataclass(frozen=True, kw_only=True)
class SignInLink:
    """A link by which its user signs in once; he has one at a time. Its token is known by its SHA-256 alone."""

    user_id: str
    token_sha256: bytes
    created_by: str
    expires_at: datetime


class CeremonyKind(StrEnum):
    """What a ceremony is for."""

    OPENID_CONNECT = "openid-connect"
    PASSKEY = "passkey"
    PASSKEY_REGISTRATION = "passkey-registration"


@dataclass(frozen=True, kw_only=True)
class Ceremony:
    """An exchange with a browser that has begun, to be ended once, and by the same browser.

    ``handle_sha256`` is the SHA-256 of the value of the cookie that the browser got. ``challenge`` is random: the
    challenge of a passkey, the nonce of OpenID Connect; ``verifier`` is the code verifier of RFC 7636, empty elsewhere.
    ``user_id`` is who registers a passkey, and nobody where a user has yet to show who he is.
    """

    handle_sha256: bytes
    kind: CeremonyKind
    user_id: str | None = None
    challenge: bytes
    verifier: str = ""
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Passkey:
    """A passkey (``psk-``) of a user: a discoverable credential of Web Authentication.

    ``credential_id`` is the authenticator's, ``public_key`` a COSE key (RFC 9052). ``sign_count`` is the counter that
    the authenticator last showed, 0 from those that count nothing.
    """

    id: str
    user_id: str
    name: str
    credential_id: bytes
    public_key: bytes
    sign_count: int
    created_at: datetime
    used_at: datetime | None = None
    revision: int = 0
