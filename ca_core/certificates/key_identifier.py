"""The subject key identifier of a certificate, by which CMS names signers and recipients (RFC 5652 section 5.3)."""

from cryptography import x509


def key_identifier(certificate: x509.Certificate) -> bytes:
    """Return the certificate's subject key identifier; the usual hash of its key where it has none."""
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest
