"""What deployed clients send, replayed: each differs from the RFC, or from the others, in ways of its own."""

import base64
import hashlib
import secrets

from pyasn1.type import univ
from pyasn1_alt_modules import rfc5652

from conformance.cmc import openssl
from conformance.cmc.checks import (
    BOUNCY_CASTLE,
    JSS,
    MAY,
    PYASN1,
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
    PopWitness,
    control,
    nonce,
)
from conformance.cmc.requests import crmf, csr, name_of, new_key, pki_data_attributes
from conformance.cmc.rows.messages import broken
from conformance.cmc.rows.revocation import revoke
from conformance.expect import expect

_NO_SIGNATURE = "1.3.6.1.5.5.7.6.2"
WINDOWS_ADD_ATTRIBUTES = Control(
    oid="1.3.6.1.4.1.311.10.10.1", value=Der(value=bytes.fromhex("300a02010030030201013100")), id=2
)


@shows("Dogtag, HTTP/1.0 without Host and Content-Type", MAY, JSS)
def dogtag_http(lab: Lab) -> None:
    """Its HttpClient is served, and refused, as everybody."""
    message = lab.message(lab.request(), nonce())
    for sent, good in ((broken(message), False), (message, True)):
        answer = lab.target.endpoint.send_as_dogtag(sent)
        expect(answer.status == 200, f"200 was expected, not {answer.status}")
        reply = lab.read(answer.body)
        if good:
            expect_done(reply, 1)
        else:
            expect_refusal(reply, FailInfo.BAD_MESSAGE_CHECK, 0)


@shows("Dogtag, without signingTime", MAY, JSS)
def dogtag_replay(lab: Lab) -> None:
    """Its messages do not say when they were signed: each is served, and a copy is not."""
    message = lab.message(lab.request())
    expect(lab.send(message).certificates, "a certificate was expected")
    expect_refusal(lab.send(message), FailInfo.BAD_REQUEST, 0)


@shows("Dogtag, text in transactionId and senderNonce", MAY, JSS)
def dogtag_text(lab: Lab) -> None:
    """The bytes of a text are a number, base64 with a line end is a nonce: both come back, and no copy is taken."""
    text = secrets.token_hex(12)
    transaction = control(ControlType.TRANSACTION_ID, Number(value=int.from_bytes(text.encode())))
    sent = control(ControlType.SENDER_NONCE, Octets(value=base64.b64encode(secrets.token_bytes(16)) + b"\r\n"))
    message = lab.message(transaction, sent, lab.request())
    reply = expect_done(lab.send(message), 1)
    [back] = reply.values(ControlType.TRANSACTION_ID)
    expect(back.endswith(text.encode()), "transactionId is another")
    expect_refusal(lab.send(message), FailInfo.BAD_REQUEST, 0)


@shows("Dogtag, bare Name in getCert", MAY, JSS, PYASN1)
def dogtag_get_cert(lab: Lab) -> None:
    """The issuer without GeneralName's tag is understood; an unknown serial number is badCertId all the same."""
    certificate = lab.issue().certificate
    for serial, good in ((certificate.serial_number, True), (4711, False)):
        request = univ.Sequence()
        request[0], request[1] = univ.Any(name_of(certificate)), univ.Integer(serial)
        query = control(ControlType.GET_CERT, Der(value=encoded(request)))
        reply = lab.ask(query)
        if good:
            expect(certificate in reply.certificates, f"the certificate was expected: {reply}")
        else:
            expect_refusal(reply, FailInfo.BAD_CERT_ID, query.id)


@shows("Dogtag, SEQUENCE around the issuer in confirmCertAcceptance", MAY, JSS)
def dogtag_confirmation(lab: Lab) -> None:
    """JSS writes it so; the certificate is confirmed, and one of nobody's is badCertId."""
    certificate = lab.issue().certificate
    for serial, good in ((certificate.serial_number, True), (4711, False)):
        accepted = CertificateId(issuer=name_of(certificate), serial=serial)
        confirmation = control(ControlType.CONFIRM_CERT_ACCEPTANCE, accepted)
        reply = lab.ask(confirmation)
        if good:
            expect_done(reply, confirmation.id)
        else:
            expect_refusal(reply, FailInfo.BAD_CERT_ID, confirmation.id)


@shows("Sweden Connect, PKCS #10", MAY, BOUNCY_CASTLE)
def sweden_connect(lab: Lab) -> None:
    """CMSAlgorithmProtection, a nonce of 128 bytes, a random id of 31 bits, any regInfo; a copy is refused."""
    number = secrets.randbits(31) | 1
    info = control(ControlType.REG_INFO, Octets(value=secrets.token_bytes(40)))
    message = lab.message(nonce(128), info, lab.request(number))
    expect_done(lab.send(message), number)
    expect_refusal(lab.send(message), FailInfo.BAD_REQUEST, 0)


@shows("Sweden Connect, CRMF without popo", MAY, BOUNCY_CASTLE, PYASN1)
def sweden_connect_crmf(lab: Lab) -> None:
    """A lraPOPWitness vouches under a random pkiDataBodyid; of a client that may not it is popFailed."""
    authority = lab.given(lab.target.authority, "registration authority")
    number = secrets.randbits(31) | 1
    witness = PopWitness(body_ids=(number,), pki_data=secrets.randbits(31))
    vouched = control(ControlType.LRA_POP_WITNESS, witness)
    request = Crmf(der=crmf(new_key(), lab.name(), number=number, possession=False))
    expect_refusal(lab.ask(nonce(128), vouched, request), FailInfo.POP_FAILED, vouched.id)
    expect_done(lab.ask(nonce(128), vouched, request, by=authority), number)


@shows("Sweden Connect, revocation", MAY, BOUNCY_CASTLE)
def sweden_connect_revocation(lab: Lab) -> None:
    """An empty reqSequence; the reason certificateHold, which no certificate comes back from, is refused."""
    issued = lab.issue()
    hold = revoke(issued, reason=6)
    expect_refusal(lab.ask(nonce(128), hold), FailInfo.BAD_REQUEST, hold.id)
    superseded = revoke(issued, reason=4)
    expect_done(lab.ask(nonce(128), superseded), superseded.id)


@shows("Windows, SHA-1 by permission", MAY, PYASN1)
def windows_sha1(lab: Lab) -> None:
    """The control of certreq is recognised and SHA-1 taken of whom the operator lets; of others it is badAlg."""
    legacy = lab.given(lab.target.legacy, "client with SHA-1")
    content = lab.encode(WINDOWS_ADD_ATTRIBUTES, lab.request())
    options = ("-md", "sha1", "-keyid", "-nocerts")
    refused = openssl.signed(lab.encode(WINDOWS_ADD_ATTRIBUTES, lab.request()), lab.target.client, *options)
    expect_refusal(lab.send(refused), FailInfo.BAD_ALG, 0)
    expect_done(lab.send(openssl.signed(content, legacy, *options)), 1)


@shows("Windows, a second signer without a signature", MAY, PYASN1)
def windows_two_signers(lab: Lab) -> None:
    """Enrolment on behalf adds a dummy signer (id-alg-noSignature), which is nobody; alone it orders nothing."""
    for alone in (True, False):
        content = lab.encode(WINDOWS_ADD_ATTRIBUTES, lab.request(), nonce())
        reply = lab.send(_with_dummy(openssl.signed(content, lab.target.client), content, alone=alone))
        if alone:
            expect_refusal(reply, FailInfo.BAD_IDENTITY, 0)
        else:
            expect_done(reply, 1)


def _with_dummy(message: bytes, content: bytes, *, alone: bool) -> bytes:
    info = decoded(message, rfc5652.ContentInfo())
    signed = decoded(bytes(info["content"]), rfc5652.SignedData())
    if alone:
        signed["signerInfos"].clear()
    dummy = rfc5652.SignerInfo()
    dummy["version"] = 3
    dummy["sid"]["subjectKeyIdentifier"] = b"Dummy Signer"
    dummy["digestAlgorithm"]["algorithm"] = "2.16.840.1.101.3.4.2.1"
    attributes = pki_data_attributes(rfc5652.SignedAttributes(), content)
    dummy["signedAttrs"].extend(attributes)
    dummy["signatureAlgorithm"]["algorithm"] = _NO_SIGNATURE
    dummy["signature"] = hashlib.sha256(encoded(attributes)).digest()
    signed["signerInfos"].append(dummy)
    info["content"] = encoded(signed)
    return encoded(info)


@shows("Windows, NEW CERTIFICATE REQUEST as the PEM label", MAY, PYASN1)
def windows_label(lab: Lab) -> None:
    """A CMC message may stand under it; half of one is refused."""
    text = base64.encodebytes(lab.message(WINDOWS_ADD_ATTRIBUTES, lab.request(), nonce()))
    begin, end = (f"-----{word} NEW CERTIFICATE REQUEST-----\r\n".encode() for word in ("BEGIN", "END"))
    expect_refusal(lab.send(begin + text[:300] + end), FailInfo.BAD_REQUEST, 0)
    expect_done(lab.send(begin + text + end), 1)


@shows("Dogtag, several requests under one identity", MAY, JSS)
def dogtag_batch(lab: Lab) -> None:
    """Five requests in one message, of which one is refused, and four certificates."""
    requests = [lab.request(number) for number in range(1, 5)]
    reply = lab.ask(nonce(), *requests, Pkcs10(id=5, der=csr(new_key(), f"*.{lab.name()}")))
    expect_refusal(reply, FailInfo.BAD_REQUEST, 5)
    done = sorted(number for one in reply.statuses if one.status == 0 for number in one.body_list)
    expect(done == [1, 2, 3, 4], f"success of 1 to 4 was expected: {reply}")
