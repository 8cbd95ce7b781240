"""openssl: what it signs, encrypts and verifies."""

import subprocess
from pathlib import Path

from conformance.cmc.model import Credential
from conformance.processes import ProgramError

PKI_DATA = "1.3.6.1.5.5.7.12.2"
"""id-cct-PKIData."""

_SECONDS = 120


def openssl(*arguments: str | Path, given: bytes = b"") -> bytes:
    """Run openssl on ``given`` and return what it printed; raises ProgramError."""
    words = ["openssl", *map(str, arguments)]
    done = subprocess.run(words, input=given, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603 - ours
    if done.returncode != 0:
        raise ProgramError(f"{' '.join(words)} failed ({done.returncode}):\n{done.stderr.decode(errors='replace')}")
    return done.stdout


def signed(content: bytes, credential: Credential, *options: str | Path, content_type: str = PKI_DATA) -> bytes:
    """Return a SignedData (DER) around ``content``; the further options are those of ``openssl cms``."""
    return openssl(
        "cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-econtent_type", content_type,
        "-signer", credential.certificate, "-inkey", credential.key, *options, given=content,
    )  # fmt: skip


def encrypted(content: bytes, recipient: Path, cipher: str) -> bytes:
    """Return the message encrypted for the certificate in a PEM file, with a cipher such as ``aes-256-cbc``."""
    return openssl("cms", "-encrypt", "-binary", "-outform", "DER", f"-{cipher}", recipient, given=content)
