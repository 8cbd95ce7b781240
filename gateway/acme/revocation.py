"""revokeCert on the wire (RFC 8555 section 7.6); who may revoke what the core decides (rule 52)."""

from http import HTTPStatus

from ca_core.model.certificates import RevocationReason
from ca_core.revocation.revoke import revoke
from gateway.acme.auth import ByAccount, ByKey, payload_object
from gateway.acme.codec import decode_base64url, malformed
from gateway.acme.front_end import FrontEnd, Reply


async def revoke_cert(_: FrontEnd, request: ByAccount | ByKey) -> Reply:
    """Revoke a certificate, in the name of an account or of the certificate's own key."""
    payload = payload_object(request)
    reason = payload.get("reason", RevocationReason.UNSPECIFIED)
    if isinstance(reason, bool) or not isinstance(reason, int):
        raise malformed('"reason" must be a number: a CRLReason of RFC 5280 section 5.3.1.')
    certificate = decode_base64url(payload.get("certificate"), '"certificate"')
    await revoke(request.core, certificate, reason, request.principal)
    return Reply(status=HTTPStatus.OK)
