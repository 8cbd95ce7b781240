"""A real installation for revocation tests: SQLite store, sealed keys, root and issuing CA, certificates of its own."""

import hashlib
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca_core.certificates.authority import AuthorityName, make_issuing, make_root
from ca_core.certificates.csr import parse_csr
from ca_core.certificates.lint import Linters
from ca_core.certificates.serials import new_serial
from ca_core.certificates.tbs import build_tbs
from ca_core.core import Core
from ca_core.keys.ring import StoredKeyRing
from ca_core.keys.sealing import KeyEncryptionKey
from ca_core.keys.signer import KeyAlgorithm
from ca_core.keys.software import SoftwareSigner, generate, seal_key
from ca_core.model.accounts import Account, AccountStatus
from ca_core.model.authorizations import Authorization, AuthorizationStatus
from ca_core.model.certificates import Certificate, CertificateStatus
from ca_core.model.clients import Client
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.issuers import Issuer, IssuerKind, OwnCertificate, OwnCertificateRole
from ca_core.model.orders import Order, OrderState
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.products import Policy, Product, Profile, ProfileKind, Road
from ca_core.model.sources import Sources
from ca_core.model.store import Transaction
from store.database import Database

CLIENT = "cli-1"
ROOT_ID = "iss-root"
ISSUER_ID = "iss-issuing"
DAY = 86400


@dataclass
class OwnClock:
    """A clock that starts at the real time, which openssl goes by, and moves when the test moves it."""

    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        """Return the time the test has set."""
        return self.time

    def advance(self, **amount: float) -> None:
        """Move by a timedelta's arguments."""
        self.time += timedelta(**amount)


class SystemEntropy:
    """The operating system's randomness."""

    def token(self, length: int) -> bytes:
        """Return ``length`` random bytes."""
        return os.urandom(length)


@dataclass(frozen=True)
class Installation:
    """A core over a real store, and what the tests need to know of it."""

    core: Core
    clock: OwnClock
    store: Database
    root_signer: SoftwareSigner
    root: bytes
    issuer: Issuer
    status_url: str

    async def issue(
        self,
        *names: str,
        account: str | None = None,
        state: OrderState = OrderState.ISSUED,
        status: CertificateStatus = CertificateStatus.ISSUED,
        validity: int = 90 * DAY,
        key: ec.EllipticCurvePrivateKey | None = None,
    ) -> Certificate:
        """Store an order with its certificate, signed by the issuing CA, as the pipeline leaves them in this state."""
        sources = self.core.sources
        now = sources.now()
        identifiers = dns(*(names or ("www.example.com",)))
        product = tls_product(validity)
        order = Order(
            id=sources.new_id("ord"),
            client_id=CLIENT,
            product_id=product.id,
            product_version=product.version,
            product_name=product.name,
            account_id=account,
            road=Road.ACME,
            placed_by="test",
            identifiers=identifiers,
            authorization_ids=(),
            state=state,
            created_at=now,
            expires_at=now + timedelta(days=7),
        )
        tbs = build_tbs(
            product=product,
            issuer=self.issuer,
            csr=parse_csr(_csr(key or _new_key(), identifiers)),
            identifiers=identifiers,
            serial=new_serial(sources.entropy),
            now=now,
        )
        signer = await self.core.keys.signer(self.issuer.key_reference)
        der = tbs.with_signature(await signer.sign(tbs.der))
        spki = (
            x509.load_der_x509_certificate(der)
            .public_key()
            .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        )
        certificate = Certificate(
            id=sources.new_id("crt"),
            order_id=order.id,
            client_id=CLIENT,
            issuer_id=ISSUER_ID,
            serial=tbs.serial,
            status=CertificateStatus.INTENDED,
            identifiers=identifiers,
            subject=tbs.subject,
            not_before=tbs.not_before,
            not_after=tbs.not_after,
            spki_sha256=hashlib.sha256(spki).digest(),
            tbs=tbs.der,
            created_at=now,
        )

        def add(tx: Transaction) -> None:
            tx.orders.add(order)
            tx.certificates.add(certificate)

        await self.store.write(add)
        if status is CertificateStatus.INTENDED:
            return certificate
        signed = replace(certificate, status=status)
        if status is CertificateStatus.ISSUED:
            signed = replace(signed, der=der, fingerprint=hashlib.sha256(der).hexdigest())
        return await self.store.write(lambda tx: tx.certificates.save(signed))

    async def add_account(self, number: int, *authorized: str) -> Principal:
        """Store an ACME account that holds valid authorizations for these names, and return it as a principal."""
        now = self.core.sources.now()
        account = Account(
            id=f"acc-{number}",
            client_id=CLIENT,
            product_id="pma-tls",
            status=AccountStatus.VALID,
            jwk=f'{{"test":"{number}"}}',
            thumbprint=f"thumbprint-{number}",
            contacts=(),
            terms_agreed=True,
            created_at=now,
        )
        authorizations = [
            Authorization(
                id=self.core.sources.new_id("azn"),
                client_id=CLIENT,
                account_id=account.id,
                identifier=identifier.base,
                wildcard=identifier.wildcard,
                status=AuthorizationStatus.VALID,
                created_at=now,
                expires_at=now + timedelta(days=7),
                challenges=(),
            )
            for identifier in dns(*authorized)
        ]

        def add(tx: Transaction) -> None:
            tx.accounts.add(account)
            tx.authorizations.add(authorizations)

        await self.store.write(add)
        return Principal(kind=PrincipalKind.ACME_ACCOUNT, id=account.id, client_id=CLIENT, address="127.0.0.1")


def dns(*names: str) -> tuple[Identifier, ...]:
    """Return DNS identifiers."""
    return tuple(Identifier(type=IdentifierType.DNS, value=name) for name in names)


def tls_product(validity: int = 90 * DAY, kind: ProfileKind = ProfileKind.TLS_SERVER) -> Product:
    """Return a product of the issuing CA; ``validity`` in seconds."""
    return Product(
        id="pma-tls",
        client_id=CLIENT,
        issuer_id=ISSUER_ID,
        name="tls",
        version="1",
        roads=frozenset({Road.ACME}),
        policy=Policy(public=False, profile=Profile(kind=kind, validity=validity)),
    )


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _csr(key: ec.EllipticCurvePrivateKey, identifiers: tuple[Identifier, ...], common_name: str = "") -> bytes:
    name = [x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)] if common_name else []
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(name))
    if identifiers:
        names = x509.SubjectAlternativeName([x509.DNSName(identifier.value) for identifier in identifiers])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


async def install(
    store: Database, *, algorithm: KeyAlgorithm = KeyAlgorithm.P256, status_url: str = "http://status.example.com"
) -> Installation:
    """Fill an empty, migrated store with a root, an issuing CA, a product and the OCSP responder's certificate."""
    clock = OwnClock()
    sources = Sources(clock=clock, entropy=SystemEntropy())
    kek = KeyEncryptionKey(os.urandom(32), sources.entropy)
    root_signer = SoftwareSigner(generate(algorithm), algorithm)
    root = await make_root(
        root_signer, name=AuthorityName(common_name="Test Root"), validity=9999 * DAY, sources=sources
    )
    issuing_key = generate(algorithm)
    sealed = seal_key(issuing_key, algorithm, kek=kek, sources=sources)
    certificate = await make_issuing(
        root_signer,
        root,
        public_key=issuing_key.public_key(),
        name=AuthorityName(common_name="Test Issuing CA"),
        validity=3650 * DAY,
        root_crl_url=f"{status_url}/crl/{ROOT_ID}.crl",
        root_certificate_url=f"{status_url}/ca/{ROOT_ID}.cer",
        sources=sources,
        extended_key_usages=(),
    )
    root_issuer = Issuer(
        id=ROOT_ID,
        name="root",
        kind=IssuerKind.ROOT,
        certificate=root,
        key_reference="",
        crl_url="",
        ocsp_url="",
        certificate_url="",
        created_at=clock.now(),
    )
    issuer = Issuer(
        id=ISSUER_ID,
        name="issuing",
        kind=IssuerKind.ISSUING,
        certificate=certificate,
        key_reference=f"software:{sealed.id}",
        crl_url=f"{status_url}/crl/{ISSUER_ID}.crl",
        ocsp_url=f"{status_url}/ocsp",
        certificate_url=f"{status_url}/ca/{ISSUER_ID}.cer",
        created_at=clock.now(),
    )
    responder_private = ec.generate_private_key(ec.SECP256R1())
    responder_key = seal_key(responder_private, KeyAlgorithm.P256, kek=kek, sources=sources)
    tbs = build_tbs(
        product=tls_product(90 * DAY, ProfileKind.OCSP_RESPONDER),
        issuer=issuer,
        csr=parse_csr(_csr(responder_private, (), "Test OCSP responder")),
        identifiers=(),
        serial=new_serial(sources.entropy),
        now=clock.now(),
    )
    responder = OwnCertificate(
        role=OwnCertificateRole.OCSP_RESPONDER,
        issuer_id=ISSUER_ID,
        certificate_id="crt-responder",
        certificate=tbs.with_signature(await SoftwareSigner(issuing_key, algorithm).sign(tbs.der)),
        chain=(certificate,),
        key_id=responder_key.id,
        not_after=tbs.not_after,
    )
    client = Client(id=CLIENT, name="default", created_at=clock.now())

    def add(tx: Transaction) -> None:
        tx.clients.add(client)
        tx.issuers.add_key(sealed)
        tx.issuers.add_key(responder_key)
        tx.issuers.add(root_issuer)
        tx.issuers.add(issuer)
        tx.products.put(tls_product())
        tx.issuers.put_own_certificate(responder)

    await store.write(add)
    core = Core(
        store=store,
        sources=sources,
        keys=StoredKeyRing(store, kek, sources),
        sealer=kek,
        linters=Linters(),
        validators={},
        worker="test",
    )
    return Installation(core, clock, store, root_signer, root, issuer, status_url)
