"""Revocation: ending a certificate, and telling the world by CRL and OCSP."""
