"""The control getCRL (RFC 10002 section 6.10)."""

from datetime import datetime
from functools import partial
from typing import Any, Final

from ca_core.certificates.decoding import is_there, reading
from ca_core.model.certificates import Crl
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.store import Transaction
from gateway.cmc.asn1_controls import GetCRL
from gateway.cmc.exchange import Exchange
from gateway.cmc.pki_data import Control

_ALL_REASONS: Final = frozenset(range(1, 9))
"""The bits of ReasonFlags (RFC 5280 section 4.2.1.13) that are used."""


async def get_crl(exchange: Exchange, control: Control) -> None:
    """Answer with the newest CRL of the issuer, or the newest before a time; there is one for all reasons."""
    exchange.require_query()
    value = control.value(GetCRL, "getCRL")
    with reading("getCRL"):
        name: bytes = value["issuer_name"].chosen.untag().dump()
        url = str(value["crl_name"].native) if is_there(value["crl_name"]) else None
        moment = _moment(value["time"].native) if is_there(value["time"]) else None
        if is_there(value["reasons"]):
            _require_all(value["reasons"].native)
    issuer_id = await exchange.issuer_id(name)
    crl = await exchange.core.store.read(partial(_find, issuer_id, url, moment))
    exchange.answer.crls.append(crl.der)
    exchange.answer.succeed(control.body_part_id)


def _moment(value: Any) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TriviumError(ErrorKind.MALFORMED, "The time of getCRL has no time zone, or no year; give it in UTC.")
    return value


def _require_all(bits: tuple[int, ...]) -> None:
    if not {number for number, bit in enumerate(bits) if bit} >= _ALL_REASONS:
        raise TriviumError(
            ErrorKind.MALFORMED,
            "The CRLs of this CA are not partitioned by reason, each has all of them; leave the reasons of getCRL out.",
        )


def _find(issuer_id: str, url: str | None, moment: datetime | None, tx: Transaction) -> Crl:
    issuer = tx.issuers.get(issuer_id)
    if url is not None and (issuer is None or url != issuer.crl_url):
        raise TriviumError(
            ErrorKind.NOT_FOUND,
            "The cRLName of getCRL is not the cRLDistributionPoints URL in this issuer's certificates; leave it out.",
        )
    crl = tx.crls.latest(issuer_id) if moment is None else tx.crls.latest_before(issuer_id, moment)
    if crl is None:
        since = "" if moment is None else f" before {moment:%Y-%m-%dT%H:%M:%SZ} that is still kept"
        raise TriviumError(ErrorKind.NOT_FOUND, f"This issuer has published no CRL{since or ' yet'}.")
    return crl
