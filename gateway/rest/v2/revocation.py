"""Revocation."""

import re
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Body

from ca_core.certificates.distinguished_names import DistinguishedName, parse_name
from ca_core.model.errors import TriviumError
from ca_core.revocation.named import Wanted, revoke_all
from gateway.rest.authentication import Authenticated
from gateway.rest.v2.operations import published, router
from gateway.rest.v2.order_schema import REASONS
from gateway.rest.v2.schemas.certificates import RevocationRequest
from gateway.rest.v2.schemas.enumerations import RevocationReason

revocation = router()

_HEX: Final = re.compile(r"(?:0[xX])?([0-9A-Fa-f]{1,64})")
_NONE: Final = -1
"""A serial number that no certificate has."""


@published(revocation, "/revoke", "revokeCertificates", status=HTTPStatus.NO_CONTENT)
async def revoke_certificates(asked: Authenticated, body: Annotated[list[RevocationRequest], Body()]) -> None:
    """Revoke certificates: all of them, or none where one cannot be."""
    wanted = [
        Wanted(
            issuer=_issuer(one.issuer_name),
            serial=serial_of(one.serial_number),
            reason=REASONS[RevocationReason(one.revocation_reason)],
            requestor=one.revocation_requestor or "",
        )
        for one in body
    ]
    await revoke_all(asked.core, wanted, asked.principal)


def serial_of(written: str) -> int:
    """Read a serial number in hex, in either case, with colons or spaces; what is none is nobody's."""
    found = _HEX.fullmatch(re.sub(r"[\s:]", "", written))
    return int(found[1], 16) if found else _NONE


def _issuer(written: str) -> DistinguishedName:
    """Read an issuer's name; what is none is nobody's."""
    try:
        return parse_name(written)
    except TriviumError:
        return ()
