"""modCertTemplate (RFC 10002 section 6.5.1): a registration authority changes what requests ask for."""

from datetime import datetime
from typing import Any, Final

from ca_core.certificates.decoding import is_there, reading
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.orders.modification import Modification
from gateway.cmc.asn1_controls import ModCertTemplate
from gateway.cmc.exchange import Exchange
from gateway.cmc.nested import path_from, require_requests
from gateway.cmc.pki_data import Control

_UNCHANGEABLE: Final = {
    "version": "version",
    "serial_number": "serialNumber",
    "signing_alg": "signingAlg",
    "issuer": "issuer",
    "public_key": "publicKey",
    "issuer_uid": "issuerUID",
    "subject_uid": "subjectUID",
}


async def mod_cert_template(exchange: Exchange, control: Control) -> None:
    """Note the changes of subject, validity and extensions; the product's policy decides about them with the order."""
    exchange.require_authority("modCertTemplate")
    value = control.value(ModCertTemplate, "modCertTemplate")
    with reading("modCertTemplate"):
        path = path_from(value["pki_data_reference"])
        numbers = tuple(one.native for one in value["cert_references"])
        modification = _modification(value["cert_template"], replacing=value["replace"].native)
    for changed in await require_requests(exchange, path, numbers):
        exchange.nesting.statements.modify(changed, modification)


def _modification(template: Any, *, replacing: bool) -> Modification:
    for field, name in _UNCHANGEABLE.items():
        if is_there(template[field]):
            raise TriviumError(
                ErrorKind.MALFORMED,
                f"A request's {name} cannot be changed; subject, validity and extensions can.",
            )
    subject, validity, extensions = template["subject"], template["validity"], template["extensions"]
    return Modification(
        replacing=replacing,
        subject=subject.chosen.untag().dump() if is_there(subject) else None,
        extensions={one["extn_id"].dotted: one.dump() for one in extensions} if is_there(extensions) else {},
        not_before=_moment(validity, "not_before"),
        not_after=_moment(validity, "not_after"),
    )


def _moment(validity: Any, field: str) -> datetime | None:
    if not (is_there(validity) and is_there(validity[field])):
        return None
    moment: datetime = validity[field].native
    if moment.tzinfo is None:
        raise TriviumError(ErrorKind.MALFORMED, "A time of the validity lacks its time zone.")
    return moment
