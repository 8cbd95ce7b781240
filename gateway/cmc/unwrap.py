"""The layers around a PKIData (RFC 10002 section 5): none is left that was not opened or verified.

Three forms are taken: SignedData or AuthenticatedData alone, either inside an EnvelopedData or AuthEnvelopedData, and
that once more inside a SignedData.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, cast

from cryptography import x509

from ca_core.model.errors import ErrorKind, TriviumError
from gateway.cmc import oids
from gateway.cmc.authenticated import AuthenticatedMessage, parse_authenticated
from gateway.cmc.ber import to_der
from gateway.cmc.cms import (
    AUTH_ENVELOPED_DATA,
    AUTHENTICATED_DATA,
    DATA,
    ENVELOPED_DATA,
    SIGNED_DATA,
    SignedMessage,
    certificate_of,
    content_info,
    parse_signed,
    public_key,
    verify_signer,
)
from gateway.cmc.enveloped import PrivateKey, closed, is_for, opened
from gateway.cmc.front_end import FrontEnd

_ENCRYPTED: Final = frozenset({ENVELOPED_DATA, AUTH_ENVELOPED_DATA})
_OBJECT_IDENTIFIER: Final = 0x06
_MAX_LAYERS: Final = 3


async def unwrapped(front_end: FrontEnd, der: bytes) -> SignedMessage | AuthenticatedMessage:
    """Return the layer that authenticates the PKIData in a guarded message.

    Raises BAD_SIGNATURE for a layer that does not open or verify, MALFORMED for any other content.
    """
    kind, content = content_info(der)
    for _ in range(_MAX_LAYERS):
        if kind in _ENCRYPTED:
            kind, content = _inner(*await _opened(front_end, kind, content))
            continue
        message = _authenticating(kind, content)
        if message.content_type == oids.CCT_PKI_DATA:
            return message
        if not isinstance(message, SignedMessage) or message.content_type not in _ENCRYPTED:
            break
        _verify_outer(message)
        kind, content = _inner(message.content_type, message.content)
    raise TriviumError(
        ErrorKind.MALFORMED, "The content of the innermost layer must be a PKIData (id-cct-PKIData), and nothing else."
    )


def is_encrypted(der: bytes) -> bool:
    """Whether a guarded message is encrypted, below a signature or not."""
    kind, content = content_info(der)
    return kind in _ENCRYPTED or (kind == SIGNED_DATA and parse_signed(content).content_type in _ENCRYPTED)


@contextmanager
def opaque(der: bytes) -> Iterator[None]:
    """Give one answer to whatever is wrong with an encrypted message: any other would be a padding oracle."""
    try:
        yield
    except TriviumError as error:
        if error.kind is not ErrorKind.UNAVAILABLE and is_encrypted(der):
            raise closed() from error
        raise


def _authenticating(kind: str, content: bytes) -> SignedMessage | AuthenticatedMessage:
    if kind == SIGNED_DATA:
        return parse_signed(content)
    if kind == AUTHENTICATED_DATA:
        return parse_authenticated(content)
    raise TriviumError(ErrorKind.MALFORMED, f"A message of type {kind[:128]} is not taken; send a SignedData.")


async def _opened(front_end: FrontEnd, kind: str, content: bytes) -> tuple[str, bytes]:
    for own in await front_end.recipients():
        certificate = x509.load_der_x509_certificate(own.certificate)
        if is_for(kind, content, certificate):
            key = cast("PrivateKey", await front_end.core.keys.private_key(own.key_id))
            return opened(kind, content, certificate, key)
    raise closed()


def _inner(kind: str, content: bytes) -> tuple[str, bytes]:
    """Return type and content of what was inside: the bare content, or a whole ContentInfo, as openssl puts it."""
    der = to_der(content)
    start = 2 if der[1:2] < b"\x80" else 2 + (der[1] & 0x7F)
    if kind == DATA or der[start : start + 1] == bytes([_OBJECT_IDENTIFIER]):
        return content_info(der)
    return kind, der


def _verify_outer(message: SignedMessage) -> None:
    """Verify every signer of an outer layer; who counts as the sender, the inner one says."""
    if not message.signers:
        raise TriviumError(ErrorKind.BAD_SIGNATURE, "Nobody signed the outer layer of the message.")
    for signer in message.signers:
        certificate = certificate_of(message, signer.sid)
        if certificate is None:
            raise TriviumError(ErrorKind.BAD_SIGNATURE, "The outer layer does not carry its signer's certificate.")
        verify_signer(message, signer, public_key(certificate), sha1=False)
