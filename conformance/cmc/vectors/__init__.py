"""Messages of other implementations, byte for byte; ``README.md`` says where they come from and under which licence."""

from pathlib import Path

_FOLDER = Path(__file__).parent

WINDOWS = "pyasn1mod_rfc6402_ms_cmcreqgenerator_fullreq"
CORRUPTED = "sunet_pkcs11_ca_hex_2"
PKCS10 = ("sunet_python_cmc_1", "sunet_pkcs11_ca_hex_1")
CRMF = ("sunet_python_cmc_2", "sunet_python_cmc_4", "sunet_python_cmc_readme", "sunet_pkcs11_ca_crmf")
REVOCATION = "sunet_python_cmc_3"
NAMES = (WINDOWS, CORRUPTED, *PKCS10, *CRMF, REVOCATION)


def message(name: str) -> bytes:
    """Return the whole message of a vector (DER)."""
    return (_FOLDER / f"{name}.der").read_bytes()
