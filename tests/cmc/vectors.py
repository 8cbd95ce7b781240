"""The vectors of the conformance suite, and the PKIData inside each."""

from pathlib import Path

from asn1crypto import cms

from conformance.cmc import vectors
from conformance.cmc.vectors import CORRUPTED, CRMF, NAMES, PKCS10, REVOCATION, WINDOWS, message

__all__ = ["CORRUPTED", "CRMF", "FOLDER", "NAMES", "PKCS10", "REVOCATION", "WINDOWS", "message", "pki_data"]

FOLDER = Path(vectors.__file__).parent


def pki_data(name: str) -> bytes:
    """Return the PKIData inside a vector (DER), as asn1crypto finds it."""
    content: bytes = cms.ContentInfo.load(message(name))["content"]["encap_content_info"]["content"].native
    return content
