"""Messages (RFC 10002 sections 3 and 4; RFC 10004 section 5)."""

from dataclasses import replace

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from conformance.cmc import openssl
from conformance.cmc.checks import (
    BOUNCY_CASTLE,
    JSS,
    MUST,
    OPENSSL,
    PYASN1,
    SHOULD,
    CmcStatus,
    FailInfo,
    expect_done,
    expect_refusal,
    shows,
)
from conformance.cmc.lab import Lab
from conformance.cmc.model import Control, ControlType, Crmf, Message, Octets, OtherRequest, Pkcs10, control, nonce
from conformance.cmc.requests import crmf, csr, new_key
from conformance.cmc.target import self_signed
from conformance.cmc.transport import PKCS10
from conformance.expect import expect

_ENVELOPED_DATA = "1.2.840.113549.1.7.3"
_CMC_CA = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.27")


def broken(message: bytes) -> bytes:
    """Return a message whose signature is another in its last bit; in BER, zeros stand behind it."""
    signed = message.rstrip(b"\0")
    return signed[:-1] + bytes([signed[-1] ^ 2]) + message[len(signed) :]


@shows("Full PKI Request", MUST)
def full_request(lab: Lab) -> None:
    """Signed by a client it gives a certificate of the key; signed by nobody it gives none."""
    key, wanted = new_key(), lab.name()
    reply = expect_done(lab.ask(Pkcs10(id=7, der=csr(key, wanted)), nonce()), 7)
    certificate = reply.certificate_of(key.public_key())
    expect(certificate is not None, f"a certificate was expected: {reply}")
    if certificate is not None:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        expect(names.get_values_for_type(x509.DNSName) == [wanted], f"another name was certified: {names}")
    refused = lab.ask(lab.request(), nonce(), by=lab.target.nobody)
    expect_refusal(refused, FailInfo.BAD_IDENTITY, 0)
    expect(not refused.certificate_of(key.public_key()), "a certificate came with the refusal")


@shows("Simple PKI Request", SHOULD, OPENSSL)
def simple_request(lab: Lab) -> None:
    """A PKCS #10 by the key of a client is answered with certificates; by an unknown key with a refusal of part 1."""
    for credential, good in ((lab.target.client, True), (lab.target.nobody, False)):
        request = openssl.openssl(
            "req", "-new", "-key", credential.key, "-subj", "/", "-outform", "DER",
            "-addext", f"subjectAltName=DNS:{lab.name()}",
        )  # fmt: skip
        reply = lab.send(request, media_type=PKCS10)
        if good:
            expect(not reply.full and reply.certificates, f"certificates alone were expected: {reply}")
        else:
            expect_refusal(reply, FailInfo.BAD_IDENTITY, 1)


@shows("Simple PKI Response", MUST)
def simple_response(lab: Lab) -> None:
    """Where certificates say everything the answer is certs-only; a refusal never is."""
    key = new_key()
    reply = lab.ask(lab.request(key=key))
    expect(not reply.full and reply.certificate_of(key.public_key()), f"certificates alone were expected: {reply}")
    expect_refusal(lab.ask(Pkcs10(id=1, der=csr(new_key(), f"*.{lab.name()}"))), FailInfo.BAD_REQUEST, 1)


@shows("Full PKI Response", MUST)
def full_response(lab: Lab) -> None:
    """Where there is more to say, it comes with the certificate in one answer, and good beside bad."""
    key = new_key()
    data = control(ControlType.DATA_RETURN, Octets(value=b"more"))
    reply = expect_done(lab.ask(data, lab.request(key=key)), 1)
    expect(reply.full and reply.certificate_of(key.public_key()), f"a Full PKI Response was expected: {reply}")
    mixed = lab.ask(lab.request(1, key), Pkcs10(id=2, der=csr(new_key(), f"*.{lab.name()}")))
    expect_refusal(mixed, FailInfo.BAD_REQUEST, 2)
    expect((CmcStatus.SUCCESS, (1,)) in [(one.status, one.body_list) for one in mixed.statuses], str(mixed))


@shows("PKCS #10", SHOULD)
def pkcs10(lab: Lab) -> None:
    """Several stand alone; one whose signature is not of its key gives nothing."""
    keys = [new_key() for _ in range(3)]
    reply = expect_done(lab.ask(nonce(), *(lab.request(number, key) for number, key in enumerate(keys, 1))), 1, 2, 3)
    expect(all(reply.certificate_of(key.public_key()) for key in keys), f"three certificates were expected: {reply}")
    refused = lab.ask(nonce(), Pkcs10(id=4, der=broken(csr(new_key(), lab.name()))))
    expect_refusal(refused, FailInfo.POP_FAILED, 4)


@shows("CRMF", MUST)
def crmf_request(lab: Lab) -> None:
    """A CRMF request is certified under its certReqId; what RFC 10002 forbids in one is refused."""
    key = new_key()
    reply = expect_done(lab.ask(nonce(), Crmf(der=crmf(key, lab.name(), number=77))), 77)
    expect(reply.certificate_of(key.public_key()), f"a certificate was expected: {reply}")
    no_key = crmf(key, lab.name(), number=78, public_key=False)
    reg_info = crmf(key, lab.name(), number=79, reg_info=[("1.3.6.1.5.5.7.5.2.1", b"\x0c\x01a")])
    token = crmf(key, lab.name(), number=80, controls=[("1.3.6.1.5.5.7.5.1.1", b"\x0c\x01a")])
    for number, der in ((78, no_key), (79, reg_info), (80, token)):
        expect_refusal(lab.ask(nonce(), Crmf(der=der)), FailInfo.BAD_REQUEST, number)


@shows("proof of possession before any issuance", MUST)
def possession(lab: Lab) -> None:
    """Of two requests one lacks its proof: neither is certified."""
    good, bad = new_key(), new_key()
    reply = lab.ask(nonce(), lab.request(1, good), Crmf(der=crmf(bad, lab.name(), number=2, possession=False)))
    expect_refusal(reply, FailInfo.POP_REQUIRED, 2)
    expect(not reply.certificates or not reply.certificate_of(good.public_key()), "the other was certified")
    forged = Crmf(der=crmf(bad, lab.name(), number=3, signer=new_key()))
    expect_refusal(lab.ask(nonce(), forged), FailInfo.POP_FAILED, 3)
    expect_done(lab.ask(nonce(), lab.request(1, good), Crmf(der=crmf(bad, lab.name(), number=2))), 1, 2)


@shows("SignedData, every layer verified", MUST)
def signature(lab: Lab) -> None:
    """A changed signature and a changed content are badMessageCheck about body part 0; unchanged it is served."""
    content = lab.encode(lab.request(), nonce())
    message = lab.client.sign(content, lab.target.client)
    expect_refusal(lab.send(broken(message)), FailInfo.BAD_MESSAGE_CHECK, 0)
    other = content.replace(lab.target.domain.encode(), lab.target.domain.swapcase().encode())
    swapped = message.replace(content, other)
    if swapped == message:  # the content is chopped in BER
        at = message.index(lab.target.domain.encode())
        swapped = message[:at] + bytes([message[at] ^ 0x20]) + message[at + 1 :]
    expect_refusal(lab.send(swapped), FailInfo.BAD_MESSAGE_CHECK, 0)
    expect_done(lab.send(message), 1)


@shows("SignedData, signed attributes", MUST, PYASN1)
def signed_attributes(lab: Lab) -> None:
    """Without signed attributes, or around another content type, a signature shows nothing; with them it does."""
    content, client = lab.encode(lab.request(), nonce()), lab.target.client
    expect_refusal(lab.send(openssl.signed(content, client, "-noattr")), FailInfo.BAD_MESSAGE_CHECK, 0)
    mail = openssl.signed(content, client, content_type="1.2.840.113549.1.7.1")
    expect_refusal(lab.send(mail), FailInfo.BAD_REQUEST, 0)
    expect_done(lab.send(openssl.signed(content, client)), 1)


@shows("SignedData, by key identifier and in BER", MUST, PYASN1)
def signer_forms(lab: Lab) -> None:
    """A signer named by its subject key identifier and a message in BER are as good as any; without content none is."""
    for options in (("-keyid",), ("-nocerts",), ("-stream",), ("-md", "sha512")):
        content = lab.encode(lab.request(), nonce())
        expect_done(lab.send(openssl.signed(content, lab.target.client, *options)), 1)
    client = lab.target.client
    detached = openssl.openssl(
        "cms", "-sign", "-binary", "-outform", "DER", "-signer", client.certificate, "-inkey", client.key,
        "-econtent_type", openssl.PKI_DATA, given=lab.encode(lab.request(), nonce()),
    )  # fmt: skip
    expect_refusal(lab.send(detached), FailInfo.BAD_REQUEST, 0)


@shows("EnvelopedData, AES-CBC and RSA key transport", MUST)
def enveloped(lab: Lab) -> None:
    """Around the signed message it is opened; for another recipient it is badMessageCheck about body part 0."""
    _encrypted(lab, "aes-128-cbc")


@shows("AuthEnvelopedData, AES-GCM", MUST)
def auth_enveloped(lab: Lab) -> None:
    """The same, authenticated by the cipher."""
    _encrypted(lab, "aes-256-gcm")


def _encrypted(lab: Lab, cipher: str) -> None:
    recipient = lab.given(lab.target.recipient, "recipient")
    key = new_key()
    reply = expect_done(lab.send(openssl.encrypted(lab.message(lab.request(key=key), nonce()), recipient, cipher)), 1)
    expect(reply.certificate_of(key.public_key()), f"a certificate was expected: {reply}")
    wrong = self_signed(lab.folder, "wrong", rsa.generate_private_key(65537, 2048)).certificate
    message = openssl.encrypted(lab.message(lab.request(), nonce()), wrong, cipher)
    expect_refusal(lab.send(message), FailInfo.BAD_MESSAGE_CHECK, 0)


@shows("SignedData around EnvelopedData around SignedData", MUST)
def signed_enveloped(lab: Lab) -> None:
    """Encrypted between two signatures it is opened; with a broken outer one it is not."""
    recipient = lab.given(lab.target.recipient, "recipient")
    inner = openssl.encrypted(lab.message(lab.request(), nonce()), recipient, "aes-256-cbc")
    outer = openssl.signed(inner, lab.target.client, content_type=_ENVELOPED_DATA)
    expect_refusal(lab.send(broken(outer)), FailInfo.BAD_MESSAGE_CHECK, 0)
    expect_done(lab.send(outer), 1)


@shows("unknown control", MUST)
def unknown_control(lab: Lab) -> None:
    """Two that nobody knows refuse the whole message by their ids; without them it is served."""
    unknown = [Control(oid=f"1.3.6.1.5.5.7.7.{arc}", value=Octets(value=b"?")) for arc in (98, 99)]
    key = new_key()
    refused = lab.ask(*unknown, lab.request(key=key), nonce())
    expect_refusal(refused, FailInfo.BAD_REQUEST, *(one.id for one in unknown))
    expect(not refused.certificate_of(key.public_key()), "a certificate was issued")
    expect_done(lab.ask(lab.request(key=key), nonce()), 1)


@shows("unknown request message", MUST, PYASN1, JSS)
def unknown_request(lab: Lab) -> None:
    """It is answered noSupport and nothing beside it is processed; alone the other is served."""
    key = new_key()
    refused = lab.ask(lab.request(key=key), OtherRequest(id=2), nonce())
    expect_refusal(refused, FailInfo.BAD_REQUEST, 2, status=CmcStatus.NO_SUPPORT)
    expect(not refused.certificate_of(key.public_key()), "the other request was processed")
    expect_done(lab.ask(lab.request(key=key), nonce()), 1)


@shows("cmsSequence without a reference", MUST, PYASN1)
def unreferenced(lab: Lab) -> None:
    """What nothing refers to is disregarded; the id it takes is taken all the same."""
    content = openssl.signed(b"whatever", lab.target.nobody, content_type="1.2.840.113549.1.7.1")
    message = Message(controls=(nonce(),), requests=(lab.request(),), contents=(content,))
    expect_done(lab.send(lab.client.sign(lab.client.encode(message), lab.target.client)), 1)
    twice = replace(message, requests=(lab.request(500),))
    expect_refusal(lab.send(lab.client.sign(lab.client.encode(twice), lab.target.client)), FailInfo.BAD_REQUEST, 0)


@shows("bodyPartID", MUST)
def body_part_ids(lab: Lab) -> None:
    """Ids go up to 4294967295 and are not used twice."""
    expect_done(lab.ask(replace(nonce(), id=4294967294), lab.request(4294967295)), 4294967295)
    twice = replace(nonce(), id=1)
    expect_refusal(lab.ask(twice, lab.request(1)), FailInfo.BAD_REQUEST, 0)


@shows("extensions", MUST)
def extensions(lab: Lab) -> None:
    """Of the extensions that are asked for, one that the CA does not know is not left out in silence."""
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
    refused = lab.ask(nonce(), Pkcs10(id=1, der=csr(new_key(), lab.name(), extensions=[unknown])))
    expect_refusal(refused, FailInfo.UNSUPPORTED_EXT, 1)
    expect_done(lab.ask(nonce(), lab.request()), 1)


@shows("key checks", MUST)
def key_checks(lab: Lab) -> None:
    """An RSA key that is too short, or whose exponent is known to be bad, is refused; a good one is not."""
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505 - wrong on purpose
    exponent = rsa.generate_private_key(3, 2048)
    requests = [Pkcs10(id=number, der=csr(key, lab.name())) for number, key in ((1, short), (2, exponent))]
    for request in requests:
        expect_refusal(lab.ask(nonce(), request), FailInfo.BAD_ALG, request.id)
    expect_done(lab.ask(nonce(), lab.request(3, rsa.generate_private_key(65537, 2048))), 3)


@shows("response signed by a certificate of the CA", SHOULD, PYASN1, BOUNCY_CASTLE, JSS)
def response_signer(lab: Lab) -> None:
    """It has id-kp-cmcCA and the CA's name; a changed answer does not verify."""
    reply = lab.ask(nonce(), lab.request())
    if reply.signer is None:
        expect(None, "the answer is not signed")
        return
    usages = reply.signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    expect(_CMC_CA in usages, f"the signer has not id-kp-cmcCA: {usages}")
    expect(reply.signer.subject == reply.signer.issuer, "the signer has not the CA's name")
    try:
        lab.reader.read(broken(reply.der))
    except Exception:  # noqa: BLE001 - however it shows
        return
    expect(None, "a changed answer verifies")


@shows("chain in the response", SHOULD)
def chain(lab: Lab) -> None:
    """The certificates between the new one and the root come with it; with a refusal comes nobody's."""
    key = new_key()
    reply = lab.ask(lab.request(key=key))
    leaf = reply.certificate_of(key.public_key())
    expect(leaf is not None, f"a certificate was expected: {reply}")
    subjects = [one.subject for one in reply.certificates]
    expect(leaf is not None and leaf.issuer in subjects, "the issuing CA's certificate is missing")
    refused = lab.ask(Pkcs10(id=1, der=csr(key, f"*.{lab.name()}")))
    expect(not refused.certificate_of(key.public_key()), "a certificate came with the refusal")


@shows("statusInfoV2", MUST)
def status_info_v2(lab: Lab) -> None:
    """Each request has its own, a refusal with CMCFailInfo and a sentence; success has no failInfo."""
    reply = lab.ask(nonce(), lab.request(1), Pkcs10(id=2, der=csr(new_key(), f"*.{lab.name()}")), lab.request(3))
    expect_refusal(reply, FailInfo.BAD_REQUEST, 2)
    done = {one.body_list: one.fail_info for one in reply.statuses if one.status == CmcStatus.SUCCESS}
    expect(done == {(1,): None, (3,): None}, f"success of 1 and 3 was expected: {reply}")
    expect(not reply.values(ControlType.STATUS_INFO), "there is a statusInfo that no client asked for")
