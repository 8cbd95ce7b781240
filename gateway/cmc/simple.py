"""The Simple PKI Request: a bare PKCS #10 (RFC 10002 section 3.1), authenticated by what is in it.

Nobody signs it but its own key, so it is taken in two cases: the key is that of a CMC client, which asks for a
certificate of its key; or the request has the secret shared with the client named by ``account`` as its
challengePassword (RFC 2985 section 5.4.1). A copy finds the order again and places no other.
"""

import hmac
from dataclasses import replace
from typing import Final

from asn1crypto import x509

from ca_core.access import cmc_clients
from ca_core.certificates.csr import ParsedCsr, parse_csr
from ca_core.certificates.decoding import decode, reading
from ca_core.certificates.der_values import SEQUENCE, content_of, identifier_in, sequence, set_of, values_in
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.cmc import requests
from gateway.cmc.answer import Answer
from gateway.cmc.authenticate import Requester
from gateway.cmc.exchange import Exchange, digest
from gateway.cmc.front_end import FrontEnd, Received
from gateway.cmc.pki_data import Pkcs10, PkiData, attributes_of, pkcs10_attributes
from gateway.cmc.query_pending import report_order

BODY_PART_ID: Final = 1
"""RFC 10002 section 6.1.1: a Full answer to a simple request is about body part 1."""

_CHALLENGE_PASSWORD: Final = "1.2.840.113549.1.9.7"  # noqa: S105 - an object identifier


def is_simple(der: bytes) -> bool:
    """Whether a guarded message is a PKCS #10: there a SEQUENCE stands where a ContentInfo has its type."""
    with reading("the message"):
        return content_of(der, SEQUENCE)[:1] == bytes([SEQUENCE])


async def answer_simple(front_end: FrontEnd, received: Received, der: bytes) -> Answer:
    """Answer a simple request; what is refused is refused about body part 1."""
    request = Pkcs10(body_part_id=BODY_PART_ID, der=der)
    data = PkiData(controls=(), requests=(request,), request_sequence=b"", contents={})
    exchange = Exchange(
        front_end=front_end,
        data=data,
        requester=None,
        address=received.address,
        parameters=dict(received.parameters),
        bare=True,
    )
    try:
        exchange.requester = await _requester(exchange, request, parse_csr(der))
        signed_part, kept = _without_password(der)
        exchange.transaction = digest(signed_part)  # the signature is malleable
        if kept != der:  # its own signature has been verified; the secret must not be stored with the order
            exchange.data = replace(data, requests=(replace(request, der=kept),))
            exchange.shown = {BODY_PART_ID}
        cmc_client_id = exchange.requester.cmc_client.id
        known = await exchange.core.store.read(
            lambda tx: tx.cmc_clients.of_transaction(cmc_client_id, exchange.transaction)
        )
        if known:
            await report_order(exchange, BODY_PART_ID, known[0].order_id)
        else:
            await requests.process(exchange)
    except TriviumError as error:
        await exchange.refuse(error, BODY_PART_ID)
    return exchange.answer


async def _requester(exchange: Exchange, request: Pkcs10, parsed: ParsedCsr) -> Requester:
    cmc_client = await cmc_clients.by_key(exchange.core, parsed.public_key, None)
    if cmc_client is None:
        name = exchange.parameters.get("account", "")
        password = _challenge_password(request)
        cmc_client, secret = await cmc_clients.by_identification(exchange.core, name)
        if not hmac.compare_digest(secret, password):
            raise TriviumError(
                ErrorKind.UNAUTHENTICATED,
                "Nothing says who sends the request: put it into a signed PKIData, or name your client by `account` "
                "in the URL and put its secret into the challengePassword.",
            )
    return Requester(cmc_client=cmc_client, principal=cmc_clients.principal_of(cmc_client, exchange.address))


def _challenge_password(request: Pkcs10) -> bytes:
    for attribute in attributes_of(request):
        if attribute.oid == _CHALLENGE_PASSWORD and len(attribute.values) == 1:
            value = decode(x509.DirectoryString, attribute.values[0], "the challengePassword")
            with reading("the challengePassword"):
                text: str = value.native
            return text.encode()
    return b""


def _without_password(der: bytes) -> tuple[bytes, bytes]:
    """Return what of the CSR its key signs, and the CSR without a challengePassword."""
    with reading("the CSR"):
        signed_part, *signature = values_in(der)
        attributes = pkcs10_attributes(der)
        kept = [one for one in attributes if identifier_in(values_in(one)[0]) != _CHALLENGE_PASSWORD]
        if len(kept) == len(attributes):
            return signed_part, der
        version, subject, key, _attributes = values_in(signed_part)
        return signed_part, sequence(sequence(version, subject, key, set_of(kept, 0xA0)), *signature)
