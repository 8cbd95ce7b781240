"""The control decryptedPOP (RFC 10002 section 6.7): the answer to an encryptedPOP, beside the request it is about."""

import hmac

from ca_core.access import possession_challenges
from ca_core.certificates.decoding import reading
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.cmc.asn1_controls import DecryptedPOP
from gateway.cmc.encrypted_pop import HMAC_SHA256, tagged
from gateway.cmc.exchange import Exchange
from gateway.cmc.pki_data import Control, Crmf


async def decrypted_pop(exchange: Exchange, control: Control) -> None:
    """Take the possession of a request's key as shown when the value was decrypted; a challenge is answered once.

    The MAC is over the request as it stands in encryptedPOP, or as the CertReqMsg that it is: the text says no more
    than "the request".
    """
    cmc_client = exchange.require_requester().cmc_client
    value = control.value(DecryptedPOP, "decryptedPOP")
    with reading("decryptedPOP"):
        number: int = value["body_part_id"].native
        algorithm: str = value["the_pop_alg_id"]["algorithm"].dotted
        proof: bytes = value["the_pop"].native
    found = [one for one in exchange.data.requests if isinstance(one, Crmf) and one.body_part_id == number]
    if not found:
        raise TriviumError(
            ErrorKind.MALFORMED, "decryptedPOP must refer to a CRMF request in the same message: send that again, too."
        )
    if algorithm != HMAC_SHA256:
        raise TriviumError(ErrorKind.BAD_ALGORITHM, "thePOPAlgID of decryptedPOP must be that of encryptedPOP.")
    [request] = found
    secret = await possession_challenges.take(exchange.core, cmc_client.id, exchange.transaction, request.der)
    if secret is None:
        raise TriviumError(
            ErrorKind.POP_FAILED,
            "No challenge is open for this request in this transaction: it was answered, or is too old. Send the "
            "request alone to get another.",
        )
    expected = [hmac.digest(secret, data, "sha256") for data in (tagged(request), request.der)]
    if not any([hmac.compare_digest(one, proof) for one in expected]):  # noqa: C419 - both are compared
        raise TriviumError(
            ErrorKind.POP_FAILED,
            "thePOP is not the HMAC of the request under the value in encryptedPOP: decrypt it with the request's own "
            "key. That challenge is used up; send the request alone to get another.",
        )
    exchange.shown.add(number)
