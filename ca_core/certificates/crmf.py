"""Certificate requests in the Certificate Request Message Format, RFC 4211, as RFC 10002 section 3.2 allows them.

What counts of a template is what counts of a CSR: it is read as the PKCS #10 of the same subject, key and extensions,
so one reader decides for both. What RFC 10002 forbids in a message is refused; the validity it asks for is not looked
at, since the product has one.
"""

import functools
from dataclasses import replace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from ca_core.certificates.crmf_asn1 import CertReqMsg
from ca_core.certificates.csr import ParsedCsr, parse_csr, read_csr
from ca_core.certificates.decoding import decode, is_there, reading
from ca_core.certificates.der import check_der
from ca_core.certificates.der_values import values_in
from ca_core.certificates.unsigned_csr import unsigned_csr
from ca_core.keys.signatures import Signature, verify
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.orders import ProofOfPossession

_WHAT: Final = "the CRMF request"
_FORBIDDEN_CONTROLS: Final = {
    "1.3.6.1.5.5.7.5.1.1": "regToken",
    "1.3.6.1.5.5.7.5.1.2": "authenticator",
    "1.3.6.1.5.5.7.5.1.4": "pkiArchiveOptions",
}
_CHALLENGE_RESPONSE: Final = 1
_FORBIDDEN_FIELDS: Final = ("serial_number", "signing_alg", "issuer_uid", "subject_uid")


@functools.lru_cache(maxsize=32)
def parse_request(der: bytes, possession: ProofOfPossession) -> ParsedCsr:
    """Parse a certificate request in either format, and check that the requester holds its key (rule 76).

    An order's stages and the front end of its sender each ask again: the same bytes have the same answer. Raises as
    :func:`~ca_core.certificates.csr.parse_csr`, and POP_REQUIRED where nothing shows the possession.
    """
    check_der(der)
    return parse_crmf(der, possession) if _is_crmf(der) else parse_csr(der, possession)


def _is_crmf(der: bytes) -> bool:
    """Whether the guarded ``der`` is a CertReqMsg: there a template stands, all tagged, where a PKCS #10 has a name."""
    try:
        [first, *_] = values_in(der)
        _, second, *_ = values_in(first)
        return any(one[0] & 0xC0 == 0x80 for one in values_in(second)[:1])  # noqa: PLR2004 - the bits of a class
    except ValueError:
        return False


def parse_crmf(der: bytes, possession: ProofOfPossession) -> ParsedCsr:
    """Parse a CertReqMsg (DER); raises as :func:`parse_request`."""
    message = decode(CertReqMsg, der, _WHAT)
    with reading(_WHAT):
        _refuse_forbidden(message)
        pkcs10 = _as_pkcs10(message["cert_req"]["cert_template"])
    check_der(pkcs10)
    parsed = read_csr(der, pkcs10, signed=False)
    with reading(_WHAT):
        _check_possession(message, parsed.public_key, possession)
        return replace(parsed, enciphers=_enciphers(message["popo"]))


def _enciphers(proof: Any) -> bool:
    """Whether possession is to be shown by decryption of a challenge (RFC 4211 section 4.2)."""
    if not is_there(proof) or proof.name != "key_encipherment":
        return False
    if proof.chosen.name != "subsequent_message" or proof.chosen.chosen.native != _CHALLENGE_RESPONSE:
        raise _bad("its popo keyEncipherment must be subsequentMessage with challengeResp")
    return True


def _refuse_forbidden(message: CertReqMsg) -> None:
    """RFC 10002 section 3.2.1.2.2: what a message must have, and what it must not."""
    request = message["cert_req"]
    template = request["cert_template"]
    if not (is_there(template["subject"]) and is_there(template["public_key"])):
        raise _bad("its template must have a subject and a publicKey")
    for name in _FORBIDDEN_FIELDS:
        if is_there(template[name]):
            raise _bad(f"its template must not have {name}, which the CA sets")
    if is_there(message["reg_info"]):
        raise _bad("its regInfo field must not be used; send a regInfo control")
    for control in request["controls"] if is_there(request["controls"]) else ():
        forbidden = _FORBIDDEN_CONTROLS.get(control["type"].dotted)
        if forbidden is not None:
            raise _bad(f"its control {forbidden} must not be used here")


def _as_pkcs10(template: Any) -> bytes:
    """Return the PKCS #10 (DER, RFC 2986) that asks for the same, without a signature."""
    key: bytes = template["public_key"].dump()
    return unsigned_csr(
        subject=template["subject"].chosen.untag().dump(),
        spki=b"\x30" + key[1:],
        extensions=template["extensions"].contents if is_there(template["extensions"]) else b"",
    )


def _check_possession(message: CertReqMsg, key: PublicKeyTypes, possession: ProofOfPossession) -> None:
    """RFC 4211 section 4; RFC 10002 section 3.2.1.2.2 forbids POPOSigningKeyInput where the subject is there."""
    if possession is not ProofOfPossession.SIGNATURE:
        return
    proof = message["popo"]
    if not is_there(proof) or proof.name in {"key_encipherment", "key_agreement"}:
        raise TriviumError(
            ErrorKind.POP_REQUIRED,
            "The CRMF request does not show that you hold its private key: sign it (popo signature), or let a "
            "registration authority vouch with lraPOPWitness.",
        )
    if proof.name == "ra_verified":
        raise TriviumError(
            ErrorKind.POP_FAILED,
            "The CRMF request says raVerified, but no registration authority vouches for it with lraPOPWitness.",
        )
    signing = proof.chosen
    if is_there(signing["poposk_input"]):
        raise _bad("its proof of possession must not have poposkInput")
    signature = Signature(algorithm=signing["algorithm_identifier"].dump(), value=signing["signature"].native)
    try:
        verify(key, signature, message["cert_req"].dump())
    except TriviumError as error:
        if error.kind is not ErrorKind.BAD_SIGNATURE:
            raise
        raise TriviumError(
            ErrorKind.POP_FAILED, "The CRMF request's own signature does not verify: sign it with the key it contains."
        ) from error


def _bad(why: str) -> TriviumError:
    return TriviumError(ErrorKind.BAD_CSR, f"The CRMF request cannot be taken: {why}.")
