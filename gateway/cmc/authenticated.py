"""AuthenticatedData (RFC 5652 section 9) under a shared secret: for CMC, with a password recipient and nothing else.

RFC 10002 section 3.2: the password is the identification (UTF-8) followed by the secret, the key that it derives by
PBKDF2 unwraps the MAC key by AES key wrap. The content can be read before, since it says whose secret it is; nothing
of it counts until :func:`verify` has returned.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any, Final

from asn1crypto import algos, cms
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from ca_core.certificates.decoding import decode, is_there, reading
from ca_core.model.errors import ErrorKind, TriviumError

_WHAT: Final = "the AuthenticatedData"
_PBKDF2: Final = "1.2.840.113549.1.5.12"
_PRFS: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "1.2.840.113549.2.7": hashes.SHA1,
    "1.2.840.113549.2.9": hashes.SHA256,
    "1.2.840.113549.2.10": hashes.SHA384,
    "1.2.840.113549.2.11": hashes.SHA512,
}
_WRAPS: Final = {"2.16.840.1.101.3.4.1.5": 16, "2.16.840.1.101.3.4.1.25": 24, "2.16.840.1.101.3.4.1.45": 32}
_MACS: Final = {"1.2.840.113549.2.9": "sha256", "1.2.840.113549.2.10": "sha384", "1.2.840.113549.2.11": "sha512"}
_DIGESTS: Final = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
MAX_ITERATIONS: Final = 100_000
"""A tenth of a second of one core: whoever sends the message chooses how long we compute."""


@dataclass(frozen=True, kw_only=True)
class AuthenticatedMessage:
    """An AuthenticatedData that nobody has verified: the MAC is over ``attributes``, a SET in DER."""

    content_type: str
    content: bytes
    attributes: bytes
    attribute_content_type: str
    message_digest: bytes
    digest: str
    mac_algorithm: str
    mac: bytes
    salt: bytes
    iterations: int
    prf: type[hashes.HashAlgorithm]
    key_length: int
    encrypted_key: bytes


def parse_authenticated(der: bytes) -> AuthenticatedMessage:
    """Parse an AuthenticatedData (DER); raises MALFORMED, and BAD_ALGORITHM for what is not taken."""
    data = decode(cms.AuthenticatedData, der, _WHAT)
    with reading(_WHAT):
        recipients = data["recipient_infos"]
        if len(recipients) != 1 or recipients[0].name != "pwri":
            raise TriviumError(ErrorKind.BAD_ALGORITHM, "An AuthenticatedData here has one recipient, by password.")
        recipient, attributes = recipients[0].chosen, data["auth_attrs"]
        if not (is_there(attributes) and is_there(data["digest_algorithm"])):
            raise TriviumError(ErrorKind.BAD_SIGNATURE, "The AuthenticatedData lacks its authenticated attributes.")
        values = _single_values(attributes)
        kdf = recipient["key_derivation_algorithm"]
        parameters = algos.Pbkdf2Params.load(kdf["parameters"].dump())
        return AuthenticatedMessage(
            content_type=data["encap_content_info"]["content_type"].dotted,
            content=bytes(data["encap_content_info"]["content"].contents),
            attributes=b"\x31" + attributes.dump()[1:],
            attribute_content_type=values["content_type"].dotted,
            message_digest=values["message_digest"].native,
            digest=_known(_DIGESTS, data["digest_algorithm"]),
            mac_algorithm=_known(_MACS, data["mac_algorithm"]),
            mac=data["mac"].native,
            salt=_salt(parameters["salt"]),
            iterations=_iterations(kdf, parameters),
            prf=_known(_PRFS, parameters["prf"]),
            key_length=_known(_WRAPS, recipient["key_encryption_algorithm"]),
            encrypted_key=recipient["encrypted_key"].native,
        )


def _single_values(attributes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for attribute in attributes:
        name = attribute["type"].native
        if name in values or len(attribute["values"]) != 1:
            raise TriviumError(ErrorKind.BAD_SIGNATURE, f"The attribute {name} must be there once, with one value.")
        values[name] = attribute["values"][0]
    return values


def _known(table: dict[str, Any], algorithm: Any) -> Any:
    oid = algorithm["algorithm"].dotted
    if oid not in table:
        raise TriviumError(ErrorKind.BAD_ALGORITHM, f"The algorithm {oid} is not taken in an AuthenticatedData.")
    return table[oid]


def _iterations(kdf: Any, parameters: Any) -> int:
    count: int = parameters["iteration_count"].native
    if kdf["algorithm"].dotted != _PBKDF2 or not 0 < count <= MAX_ITERATIONS:
        raise TriviumError(
            ErrorKind.BAD_ALGORITHM, f"The password is to go through PBKDF2 with at most {MAX_ITERATIONS} iterations."
        )
    return count


def _salt(salt: Any) -> bytes:
    if salt.name != "specified":
        raise TriviumError(ErrorKind.BAD_ALGORITHM, "The salt of PBKDF2 must be in the message.")
    value: bytes = salt.chosen.native
    return value


def verify(message: AuthenticatedMessage, identification: str, secret: bytes) -> None:
    """Verify the MAC under the secret of ``identification``; raises BAD_SIGNATURE. Takes up to half a second."""
    kdf = PBKDF2HMAC(
        algorithm=message.prf(), length=message.key_length, salt=message.salt, iterations=message.iterations
    )
    try:
        key = aes_key_unwrap(kdf.derive(identification.encode() + secret), message.encrypted_key)
    except (InvalidUnwrap, ValueError):
        raise _wrong() from None
    mac = hmac.digest(key, message.attributes, message.mac_algorithm)
    content_digest = hashlib.new(message.digest, message.content).digest()
    good = [
        hmac.compare_digest(mac, message.mac),
        hmac.compare_digest(content_digest, message.message_digest),
        message.attribute_content_type == message.content_type,
    ]
    if not all(good):
        raise _wrong()


def _wrong() -> TriviumError:
    return TriviumError(
        ErrorKind.BAD_SIGNATURE, "The message does not authenticate: it was changed, or made with another secret."
    )
