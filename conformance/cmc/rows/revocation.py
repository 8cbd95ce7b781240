"""Revocation and confirmation (RFC 10002 sections 6.11 and 6.12): what must be answered by a Full PKI Response."""

from dataclasses import replace

from pyasn1_alt_modules import rfc5652, rfc6402

from conformance.cmc.checks import MUST, PYASN1, FailInfo, expect_done, expect_refusal, shows
from conformance.cmc.clients.pyasn1 import encoded
from conformance.cmc.lab import Issued, Lab
from conformance.cmc.model import CertificateId, Control, ControlType, Revocation, control, nonce
from conformance.cmc.requests import name_of
from conformance.expect import expect


def revoke(issued: Issued, reason: int = 4, passphrase: bytes | None = None) -> Control:
    """Return a revokeRequest for a certificate."""
    certificate = issued.certificate
    value = Revocation(
        issuer=name_of(certificate), serial=certificate.serial_number, reason=reason, passphrase=passphrase
    )
    return control(ControlType.REVOKE_REQUEST, value)


@shows("revokeRequest, signed", MUST)
def revoke_request(lab: Lab) -> None:
    """Whoever ordered revokes, once, with an empty reqSequence; not another customer, and not another serial."""
    issued = lab.issue()
    if lab.target.other is not None:
        foreign = revoke(issued)
        reply = lab.ask(foreign, nonce(), by=lab.target.other)
        expect(all(one.status != 0 for one in reply.statuses), f"another customer revoked it: {reply}")
    request = revoke(issued)
    unknown = replace(request, id=request.id + 500_000, value=Revocation(issuer=name_of(issued.certificate), serial=1))
    expect_refusal(lab.ask(unknown, nonce()), FailInfo.BAD_CERT_ID, unknown.id)
    reply = expect_done(lab.ask(request, nonce()), request.id)
    expect(reply.full, "a Full PKI Response was expected")
    again = revoke(issued)
    expect_refusal(lab.ask(again, nonce()), FailInfo.BAD_REQUEST, again.id)


@shows("revokeRequest, by shared secret", MUST)
def revoke_by_secret(lab: Lab) -> None:
    """A SignedData without signers and with the secret revokes; with another secret it is badIdentity."""
    secret = lab.given(lab.target.secret, "secret")
    issued = lab.issue()
    wrong = revoke(issued, passphrase=b"not the secret at all")
    expect_refusal(lab.send(unsigned(lab.encode(wrong))), FailInfo.BAD_IDENTITY, wrong.id)
    nothing_else = revoke(issued, passphrase=secret.value)
    expect_refusal(lab.send(unsigned(lab.encode(nothing_else, lab.request()))), FailInfo.BAD_IDENTITY, 0)
    right = revoke(issued, passphrase=secret.value)
    expect_done(lab.send(unsigned(lab.encode(right))), right.id)


def unsigned(content: bytes) -> bytes:
    """Return a SignedData without signers around a PKIData."""
    signed = rfc5652.SignedData()
    signed["version"] = 3
    signed["digestAlgorithms"].clear()
    signed["encapContentInfo"]["eContentType"] = rfc6402.id_cct_PKIData
    signed["encapContentInfo"]["eContent"] = content
    signed["signerInfos"].clear()
    info = rfc5652.ContentInfo()
    info["contentType"], info["content"] = rfc5652.id_signedData, encoded(signed)
    return encoded(info)


@shows("a key that was reported compromised", MUST, PYASN1)
def compromised_key(lab: Lab) -> None:
    """It is not certified again after a revocation with keyCompromise; after another reason it may be."""
    for reason, certified in ((4, True), (1, False)):
        issued = lab.issue()
        request = revoke(issued, reason)
        expect_done(lab.ask(request, nonce()), request.id)
        again = lab.ask(nonce(), lab.request(key=issued.key))
        if certified:
            expect_done(again, 1)
        else:
            expect_refusal(again, FailInfo.NO_KEY_REUSE, 1)


@shows("confirmCertAcceptance", MUST)
def confirm_cert_acceptance(lab: Lab) -> None:
    """The certificate that came is confirmed; one that never was is badCertId."""
    certificate = lab.issue().certificate
    accepted = CertificateId(issuer=name_of(certificate), serial=certificate.serial_number)
    request = control(ControlType.CONFIRM_CERT_ACCEPTANCE, accepted)
    reply = expect_done(lab.ask(request, nonce()), request.id)
    expect(reply.full, "a Full PKI Response was expected")
    missing = control(ControlType.CONFIRM_CERT_ACCEPTANCE, replace(accepted, serial=4711))
    expect_refusal(lab.ask(missing, nonce()), FailInfo.BAD_CERT_ID, missing.id)
