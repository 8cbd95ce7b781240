"""The vectors: each sent as it is, and what it says sent once more by a client that the server knows."""

import secrets

from pyasn1_alt_modules import rfc5652, rfc6402

from conformance.cmc import vectors
from conformance.cmc.checks import MUST, PYASN1, FailInfo, expect_refusal, shows
from conformance.cmc.clients.pyasn1 import decoded, encoded, tagged
from conformance.cmc.lab import Lab
from conformance.cmc.model import ControlType, Number, control
from conformance.expect import expect


def _show(name: str) -> None:
    @shows(f"vector {name}", MUST, PYASN1)
    def replay(lab: Lab) -> None:
        """It is refused as its description says; decoded and encoded again it is the same to the byte."""
        message = vectors.message(name)
        signed = decoded(bytes(decoded(message, rfc5652.ContentInfo())["content"]), rfc5652.SignedData())
        content = bytes(signed["encapContentInfo"]["eContent"])
        data = decoded(content, rfc6402.PKIData())
        expect(encoded(data) == content, "pyasn1 encodes it otherwise")
        corrupted = name == vectors.CORRUPTED
        reason = FailInfo.BAD_MESSAGE_CHECK if corrupted else FailInfo.BAD_IDENTITY
        expect_refusal(lab.send(message), reason, 0)
        if not corrupted:
            _order(lab, name, data)

    replay.__name__ = name


def _order(lab: Lab, name: str, data: rfc6402.PKIData) -> None:
    """The names, the key or the issuer in it are none that can be ordered: it gets as far as these.

    A transactionId is added, since vectors have nonces in common, and runs have.
    """
    transaction = control(ControlType.TRANSACTION_ID, Number(value=secrets.randbits(100)))
    data["controlSequence"].append(tagged(transaction))
    reply = lab.send(lab.client.sign(encoded(data), lab.target.authority or lab.target.client))
    if name == vectors.REVOCATION:
        expect_refusal(reply, FailInfo.BAD_CERT_ID, int(data["controlSequence"][-2]["bodyPartID"]))
        return
    request = data["reqSequence"][0]
    number = request["crm"]["certReq"]["certReqId"] if name in vectors.CRMF else request["tcr"]["bodyPartID"]
    reason = FailInfo.BAD_ALG if name == vectors.WINDOWS else FailInfo.BAD_REQUEST
    expect_refusal(reply, reason, int(number))


for _name in vectors.NAMES:
    _show(_name)
