"""One message and its answer: what the handlers of its controls and requests work on."""

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta

from ca_core.access.authorisation import require
from ca_core.audit.refusals import record_failure
from ca_core.core import Core
from ca_core.model.certificates import Certificate
from ca_core.model.cmc_clients import CmcRight
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.issuers import Issuer
from ca_core.model.orders import Order, OrderState
from ca_core.model.permissions import Permission
from ca_core.model.principals import ANONYMOUS, Principal
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.orders.acceptance import awaits_confirmation
from ca_core.orders.queries import order_for
from gateway.cmc.answer import Answer
from gateway.cmc.authenticate import Holder, Requester
from gateway.cmc.authority import Nesting
from gateway.cmc.errors import CmcStatus
from gateway.cmc.front_end import FrontEnd
from gateway.cmc.pki_data import Control, PkiData

_ENDED = frozenset({OrderState.FAILED, OrderState.REJECTED, OrderState.UNKNOWN})
ASK_AGAIN = timedelta(minutes=1)
"""When clients are told to ask for an order that waits."""

_ISSUED = frozenset({OrderState.ISSUED, OrderState.REVOKED})


@dataclass(kw_only=True)
class Exchange:
    """A message whose sender is known, and the answer so far.

    ``parameters`` are product, validity and account as the URL and regInfo have them, ``transaction`` the digest of its
    transactionId (empty without one), ``pop_link_random`` the value of that control, ``understood`` the parameters that
    regInfo brought. ``shown`` are the body part ids of requests that have shown the possession of their key already.
    ``authenticated`` are the controls that authData brought, ``nesting`` says where the message stands among others.
    ``bare``: it is a simple request, of which a copy finds the order again and places no other.
    """

    front_end: FrontEnd
    data: PkiData
    requester: Requester | Holder | None
    address: str
    parameters: dict[str, str] = field(default_factory=dict)
    shown: set[int] = field(default_factory=set)
    transaction: bytes = b""
    pop_link_random: bytes | None = None
    understood: tuple[str, ...] = ()
    authenticated: tuple[Control, ...] = ()
    nesting: Nesting = field(default_factory=Nesting)
    bare: bool = False
    answer: Answer = field(default_factory=Answer)

    @property
    def controls(self) -> tuple[Control, ...]:
        """The controls that no registration authority has dealt with: the message's, and what authData brought."""
        processed = self.nesting.statements.processed
        own = [control for control in self.data.controls if (control.body_part_id,) not in processed]
        return (*own, *self.authenticated)

    @property
    def core(self) -> Core:
        """The core behind the front end."""
        return self.front_end.core

    @property
    def principal(self) -> Principal:
        """Who asks, for the audit log also when it is nobody known."""
        return self.requester.principal if self.requester else replace(ANONYMOUS, address=self.address)

    def require_sender(self) -> Requester | Holder:
        """Return who asks; raises UNAUTHENTICATED for a message that nobody signed."""
        if self.requester is None:
            raise TriviumError(
                ErrorKind.UNAUTHENTICATED, "Nobody signed the message; only a revocation by shared secret may come so."
            )
        return self.requester

    def require_requester(self) -> Requester:
        """Return the CMC client that asks; raises UNAUTHENTICATED for anybody else (rule 77)."""
        sender = self.require_sender()
        if isinstance(sender, Holder):
            raise TriviumError(
                ErrorKind.UNAUTHENTICATED,
                "The holder of a certificate may renew it and ask for nothing else; sign with the dedicated "
                "certificate of a CMC client.",
            )
        return sender

    def require_authority(self, what: str, kind: ErrorKind = ErrorKind.FORBIDDEN) -> Requester:
        """Return who asks; raises FORBIDDEN, or ``kind``, unless it is a registration authority itself."""
        requester = self.require_requester()
        if requester.vouched or CmcRight.RA not in requester.cmc_client.rights:
            raise TriviumError(
                kind,
                f"{what} is for registration authorities, and the CMC client {requester.cmc_client.name} is none here; "
                "leave it out, or ask the operator for the right.",
            )
        return requester

    def require_query(self) -> None:
        """Raise FORBIDDEN unless whoever asks may look things up."""
        requester = self.require_requester()
        require(requester.principal, Permission.CERTIFICATE_VIEW, requester.cmc_client.client_id, "certificate")

    async def issuer_id(self, name: bytes) -> str:
        """Return the id of the issuer of this name (a Name in DER); raises NOT_FOUND."""
        issuer = await self.front_end.issuer_named(name)
        if issuer is None:
            raise TriviumError(ErrorKind.NOT_FOUND, "The issuer is none of this CA's; name it as its certificates do.")
        return issuer.id

    async def certificate(self, name: bytes, serial: int) -> Certificate:
        """Return an issued certificate of the requester's Client; raises NOT_FOUND, also for another Client's."""
        issuer_id = await self.issuer_id(name)
        client_id = self.require_sender().principal.client_id
        certificate = await self.core.store.read(lambda tx: tx.certificates.by_serial(issuer_id, serial))
        if certificate is None or certificate.der is None or certificate.client_id != client_id:
            raise TriviumError(
                ErrorKind.NOT_FOUND, "There is no certificate of yours with this issuer and serial number."
            )
        return certificate

    async def refuse(self, error: TriviumError, *body_list: int, status: CmcStatus = CmcStatus.FAILED) -> None:
        """Answer that these parts are refused, under an id that the operator can look up."""
        problem = await recorded(self.core, error.problem, self.principal)
        self.answer.fail(problem, *body_list, status=status)

    async def report(self, body_part_id: int, order: Order) -> None:
        """Answer how far an order is: its certificate, its failure, or that it waits."""
        latest, certificate, issuer = await self.core.store.read(lambda tx: self._found(tx, order.id))
        if order.state in _ISSUED and certificate is not None and certificate.der is not None:
            self.answer.certificates += [certificate.der, *(_chain(issuer) if issuer else ())]
            planned = certificate.planned_revocation
            if planned is not None and awaits_confirmation(certificate):
                self.answer.ask_for_confirmation(body_part_id, planned.revoke_at)
            else:
                self.answer.succeed(body_part_id)
        elif order.state in _ENDED:
            unknown = Problem(kind=ErrorKind.INTERNAL, detail=f"The order ended as {order.state}.")
            self.answer.fail(order.error or unknown, body_part_id)
        else:
            # RFC 10002 section 6.13: whoever asks again gets the same pendInfo.
            self.answer.pend(body_part_id, order.id, order.created_at + ASK_AGAIN, _waiting_for(latest))

    def _found(self, tx: Transaction, order_id: str) -> tuple[Order, Certificate | None, Issuer | None]:
        """Return an order that the sender may see with its certificate and who issued it; raises NOT_FOUND."""
        order = order_for(tx, order_id, self.principal, Permission.ORDER_VIEW)
        certificate = tx.certificates.get(order.certificate_id) if order.certificate_id else None
        return order, certificate, tx.issuers.get(certificate.issuer_id) if certificate else None


async def recorded(core: Core, problem: Problem, principal: Principal) -> Problem:
    """Give a refusal its id; without a store the client is answered all the same."""
    try:
        return await record_failure(core, problem, principal, "cmc.request")
    except TriviumError:
        return problem


def digest(value: bytes) -> bytes:
    """Return the SHA-256 by which transactions and messages are known."""
    return hashlib.sha256(value).digest()


def _chain(issuer: Issuer) -> tuple[bytes, ...]:
    return (issuer.certificate, *issuer.chain)


def _waiting_for(order: Order) -> str:
    if order.state is OrderState.PENDING_AUTH:
        return "The order waits for an approval; ask again with queryPending."
    if order.state is not OrderState.NEW:
        return "The order is being processed; ask again with queryPending."
    names = ", ".join(name.value for name in order.identifiers)
    return f"Control of {names} must be shown first; ask again with queryPending."
