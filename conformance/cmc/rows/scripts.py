"""The rows that a shell script around openssl shows: ``scripts/cmc.sh``, as an operator would copy it."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from conformance import processes
from conformance.cmc import openssl
from conformance.cmc.checks import MAY, MUST, OPENSSL, FailInfo, expect_done, expect_refusal, shows
from conformance.cmc.lab import Lab
from conformance.cmc.model import Credential
from conformance.cmc.rows.messages import broken
from conformance.cmc.target import self_signed
from conformance.expect import expect

_SCRIPT = Path(__file__).parents[1] / "scripts" / "cmc.sh"
_CONTROL = 1002
"""The body part id that the script gives to what is asked for."""


def script(lab: Lab, command: str, file: Path, *further: str, by: Credential | None = None) -> bytes:
    """Return the message that the script writes."""
    who = by or lab.target.client
    message = lab.folder / "request.p7m"
    line = '"$0" "$@" >"$OUT"'
    processes.run(
        ["sh", "-c", line, _SCRIPT, command, who.certificate, who.key, file, *further],
        seconds=120,
        env={"OUT": str(message)},
    )
    return message.read_bytes()


def request(lab: Lab) -> Path:
    """Let openssl make a P-256 key and a request for a new name."""
    file = lab.folder / "request.p10"
    openssl.openssl(
        "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/",
        "-addext", f"subjectAltName=DNS:{lab.name()}", "-keyout", lab.folder / "request.key",
        "-outform", "DER", "-out", file,
    )  # fmt: skip
    return file


def certificate(lab: Lab) -> Path:
    """Order a certificate and return its file (PEM)."""
    file = lab.folder / "certificate.pem"
    key = x509.load_der_x509_csr(request(lab).read_bytes()).public_key()
    reply = expect_done(lab.send(script(lab, "enrol", lab.folder / "request.p10")), 1)
    found = reply.certificate_of(key)
    expect(found, f"a certificate was expected: {reply}")
    file.write_bytes(found.public_bytes(Encoding.PEM) if found else b"")
    return file


@shows("Full PKI Request", MUST, OPENSSL)
def enrols(lab: Lab) -> None:
    """The script's message is answered with a certificate of the key; that of nobody is refused."""
    certificate(lab)
    expect_refusal(lab.send(script(lab, "enrol", request(lab), by=lab.target.nobody)), FailInfo.BAD_IDENTITY, 0)


@shows("SignedData, every layer verified", MUST, OPENSSL)
def verifies(lab: Lab) -> None:
    """A changed message is badMessageCheck about body part 0; as it was it is served."""
    message = script(lab, "enrol", request(lab))
    expect_refusal(lab.send(broken(message)), FailInfo.BAD_MESSAGE_CHECK, 0)
    expect_done(lab.send(message), 1)


@shows("EnvelopedData, AES-CBC and RSA key transport", MUST, OPENSSL)
def enveloped(lab: Lab) -> None:
    """The script's message, encrypted."""
    _encrypted(lab, "aes-256-cbc")


@shows("AuthEnvelopedData, AES-GCM", MUST, OPENSSL)
def auth_enveloped(lab: Lab) -> None:
    """The same, authenticated by the cipher."""
    _encrypted(lab, "aes-128-gcm")


def _encrypted(lab: Lab, cipher: str) -> None:
    recipient = lab.given(lab.target.recipient, "recipient")
    message = script(lab, "enrol", request(lab))
    wrong = self_signed(lab.folder, "wrong", rsa.generate_private_key(65537, 2048)).certificate
    expect_refusal(lab.send(openssl.encrypted(message, wrong, cipher)), FailInfo.BAD_MESSAGE_CHECK, 0)
    expect_done(lab.send(openssl.encrypted(message, recipient, cipher)), 1)


@shows("getCert", MAY, OPENSSL)
def get_cert(lab: Lab) -> None:
    """The certificate comes back; that of another issuer is badCertId."""
    file = certificate(lab)
    wanted = x509.load_pem_x509_certificate(file.read_bytes())
    reply = lab.send(script(lab, "get-cert", file))
    expect(wanted in expect_done(reply, _CONTROL).certificates, f"the certificate was expected: {reply}")
    foreign = lab.target.nobody.certificate
    expect_refusal(lab.send(script(lab, "get-cert", foreign)), FailInfo.BAD_CERT_ID, _CONTROL)


@shows("revokeRequest, signed", MUST, OPENSSL)
def revokes(lab: Lab) -> None:
    """The certificate is revoked once; that of another issuer is badCertId."""
    file = certificate(lab)
    expect_refusal(lab.send(script(lab, "revoke", lab.target.nobody.certificate, "4")), FailInfo.BAD_CERT_ID, _CONTROL)
    expect_done(lab.send(script(lab, "revoke", file, "4")), _CONTROL)
    expect_refusal(lab.send(script(lab, "revoke", file, "4")), FailInfo.BAD_REQUEST, _CONTROL)
