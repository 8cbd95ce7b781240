"""Files that `trivium cmc-client` reads and writes: requests, certificates, PKCS #12."""

from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12

from ca_core.keys.sealing import write_secret_file
from ca_core.model.errors import ErrorKind, TriviumError

_MIN_PASSWORD = 8


@dataclass(frozen=True, kw_only=True)
class KeyMaterial:
    """What a client is to sign with, as the options of a command name it: CSR or certificate (DER), or a new key.

    ``p12`` is the file that the key is for, ``password`` what protects it there.
    """

    csr: bytes | None = None
    certificate: bytes | None = None
    key: ec.EllipticCurvePrivateKey | None = field(default=None, repr=False)
    p12: Path | None = None
    password: bytes = field(default=b"", repr=False)

    def write_p12(self, name: str, certificate: bytes, chain: tuple[bytes, ...]) -> Path | None:
        """Write a new key and its certificates (DER) as PKCS #12 (AES-256, PBKDF2), the owner's alone.

        Returns the file; None when there is no new key.
        """
        if self.key is None or self.p12 is None:
            return None
        content = pkcs12.serialize_key_and_certificates(
            name.encode(),
            self.key,
            x509.load_der_x509_certificate(certificate),
            [x509.load_der_x509_certificate(der) for der in chain],
            BestAvailableEncryption(self.password),
        )
        write_secret_file(self.p12, content)
        return self.p12


def key_material(
    name: str, *, csr: Path | None, cert: Path | None, p12: Path | None, password_file: Path | None
) -> KeyMaterial:
    """Return what the options of a command name; raises MALFORMED, CONFLICT when the PKCS #12 file is there."""
    if sum(option is not None for option in (csr, cert, p12)) > 1:
        raise TriviumError(ErrorKind.MALFORMED, "Name one of --csr, --cert and --p12.")
    if p12 is not None:
        return _new_key(name, p12, _password(password_file))
    if csr is not None:
        data = read(csr)
        try:
            loaded = (x509.load_pem_x509_csr if data.startswith(b"-----") else x509.load_der_x509_csr)(data)
        except ValueError as error:
            raise TriviumError(ErrorKind.MALFORMED, f"{csr} is not a PKCS #10 request.") from error
        return KeyMaterial(csr=loaded.public_bytes(Encoding.DER))
    if cert is not None:
        data = read(cert)
        try:
            found = (x509.load_pem_x509_certificate if data.startswith(b"-----") else x509.load_der_x509_certificate)(
                data
            )
        except ValueError as error:
            raise TriviumError(ErrorKind.MALFORMED, f"{cert} is not a certificate.") from error
        return KeyMaterial(certificate=found.public_bytes(Encoding.DER))
    return KeyMaterial()


def _new_key(name: str, p12: Path, password: bytes) -> KeyMaterial:
    if p12.exists():
        raise TriviumError(ErrorKind.CONFLICT, f"{p12} exists; name a new file.")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name[:64])])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return KeyMaterial(csr=request.public_bytes(Encoding.DER), key=key, p12=p12, password=password)


def _password(path: Path | None) -> bytes:
    if path is None:
        raise TriviumError(ErrorKind.MALFORMED, "--p12 needs --password-file with the password of the file.")
    password = read(path).strip()
    if len(password) < _MIN_PASSWORD:
        raise TriviumError(ErrorKind.MALFORMED, f"The password must have {_MIN_PASSWORD} characters at least.")
    return password


def read(path: Path) -> bytes:
    """Return the content of a file; raises NOT_FOUND."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise TriviumError(ErrorKind.NOT_FOUND, f"{path} cannot be read: {error.strerror}.") from error
