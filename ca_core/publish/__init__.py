"""Publication: certificates go into the directory (LDAP), and out of it when they are revoked."""
