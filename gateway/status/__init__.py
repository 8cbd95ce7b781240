"""The status front end: CRLs, OCSP, issuer certificates and health over plain HTTP."""
