"""The vectors, by file name; where they come from and under which licence says ``vectors/README.md``."""

from pathlib import Path

from asn1crypto import cms

FOLDER = Path(__file__).parent / "vectors"
WINDOWS = "pyasn1mod_rfc6402_ms_cmcreqgenerator_fullreq"
CORRUPTED = "sunet_pkcs11_ca_hex_2"
PKCS10 = ("sunet_python_cmc_1", "sunet_pkcs11_ca_hex_1")
CRMF = ("sunet_python_cmc_2", "sunet_python_cmc_4", "sunet_python_cmc_readme", "sunet_pkcs11_ca_crmf")
REVOCATION = "sunet_python_cmc_3"
NAMES = (WINDOWS, CORRUPTED, *PKCS10, *CRMF, REVOCATION)


def message(name: str) -> bytes:
    """Return the whole message of a vector (DER)."""
    return (FOLDER / f"{name}.der").read_bytes()


def pki_data(name: str) -> bytes:
    """Return the PKIData inside a vector (DER), as asn1crypto finds it."""
    content: bytes = cms.ContentInfo.load(message(name))["content"]["encap_content_info"]["content"].native
    return content
