"""Controls (RFC 10002 section 6) that say something about the message, and those that look something up."""

import secrets
from dataclasses import replace

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
from conformance.cmc.clients.pyasn1 import value_of
from conformance.cmc.lab import Lab
from conformance.cmc.model import (
    CertificateId,
    Control,
    ControlType,
    CrlId,
    Der,
    Number,
    Octets,
    control,
    nonce,
)
from conformance.cmc.requests import name_of, new_key
from conformance.expect import expect

_NULL = b"\x05\x00"


def _wrong_value(lab: Lab, kind: ControlType) -> None:
    """A control whose value is NULL is refused by its id, or with the whole message."""
    wrong = control(kind, Der(value=_NULL))
    reply = lab.ask(wrong, lab.request())
    expect_refusal(reply, FailInfo.BAD_REQUEST, wrong.id if (wrong.id,) in [s.body_list for s in reply.statuses] else 0)


@shows("dataReturn", MUST)
def data_return(lab: Lab) -> None:
    """It comes back to the byte; what is no OCTET STRING does not."""
    value = secrets.token_bytes(300)
    reply = expect_done(lab.ask(control(ControlType.DATA_RETURN, Octets(value=value)), lab.request()), 1)
    expect(
        reply.values(ControlType.DATA_RETURN) == [value_of("", Octets(value=value))], "dataReturn came back otherwise"
    )
    _wrong_value(lab, ControlType.DATA_RETURN)


@shows("transactionId", MUST)
def transaction_id(lab: Lab) -> None:
    """It comes back, and a later message of the transaction is told about its orders; no other client is."""
    number = secrets.randbits(100)
    transaction = control(ControlType.TRANSACTION_ID, Number(value=number))
    key = new_key()
    reply = expect_done(lab.ask(transaction, nonce(), lab.request(key=key)), 1)
    expect(reply.values(ControlType.TRANSACTION_ID) == [value_of("", Number(value=number))], "transactionId is another")
    again = lab.ask(transaction, nonce())
    expect(again.certificate_of(key.public_key()), f"the transaction's certificate was expected: {again}")
    if lab.target.other is not None:
        foreign = lab.ask(transaction, nonce(), by=lab.target.other)
        expect(not foreign.certificate_of(key.public_key()), "another client gets the transaction's certificate")
    _wrong_value(lab, ControlType.TRANSACTION_ID)


@shows("senderNonce and recipientNonce", MUST)
def nonces(lab: Lab) -> None:
    """The request's comes back as recipientNonce beside a fresh one; a copy of the message is refused."""
    sent = nonce(128)
    message = lab.message(sent, lab.request())
    first = expect_done(lab.send(message), 1)
    expect(first.values(ControlType.RECIPIENT_NONCE) == [value_of("", sent.value)], "recipientNonce is another")
    second = lab.ask(nonce(), lab.request())
    fresh = {*first.values(ControlType.SENDER_NONCE), *second.values(ControlType.SENDER_NONCE)}
    expect(len(fresh) == 2, "the answers have no fresh senderNonce")
    expect_refusal(lab.send(message), FailInfo.BAD_REQUEST, 0)


@shows("regInfo", SHOULD)
def reg_info(lab: Lab) -> None:
    """It chooses the product as the URL does; one that the client may not order is refused; other text is nothing."""
    for text in (b"product=tls", b"pkcs10", b"\x00\xff"):
        expect_done(lab.ask(control(ControlType.REG_INFO, Octets(value=text)), nonce(), lab.request()), 1)
    wrong = control(ControlType.REG_INFO, Octets(value=b"product=gateway-tls"))
    expect_refusal(lab.ask(wrong, nonce(), lab.request()), FailInfo.BAD_IDENTITY, 0)


@shows("queryPending", MUST)
def query_pending(lab: Lab) -> None:
    """An order that waits is pending under a token, and again; a token of nobody's is badCertId."""
    waiting = lab.given(lab.target.waiting or None, "product whose orders wait")
    reply = lab.ask(nonce(), lab.request(), query=f"product={waiting}")
    [status] = reply.statuses
    expect((status.status, status.body_list) == (CmcStatus.PENDING, (1,)), f"pending was expected: {reply}")
    token = status.pend_token or b""
    query = control(ControlType.QUERY_PENDING, Octets(value=token))
    [again] = lab.ask(query, nonce()).statuses
    expect(again.status == CmcStatus.PENDING, f"pending was expected again: {again}")
    expect(again.pend_token in {None, token}, "the token has become another")
    unknown = control(ControlType.QUERY_PENDING, Octets(value=b"ord-01"))
    expect_refusal(lab.ask(unknown, nonce()), FailInfo.BAD_CERT_ID, unknown.id)
    if lab.target.other is not None:
        foreign = replace(query, id=query.id + 1)
        expect_refusal(lab.ask(foreign, nonce(), by=lab.target.other), FailInfo.BAD_CERT_ID, foreign.id)


@shows("getCert", MAY)
def get_cert(lab: Lab) -> None:
    """A certificate of the client's is in the bag of a Simple Response; an unknown one is badCertId."""
    issued = lab.issue().certificate
    wanted = CertificateId(issuer=name_of(issued), serial=issued.serial_number)
    reply = lab.ask(control(ControlType.GET_CERT, wanted))
    expect(not reply.full and issued in reply.certificates, f"the certificate was expected: {reply}")
    missing = control(ControlType.GET_CERT, replace(wanted, serial=4711))
    expect_refusal(lab.ask(missing), FailInfo.BAD_CERT_ID, missing.id)


@shows("getCRL", MAY, PYASN1, BOUNCY_CASTLE)
def get_crl(lab: Lab) -> None:
    """The CRL of the issuer is in the bag of a Simple Response; another issuer is badCertId."""
    issued = lab.issue().certificate
    reply = lab.ask(control(ControlType.GET_CRL, CrlId(issuer=name_of(issued))))
    expect(not reply.full and reply.crls == 1, f"a CRL was expected: {reply}")
    missing = control(ControlType.GET_CRL, CrlId(issuer=b"0\x00"))
    expect_refusal(lab.ask(missing), FailInfo.BAD_CERT_ID, missing.id)


@shows("statusInfo, for clients of RFC 2797", SHOULD)
def status_info(lab: Lab) -> None:
    """A client of Windows, which says who it is by its own control, gets it beside statusInfoV2; others do not."""
    windows = Control(
        oid="1.3.6.1.4.1.311.10.10.1", value=Der(value=b"\x30\x0a\x02\x01\x00\x30\x03\x02\x01\x01\x31\x00")
    )
    reply = lab.ask(windows, nonce(), lab.request())
    expect(reply.values(ControlType.STATUS_INFO), f"statusInfo was expected: {reply}")
    expect(not lab.ask(nonce(), lab.request()).values(ControlType.STATUS_INFO), "statusInfo came unasked")
