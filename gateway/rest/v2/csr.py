"""Certificate signing requests as deployed clients write them."""

import base64
import binascii
import re
from typing import Final

_LABELS: Final = re.compile(r"-----(?:BEGIN|END) (?:NEW )?CERTIFICATE REQUEST-----", re.IGNORECASE)
_WRITTEN_OUT: Final = re.compile(r"\\[rnt/]")
"""Line ends, and slashes, that somebody escaped for JSON once too often."""


def csr_der(text: str) -> bytes:
    """Return the DER of a CSR: PEM with the word NEW or without, or bare base64; in quotes, as a JSON string, too.

    What is none of these comes back as it is, for the core to refuse once it knows who asks for what.
    """
    plain = _WRITTEN_OUT.sub(lambda found: "/" if found[0] == "\\/" else "\n", text.strip().strip('"'))
    encoded = "".join(_LABELS.sub("", plain).split()).replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return text.encode("utf-8", "replace")
