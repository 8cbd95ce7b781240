"""The ``externalAccountBinding`` of a new account: an inner JWS under a MAC key (RFC 8555 section 7.3.4, rule 47)."""

import re
from typing import Final

from ca_core.access.accounts import AccountKey
from ca_core.access.external_account_keys import PresentedBinding
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.external_accounts import ExternalAccountBinding
from gateway.acme.codec import JsonObject, decode_json_object, encode_json, malformed
from gateway.acme.jwk import parse_jwk
from gateway.acme.jws import KeyId, parse_envelope

_NAME: Final = '"externalAccountBinding"'
_HASHES: Final = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
_KEY_ID = re.compile(r"eab-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def parse_binding(payload: JsonObject, *, url: str, key: AccountKey) -> PresentedBinding | None:
    """Read the binding of a newAccount request, None where it has none.

    It must be for this request and its key: ``url`` is that of the outer JWS, ``key`` the one in its ``jwk``. Whether
    its MAC is good only the holder of the MAC key can say: the core. Raises MALFORMED, and FORBIDDEN for a ``kid``
    that cannot be one of ours.
    """
    envelope = payload.get("externalAccountBinding")
    if envelope is None:
        return None
    if not isinstance(envelope, dict):
        raise malformed(f"{_NAME} must be a flattened JWS, a JSON object.")
    try:
        jws = parse_envelope(envelope, _HASHES)
        bound = parse_jwk(decode_json_object(jws.payload, "The payload"))
    except TriviumError as error:  # the types for algorithms and keys are about those of the outer JWS
        raise malformed(f"{_NAME}: {error.detail}") from error
    if not isinstance(jws.signer, KeyId):
        raise malformed(f'{_NAME} must name the key identifier in "kid" and have no "jwk".')
    if jws.nonce is not None:
        raise malformed(f'{_NAME} must have no "nonce".')
    if jws.url != url:
        raise malformed(f'The "url" in {_NAME} must be that of the outer JWS.')
    if bound.thumbprint != key.thumbprint:
        raise malformed(f'The payload of {_NAME} must be the account key: the "jwk" of the outer JWS.')
    if not _KEY_ID.fullmatch(jws.signer.value):
        detail = f'The "kid" in {_NAME} is not a key identifier of this CA; they begin with eab-.'
        raise TriviumError(ErrorKind.FORBIDDEN, detail)
    text = encode_json({name: envelope[name] for name in ("protected", "payload", "signature")}).decode()
    return PresentedBinding(
        binding=ExternalAccountBinding(key_id=jws.signer.value, jws=text),
        hash_name=_HASHES[jws.algorithm],
        signing_input=jws.signing_input,
        mac=jws.signature,
    )
