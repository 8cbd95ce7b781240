"""Who sent a message: a CMC client by its dedicated key, or by the secret that is shared with it (rules 73, 74).

The signers of a message are verified all. One of them may be a CMC client, or the holder of a certificate who renews
it; the others are the keys of the requests themselves, and "signers" without a signature, which Windows adds. Nobody
else signs.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from asn1crypto import core as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from ca_core.access import certificate_holders, cmc_clients
from ca_core.access.certificate_holders import CertificateHolder
from ca_core.certificates.crmf import parse_request
from ca_core.certificates.decoding import reading
from ca_core.model.cmc_clients import CmcClient
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.orders import ProofOfPossession
from ca_core.model.principals import Principal
from gateway.cmc import oids
from gateway.cmc.authenticated import AuthenticatedMessage, verify
from gateway.cmc.cms import (
    IssuerAndSerial,
    KeyIdentifier,
    SignedMessage,
    Signer,
    certificate_of,
    public_key,
    verify_signer,
    verify_unsigned,
)
from gateway.cmc.front_end import FrontEnd
from gateway.cmc.pki_data import Crmf, OtherRequest, Pkcs10, PkiData
from gateway.cmc.proofs import check_identity


@dataclass(frozen=True, kw_only=True)
class Requester:
    """The CMC client that sent a message. ``secret`` is there when the message was authenticated by it.

    ``vouched``: the client is the registration authority that knows the sender (RFC 10002 section 6.20). The sender
    orders in its name and does nothing else.
    """

    cmc_client: CmcClient
    principal: Principal
    identification: str = ""
    secret: bytes | None = None
    signer: Signer | None = None
    vouched: bool = False

    @property
    def by_certificate(self) -> bool:
        """Whether the client's own dedicated key signed the message: no secret, and nobody's word, stands for it."""
        return self.signer is not None and self.secret is None and not self.vouched


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Whoever signed with a certificate issued here that is no CMC client's: he may renew it and nothing else."""

    holder: CertificateHolder
    principal: Principal
    signer: Signer


def proven(
    message: SignedMessage | AuthenticatedMessage, requester: Requester | Holder
) -> tuple[bytes, datetime | None]:
    """Return what the sender vouches for, and when he says he signed: nothing that others can add, change or take away.

    Of several request keys that sign, somebody else can take one away, so that another would come first.
    """
    if isinstance(message, AuthenticatedMessage):
        return message.attributes + message.mac, None
    signer = requester.signer
    if signer is None:
        return message.content, None
    by_certificate = isinstance(requester, Holder) or requester.by_certificate
    return signer.attributes if by_certificate else message.content, signer.signing_time


async def authenticate(
    front_end: FrontEnd,
    message: SignedMessage | AuthenticatedMessage,
    data: PkiData,
    address: str,
    authority: Requester | None = None,
) -> Requester | Holder | None:
    """Return who sent the message; None when nobody signed it, which only a revocation by secret may do.

    ``authority`` is the registration authority that vouches for the sender of a nested message: then a signer that is
    no CMC client is taken, too. The signatures are verified all the same.

    Raises BAD_SIGNATURE when a layer does not verify, UNAUTHENTICATED when its sender is nobody we know, FORBIDDEN
    for the holder of a certificate that he may not renew so, and BAD_ALGORITHM.
    """
    if isinstance(message, AuthenticatedMessage):
        return await _by_secret(front_end, message, data, address)
    if not message.signers:
        return None
    found: list[Requester | Holder] = []
    keys = _RequestKeys(data)
    for signer in message.signers:
        sender = await _verified(front_end, message, signer, keys, address, vouched=authority is not None)
        if sender is not None and found:
            raise TriviumError(ErrorKind.FORBIDDEN, "Two clients have signed the message, or one twice; sign it once.")
        if sender is not None:
            found.append(sender)
    real = next((signer for signer in message.signers if not signer.unsigned), None)
    requester: Requester | Holder
    if found:
        [requester] = found
    elif authority is not None:
        requester = replace(authority, identification="", secret=None, signer=real, vouched=True)
    else:
        # The proof is over reqSequence alone: without the signature of a request's key, anybody adds controls to it.
        if real is None:
            raise TriviumError(ErrorKind.UNAUTHENTICATED, "Nobody signed the message; sign it with a request's key.")
        requester = replace(await _by_identity_proof(front_end, data, address), signer=real)
    if any(signer.uses_sha1 for signer in message.signers):
        await _permit_sha1(front_end, requester)
    return requester


async def _permit_sha1(front_end: FrontEnd, requester: Requester | Holder) -> None:
    """Note that the client uses SHA-1; raises BAD_ALGORITHM when it may not (RFC 10004 section 5.1)."""
    if isinstance(requester, Holder) or not requester.cmc_client.sha1:
        raise TriviumError(
            ErrorKind.BAD_ALGORITHM, "The message uses SHA-1, for which this client has no permission; use SHA-256."
        )
    await cmc_clients.note_sha1(front_end.core, requester.cmc_client, requester.principal)


async def _verified(
    front_end: FrontEnd, message: SignedMessage, signer: Signer, keys: "_RequestKeys", address: str, *, vouched: bool
) -> Requester | Holder | None:
    """Verify one signer; return who it is, None when it is the key of a request or no signature.

    Of somebody who is ``vouched`` for, the key may be anybody's, and None says so.

    Whether the client may use SHA-1 shows when it is known.
    """
    if signer.unsigned:
        verify_unsigned(message, signer)
        return None
    certificate = certificate_of(message, signer.sid) or await _registered(front_end, signer)
    if certificate is None:
        verify_signer(message, signer, keys.of(signer), sha1=True)
        return None
    key = public_key(certificate)
    # The signature first: who is registered, and with what, is nobody's business who cannot sign.
    verify_signer(message, signer, key, sha1=True)
    cmc_client = await cmc_clients.by_key(front_end.core, key, certificate)
    if cmc_client is not None:
        principal = cmc_clients.principal_of(cmc_client, address)
        return Requester(cmc_client=cmc_client, principal=principal, signer=signer)
    if vouched:
        return None
    holder = await certificate_holders.by_certificate(front_end.core, certificate)
    if holder is not None:
        return Holder(holder=holder, principal=holder.principal(address), signer=signer)
    raise TriviumError(
        ErrorKind.UNAUTHENTICATED,
        "The signer's key is not that of a CMC client; let the operator register its certificate "
        "(trivium cmc-client add).",
    )


async def _registered(front_end: FrontEnd, signer: Signer) -> x509.Certificate | None:
    """Return the certificate of a client that did not put it into its message."""
    core = front_end.core
    match signer.sid:
        case KeyIdentifier(value=value):
            cmc_client = await cmc_clients.by_key_identifier(core, value)
            der = cmc_client.certificate if cmc_client else None
        case IssuerAndSerial(issuer=name, serial=serial):
            issuer = await front_end.issuer_named(name)
            stored = None
            if issuer is not None:
                stored = await core.store.read(lambda tx: tx.certificates.by_serial(issuer.id, serial))
            der = stored.der if stored else None
    return None if der is None else x509.load_der_x509_certificate(der)


class _RequestKeys:
    """The keys of the requests of a message, which may sign it; each is read once, however many signers there are."""

    def __init__(self, data: PkiData) -> None:
        self._requests = [one for one in data.requests if not isinstance(one, OtherRequest)]
        self._known: dict[bytes, PublicKeyTypes] = {}

    def of(self, signer: Signer) -> PublicKeyTypes:
        """Return the key that a signer names by its key identifier (RFC 10002 section 3.2); raises BAD_SIGNATURE."""
        identifier = signer.sid.value if isinstance(signer.sid, KeyIdentifier) else b""
        while identifier and identifier not in self._known and self._requests:
            self._read(self._requests.pop(0))
        if identifier not in self._known:
            raise TriviumError(
                ErrorKind.BAD_SIGNATURE,
                "The signer's key is not known: put its certificate into the message, or sign with the key of a "
                "request.",
            )
        return self._known[identifier]

    def _read(self, request: Pkcs10 | Crmf) -> None:
        csr = x509.load_der_x509_csr(parse_request(request.der, ProofOfPossession.VERIFIED).pkcs10)
        key = csr.public_key()
        self._known.setdefault(x509.SubjectKeyIdentifier.from_public_key(key).digest, key)
        with suppress(x509.ExtensionNotFound):
            asked = csr.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
            self._known.setdefault(asked.digest, key)


async def _by_identity_proof(front_end: FrontEnd, data: PkiData, address: str) -> Requester:
    """RFC 10002 section 6.2: the request's own key signs, a shared secret says who it is."""
    identification = _identification(data)
    cmc_client, secret = await cmc_clients.by_identification(front_end.core, identification)
    requester = _requester(cmc_client, identification, secret, address)
    if check_identity(data, identification, secret, sha1=cmc_client.sha1):
        await cmc_clients.note_sha1(front_end.core, cmc_client, requester.principal)
    return requester


async def _by_secret(front_end: FrontEnd, message: AuthenticatedMessage, data: PkiData, address: str) -> Requester:
    identification = _identification(data)
    cmc_client, secret = await cmc_clients.by_identification(front_end.core, identification)
    async with front_end.derivation:
        await asyncio.to_thread(verify, message, identification, secret)
    return _requester(cmc_client, identification, secret, address)


def _requester(cmc_client: CmcClient, identification: str, secret: bytes, address: str) -> Requester:
    return Requester(
        cmc_client=cmc_client,
        principal=cmc_clients.principal_of(cmc_client, address),
        identification=identification,
        secret=secret,
    )


def _identification(data: PkiData) -> str:
    control = data.only(oids.IDENTIFICATION, "identification")
    if control is None:
        raise TriviumError(
            ErrorKind.UNAUTHENTICATED,
            "Nothing says who sends the message: sign it with the dedicated certificate, or add identification and "
            "identityProofV2.",
        )
    value = control.value(asn1.UTF8String, "identification")
    with reading("identification"):
        name: str = value.native
    return name
