"""Issuers with real keys of every algorithm, clocks and entropy of the tests' own, and CSRs of every shape."""

import functools
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
    CertificateIssuerPublicKeyTypes,
)
from cryptography.x509.oid import NameOID

from ca_core.certificates.authority import AuthorityName, make_issuing, make_root
from ca_core.certificates.csr import parse_csr
from ca_core.certificates.serials import new_serial
from ca_core.certificates.tbs import Tbs, build_tbs
from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.issuers import Issuer, IssuerKind
from ca_core.model.products import Policy, Product, Profile, ProfileKind, Road
from ca_core.model.sources import Sources

NOW = datetime(2026, 12, 1, 12, 0, 0, tzinfo=UTC)
YEAR = 365 * 86400


@dataclass
class TestClock:
    """A clock that stands still until the test moves it."""

    time: datetime = NOW

    def now(self) -> datetime:
        """Return the time the test set."""
        return self.time


class SystemEntropy:
    """The operating system's randomness."""

    def token(self, length: int) -> bytes:
        """Return random bytes."""
        return os.urandom(length)


SOURCES = Sources(clock=TestClock(), entropy=SystemEntropy())


@dataclass(frozen=True)
class PlainSigner:
    """A key in memory behind the signer interface."""

    algorithm: KeyAlgorithm
    key: CertificateIssuerPrivateKeyTypes

    @property
    def public_key(self) -> CertificateIssuerPublicKeyTypes:
        """The public half."""
        return self.key.public_key()

    async def sign(self, message: bytes) -> bytes:
        """Return the signature, as the signer interface asks."""
        return self.sign_now(message)

    def sign_now(self, message: bytes) -> bytes:
        """Return the signature."""
        match self.key:
            case ec.EllipticCurvePrivateKey():
                digest = hashes.SHA384() if self.algorithm is KeyAlgorithm.P384 else hashes.SHA256()
                return self.key.sign(message, ec.ECDSA(digest))
            case rsa.RSAPrivateKey():
                return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
            case (
                ed25519.Ed25519PrivateKey()
                | mldsa.MLDSA44PrivateKey()
                | mldsa.MLDSA65PrivateKey()
                | mldsa.MLDSA87PrivateKey()
            ):
                return self.key.sign(message)
        raise AssertionError(self.key)


KEY_MAKERS: dict[KeyAlgorithm, Callable[[], CertificateIssuerPrivateKeyTypes]] = {
    KeyAlgorithm.P256: lambda: ec.generate_private_key(ec.SECP256R1()),
    KeyAlgorithm.P384: lambda: ec.generate_private_key(ec.SECP384R1()),
    KeyAlgorithm.RSA3072: lambda: rsa.generate_private_key(65537, 3072),
    KeyAlgorithm.ED25519: ed25519.Ed25519PrivateKey.generate,
    KeyAlgorithm.MLDSA44: mldsa.MLDSA44PrivateKey.generate,
    KeyAlgorithm.MLDSA65: mldsa.MLDSA65PrivateKey.generate,
    KeyAlgorithm.MLDSA87: mldsa.MLDSA87PrivateKey.generate,
}


def new_signer(algorithm: KeyAlgorithm) -> PlainSigner:
    """Return a signer with a new key."""
    return PlainSigner(algorithm, KEY_MAKERS[algorithm]())


@dataclass(frozen=True)
class Authority:
    """A root and an issuing CA under it, both of one algorithm."""

    root: bytes
    root_signer: PlainSigner
    signer: PlainSigner
    issuer: Issuer


@functools.cache
def _signers(algorithm: KeyAlgorithm) -> tuple[PlainSigner, PlainSigner]:
    return new_signer(algorithm), new_signer(algorithm)


async def new_authority(algorithm: KeyAlgorithm, *, validity: int = 5 * YEAR) -> Authority:
    """Return an authority made through the module that makes them; keys are made once a process."""
    root_signer, signer = _signers(algorithm)
    root = await make_root(root_signer, name=ROOT_NAME, validity=20 * YEAR, sources=SOURCES)
    certificate = await make_issuing(
        root_signer,
        root,
        public_key=signer.public_key,
        name=ISSUING_NAME,
        validity=validity,
        root_crl_url="http://status.example.com/crl/root",
        root_certificate_url="http://status.example.com/issuer/root",
        sources=SOURCES,
    )
    issuer = Issuer(
        id="iss-1",
        name="issuing",
        kind=IssuerKind.ISSUING,
        certificate=certificate,
        key_reference="software:key-1",
        crl_url="http://status.example.com/crl/iss-1",
        ocsp_url="http://status.example.com/ocsp/iss-1",
        certificate_url="http://status.example.com/issuer/iss-1",
        created_at=NOW,
    )
    return Authority(root, root_signer, signer, issuer)


ROOT_NAME = AuthorityName(common_name="Test Root", organization="Test", country="DE")
ISSUING_NAME = AuthorityName(common_name="Test Issuing CA", organization="Test", country="DE")

CSR_KEY = ec.generate_private_key(ec.SECP256R1())


def dns(*names: str) -> tuple[Identifier, ...]:
    """Return DNS identifiers."""
    return tuple(Identifier(type=IdentifierType.DNS, value=name) for name in names)


def ip(*addresses: str) -> tuple[Identifier, ...]:
    """Return IP identifiers."""
    return tuple(Identifier(type=IdentifierType.IP, value=address) for address in addresses)


def new_csr(
    names: Iterable[Identifier | x509.GeneralName] = (),
    *,
    common_name: str | None = None,
    key: CertificateIssuerPrivateKeyTypes = CSR_KEY,
    digest: hashes.HashAlgorithm | None = None,
    extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
) -> bytes:
    """Return a CSR in DER with the names in its subjectAltName."""
    subject = [] if common_name is None else [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    general_names = [_general_name(name) for name in names]
    if general_names:
        builder = builder.add_extension(x509.SubjectAlternativeName(general_names), critical=False)
    for value, critical in extensions:
        builder = builder.add_extension(value, critical=critical)
    if digest is None and isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        digest = hashes.SHA256()
    return builder.sign(key, digest).public_bytes(serialization.Encoding.DER)  # type: ignore[arg-type]


def _general_name(name: Identifier | x509.GeneralName) -> x509.GeneralName:
    if isinstance(name, x509.GeneralName):
        return name
    return x509.DNSName(name.value) if name.type is IdentifierType.DNS else x509.IPAddress(ip_address(name.value))


def new_product(
    *,
    public: bool = False,
    kind: ProfileKind = ProfileKind.TLS_SERVER,
    validity: int = 90 * 86400,
    common_name: bool = False,
    subject_key_identifier: bool = False,
    must_staple: bool = False,
    policy_oids: tuple[str, ...] = ("2.23.140.1.2.1",),
) -> Product:
    """Return a product with the profile."""
    profile = Profile(
        kind=kind,
        validity=validity,
        common_name=common_name,
        subject_key_identifier=subject_key_identifier,
        must_staple=must_staple,
        policy_oids=policy_oids,
    )
    return Product(
        id="pma-1",
        client_id="cli-1",
        issuer_id="iss-1",
        name="test",
        version="1",
        roads=frozenset({Road.ACME}),
        policy=Policy(public=public, profile=profile),
    )


def new_tbs(
    authority: Authority, names: tuple[Identifier, ...], *, product: Product | None = None, csr: bytes | None = None
) -> Tbs:
    """Return the TBS of a certificate signed at NOW."""
    return build_tbs(
        product=product or new_product(),
        issuer=authority.issuer,
        csr=parse_csr(csr or new_csr(names)),
        identifiers=names,
        serial=new_serial(SOURCES.entropy),
        now=NOW,
    )
