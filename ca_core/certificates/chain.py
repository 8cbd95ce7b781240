"""Certificate chains as they are delivered: PEM, leaf first, without the root (RFC 8555 section 9.1)."""

import ssl
from collections.abc import Sequence

from ca_core.model.issuers import Issuer, IssuerKind


def pem_certificate(der: bytes) -> str:
    """Return the certificate in PEM (RFC 7468 section 5.1), ending in ``-----END CERTIFICATE-----`` and a newline."""
    return ssl.DER_cert_to_PEM_cert(der)


def pem_chain(certificate: bytes, above: Sequence[bytes]) -> str:
    """Return ``certificate`` and the certificates ``above`` it, all DER, as one PEM text, leaf first."""
    return "".join(pem_certificate(der) for der in (certificate, *above))


def pem_chains(certificate: bytes, issuer: Issuer) -> tuple[str, ...]:
    """Return every chain a certificate (DER) of ``issuer`` can be delivered with: the default, then the alternates.

    The default is the issuer's certificate and what is above it; a root is in no chain, its relying parties have it.
    An alternate chain is complete in itself, since its first certificate may be another one for the issuer's key
    (RFC 8555 section 7.4.2: ``Link rel="alternate"``).
    """
    own = () if issuer.kind is IssuerKind.ROOT else (issuer.certificate,)
    default = pem_chain(certificate, (*own, *issuer.chain))
    return (default, *(pem_chain(certificate, alternate) for alternate in issuer.alternate_chains))
