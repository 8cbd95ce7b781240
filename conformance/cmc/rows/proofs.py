"""Proofs by a shared secret, of identity and of its link to the key (RFC 10002 sections 3.2, 6.2, 6.3, 6.8)."""

import hashlib
import hmac
import os
import secrets

from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from pyasn1.type import univ
from pyasn1_alt_modules import rfc5652, rfc6402, rfc8018

from conformance.cmc import openssl
from conformance.cmc.checks import MUST, PYASN1, SHOULD, FailInfo, expect_done, expect_refusal, shows
from conformance.cmc.clients.pyasn1 import encoded, value_of
from conformance.cmc.lab import Lab
from conformance.cmc.model import (
    Control,
    ControlType,
    Crmf,
    Octets,
    Pkcs10,
    PopWitness,
    Secret,
    Text,
    Witness,
    control,
    nonce,
)
from conformance.cmc.reply import Reply
from conformance.cmc.requests import Key, crmf, csr, new_key, pki_data_attributes, request_sequence, witness
from conformance.cmc.target import self_signed
from conformance.expect import expect

_HMAC_SHA256 = "1.2.840.113549.2.9"
_SHA256 = "2.16.840.1.101.3.4.2.1"
_AES256_WRAP = "2.16.840.1.101.3.4.1.45"
_PBKDF2 = "1.2.840.113549.1.5.12"


def identified(secret: Secret) -> Control:
    """Return the identification of a secret."""
    return control(ControlType.IDENTIFICATION, Text(value=secret.identification))


def proven(lab: Lab, request: Pkcs10, secret: Secret) -> Control:
    """Return identityProofV2 over the reqSequence of one request."""
    sequence = request_sequence(lab.encode(request))
    return control(ControlType.IDENTITY_PROOF_V2, Witness(value=witness(secret, sequence)))


def by_own_key(lab: Lab, key: Key, *parts: Control | Pkcs10) -> Reply:
    """Send a message that the key of its request signs, named by its key identifier, without a certificate."""
    signer = self_signed(lab.folder, "own", key)
    return lab.send(openssl.signed(lab.encode(*parts), signer, "-keyid", "-nocerts"))


@shows("identification", MUST)
def identification(lab: Lab) -> None:
    """It says whose secret was used; the name of nobody, or none, is badIdentity."""
    secret = lab.given(lab.target.secret, "secret")
    key = new_key()
    request = lab.request(key=key)
    expect_refusal(by_own_key(lab, key, request, proven(lab, request, secret)), FailInfo.BAD_IDENTITY, 0)
    wrong = Secret(identification="nobody-of-this-name", value=secret.value)
    expect_refusal(
        by_own_key(lab, key, request, identified(wrong), proven(lab, request, wrong)), FailInfo.BAD_IDENTITY, 0
    )
    expect_done(by_own_key(lab, key, request, identified(secret), proven(lab, request, secret), nonce()), 1)


@shows("identityProofV2", MUST)
def identity_proof_v2(lab: Lab) -> None:
    """The secret's MAC over reqSequence is enough; of another secret, or over another request, it is badIdentity."""
    secret = lab.given(lab.target.secret, "secret")
    key = new_key()
    request, other = lab.request(key=key), lab.request(key=key)
    wrong = Secret(identification=secret.identification, value=b"not the secret at all")
    for proof in (proven(lab, request, wrong), proven(lab, other, secret)):
        expect_refusal(by_own_key(lab, key, request, identified(secret), proof), FailInfo.BAD_IDENTITY, 0)
    reply = by_own_key(lab, key, request, identified(secret), proven(lab, request, secret), nonce())
    expect(reply.certificate_of(key.public_key()), f"a certificate was expected: {reply}")


@shows("identityProof", SHOULD)
def identity_proof(lab: Lab) -> None:
    """The same under SHA-1 for a client that may use it; badAlg for one that may not, badIdentity for a wrong one."""
    legacy, secret = lab.given(lab.target.legacy_secret, "secret with SHA-1"), lab.given(lab.target.secret, "secret")
    key = new_key()
    request = lab.request(key=key)
    sequence = request_sequence(lab.encode(request))

    def proof(of: Secret, data: bytes) -> Control:
        return control(ControlType.IDENTITY_PROOF, Octets(value=witness(of, data, digest="sha1")))

    refused = by_own_key(lab, key, request, identified(secret), proof(secret, sequence))
    expect_refusal(refused, FailInfo.BAD_ALG, 0)
    refused = by_own_key(lab, key, request, identified(legacy), proof(legacy, b"something else"))
    expect_refusal(refused, FailInfo.BAD_IDENTITY, 0)
    expect_done(by_own_key(lab, key, request, identified(legacy), proof(legacy, sequence), nonce()), 1)


@shows("signed by the key of a request", MUST)
def own_key(lab: Lab) -> None:
    """The signer is named by the key identifier in the request; the key of no request is badMessageCheck."""
    secret = lab.given(lab.target.secret, "secret")
    key = new_key()
    request = lab.request(key=key)
    parts = (request, identified(secret), proven(lab, request, secret))
    expect_refusal(by_own_key(lab, new_key(), *parts), FailInfo.BAD_MESSAGE_CHECK, 0)
    expect_done(by_own_key(lab, key, *parts, nonce()), 1)


def linked(key: Key, name: str, kind: ControlType, value: bytes) -> Pkcs10:
    """Return a request with a POP link witness."""
    return Pkcs10(id=1, der=csr(key, name, attributes=[(kind.oid, value)]))


@shows("popLinkRandom and popLinkWitnessV2", MUST)
def pop_link_v2(lab: Lab) -> None:
    """The witness under the secret, with or without the identification, links; one that does not fit refuses all."""
    secret = lab.given(lab.target.secret, "secret")
    value = secrets.token_bytes(64)
    random = control(ControlType.POP_LINK_RANDOM, Octets(value=value))

    def request(data: bytes, *, named: bool) -> Pkcs10:
        proof = Witness(value=witness(secret, data, named=named))
        der = value_of(ControlType.POP_LINK_WITNESS_V2.oid, proof)
        return linked(new_key(), lab.name(), ControlType.POP_LINK_WITNESS_V2, der)

    for named in (False, True):
        expect_done(lab.ask(random, nonce(), request(value, named=named)), 1)
    refused = lab.ask(random, nonce(), request(b"something else", named=True), lab.request(2))
    expect_refusal(refused, FailInfo.POP_FAILED, 1)
    expect_refusal(refused, FailInfo.POP_FAILED, 2)
    expect_refusal(lab.ask(nonce(), request(value, named=True)), FailInfo.POP_FAILED, 1)


@shows("popLinkWitness", MUST)
def pop_link(lab: Lab) -> None:
    """The witness under SHA-1 for a client that may use it; a wrong one is popFailed."""
    legacy = lab.given(lab.target.legacy, "client with SHA-1")
    secret = lab.given(lab.target.legacy_secret, "secret with SHA-1")
    value = secrets.token_bytes(64)
    random = control(ControlType.POP_LINK_RANDOM, Octets(value=value))

    def request(data: bytes) -> Pkcs10:
        proof = encoded(univ.OctetString(witness(secret, data, named=False, digest="sha1")))
        return linked(new_key(), lab.name(), ControlType.POP_LINK_WITNESS, proof)

    expect_done(lab.ask(random, nonce(), request(value), by=legacy), 1)
    expect_refusal(lab.ask(random, nonce(), request(b"other"), by=legacy), FailInfo.POP_FAILED, 1)


@shows("lraPOPWitness", SHOULD)
def lra_pop_witness(lab: Lab) -> None:
    """A registration authority vouches for a key that proved nothing; for who is none it is popFailed."""
    authority = lab.given(lab.target.authority, "registration authority")
    key = new_key()
    bare = Crmf(der=crmf(key, lab.name(), number=9, possession=False))
    vouched = control(ControlType.LRA_POP_WITNESS, PopWitness(body_ids=(9,)))
    refused = lab.ask(vouched, nonce(), bare)
    expect_refusal(refused, FailInfo.POP_FAILED, vouched.id)
    elsewhere = control(ControlType.LRA_POP_WITNESS, PopWitness(body_ids=(8,)))
    expect_refusal(lab.ask(elsewhere, nonce(), bare, by=authority), FailInfo.POP_REQUIRED, 9)
    reply = expect_done(lab.ask(vouched, nonce(), bare, by=authority), 9)
    expect(reply.certificate_of(key.public_key()), f"a certificate was expected: {reply}")


@shows("AuthenticatedData with a password", SHOULD, PYASN1)
def authenticated_data(lab: Lab) -> None:
    """The password authenticates in the place of a signature; a wrong one is badMessageCheck."""
    secret = lab.given(lab.target.secret, "secret")
    key = new_key()
    content = lab.encode(identified(secret), lab.request(key=key))
    wrong = Secret(identification=secret.identification, value=b"not the secret at all")
    expect_refusal(lab.send(authenticated(content, wrong)), FailInfo.BAD_MESSAGE_CHECK, 0)
    reply = lab.send(authenticated(content, secret))
    expect(reply.certificate_of(key.public_key()), f"a certificate was expected: {reply}")


def authenticated(content: bytes, secret: Secret, iterations: int = 1000) -> bytes:
    """Return an AuthenticatedData (RFC 5652 section 9) under PBKDF2 and AES key wrap (RFC 10002 section 3.2)."""
    salt, key = os.urandom(16), os.urandom(32)
    password = secret.identification.encode() + secret.value
    wrapping = hashlib.pbkdf2_hmac("sha256", password, salt, iterations, 32)
    derivation = rfc8018.PBKDF2_params()
    derivation["salt"]["specified"] = salt
    derivation["iterationCount"] = iterations
    derivation["prf"]["algorithm"] = _HMAC_SHA256
    data = rfc5652.AuthenticatedData()
    data["version"] = 0
    recipient = rfc5652.RecipientInfo()
    password_info = recipient["pwri"]
    password_info["version"] = 0
    password_info["keyDerivationAlgorithm"]["algorithm"] = _PBKDF2
    password_info["keyDerivationAlgorithm"]["parameters"] = encoded(derivation)
    password_info["keyEncryptionAlgorithm"]["algorithm"] = _AES256_WRAP
    password_info["encryptedKey"] = aes_key_wrap(wrapping, key)
    data["recipientInfos"].append(recipient)
    data["macAlgorithm"]["algorithm"] = _HMAC_SHA256
    data["digestAlgorithm"]["algorithm"] = _SHA256
    data["encapContentInfo"]["eContentType"] = rfc6402.id_cct_PKIData
    data["encapContentInfo"]["eContent"] = content
    attributes = pki_data_attributes(rfc5652.AuthAttributes(), content)
    data["authAttrs"].extend(attributes)
    data["mac"] = hmac.digest(key, encoded(attributes), "sha256")
    info = rfc5652.ContentInfo()
    info["contentType"], info["content"] = rfc5652.id_ct_authData, encoded(data)
    return encoded(info)
