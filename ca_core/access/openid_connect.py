"""A provider of OpenID Connect: the Authorization Code flow with PKCE (OpenID Connect Core section 3.1, RFC 7636)."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.jwk import KeySet

from ca_core.access.id_tokens import UnknownKeyError, keys_of, refused, verified
from ca_core.access.identity_provider import Identity, ProviderSettings, Returned
from ca_core.access.provider_client import ProviderClient, basic
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.sources import Sources
from ca_core.model.users import LinkedSubject

_KEPT: Final = timedelta(hours=1)
"""How long what the provider says of itself counts, and each of its keys: so long at most one that it has withdrawn."""
_KEYS_AT_MOST_EVERY: Final = timedelta(seconds=30)
"""How often its keys are asked for again because a token names another: anybody can make such a token."""
_MAX_EMAIL: Final = 256


class OpenIdConnect:
    """Implements :class:`ca_core.access.identity_provider.IdentityProvider`."""

    def __init__(self, settings: ProviderSettings, sources: Sources) -> None:
        """Prepare; nothing is asked for yet. Raises UNAVAILABLE when the file of CAs cannot be read."""
        self._settings = settings
        self._sources = sources
        self._client = ProviderClient(settings.ca_file)
        self._metadata: dict[str, Any] = {}
        self._keys = KeySet([])
        self._metadata_at: datetime | None = None
        self._keys_at: datetime | None = None
        self._reading = asyncio.Lock()

    @property
    def label(self) -> str:
        """What people call it."""
        return self._settings.label or self._settings.issuer

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def authorization_url(self, *, state: str, nonce: str, verifier: str) -> str:
        """Return the URL of the authentication request (section 3.1.2.1)."""
        metadata = await self._discovered()
        return str(
            prepare_grant_uri(
                _endpoint(metadata, "authorization_endpoint"),
                self._settings.client_id,
                "code",
                redirect_uri=self._settings.redirect_uri,
                scope=list(self._settings.scopes),
                state=state,
                nonce=nonce,
                code_challenge=create_s256_code_challenge(verifier),
                code_challenge_method="S256",
            )
        )

    async def identity(self, returned: Returned, *, nonce: str, verifier: str) -> Identity:
        """Exchange the code for an ID token, and verify it; the address is asked for where the token lacks it."""
        metadata = await self._discovered()
        self._check(returned, metadata)
        tokens = await self._exchanged(metadata, returned.code, verifier)
        id_token = tokens.get("id_token")
        if not isinstance(id_token, str):
            raise refused("it holds no ID token")
        claims = await self._verified(metadata, id_token, nonce)
        subject = LinkedSubject(issuer=self._settings.issuer, subject=claims["sub"])
        if "email" not in claims and "userinfo_endpoint" in metadata:
            claims = await self._user_info(metadata, str(tokens.get("access_token", "")), subject.subject)
        return Identity(subject=subject, email=_verified_email(claims))

    def _check(self, returned: Returned, metadata: Mapping[str, Any]) -> None:
        """Refuse an error, and an answer of another provider (RFC 9207 section 2.4)."""
        needs_issuer = metadata.get("authorization_response_iss_parameter_supported") is True
        if (returned.issuer or needs_issuer) and returned.issuer != self._settings.issuer:
            raise refused("it comes from another provider")
        if returned.error:
            known = returned.error.replace("_", "").isalpha() and returned.error.isascii()
            raise refused(f"it says {returned.error[:60]}" if known else "it says that there was an error")
        if not returned.code:
            raise refused("it holds no code")

    async def _exchanged(self, metadata: Mapping[str, Any], code: str, verifier: str) -> dict[str, Any]:
        """Return what the token endpoint gives for a code (section 3.1.3)."""
        settings = self._settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": settings.redirect_uri,
            "code_verifier": verifier,
        }
        headers = {}
        methods = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if not settings.client_secret:
            form["client_id"] = settings.client_id
        elif "client_secret_basic" in methods:
            headers["Authorization"] = basic(settings.client_id, settings.client_secret)
        else:
            form |= {"client_id": settings.client_id, "client_secret": settings.client_secret}
        status, document = await self._client.post(_endpoint(metadata, "token_endpoint"), form, headers)
        if status != 200:  # noqa: PLR2004 - OK
            raise refused(f"it does not take the code back (status {status})")
        return document

    async def _verified(self, metadata: Mapping[str, Any], id_token: str, nonce: str) -> dict[str, Any]:
        """Return the claims of an ID token; the keys are asked for again, once, when it names one we do not know."""
        for age in (_KEPT, _KEYS_AT_MOST_EVERY):
            try:
                return verified(
                    id_token,
                    await self._published_keys(metadata, age),
                    issuer=self._settings.issuer,
                    client_id=self._settings.client_id,
                    nonce=nonce,
                    now=self._sources.now(),
                )
            except UnknownKeyError:
                continue
        raise refused("its ID token is signed with a key that it does not publish")

    async def _user_info(self, metadata: Mapping[str, Any], access_token: str, subject: str) -> dict[str, Any]:
        """Return the claims of the UserInfo endpoint, which must be about the same subject (section 5.3.4)."""
        endpoint = _endpoint(metadata, "userinfo_endpoint")
        status, claims = await self._client.get(endpoint, {"Authorization": f"Bearer {access_token}"})
        if status != 200 or claims.get("sub") != subject:  # noqa: PLR2004 - OK
            raise refused("it does not say whose e-mail address it is")
        return claims

    async def _discovered(self) -> Mapping[str, Any]:
        """Return what the provider says of itself (OpenID Connect Discovery section 4), kept for a while."""
        async with self._reading:
            now = self._sources.now()
            if self._metadata_at is None or now - self._metadata_at > _KEPT:
                url = f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration"
                status, document = await self._client.get(url)
                if status != 200 or document.get("issuer") != self._settings.issuer:  # noqa: PLR2004 - OK
                    raise TriviumError(
                        ErrorKind.UNAVAILABLE,
                        f"{url} does not name exactly {self._settings.issuer} as its issuer; compare `oidc.issuer`.",
                        retry_after=60,
                    )
                self._metadata, self._metadata_at = document, now
            return self._metadata

    async def _published_keys(self, metadata: Mapping[str, Any], age: timedelta) -> KeySet:
        """Return the keys that the provider publishes, as they were less than ``age`` ago."""
        async with self._reading:
            now = self._sources.now()
            if self._keys_at is None or now - self._keys_at >= age:
                url = _endpoint(metadata, "jwks_uri")
                status, document = await self._client.get(url)
                if status != 200:  # noqa: PLR2004 - OK
                    raise TriviumError(
                        ErrorKind.UNAVAILABLE,
                        f"The identity provider gives no keys at {url} (status {status}); try again, or sign in "
                        "another way.",
                        retry_after=60,
                    )
                self._keys, self._keys_at = keys_of(document), now
            return self._keys


def _endpoint(metadata: Mapping[str, Any], name: str) -> str:
    """Return a URL of the provider's; raises UNAVAILABLE when it names none by https."""
    url = metadata.get(name)
    if not isinstance(url, str) or not url.startswith("https://"):
        raise TriviumError(ErrorKind.UNAVAILABLE, f"The identity provider names no {name} by https.", retry_after=60)
    return url


def _verified_email(claims: Mapping[str, Any]) -> str:
    email = claims.get("email")
    good = isinstance(email, str) and len(email) <= _MAX_EMAIL and email.isascii() and email.isprintable()
    return email if good and claims.get("email_verified") is True and isinstance(email, str) else ""
