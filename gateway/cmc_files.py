"""Files of the CMC commands: requests, certificates, PKCS #12, and messages in either encoding."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12

from ca_core.keys.sealing import write_secret_file
from ca_core.model.errors import ErrorKind, TriviumError

if TYPE_CHECKING:
    from ca_core.core import Core

_MIN_PASSWORD = 8


def key_material(
    name: str, *, csr: Path | None, cert: Path | None, p12: Path | None, password_file: Path | None
) -> tuple[ec.EllipticCurvePrivateKey | None, bytes | None, bytes | None]:
    """Return key, CSR and certificate (DER) of what the options name; raises MALFORMED."""
    if sum(option is not None for option in (csr, cert, p12)) > 1:
        raise TriviumError(ErrorKind.MALFORMED, "Name one of --csr, --cert and --p12.")
    if p12 is not None:
        _password(password_file)
        if p12.exists():
            raise TriviumError(ErrorKind.CONFLICT, f"{p12} exists; name a new file.")
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name[:64])])
        request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
        return key, request.public_bytes(Encoding.DER), None
    if csr is not None:
        data = _read(csr)
        try:
            loaded = (x509.load_pem_x509_csr if data.startswith(b"-----") else x509.load_der_x509_csr)(data)
        except ValueError as error:
            raise TriviumError(ErrorKind.MALFORMED, f"{csr} is not a PKCS #10 request.") from error
        return None, loaded.public_bytes(Encoding.DER), None
    if cert is not None:
        data = _read(cert)
        try:
            found = (x509.load_pem_x509_certificate if data.startswith(b"-----") else x509.load_der_x509_certificate)(
                data
            )
        except ValueError as error:
            raise TriviumError(ErrorKind.MALFORMED, f"{cert} is not a certificate.") from error
        return None, None, found.public_bytes(Encoding.DER)
    return None, None, None


def write_p12(
    path: Path,
    password_file: Path,
    name: str,
    key: ec.EllipticCurvePrivateKey,
    certificate: bytes,
    chain: tuple[bytes, ...],
) -> None:
    """Write key and certificates as PKCS #12 (AES-256, PBKDF2), the owner's alone."""
    content = pkcs12.serialize_key_and_certificates(
        name.encode(),
        key,
        x509.load_der_x509_certificate(certificate),
        [x509.load_der_x509_certificate(der) for der in chain],
        BestAvailableEncryption(_password(password_file)),
    )
    write_secret_file(path, content)


async def process(core: "Core", request: Path, answer: Path) -> None:
    """Answer the message of one file in another (RFC 10003 section 4)."""
    from gateway.cmc.front_end import FrontEnd, Received  # noqa: PLC0415 - the other commands do without
    from gateway.cmc.responder import respond  # noqa: PLC0415
    from gateway.cmc.transport import decoded_body  # noqa: PLC0415

    front_end = await FrontEnd.of(core)
    reply = await respond(front_end, Received(body=decoded_body(_read(request)), address=""))
    await asyncio.to_thread(answer.write_bytes, reply.der)


def _password(path: Path | None) -> bytes:
    if path is None:
        raise TriviumError(ErrorKind.MALFORMED, "--p12 needs --password-file with the password of the file.")
    password = _read(path).strip()
    if len(password) < _MIN_PASSWORD:
        raise TriviumError(ErrorKind.MALFORMED, f"The password must have {_MIN_PASSWORD} characters at least.")
    return password


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TriviumError(ErrorKind.NOT_FOUND, f"{path} cannot be read: {error.strerror}.") from error
