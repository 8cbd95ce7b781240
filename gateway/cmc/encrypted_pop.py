"""encryptedPOP (RFC 10002 section 6.7): whoever asks for a certificate of a key that only enciphers decrypts a value.

RSA keys in CRMF requests whose popo is keyEncipherment with challengeResp. The value comes in an EnvelopedData: RSA
key transport, which every client can, and AES-256-CBC.
"""

import hashlib
from typing import Any, Final

from asn1crypto import cms, core
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from ca_core.access import possession_challenges
from ca_core.certificates.crmf import parse_request
from ca_core.certificates.csr import ParsedCsr
from ca_core.keys.policy import check_public_key
from ca_core.model.orders import ProofOfPossession
from ca_core.model.products import Product
from ca_core.model.sources import Entropy
from ca_core.orders.stages.key_validation import check_purpose
from gateway.cmc import oids
from gateway.cmc.asn1 import TaggedRequest
from gateway.cmc.asn1_controls import EncryptedPOP
from gateway.cmc.exchange import Exchange
from gateway.cmc.pki_data import Crmf

HMAC_SHA256: Final = "1.2.840.113549.2.9"
_SHA256: Final = {"algorithm": "2.16.840.1.101.3.4.2.1"}
_CRM: Final = b"\xa1"
"""The tag of a CRMF request in a TaggedRequest."""


async def challenge(exchange: Exchange, request: Crmf, product: Product) -> bool:
    """Put a challenge for the key of a request into the answer; False when the request asks for none.

    Raises BAD_CSR or BAD_KEY when the product is not for such keys, UNAUTHENTICATED for anybody but a CMC client.
    """
    parsed = parse_request(request.der, ProofOfPossession.SHOWN)
    if not parsed.enciphers or not isinstance(parsed.public_key, rsa.RSAPublicKey):
        return False
    check_public_key(parsed.public_key, product.policy.keys, document=parsed.pkcs10)
    check_purpose(parsed, product.policy.profile)
    cmc_client = exchange.require_requester().cmc_client
    value = await possession_challenges.start(exchange.core, cmc_client.id, exchange.transaction, request.der)
    recipient = _recipient(parsed, request.body_part_id)
    enveloped = _enveloped(value, parsed.public_key, recipient, exchange.core.sources.entropy)
    control = EncryptedPOP(
        {
            "request": TaggedRequest.load(tagged(request)),
            "cms": core.Any.load(enveloped),
            "the_pop_alg_id": {"algorithm": HMAC_SHA256},
            "witness_alg_id": _SHA256,
            "witness": hashlib.sha256(value).digest(),
        }
    )
    exchange.answer.add(oids.ENCRYPTED_POP, control)
    return True


def tagged(request: Crmf) -> bytes:
    """Return the request as it stood in reqSequence: with the tag of the choice in the place of the SEQUENCE's."""
    return _CRM + request.der[1:]


def _recipient(parsed: ParsedCsr, body_part_id: int) -> cms.RecipientIdentifier:
    """Name the key by the identifier that the request asks for; else the issuer is NULL, the serial the body part."""
    try:
        wanted = x509.load_der_x509_csr(parsed.pkcs10).extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        named = {"issuer": cms.Name.build({}), "serial_number": body_part_id}
        return cms.RecipientIdentifier("issuer_and_serial_number", named)
    return cms.RecipientIdentifier("subject_key_identifier", wanted.value.digest)


def _enveloped(value: bytes, key: rsa.RSAPublicKey, recipient: cms.RecipientIdentifier, entropy: Entropy) -> bytes:
    """Return the value in an EnvelopedData (ContentInfo, DER; RFC 5652 section 6.1, RFC 3370 section 4.2.1)."""
    content_key, initial = entropy.token(32), entropy.token(16)
    padder = PKCS7(algorithms.AES.block_size).padder()
    encryptor = Cipher(algorithms.AES(content_key), modes.CBC(initial)).encryptor()
    encrypted = encryptor.update(padder.update(value) + padder.finalize()) + encryptor.finalize()
    version = "v2" if recipient.name == "subject_key_identifier" else "v0"
    transported: dict[str, Any] = {
        "version": version,
        "rid": recipient,
        "key_encryption_algorithm": {"algorithm": "rsaes_pkcs1v15"},
        "encrypted_key": key.encrypt(content_key, padding.PKCS1v15()),
    }
    data = cms.EnvelopedData(
        {
            "version": version,
            "recipient_infos": [cms.RecipientInfo("ktri", transported)],
            "encrypted_content_info": {
                "content_type": "data",
                "content_encryption_algorithm": {"algorithm": "aes256_cbc", "parameters": initial},
                "encrypted_content": encrypted,
            },
        }
    )
    der: bytes = cms.ContentInfo({"content_type": "enveloped_data", "content": data}).dump()
    return der
