"""The key of an ACME account in the file where its client keeps it: a JWK (certbot), or PEM (lego, Caddy)."""

from pathlib import Path

from josepy.b64 import b64encode
from josepy.errors import Error
from josepy.jwk import JWK, JWKEC, JWKRSA

from ca_core.model.errors import ErrorKind, TriviumError


def thumbprint_of(file: Path) -> str:
    """Return the JWK thumbprint (RFC 7638, base64url) of the RSA or EC key in ``file``, private or public.

    Raises MALFORMED, with nothing of the file in its detail.
    """
    try:
        content = file.read_bytes()
        key = JWK.json_loads(content) if content.lstrip().startswith(b"{") else JWK.load(content)
    except (Error, OSError, ValueError, TypeError, KeyError, AttributeError):
        key = None
    if not isinstance(key, JWKEC | JWKRSA):  # what josepy cannot read it takes for a secret
        raise TriviumError(
            ErrorKind.MALFORMED,
            f"{file} holds no RSA or EC key as a JWK or in PEM without a password; name the file in which the client "
            "keeps its account key, or give the key's --thumbprint.",
        )
    return b64encode(key.public_key().thumbprint()).decode()
