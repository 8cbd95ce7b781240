"""What CMC clients send to a front end, and what they read in its answers, with other programs than ours."""

import itertools
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from asn1crypto import cms, core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyasn1.codec.der import decoder, encoder
from pyasn1_alt_modules import rfc6402

from ca_core.model.cmc_clients import CmcClient, CmcRight
from ca_core.model.orders import Order
from ca_core.model.products import Product
from ca_core.model.repositories.orders import OrderSearch
from ca_core.orders.cmc_registration import CmcRegistration, register
from gateway.cmc.front_end import FrontEnd, Received
from gateway.cmc.responder import respond
from tests.cmc.messages import Control, openssl, pki_data, signed
from tests.orders.workshop import CONSOLE, Workshop

CMC = "1.3.6.1.5.5.7.7"
ALL_RIGHTS = frozenset(CmcRight)
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Sender:
    """A registered CMC client and the files openssl signs with."""

    cmc_client: CmcClient
    certificate_file: Path
    key_file: Path

    @property
    def certificate(self) -> x509.Certificate:
        """Its dedicated certificate."""
        return x509.load_pem_x509_certificate(self.certificate_file.read_bytes())


@dataclass(frozen=True)
class Status:
    """A CMCStatusInfoV2 as a client reads it."""

    status: int
    body_list: tuple[int, ...]
    text: str
    fail_info: int | None = None
    pend_token: bytes | None = None
    pend_time: str | None = None


@dataclass(frozen=True)
class Read:
    """An answer as a client reads it; ``full`` is False for certs-only.

    ``contents`` are the CMS messages in it, by their body part ids.
    """

    der: bytes
    full: bool
    statuses: tuple[Status, ...]
    controls: dict[str, bytes]
    certificates: tuple[x509.Certificate, ...]
    crls: int
    contents: dict[int, bytes] = field(default_factory=dict)

    @property
    def only(self) -> Status:
        """The one status."""
        [status] = self.statuses
        return status

    def certificate_of(self, key: Any) -> x509.Certificate:
        """Return the certificate of a key."""
        [found] = [one for one in self.certificates if one.public_key() == key.public_key()]
        return found


@dataclass(frozen=True)
class Office:
    """A front end with a client."""

    workshop: Workshop
    front_end: FrontEnd
    folder: Path
    product: Product
    sender: Sender

    async def register(self, name: str, rights: frozenset[CmcRight] = ALL_RIGHTS, **changes: Any) -> Sender:
        """Register another client with a certificate issued here."""
        return await _register(self.workshop, self.folder, self.product, name, rights, **changes)

    async def change_product(self, **policy: Any) -> None:
        """Change the policy of the product that is ordered."""
        changed = replace(
            self.product, version=f"changed-{next(_numbers)}", policy=replace(self.product.policy, **policy)
        )
        await self.workshop.core.store.write(lambda tx: tx.products.put(changed))

    async def orders(self) -> list[Order]:
        """Return every order that came over CMC."""
        query = OrderSearch(client_ids=None, limit=1000)
        found = await self.workshop.core.store.read(lambda tx: tx.orders.search(query))
        return [order for order in found if order.road == "cmc"]

    def signed(self, content: bytes, sender: Sender | None = None, *options: str) -> bytes:
        """Sign a PKIData with a client's key."""
        who = sender or self.sender
        return signed(content, who.certificate_file, who.key_file, *options)

    async def send(self, message: bytes, **parameters: str) -> Read:
        """Send a message and read the answer, which openssl must verify when it is signed."""
        received = Received(body=message, address="192.0.2.1", parameters=parameters)
        return self.read((await respond(self.front_end, received)).der)

    async def ask(
        self, *csrs: bytes, controls: tuple[Control, ...] = (), sender: Sender | None = None, **parameters: str
    ) -> Read:
        """Send a Full PKI Request of requests and controls."""
        return await self.send(self.signed(pki_data(*csrs, controls=controls), sender), **parameters)

    def read(self, der: bytes) -> Read:
        """Read an answer."""
        data = cms.ContentInfo.load(der)["content"]
        certificates = tuple(x509.load_der_x509_certificate(one.dump()) for one in data["certificates"])
        crls = len(data["crls"]) if data["crls"].native is not None else 0
        if not len(data["signer_infos"]):
            return Read(der, False, (), {}, certificates, crls)  # noqa: FBT003 - a record
        answer, root = self.folder / "answer.der", self.folder / "root.pem"
        answer.write_bytes(der)
        content = openssl("cms", "-verify", "-inform", "DER", "-in", answer, "-CAfile", root, "-binary")
        response, rest = decoder.decode(content, asn1Spec=rfc6402.PKIResponse())
        assert not rest
        numbers = [int(one["bodyPartID"]) for name in ("controlSequence", "cmsSequence") for one in response[name]]
        assert len(set(numbers)) == len(numbers), "RFC 10002 section 3.2.2: body part ids are unique"
        controls = [(str(one["attrType"]), bytes(one["attrValues"][0])) for one in response["controlSequence"]]
        statuses = tuple(_status(value) for oid, value in controls if oid == f"{CMC}.25")
        contents = {int(one["bodyPartID"]): encoder.encode(one["contentInfo"]) for one in response["cmsSequence"]}
        return Read(der, True, statuses, dict(controls), certificates, crls, contents)  # noqa: FBT003 - a record


async def open_office(workshop: Workshop, folder: Path) -> Office:
    """Register a client with every right and open the front end."""
    products = await workshop.core.store.read(lambda tx: tx.products.all(None))
    product = next(one for one in products if one.name == "tls")
    sender = await _register(workshop, folder, product, "gateway-1", ALL_RIGHTS, secret=SECRET)
    (folder / "root.pem").write_text((folder / "ca" / "root" / "root.pem").read_text())
    return Office(workshop, await FrontEnd.of(workshop.core), folder, product, sender)


SECRET = "a secret of more than sixteen"


async def _register(
    workshop: Workshop, folder: Path, product: Product, name: str, rights: frozenset[CmcRight], **changes: Any
) -> Sender:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    registration = CmcRegistration(
        name=name,
        client_id=product.client_id,
        product_ids=(product.id,),
        rights=rights,
        csr=request.public_bytes(Encoding.DER),
    )
    registered = await register(workshop.core, replace(registration, **changes), CONSOLE)
    certificate_file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    der = registered.cmc_client.certificate
    assert der is not None
    certificate_file.write_bytes(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Sender(registered.cmc_client, certificate_file, key_file)


def control(number: int, *values: bytes) -> Control:
    """Return the control id-cmc ``number``, with a body part id that nothing else has."""
    return Control(oid=f"{CMC}.{number}", values=values, body_part_id=1000 + next(_numbers))


def octets(value: bytes) -> bytes:
    """Return an OCTET STRING."""
    der: bytes = core.OctetString(value).dump()
    return der


def integer(value: int) -> bytes:
    """Return an INTEGER."""
    der: bytes = core.Integer(value).dump()
    return der


def nonce() -> Control:
    """Return a senderNonce."""
    return control(6, octets(os.urandom(16)))


def request(*names: str, key: Any, attributes: tuple[tuple[str, bytes], ...] = ()) -> bytes:
    """Return a CSR (DER) for DNS names, with attributes whose values are OCTET STRINGs or texts."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=True)
    for oid, value in attributes:
        builder = builder.add_attribute(x509.ObjectIdentifier(oid), value)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a key."""
    return ec.generate_private_key(ec.SECP256R1())


def _status(value: bytes) -> Status:
    status, _ = decoder.decode(value, asn1Spec=rfc6402.CMCStatusInfoV2())
    fail_info = pend_token = pend_time = None
    info = status["otherInfo"]
    if info.hasValue():
        if info.getName() == "failInfo":
            fail_info = int(info["failInfo"])
        else:
            pend_token = bytes(info["pendInfo"]["pendToken"])
            pend_time = str(info["pendInfo"]["pendTime"])
    return Status(
        status=int(status["cMCStatus"]),
        body_list=tuple(int(one["bodyPartID"]) for one in status["bodyList"]),
        text=str(status["statusString"]) if status["statusString"].hasValue() else "",
        fail_info=fail_info,
        pend_token=pend_token,
        pend_time=pend_time,
    )
