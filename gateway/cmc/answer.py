"""The answer to a message while it grows: statuses, controls, certificates and CRLs, and how it is written then."""

import itertools
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from asn1crypto import core

from ca_core.certificates.der_values import (
    OCTET_STRING,
    SET,
    UTF8_STRING,
    integer,
    object_identifier,
    sequence,
    tlv,
)
from ca_core.model.errors import Problem
from gateway.cmc import oids, reply
from gateway.cmc.errors import FAIL_INFOS, CmcFailInfo, CmcStatus
from gateway.cmc.front_end import FrontEnd

_MAX_TEXT = 1000


@dataclass(frozen=True, kw_only=True)
class Status:
    """One CMCStatusInfoV2: about which parts, and, for a pending one, by which token and when to ask again."""

    status: CmcStatus
    body_list: tuple[int, ...]
    text: str = ""
    fail_info: CmcFailInfo | None = None
    pend_token: bytes | None = None
    pend_time: datetime | None = None


@dataclass
class Answer:
    """What is said to one message. ``legacy`` adds the CMCStatusInfo that clients of RFC 2797 read.

    ``contents`` are CMS objects (DER) by the body part ids they get in the answer.
    """

    statuses: list[Status] = field(default_factory=list)
    controls: list[tuple[str, Any]] = field(default_factory=list)
    certificates: list[bytes] = field(default_factory=list)
    crls: list[bytes] = field(default_factory=list)
    contents: dict[int, bytes] = field(default_factory=dict)
    full: bool = False
    legacy: bool = False

    def succeed(self, *body_list: int, text: str = "") -> None:
        """Say that these parts were done."""
        self.statuses.append(Status(status=CmcStatus.SUCCESS, body_list=body_list, text=text))

    def ask_for_confirmation(self, body_part_id: int, until: datetime) -> None:
        """Say that the certificate of a part is revoked unless it is confirmed (RFC 10002 section 6.14)."""
        text = f"Confirm the certificate with confirmCertAcceptance until {until:%Y-%m-%dT%H:%M:%SZ}, or it is revoked."
        self.statuses.append(Status(status=CmcStatus.CONFIRM_REQUIRED, body_list=(body_part_id,), text=text))

    def fail(self, problem: Problem, *body_list: int, status: CmcStatus = CmcStatus.FAILED) -> None:
        """Say that these parts were refused, why, and under which id the operator finds it."""
        text = f"{problem.detail} ({problem.id})" if problem.id else problem.detail
        self.statuses.append(Status(status=status, body_list=body_list, text=text, fail_info=FAIL_INFOS[problem.kind]))

    def pend(
        self, body_part_id: int, token: str, at: datetime, text: str, status: CmcStatus = CmcStatus.PENDING
    ) -> None:
        """Say that a part waits, and by which token its order, or its orders, are found again."""
        self.statuses.append(
            Status(
                status=status,
                body_list=(body_part_id,),
                text=text,
                pend_token=token.encode(),
                pend_time=at,
            )
        )

    def add(self, oid: str, value: Any) -> None:
        """Add a control with one value."""
        self.controls.append((oid, value))
        self.full = True

    @property
    def waiting(self) -> list[Status]:
        """The statuses of what waits."""
        return [status for status in self.statuses if status.pend_token is not None]

    @property
    def simple(self) -> bool:
        """Whether certificates and CRLs say all there is to say (RFC 10002 section 4.1)."""
        bag = bool(self.certificates or self.crls)
        return bag and not self.full and all(one.status is CmcStatus.SUCCESS for one in self.statuses)


@dataclass(frozen=True, kw_only=True)
class PkiResponse:
    """An answer as it is sent: a ContentInfo in DER, which is certs-only when it is a Simple PKI Response.

    ``statuses`` are what it says; success is implied where there are none (RFC 10002 section 6.1.1).
    """

    der: bytes
    certs_only: bool
    statuses: tuple[Status, ...] = ()


async def write(answer: Answer, front_end: FrontEnd) -> PkiResponse:
    """Write the answer as a Simple or a Full PKI Response; raises UNAVAILABLE."""
    if answer.simple:
        return PkiResponse(
            der=reply.certs_only(answer.certificates, answer.crls), certs_only=True, statuses=tuple(answer.statuses)
        )
    own = await front_end.responder()
    der = await reply.sign(
        _pki_response(answer),
        signer=await front_end.core.keys.signer(f"software:{own.key_id}"),
        own=own,
        now=front_end.core.sources.now(),
        certificates=answer.certificates,
        crls=answer.crls,
    )
    return PkiResponse(der=der, certs_only=False, statuses=tuple(answer.statuses))


def _pki_response(answer: Answer) -> bytes:
    """Write the PKIResponse (RFC 10002 section 4.2) by hand: a generic encoder takes far longer than the signature."""
    values = [(oids.STATUS_INFO_V2, _status(status)) for status in answer.statuses]
    if answer.legacy:  # CMCStatusInfo is the same to the byte where no body part is named by a path
        values += [(oids.STATUS_INFO, _status(status)) for status in answer.statuses]
    values += [(oid, value.dump()) for oid, value in answer.controls]
    free = (number for number in itertools.count(1) if number not in answer.contents)
    controls = [sequence(integer(next(free)), object_identifier(oid), tlv(SET, der)) for oid, der in values]
    contents = [sequence(integer(number), der) for number, der in answer.contents.items()]
    other_messages = sequence()
    return sequence(sequence(*controls), sequence(*contents), other_messages)


def _status(status: Status) -> bytes:
    """Write a CMCStatusInfoV2 (RFC 10002 section 6.1.1)."""
    fields = [integer(int(status.status)), sequence(*map(integer, status.body_list))]
    if status.text:
        fields.append(tlv(UTF8_STRING, status.text[:_MAX_TEXT].encode()))
    if status.fail_info is not None:
        fields.append(integer(int(status.fail_info)))
    elif status.pend_token is not None:
        moment = None if status.pend_time is None else status.pend_time.replace(microsecond=0)
        fields.append(sequence(tlv(OCTET_STRING, status.pend_token), core.GeneralizedTime(moment).dump()))
    return sequence(*fields)
