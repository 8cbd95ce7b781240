"""EnvelopedData (RFC 5652 section 6) and AuthEnvelopedData (RFC 5083): opened with the key of a recipient of ours.

Taken are RSA key transport (PKCS #1 v1.5, OAEP) and ECDH with X9.63 key derivation (RFC 5753), under them AES-CBC and
AES-GCM. Whatever fails fails with one sentence, so that nobody learns by asking what was wrong with a ciphertext.
"""

from typing import Any, Final

from asn1crypto import algos, cms
from asn1crypto.algos import AlgorithmIdentifier
from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap
from cryptography.hazmat.primitives.padding import PKCS7

from ca_core.certificates.decoding import decode, is_there, reading
from ca_core.certificates.key_identifier import key_identifier
from ca_core.keys.signatures import HASHES
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.cmc.asn1_cms import AuthEnvelopedData, GcmParameters, SharedInfo
from gateway.cmc.cms import AUTH_ENVELOPED_DATA

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_WHAT: Final = "the encrypted message"
_RSA: Final = "1.2.840.113549.1.1.1"
_OAEP: Final = "1.2.840.113549.1.1.7"
_CBC: Final = {"2.16.840.1.101.3.4.1.2": 16, "2.16.840.1.101.3.4.1.22": 24, "2.16.840.1.101.3.4.1.42": 32}
_GCM: Final = {"2.16.840.1.101.3.4.1.6": 16, "2.16.840.1.101.3.4.1.26": 24, "2.16.840.1.101.3.4.1.46": 32}
_WRAPS: Final = {"2.16.840.1.101.3.4.1.5": 16, "2.16.840.1.101.3.4.1.25": 24, "2.16.840.1.101.3.4.1.45": 32}
_ECDH: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "1.3.133.16.840.63.0.2": hashes.SHA1,
    "1.3.132.1.11.1": hashes.SHA256,
    "1.3.132.1.11.2": hashes.SHA384,
    "1.3.132.1.11.3": hashes.SHA512,
}
"""dhSinglePass-stdDH with each hash (RFC 5753 section 7.1.4); openssl still begins with SHA-1, which is safe there."""
_GCM_NONCE: Final = 12
_GCM_TAG: Final = 16
_UNREADABLE: Final = (ValueError, TypeError, InvalidTag, InvalidUnwrap)


def is_for(kind: str, der: bytes, certificate: x509.Certificate) -> bool:
    """Whether the (Auth)EnvelopedData ``der`` is encrypted for ``certificate``; raises MALFORMED."""
    data = _decoded(kind, der)
    with reading(_WHAT):
        return any(_is_ours(one, certificate) for one in data["recipient_infos"])


def opened(kind: str, der: bytes, certificate: x509.Certificate, key: PrivateKey) -> tuple[str, bytes]:
    """Open the (Auth)EnvelopedData ``der`` with the key of ``certificate``; return the content's type and the content.

    ``kind`` is the outer content type. Raises BAD_SIGNATURE when it does not open, which is CMC's badMessageCheck
    (RFC 10002 section 3.2.1.3.3), and MALFORMED.
    """
    authenticated = kind == AUTH_ENVELOPED_DATA
    data = _decoded(kind, der)
    with reading(_WHAT):
        info = data["encrypted_content_info"]
        content_type: str = info["content_type"].dotted
        algorithm, encrypted = info["content_encryption_algorithm"], info["encrypted_content"].native
        oid = algorithm["algorithm"].dotted
        recipient = next((one for one in data["recipient_infos"] if _is_ours(one, certificate)), None)
        if recipient is None or len(data["recipient_infos"]) > 8:  # noqa: PLR2004 - nobody needs more
            raise closed()
        try:
            content_key = _content_key(recipient, key)
            if authenticated and oid in _GCM and len(content_key) == _GCM[oid]:
                return content_type, _open_gcm(content_key, data, encrypted)
            if not authenticated and oid in _CBC and len(content_key) == _CBC[oid]:
                return content_type, _open_cbc(content_key, algorithm["parameters"].native, encrypted)
        except _UNREADABLE:
            raise closed() from None
    raise closed()


def _decoded(kind: str, der: bytes) -> Any:
    return decode(AuthEnvelopedData if kind == AUTH_ENVELOPED_DATA else cms.EnvelopedData, der, _WHAT)


def _is_ours(recipient: Any, certificate: x509.Certificate) -> bool:
    if recipient.name == "ktri":
        return _names(recipient.chosen["rid"], certificate)
    if recipient.name == "kari":
        return any(_names(one["rid"], certificate) for one in recipient.chosen["recipient_encrypted_keys"])
    return False


def _names(rid: Any, certificate: x509.Certificate) -> bool:
    if rid.name == "issuer_and_serial_number":
        issuer: bytes = rid.chosen["issuer"].dump()
        serial: int = rid.chosen["serial_number"].native
        return issuer == certificate.issuer.public_bytes() and serial == certificate.serial_number
    chosen = rid.chosen
    identifier: bytes = chosen["subject_key_identifier"].native if rid.name == "r_key_id" else chosen.native
    return identifier == key_identifier(certificate)


def _content_key(recipient: Any, key: PrivateKey) -> bytes:
    if recipient.name == "ktri" and isinstance(key, rsa.RSAPrivateKey):
        return _transported(recipient.chosen, key)
    if recipient.name == "kari" and isinstance(key, ec.EllipticCurvePrivateKey):
        return _agreed(recipient.chosen, key)
    raise closed()


def _transported(recipient: Any, key: rsa.RSAPrivateKey) -> bytes:
    """RFC 3370 section 4.2.1, RFC 3560. A wrong PKCS #1 padding gives a random key in place of an error (OpenSSL 3)."""
    algorithm = recipient["key_encryption_algorithm"]
    encrypted: bytes = recipient["encrypted_key"].native
    match algorithm["algorithm"].dotted:
        case oid if oid == _RSA:
            return key.decrypt(encrypted, padding.PKCS1v15())
        case oid if oid == _OAEP:
            parameters = algos.RSAESOAEPParams.load(algorithm["parameters"].dump())
            digest = HASHES[parameters["hash_algorithm"]["algorithm"].dotted]
            mask = HASHES[parameters["mask_gen_algorithm"]["parameters"]["algorithm"].dotted]
            return key.decrypt(encrypted, padding.OAEP(padding.MGF1(mask()), digest(), None))
    raise closed()


def _agreed(recipient: Any, key: ec.EllipticCurvePrivateKey) -> bytes:
    """RFC 5753 section 3.1: ephemeral-static ECDH, then X9.63 key derivation, then AES key wrap."""
    algorithm = recipient["key_encryption_algorithm"]
    digest = _ECDH.get(algorithm["algorithm"].dotted)
    wrap = AlgorithmIdentifier.load(algorithm["parameters"].dump())
    length = _WRAPS.get(wrap["algorithm"].dotted)
    originator = recipient["originator"]
    if digest is None or length is None or originator.name != "originator_key":
        raise closed()
    point = originator.chosen["public_key"].native
    ephemeral = ec.EllipticCurvePublicKey.from_encoded_point(key.curve, bytes(point))
    ukm = recipient["ukm"].native
    info: dict[str, Any] = {"key_info": wrap, "supp_pub_info": (length * 8).to_bytes(4)}
    if ukm is not None:
        info["entity_u_info"] = ukm
    kdf = X963KDF(algorithm=digest(), length=length, sharedinfo=SharedInfo(info).dump())
    [encrypted] = [one["encrypted_key"].native for one in recipient["recipient_encrypted_keys"]]
    return aes_key_unwrap(kdf.derive(key.exchange(ec.ECDH(), ephemeral)), encrypted)


def _open_cbc(key: bytes, initial: bytes, encrypted: bytes) -> bytes:
    """Decrypt, and take the padding off; what has a wrong one is returned with it.

    That is no message, and is refused for it by the same reader after the same work: an error at once would tell how
    the last block decrypts, by the time it takes.
    """
    decryptor = Cipher(algorithms.AES(key), modes.CBC(initial)).decryptor()
    padded = decryptor.update(encrypted) + decryptor.finalize()
    unpadder = PKCS7(algorithms.AES.block_size).unpadder()
    try:
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        return padded


def _open_gcm(key: bytes, data: Any, encrypted: bytes) -> bytes:
    """RFC 5084; RFC 10004 section 5.1 wants a nonce of 12 octets."""
    algorithm = data["encrypted_content_info"]["content_encryption_algorithm"]
    nonce: bytes = GcmParameters.load(algorithm["parameters"].dump())["nonce"].native
    mac: bytes = data["mac"].native
    if len(nonce) != _GCM_NONCE or len(mac) != _GCM_TAG:
        raise closed()
    attributes = data["auth_attrs"]
    authenticated = b"\x31" + attributes.dump()[1:] if is_there(attributes) else None
    return AESGCM(key).decrypt(nonce, encrypted + mac, authenticated)


def closed() -> TriviumError:
    """Return the one error of whatever does not open."""
    return TriviumError(
        ErrorKind.BAD_SIGNATURE,
        "The message does not open: encrypt it for the recipient certificate of this gateway, with AES under RSA key "
        "transport or ECDH.",
    )
