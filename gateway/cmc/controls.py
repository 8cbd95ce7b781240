"""The controls of RFC 10002 section 6 that are taken: one table, and what is not in it refuses the message (rule 77).

A control is to come back in the answer (``ECHO``), says something about other controls (``FIRST``) or about the message
(``BEFORE`` its requests are looked at), or asks for something (``ACTION``, or ``LAST`` when it is
about what the others have done); those that authenticate the sender have been seen to when the table is used.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from asn1crypto import core as asn1

from ca_core.certificates.decoding import reading
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.cmc import oids
from gateway.cmc.add_extensions import add_extensions
from gateway.cmc.asn1_controls import CmcAddAttributes
from gateway.cmc.auth_data import auth_data
from gateway.cmc.batch_requests import batch_requests
from gateway.cmc.confirm_cert_acceptance import confirm_cert_acceptance
from gateway.cmc.control_processed import control_processed
from gateway.cmc.decrypted_pop import decrypted_pop
from gateway.cmc.exchange import Exchange, digest
from gateway.cmc.get_cert import get_cert
from gateway.cmc.get_crl import get_crl
from gateway.cmc.lra_pop_witness import lra_pop_witness
from gateway.cmc.mod_cert_template import mod_cert_template
from gateway.cmc.pki_data import Control
from gateway.cmc.publish_cert import publish_cert
from gateway.cmc.query_pending import query_pending
from gateway.cmc.ra_identity_witness import ra_identity_witness
from gateway.cmc.revoke_request import revoke_request
from gateway.cmc.status_info import status_info
from gateway.cmc.trusted_anchors import trusted_anchors
from gateway.cmc.wishes import from_reg_info

Handler = Callable[[Exchange, Control], Awaitable[None]]


class Phase(Enum):
    """When a control is looked at."""

    ECHO = "whatever becomes of the message"
    FIRST = "before it counts whether all controls are taken"
    BEFORE = "before the requests"
    ACTION = "beside the requests"
    LAST = "when all else is done"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A control that is taken, under the name that RFC 10002 gives it."""

    name: str
    phase: Phase
    handler: Handler


def not_taken(controls: tuple[Control, ...]) -> tuple[int, ...]:
    """Return the body part ids of the controls that are not in the table (RFC 10002 section 3.2.1.1)."""
    return tuple(control.body_part_id for control in controls if control.oid not in CONTROLS)


async def _seen(_exchange: Exchange, _control: Control) -> None:
    """Do nothing: whoever authenticated the message has used it."""


async def _echo(exchange: Exchange, control: Control) -> None:
    """DataReturn: "returned verbatim" (RFC 10002 section 6.4)."""
    exchange.answer.add(control.oid, control.whole(asn1.OctetString, "dataReturn"))


async def _transaction_id(exchange: Exchange, control: Control) -> None:
    value = control.whole(asn1.Integer, "transactionId")
    exchange.answer.add(control.oid, value)


async def _sender_nonce(exchange: Exchange, control: Control) -> None:
    """RFC 10002 section 6.6: the answer's recipientNonce is the request's senderNonce, and it has one of its own."""
    nonce = control.whole(asn1.OctetString, "senderNonce")
    exchange.answer.add(oids.RECIPIENT_NONCE, nonce)
    exchange.answer.add(oids.SENDER_NONCE, asn1.OctetString(exchange.core.sources.entropy.token(16)))


async def _reg_info(exchange: Exchange, control: Control) -> None:
    """The URL's parameters go before those of regInfo."""
    found = from_reg_info(control.octets("regInfo"))
    exchange.understood = tuple(found)
    exchange.parameters = found | exchange.parameters


async def _pop_link_random(exchange: Exchange, control: Control) -> None:
    exchange.pop_link_random = control.octets("popLinkRandom")


async def _add_attributes(exchange: Exchange, control: Control) -> None:
    """Windows describes its client here, which counts for nothing; those clients read the older status control."""
    value = control.value(CmcAddAttributes, "szOID_CMC_ADD_ATTRIBUTES")
    with reading("szOID_CMC_ADD_ATTRIBUTES"):
        [(one["type"].dotted, len(one["values"])) for one in value["attributes"]]
    exchange.answer.legacy = True


async def _response_only(_exchange: Exchange, control: Control) -> None:
    """Refuse what "MUST NOT appear in the control sequence of a PKIData" (RFC 10002 section 6.21)."""
    raise TriviumError(
        ErrorKind.MALFORMED, f"The control {CONTROLS[control.oid].name} is for answers; leave it out of the request."
    )


def transaction_of(control: Control) -> bytes:
    """Return the digest by which the transaction of a transactionId control is known."""
    return digest(control.whole(asn1.Integer, "transactionId").contents)


def _echoed(name: str, handler: Handler) -> Taken:
    return Taken(name=name, phase=Phase.ECHO, handler=handler)


def _first(name: str, handler: Handler) -> Taken:
    return Taken(name=name, phase=Phase.FIRST, handler=handler)


def _before(name: str, handler: Handler) -> Taken:
    return Taken(name=name, phase=Phase.BEFORE, handler=handler)


def _action(name: str, handler: Handler) -> Taken:
    return Taken(name=name, phase=Phase.ACTION, handler=handler)


CONTROLS: Final[dict[str, Taken]] = {
    oids.IDENTIFICATION: _before("identification", _seen),
    oids.IDENTITY_PROOF: _before("identityProof", _seen),
    oids.IDENTITY_PROOF_V2: _before("identityProofV2", _seen),
    oids.DATA_RETURN: _echoed("dataReturn", _echo),
    oids.TRANSACTION_ID: _echoed("transactionId", _transaction_id),
    oids.SENDER_NONCE: _echoed("senderNonce", _sender_nonce),
    oids.RECIPIENT_NONCE: _before("recipientNonce", _seen),
    oids.LRA_POP_WITNESS: _before("lraPOPWitness", lra_pop_witness),
    oids.REG_INFO: _before("regInfo", _reg_info),
    oids.POP_LINK_RANDOM: _before("popLinkRandom", _pop_link_random),
    oids.MICROSOFT_ADD_ATTRIBUTES: _before("addAttributes", _add_attributes),
    oids.DECRYPTED_POP: _before("decryptedPOP", decrypted_pop),
    oids.ENCRYPTED_POP: _first("encryptedPOP", _response_only),
    oids.CONTROL_PROCESSED: _first("controlProcessed", control_processed),
    oids.RA_IDENTITY_WITNESS: _before("raIdentityWitness", ra_identity_witness),
    oids.ADD_EXTENSIONS: _before("addExtensions", add_extensions),
    oids.MOD_CERT_TEMPLATE: _before("modCertTemplate", mod_cert_template),
    oids.BATCH_REQUESTS: _before("batchRequests", batch_requests),
    oids.BATCH_RESPONSES: _first("batchResponses", _response_only),
    oids.RESPONSE_BODY: _first("responseBody", _response_only),
    oids.GET_CERT: _action("getCert", get_cert),
    oids.GET_CRL: _action("getCRL", get_crl),
    oids.REVOKE_REQUEST: _action("revokeRequest", revoke_request),
    oids.QUERY_PENDING: _action("queryPending", query_pending),
    oids.AUTH_DATA: _first("authData", auth_data),
    oids.TRUSTED_ANCHORS: _action("trustedAnchors", trusted_anchors),
    oids.PUBLISH_CERT: Taken(name="publishCert", phase=Phase.LAST, handler=publish_cert),
    oids.STATUS_INFO: _action("statusInfo", status_info),
    oids.STATUS_INFO_V2: _action("statusInfoV2", status_info),
    oids.CONFIRM_CERT_ACCEPTANCE: _action("confirmCertAcceptance", confirm_cert_acceptance),
}
"""The controls that are taken, by type."""
