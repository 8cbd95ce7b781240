"""What concerns the holders of certificates and keys: renewal, other names, keys that only encipher, roots, lists."""

import hashlib
import hmac
import secrets

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyasn1_alt_modules import rfc6402

from conformance.cmc.checks import (
    BOUNCY_CASTLE,
    MAY,
    MUST,
    PYASN1,
    SHOULD,
    CmcStatus,
    FailInfo,
    expect_done,
    expect_refusal,
    shows,
)
from conformance.cmc.clients.pyasn1 import decoded, encoded
from conformance.cmc.lab import Lab
from conformance.cmc.model import (
    CertificateId,
    Control,
    ControlType,
    Crmf,
    Der,
    Number,
    Octets,
    Pkcs10,
    control,
    nonce,
)
from conformance.cmc.openssl import openssl
from conformance.cmc.requests import csr, enciphering, name_of, new_key
from conformance.cmc.rows.proofs import authenticated
from conformance.expect import expect

_SHA256 = "2.16.840.1.101.3.4.2.1"
_HMAC_SHA256 = "1.2.840.113549.2.9"
_MAC_KEY = 64
"""Bytes of the value that are the key of the proof (RFC 10002 section 6.7)."""


@shows("certificate linking, signed with a certificate of the CA", MUST, PYASN1, BOUNCY_CASTLE)
def certificate_linking(lab: Lab) -> None:
    """The holder of a certificate renews exactly its names under a new key; other names are badRequest."""
    query = f"product={lab.given(lab.target.linking or None, 'product that holders renew')}"
    first, name = new_key(), lab.name()
    reply = lab.ask(Pkcs10(id=1, der=csr(first, name)), query=query)
    certificate = reply.certificate_of(first.public_key())
    if certificate is None:
        expect(None, f"a certificate was expected: {reply}")
        raise AssertionError
    holder = lab.credential(certificate, first)
    refused = lab.ask(Pkcs10(id=1, der=csr(new_key(), lab.name())), nonce(), by=holder)
    expect_refusal(refused, FailInfo.BAD_REQUEST, 1)
    second = new_key()
    renewed = expect_done(lab.ask(Pkcs10(id=1, der=csr(second, name)), nonce(), by=holder), 1)
    expect(renewed.certificate_of(second.public_key()), f"a certificate was expected: {renewed}")


@shows("confirmRequired", MUST)
def confirm_required(lab: Lab) -> None:
    """A certificate that is to be confirmed comes with that status; its client confirms it, another cannot."""
    query = f"product={lab.given(lab.target.confirming or None, 'product to be confirmed')}"
    key = new_key()
    reply = lab.ask(lab.request(key=key), nonce(), query=query)
    [status] = reply.statuses
    expect((status.status, status.body_list) == (CmcStatus.CONFIRM_REQUIRED, (1,)), f"it was not asked for: {reply}")
    certificate = reply.certificate_of(key.public_key())
    if certificate is None:
        expect(None, f"a certificate was expected: {reply}")
        raise AssertionError
    accepted = CertificateId(issuer=name_of(certificate), serial=certificate.serial_number)
    confirmation = control(ControlType.CONFIRM_CERT_ACCEPTANCE, accepted)
    if lab.target.other is not None:
        foreign = control(ControlType.CONFIRM_CERT_ACCEPTANCE, accepted)
        expect_refusal(lab.ask(foreign, nonce(), by=lab.target.other), FailInfo.BAD_CERT_ID, foreign.id)
    expect(expect_done(lab.ask(confirmation, nonce()), confirmation.id).full, "a Full PKI Response was expected")


@shows("changeSubjectName", MAY, PYASN1)
def change_subject_name(lab: Lab) -> None:
    """Who signs is named in the request, what is wanted in the attribute; another's name is badIdentity."""
    signer = x509.load_pem_x509_certificate(lab.target.client.certificate.read_bytes())
    wanted, key = lab.name(), new_key()
    change = rfc6402.ChangeSubjectName()
    change["subjectAlt"].extend([])
    name = change["subjectAlt"].componentType.clone()
    name["dNSName"] = wanted
    change["subjectAlt"].append(name)
    attribute = [(ControlType.CHANGE_SUBJECT_NAME.oid, encoded(change))]
    stranger = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somebody else")])
    for subject, good in ((stranger, False), (signer.subject, True)):
        reply = lab.ask(nonce(), Pkcs10(id=1, der=csr(key, subject=subject, attributes=attribute)))
        if not good:
            expect_refusal(reply, FailInfo.BAD_IDENTITY, 1)
            continue
        certificate = expect_done(reply, 1).certificate_of(key.public_key())
        text = "" if certificate is None else str(certificate.extensions)
        expect(wanted in text, f"{wanted} was expected: {reply}")


@shows("encryptedPOP and decryptedPOP", SHOULD, PYASN1)
def encrypted_pop(lab: Lab) -> None:
    """Whoever decrypts the challenge has the certificate; a wrong proof is popFailed."""
    query = f"product={lab.given(lab.target.enciphering or None, 'product for keys that encipher')}"
    for good in (False, True):
        key = rsa.generate_private_key(65537, 2048)
        request = Crmf(der=enciphering(key, lab.name(), number=1))
        transaction = control(ControlType.TRANSACTION_ID, Number(value=secrets.randbits(100)))
        reply = lab.ask(transaction, nonce(), request, query=query)
        expect_refusal(reply, FailInfo.POP_REQUIRED, 1, status=CmcStatus.POP_REQUIRED)
        proof = _decrypted(lab, key, reply.values(ControlType.ENCRYPTED_POP)[0], good=good)
        answer = lab.ask(transaction, nonce(), proof, request, query=query)
        if good:
            expect(expect_done(answer, 1).certificate_of(key.public_key()), f"a certificate was expected: {answer}")
        else:
            failed = [one.fail_info for one in answer.statuses]
            expect(FailInfo.POP_FAILED in failed, f"popFailed was expected: {answer}")


def _decrypted(lab: Lab, key: rsa.RSAPrivateKey, challenge: bytes, *, good: bool) -> Control:
    """Return decryptedPOP for an encryptedPOP; openssl decrypts the value."""
    asked = decoded(challenge, rfc6402.EncryptedPOP())
    file = lab.folder / "enciphering.key"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    value = openssl("cms", "-decrypt", "-binary", "-inform", "DER", "-inkey", file, given=encoded(asked["cms"]))
    expect(hashlib.sha256(value).digest() == bytes(asked["witness"]), "the witness is not that of the value")
    material = value[:_MAC_KEY] if good else bytes(_MAC_KEY)
    proof = rfc6402.DecryptedPOP()
    proof["bodyPartID"] = 1
    proof["thePOPAlgID"]["algorithm"] = _HMAC_SHA256
    proof["thePOP"] = hmac.digest(material, encoded(asked["request"]), "sha256")
    return control(ControlType.DECRYPTED_POP, Der(value=encoded(proof)))


@shows("trustedAnchors", MAY, PYASN1)
def trusted_anchors(lab: Lab) -> None:
    """Asked, the CA names its roots by their hashes; what is no list of them is refused."""
    known = rfc6402.PublishTrustAnchors()
    known["seqNumber"] = 0
    known["hashAlgorithm"]["algorithm"] = _SHA256
    known["anchorHashes"].clear()
    reply = lab.ask(control(ControlType.TRUSTED_ANCHORS, Der(value=encoded(known))), nonce())
    [value] = reply.values(ControlType.TRUSTED_ANCHORS)
    published = [bytes(one) for one in decoded(value, rfc6402.PublishTrustAnchors())["anchorHashes"]]
    root = x509.load_pem_x509_certificate(lab.target.root.read_bytes())
    expect(root.fingerprint(hashes.SHA256()) in published, f"the root is not among the anchors: {reply}")
    wrong = control(ControlType.TRUSTED_ANCHORS, Der(value=b"\x05\x00"))
    expect_refusal(lab.ask(wrong, nonce()), FailInfo.BAD_REQUEST, wrong.id)


@shows("authData", MAY, PYASN1)
def auth_data(lab: Lab) -> None:
    """A query authenticated by the secret is answered; under another secret it is authDataFail."""
    secret = lab.given(lab.target.secret, "secret")
    issued = lab.issue().certificate
    query = control(ControlType.GET_CERT, CertificateId(issuer=name_of(issued), serial=issued.serial_number))
    content = lab.encode(query)
    for value, good in ((secret.value, True), (b"not the secret at all", False)):
        data = authenticated(content, type(secret)(identification=secret.identification, value=value))
        said = control(ControlType.AUTH_DATA, Number(value=500))
        reply = lab.send(lab.carrying(said, nonce(), contents=(data,), by=lab.target.client))
        if good:
            expect(issued in reply.certificates, f"the certificate was expected: {reply}")
        else:
            expect_refusal(reply, FailInfo.AUTH_DATA_FAIL, said.id)


@shows("publishCert", MAY, PYASN1)
def publish_cert(lab: Lab) -> None:
    """A certificate of the client's may be named; one of nobody's is badCertId."""
    issued = lab.issue().certificate
    for digest, good in ((issued.fingerprint(hashes.SHA256()), True), (bytes(32), False)):
        info = rfc6402.CMCPublicationInfo()
        info["hashAlg"]["algorithm"] = _SHA256
        info["certHashes"].append(digest)
        info["pubInfo"]["action"] = 1
        request = control(ControlType.PUBLISH_CERT, Der(value=encoded(info)))
        reply = lab.ask(request, nonce())
        if good:
            expect_done(reply, request.id)
        else:
            expect_refusal(reply, FailInfo.BAD_CERT_ID, request.id)


@shows("responseInfo", SHOULD)
def response_info(lab: Lab) -> None:
    """What of regInfo counted comes back; where there was nothing to understand, nothing does."""
    reply = lab.ask(control(ControlType.REG_INFO, Octets(value=b"product=tls")), nonce(), lab.request())
    [said] = expect_done(reply, 1).values(ControlType.RESPONSE_INFO) or [b""]
    expect(b"product=tls" in said, f"responseInfo was expected: {reply}")
    other = lab.ask(control(ControlType.REG_INFO, Octets(value=b"\x00\xff")), nonce(), lab.request())
    expect(not expect_done(other, 1).values(ControlType.RESPONSE_INFO), "responseInfo repeats what nobody understood")
